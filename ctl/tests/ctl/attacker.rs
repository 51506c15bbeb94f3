//! Another user, who may store any name and neither read nor replace one: what he stores changes nothing of what others
//! get for the names that are not his.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use vault_testkit::users::{User, public_folder};
use vault_testkit::{Daemon, Home, exchange, parse};

const CLIENTS: u32 = 2000;
/// May store names, and nothing else.
const ATTACKER: User = User { uid: 2002, groups: &[CLIENTS] };
const CONFIGURATION: &str = "[kdf]\niterations = 100000\n[access]\ngroups = [2000]\n";

/// What the owner has stored; each value is the name.
const STORED: [&str; 17] = [
    "db-url",
    "skill:openai:api_key",
    "skill:npm:access_token",
    "skill:google:access_token",
    "skill:google:client_id",
    "skill:google:client_secret",
    "skill:aws:access_key_id",
    "skill:aws:secret_access_key",
    "skill:aws:region",
    "skill:dockerhub:username",
    "skill:dockerhub:access_token",
    "skill:telegram:token",
    "skill:twilio:account_sid",
    "skill:twilio:access_token",
    "skill:mine:token",
    "skill:mine:client-id",
    "skill:2captcha:api_key",
];

/// What is asked for by platform: names and aliases.
const PLATFORMS: [&str; 12] = [
    "openai",
    "npm",
    "google",
    "gemini",
    "gcp",
    "aws",
    "aws-services",
    "docker",
    "telegram",
    "twilio",
    "mine",
    "2captcha",
];

/// What the attacker stores with values of his own: everything that might take a place, go before, redirect or break.
const ATTACKS: [&str; 52] = [
    "openai",
    "skill:openai",
    "skill:openai:access_token",
    "skill:openai:api-key",
    "skill:openai:token",
    "skill:openai:base_url",
    "skill:openai:organization",
    "npm",
    "skill:npm",
    "skill:npm:api_key",
    "skill:npm:token",
    "skill:npm:config_script_shell",
    "skill:npm:config_registry",
    "google",
    "gemini",
    "gcp",
    "skill:gemini:access_token",
    "skill:gemini:api_key",
    "skill:gemini",
    "skill:google-cloud:access_token",
    "skill:google:api_key",
    "skill:google:application_credentials",
    "skill:gemini:client_id",
    "skill:google:client-id",
    "skill:gcp:clientId",
    "skill:google:clientSecret",
    "aws",
    "skill:aws",
    "skill:aws:config_file",
    "skill:aws:endpoint_url",
    "skill:aws:access-key-id",
    "skill:aws-services:access_key_id",
    "skill:aws-services:region",
    "docker",
    "skill:docker:host",
    "skill:docker:username",
    "skill:docker-hub:access_token",
    "telegram",
    "skill:telegram:access_token",
    "skill:telegram-bot:token",
    "twilio",
    "skill:twilio-sms:account_sid",
    "skill:twilio:account-sid",
    "mine",
    "skill:mine",
    "skill:mine:clientId",
    "skill:mine:apiKey",
    "skill:mine:access_token",
    "skill:mine:api_key",
    "skill:mine:client_id",
    "skill:mine:client.id",
    "skill:2captcha:token",
];

/// The daemon of the owner, who is root, with a socket that the attacker reaches.
struct Attacked {
    home: Home,
    folder: TempDir,
    daemon: Daemon,
}

impl Attacked {
    fn new() -> Self {
        let (home, folder) = (Home::new(), public_folder().0);
        home.write("vault.toml", CONFIGURATION);
        let mut command = home.command();
        let socket = folder.path().join("vault.sock");
        command.arg("--socket").arg(&socket).args(["--socket-group", &CLIENTS.to_string()]);
        let daemon = Daemon::start_as(&home, command, &socket);
        for name in STORED {
            daemon.create(name, name);
        }
        let grants = json!([{ "orgId": "*", "names": ["*"], "actions": ["create"] }]);
        let maker = json!({ "name": "maker", "match": { "uid": ATTACKER.uid }, "grants": grants });
        assert_eq!(201, daemon.http("POST", "/vault/agents", maker).status);
        Self { home, folder, daemon }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("vault.sock")
    }

