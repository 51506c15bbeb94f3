//! Members of a value that is a JSON document: what reads the document prints them alone.

use serde_json::Value;
use zeroize::Zeroizing;

use super::texts::{Lines, SHORTEST_LINE, Sought, has_random_run, lines_of};

/// The shortest member that is looked for by itself if its name says that it is a secret, in bytes.
const SHORTEST_SECRET: usize = 8;
/// Parts of names that say so.
const SECRET: [&str; 9] = ["pass", "pwd", "secret", "token", "key", "cred", "auth", "private", "signature"];

/// Lists the members of a JSON document that are looked for by themselves, and their lines; none of any other value.
pub(super) fn members_of(value: &str, which: Lines) -> Vec<Sought> {
    let mut sought = Vec::new();
    if value.trim_start().starts_with(['{', '['])
        && let Ok(document) = serde_json::from_str(value)
    {
        collect("", &document, which, &mut sought);
    }
    sought
}

fn collect(name: &str, value: &Value, which: Lines, sought: &mut Vec<Sought>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| collect(name, value, which, sought));
        }
        Value::Array(all) => all.iter().for_each(|value| collect(name, value, which, sought)),
        Value::String(text) => {
            if is_sought(name, text, which) {
                sought.push(Zeroizing::new(text.clone()));
            }
            sought.extend(lines_of(text, which));
            // A document may hold another one.
            sought.extend(members_of(text, which));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns whether a member may be a secret: one that is long and no plain address, or whose name says so.
fn is_sought(name: &str, text: &str, which: Lines) -> bool {
    let is_random = has_random_run(text);
    let is_address = text.contains("://") && !text.contains('@');
    match which {
        Lines::Random => is_random,
        Lines::Long if is_address => is_random,
        Lines::Long => {
            let name = name.to_ascii_lowercase();
            let is_secret = || SECRET.iter().any(|part| name.contains(part));
            text.len() >= SHORTEST_LINE || text.len() >= SHORTEST_SECRET && is_secret()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n",
        "client_email": "vault@project.iam.example", "token_uri": "https://oauth2.example.com/token", "port": 5432,
        "password": "hunter2-x", "user": "postgres", "hook": "https://hooks.example.com/T0/xY3kP9qLw2mZ8vB4nR7tQ1sD",
        "keys": ["k1-abcdefg"], "inner": "{\"secret\":\"within-it\"}"}"#;

    fn found(which: Lines) -> Vec<String> {
        let mut all: Vec<_> =
            members_of(DOCUMENT, which).iter().map(|one| one.trim_end().to_owned()).collect();
        all.sort();
        all
    }

    #[test]
    fn members_that_may_be_secrets_are_looked_for_by_themselves() {
        let expected = [
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
            "https://hooks.example.com/T0/xY3kP9qLw2mZ8vB4nR7tQ1sD",
            "hunter2-x",
            "k1-abcdefg",
            "vault@project.iam.example",
            "within-it",
            r#"{"secret":"within-it"}"#,
        ];
        assert_eq!(expected.as_slice(), found(Lines::Long));
    }

    #[test]
    fn a_search_for_leaks_knows_the_members_that_look_drawn_at_random() {
        let expected = [
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
            "https://hooks.example.com/T0/xY3kP9qLw2mZ8vB4nR7tQ1sD",
        ];
        assert_eq!(expected.as_slice(), found(Lines::Random));
    }

    #[test]
    fn what_is_no_document_has_no_members() {
        for value in
            ["sk-1234567890abcdef", "{\"key\": \"cut-off-by-its-end", "[vault]", "\"a-string-of-json-alone\""]
        {
            assert!(members_of(value, Lines::Long).is_empty(), "{value}");
        }
    }
}
