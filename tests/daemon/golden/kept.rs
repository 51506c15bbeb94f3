//! The kept homes: their files, what is known of each, and how a daemon's answers are compared with that.

use std::path::{Path, PathBuf};

use serde_json::Value;
use vault::files;
use vault_testkit::{Answer, Daemon, Home, NONE};

/// A home that a released version left behind.
pub(super) struct Kept {
    /// The name of its folder.
    pub(super) name: String,
    folder: PathBuf,
    expected: Value,
}

impl Kept {
    /// Lists all of them, by name.
    pub(super) fn all() -> Vec<Self> {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let folders = fixtures.read_dir().unwrap().map(|entry| entry.unwrap());
        let mut all: Vec<_> = folders
            .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
            .filter(|(name, _)| name.starts_with("home-"))
            .map(|(name, folder)| {
                let expected = std::fs::read(folder.join("expected.json")).unwrap();
                Self { name, folder, expected: serde_json::from_slice(&expected).unwrap() }
            })
            .collect();
        assert!(!all.is_empty(), "no home is kept");
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Copies the home as the daemon left it that was stopped.
    pub(super) fn stopped(&self) -> Home {
        let home = Home::without_key();
        self.copy("stopped", &home);
        home
    }

    /// Copies the home as the daemon left it that was killed: the last commits are in the write-ahead log alone.
    pub(super) fn killed(&self) -> Home {
        let home = self.stopped();
        self.copy("killed", &home);
        home
    }

    /// Makes a home with nothing but a configuration and the backup.
    pub(super) fn backup(&self) -> (Home, String) {
        let home = Home::without_key();
        copy(&self.folder.join("copy.backup"), &home.path("copy.backup"));
        let path = home.path("copy.backup").display().to_string();
        (home, path)
    }

    /// Copies the home and starts a daemon on it.
    pub(super) fn served(&self) -> (Home, Daemon) {
        let home = self.stopped();
        let daemon = Daemon::start(&home);
        (home, daemon)
    }

    fn copy(&self, state: &str, home: &Home) {
        for entry in self.folder.join(state).read_dir().unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &home.path(entry.file_name().to_str().unwrap()));
        }
    }

    /// Returns a text that is known of it, as its key.
    pub(super) fn text(&self, name: &str) -> &str {
        self.expected[name].as_str().unwrap()
    }

    /// Returns what is known of its log.
    pub(super) fn log(&self) -> &Value {
        &self.expected["log"]
    }

    /// Lists what is known of something that there are several of.
    pub(super) fn list(&self, name: &str) -> &[Value] {
        self.expected[name].as_array().unwrap()
    }

    /// Lists the secrets as they were when the daemon was killed.
    pub(super) fn secrets_at_the_kill(&self) -> Vec<Value> {
        let written = self.expected["killed"]["secrets"].as_array().unwrap();
        let is_older =
            |secret: &&Value| written.iter().all(|new| new["entry"]["id"] != secret["entry"]["id"]);
        self.list("secrets").iter().filter(is_older).chain(written).cloned().collect()
    }

    /// Lists the entries of the log up to a place.
    pub(super) fn entries_to(&self, last: &Value) -> Vec<&Value> {
        let entries = self.log()["entries"].as_array().unwrap().iter();
        entries.take_while(|entry| entry["seq"].as_u64() <= last.as_u64()).collect()
    }
}

/// Copies a file, for its owner alone.
fn copy(from: &Path, to: &Path) {
    files::replace_private(to, &std::fs::read(from).unwrap()).unwrap();
}

/// Returns whether a secret expired before it was stored, so that it has expired whatever the day is.
pub(super) fn is_expired(secret: &Value) -> bool {
    let entry = &secret["entry"];
    entry["expiresAt"].as_str().is_some_and(|end| end < entry["createdAt"].as_str().unwrap())
}

/// Returns an id as a text.
pub(super) fn id_of(secret: &Value) -> &str {
    secret["entry"]["id"].as_str().unwrap()
}

/// Makes a request without a body as an agent.
pub(super) fn ask_as(daemon: &Daemon, token: &Value, (verb, target): (&str, &str)) -> Answer {
    daemon.http_with(verb, target, ("Authorization", &format!("Bearer {}", token.as_str().unwrap())))
}

/// Compares the secrets that a daemon serves with those that are known, and lists the differences.
pub(super) fn differences(daemon: &Daemon, known: &[Value]) -> Vec<String> {
    let listed = daemon.get("/vault/secrets?orgId=*");
    let mut found = Vec::new();
    if listed["total"] != known.len() || listed.get("damaged").is_some() {
        found.push(format!("{} secrets are listed, damaged: {}", listed["total"], listed["damaged"]));
    }
    let entries = listed["secrets"].as_array().unwrap();
    for secret in known {
        let entry = entries.iter().find(|entry| entry["id"] == id_of(secret)).unwrap_or(&NONE);
        found.extend(missing_in(entry, &secret["entry"]));
        found.extend(differences_of_values(daemon, secret));
    }
    found
}

/// Lists the fields that are not as they are known; a later program may add fields.
pub(super) fn missing_in(found: &Value, known: &Value) -> Vec<String> {
    let differs = known.as_object().unwrap().iter().filter(|(name, value)| found[name.as_str()] != **value);
    let words = |(name, value): (&String, &Value)| {
        format!("`{name}` of {}: {value} became {}", known["name"], found[name.as_str()])
    };
    differs.map(words).collect()
}

/// Compares every version of a secret.
fn differences_of_values(daemon: &Daemon, secret: &Value) -> Vec<String> {
    let (name, target) = (&secret["entry"]["name"], format!("/vault/secrets/{}", id_of(secret)));
    let values = secret["values"].as_object().unwrap();
    let versions = daemon.http("GET", &format!("{target}/versions"), NONE).body["versions"].clone();
    let mut found = Vec::new();
    if versions.as_array().map(Vec::len) != Some(values.len())
        || secret.get("versions").is_some_and(|known| *known != versions)
    {
        found.push(format!("the versions of {name}: {versions}"));
    }
    for (version, value) in values.iter().filter(|_| !is_expired(secret)) {
        let answer = daemon.http("GET", &format!("{target}?version={version}"), NONE);
        if answer.body["value"] != *value {
            found.push(format!("version {version} of {name}: {}", answer.text));
        }
    }
    let newest = daemon.secret(id_of(secret));
    let known = &values[&secret["entry"]["version"].to_string()];
    if !is_expired(secret) && newest.body["value"] != *known {
        found.push(format!("{name}: {}", newest.text));
    }
    found
}