    /// Has the attacker ask for something over HTTP; gives the status.
    fn attack(&self, target: &str, body: &Value) -> u16 {
        let text = body.to_string();
        let head = format!("POST {target} HTTP/1.1\r\nHost: v\r\nConnection: close\r\n");
        let request = format!("{head}Content-Length: {}\r\n\r\n{text}", text.len());
        parse(&ATTACKER.does(|| exchange(&self.socket(), request.as_bytes()))).status
    }

    /// Has the owner ask for something; gives what was printed, line by line, in order.
    fn owner(&self, words: &[&str], input: &str) -> Vec<String> {
        let socket = self.socket();
        let all = [&["--socket", socket.to_str().unwrap()], words].concat();
        let run = self.home.ctl(&all, input);
        let printed = if run.code == Some(0) { run.stdout } else { String::new() };
        let mut lines: Vec<_> = printed.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Asks for everything that the owner has, in every way.
    fn everything(&self) -> BTreeMap<String, Vec<String>> {
        let mut all = BTreeMap::new();
        let mut ask = |words: &[&str], input: &str| {
            all.insert(format!("{} {input}", words.join(" ")), self.owner(words, input));
        };
        for platform in PLATFORMS {
            ask(&["run", "--no-mask", "--skill", platform, "--", "/usr/bin/env"], "");
            ask(&["env", "--skill", platform], "");
            ask(&["resolve", platform, "--format", "dotenv"], "");
        }
        for name in STORED.into_iter().chain(PLATFORMS) {
            ask(&["get", name], "");
            ask(&["env", &format!("A={name}")], "");
            ask(&["run", "--no-mask", "--env", &format!("A={name}"), "--", "/usr/bin/env"], "");
            ask(&["inject"], &format!("{{{{ vault://{name} }}}}"));
        }
        all
    }
}

/// Stores every name of the attacks, in each way in which one can be stored.
fn attack(vault: &Attacked) -> Vec<u16> {
    let harmful = ["theirs", "/tmp/evil.sh", "https://evil.example", "a\0b"];
    let stored = |(number, name): (usize, &&str)| {
        let value = harmful[number % harmful.len()];
        let expires = (number % 5 == 0).then_some("2020-01-01T00:00:00Z");
        vault.attack("/vault/secrets", &json!({ "name": name, "value": value, "expiresAt": expires }))
    };
    let mut statuses: Vec<_> = ATTACKS.iter().enumerate().map(stored).collect();
    for platform in ["openai", "npm", "google", "telegram"] {
        let fields = json!({ "fields": { "access_token": "theirs" } });
        statuses.push(vault.attack(&format!("/vault/platforms/{platform}"), &fields));
    }
    let own = json!({ "entries": [{ "name": "openai", "value": "theirs" }], "onConflict": "overwrite" });
    statuses.push(vault.attack("/vault/import", &own));
    statuses
}

#[test(needs(Root))]
fn who_may_store_any_name_changes_nothing_that_others_get() {
    let vault = Attacked::new();
    let before = vault.everything();
    let platforms = before.iter().filter(|(words, _)| words.contains("--skill"));
    assert!(platforms.clone().all(|(_, lines)| !lines.is_empty()), "{before:#?}");
    let statuses = attack(&vault);
    assert!(statuses.contains(&201) && statuses.contains(&403) && statuses.contains(&409), "{statuses:?}");
    for (words, lines) in vault.everything() {
        // A name that was not there is the attacker's; what was there is not.
        let was = &before[&words];
        if !was.is_empty() {
            assert_eq!(*was, lines, "{words}");
        }
    }
    assert_eq!(STORED.len() as u64 + stored_by_the_attacker(&statuses), vault.daemon.total());
}

fn stored_by_the_attacker(statuses: &[u16]) -> u64 {
    statuses.iter().filter(|status| **status == 201).count() as u64
}
