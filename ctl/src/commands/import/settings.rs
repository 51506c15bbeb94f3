//! Which variables of a `.env` file are taken: settings are no secrets, and stay where they are unless they are named.

use vault::presets::Presets;

/// Words of names that hold secrets whatever the value looks like: a PIN is a number, too.
const SECRET: [&str; 12] =
    ["KEY", "SECRET", "TOKEN", "PASS", "PWD", "PIN", "AUTH", "CRED", "PRIVATE", "SALT", "SIGN", "CODE"];
/// Names of settings, as frameworks and systems read them.
const SETTINGS: [&str; 20] = [
    "NODE_ENV",
    "APP_ENV",
    "ENV",
    "ENVIRONMENT",
    "RAILS_ENV",
    "RACK_ENV",
    "FLASK_ENV",
    "FLASK_APP",
    "DJANGO_SETTINGS_MODULE",
    "MIX_ENV",
    "GO_ENV",
    "PORT",
    "HOST",
    "HOSTNAME",
    "TZ",
    "LANG",
    "LC_ALL",
    "DEBUG",
    "LOG_LEVEL",
    "RUST_LOG",
];
/// Beginnings of names that bundlers build into pages which everybody may read.
const PUBLIC: [&str; 9] = [
    "NEXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "PUBLIC_",
    "EXPO_PUBLIC_",
    "NUXT_PUBLIC_",
    "GATSBY_",
    "VUE_APP_",
    "STORYBOOK_",
];
/// Ends of names that have a number for a setting; any other number may be a secret.
const NUMBERS: [&str; 22] = [
    "PORT",
    "TIMEOUT",
    "LIMIT",
    "SIZE",
    "COUNT",
    "INTERVAL",
    "TTL",
    "MAX",
    "MIN",
    "WORKERS",
    "THREADS",
    "RETRIES",
    "DAYS",
    "HOURS",
    "MINUTES",
    "SECONDS",
    "MS",
    "LEVEL",
    "VERSION",
    "RATE",
    "CONCURRENCY",
    "CONNECTIONS",
];
/// What switches something on or off.
const SWITCHES: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "none", "undefined"];

/// Which variables are asked for, as patterns in which `*` stands for any characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'a> {
    /// These alone; all if it is empty.
    pub(super) only: &'a [String],
    /// Not these.
    pub(super) skip: &'a [String],
}

impl Choice<'_> {
    /// Says why a variable is left where it is; `None` if it is taken.
    pub(super) fn leaves(self, variable: &str, value: &str) -> Option<&'static str> {
        let is_named = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, variable));
        if is_named(self.skip) {
            return Some("--skip names it");
        }
        match (self.only.is_empty(), is_named(self.only)) {
            (true, _) => setting(variable, value),
            (false, true) => None,
            (false, false) => Some("--only does not name it"),
        }
    }
}

/// Says why a variable holds a setting; `None` if it may hold a secret.
fn setting(variable: &str, value: &str) -> Option<&'static str> {
    let name = variable.to_ascii_uppercase();
    if let Some((_, field)) = Presets::builtin().by_variable(variable) {
        let open = Some("a setting: its preset says that it is no secret");
        return if field.secret { local_address(value) } else { open };
    }
    if PUBLIC.iter().any(|begins| name.starts_with(begins)) {
        return Some("a setting: bundlers build it into pages that everybody may read");
    }
    if SETTINGS.contains(&name.as_str()) && !value.contains('@') {
        return Some("a setting, by its name");
    }
    if SECRET.iter().any(|word| name.contains(word)) {
        return None;
    }
    let value = value.trim();
    if SWITCHES.contains(&value.to_ascii_lowercase().as_str()) {
        return Some("a setting: it switches something on or off");
    }
    if value.parse::<f64>().is_ok() && NUMBERS.iter().any(|ends| name.ends_with(ends)) {
        return Some("a setting: a number, by its name");
    }
    local_address(value)
}

/// Says so of a value that is an address on this machine: `HOST[:PORT][/PATH]` and nothing that could hold a password.
fn local_address(value: &str) -> Option<&'static str> {
    let value = value.trim();
    let address = value.split_once("://").map_or(value, |(_, address)| address);
    let (place, path) = address.split_once('/').unwrap_or((address, ""));
    let (host, port) = place.split_once(':').unwrap_or((place, "0"));
    let is_local = matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0") && port.parse::<u16>().is_ok();
    let is_plain = !path.contains(['@', '?', '=', ';', ':']);
    (is_local && is_plain).then_some("a setting: an address on this machine, without a password")
}

/// Tells whether a name fits a pattern.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((first, rest)) => name.strip_prefix(first).is_some_and(|name| {
            name.char_indices()
                .map(|(at, _)| at)
                .chain([name.len()])
                .any(|at| name.get(at..).is_some_and(|name| fits(rest, name)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Choice<'_> = Choice { only: &[], skip: &[] };

    #[test]
    fn settings_are_told_from_secrets_by_name_and_value() {
        for (variable, value) in [
            ("NODE_ENV", "development"),
            ("PORT", "3000"),
            ("AWS_REGION", "eu-central-1"),
            ("SMTP_HOST", "smtp.example.com"),
            ("NEXT_PUBLIC_API_KEY", "pk_123456789"),
            ("VITE_MODE", "x"),
            ("CACHE", "true"),
            ("MAX_RETRIES", "3"),
            ("SAMPLE_RATE", "0.5"),
            ("REDIS_URL", "redis://localhost:6379/0"),
            ("API", "http://127.0.0.1:8080"),
            ("LOG_LEVEL", "debug"),
            ("DATABASE_URL", "postgres://localhost/app"),
            ("DATABASE_URL", "postgres://127.0.0.1:5432/app_test"),
            ("MONGODB_URI", "mongodb://localhost:27017"),
        ] {
            assert!(ALL.leaves(variable, value).is_some(), "{variable}={value}");
        }
        for (variable, value) in [
            ("OPENAI_API_KEY", "sk-1"),
            ("MY_PIN", "123456"),
            ("DB_PASSWORD", "true"),
            ("SESSION_SECRET", "42"),
            ("DOOR", "4711"),
            ("MY_OWN", "b"),
            ("REDIS_URL", "redis://:pw@localhost:6379/0"),
            ("HOOK", "https://hooks.example.com/T/B/x"),
            ("CONN", "localhost?password=x"),
            ("HOST", "user:pw@db"),
            ("DATABASE_URL", "postgres://app:pw@localhost/app"),
            ("DATABASE_URL", "postgres://db.example.com/app"),
            ("DATABASE_URL", "postgres://localhost/app?password=x"),
            ("DB_LINE", "localhost:5432:app:kim:x"),
            ("DB", "jdbc:sqlserver://localhost/app;password=x"),
            ("OPENAI_API_KEY", "localhost-key"),
        ] {
            assert_eq!(None, ALL.leaves(variable, value), "{variable}={value}");
        }
    }

    #[test]
    fn patterns_choose() {
        let (only, skip) = (["DB_*".to_owned(), "PORT".to_owned()], ["*_NAME".to_owned()]);
        let choice = Choice { only: &only, skip: &skip };
        assert_eq!((None, None), (choice.leaves("DB_PASSWORD", "x"), choice.leaves("PORT", "3000")));
        assert!(choice.leaves("DB_NAME", "x").is_some() && choice.leaves("API_KEY", "x").is_some());
        assert!(fits("*", "") && fits("A*C*", "ABCD") && !fits("A*C", "ABCD") && !fits("", "A"));
    }
}
