//! How fast the log grows by what callers are refused, and by what agents are permitted.

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon, Home, parse, random_text};

/// A daemon with an agent that may resolve `a`.
struct Served {
    home: Home,
    daemon: Daemon,
    token: String,
}

impl Served {
    fn new(limits: &str) -> Self {
        let home = Home::new();
        home.write("vault.toml", &format!("[kdf]\niterations = 100000\n{limits}"));
        let daemon = Daemon::start(&home);
        daemon.create("a", "value");
        let token = agent(&daemon, "bot");
        Self { home, daemon, token }
    }

    /// Asks as the agent.
    fn ask(&self, target: &str, body: &Value) -> Answer {
        ask(&self.daemon, &self.token, (target, body))
    }

    /// Returns how many entries acts add to the log.
    fn added(&self, act: impl FnOnce()) -> usize {
        let before = self.daemon.audit().len();
        act();
        self.daemon.audit().len() - before
    }

    /// Stops the daemon, and returns how many texts of a beginning its log keeps.
    fn kept_texts(self, beginning: &str) -> i64 {
        let Self { home, daemon, .. } = self;
        daemon.stop();
        let count = "SELECT count(*) FROM label WHERE text LIKE ?1 || '%'";
        home.database().query_row(count, [beginning], |row| row.get(0)).unwrap()
    }
}

fn agent(daemon: &Daemon, name: &str) -> String {
    let grants = json!([{ "names": ["a"], "actions": ["read", "decrypt"] }]);
    let added = daemon.http("POST", "/vault/agents", json!({ "name": name, "grants": grants }));
    assert_eq!(201, added.status, "{}", added.text);
    added.body["token"].as_str().unwrap().to_owned()
}

fn ask(daemon: &Daemon, token: &str, (target, body): (&str, &Value)) -> Answer {
    let (verb, body) = if body.is_null() { ("GET", String::new()) } else { ("POST", body.to_string()) };
    let head =
        format!("{verb} {target} HTTP/1.1\r\nHost: v\r\nConnection: close\r\nAuthorization: Bearer {token}");
    let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    parse(&daemon.unended(request.as_bytes()))
}

/// A name that no secret has.
fn unknown() -> String {
    format!("unknown-{}", random_text())
}

#[test]
fn what_an_agent_asks_for_in_vain_leaves_ten_entries_and_no_texts() {
    let served = Served::new("");
    let added = served.added(|| {
        for _ in 0..100 {
            assert_eq!(404, served.ask(&format!("/vault/resolve/{}", unknown()), &Value::Null).status);
        }
    });
    assert!(added <= 11, "{added} entries");
    let entry = &served.daemon.audit()[1];
    let asked = entry["metadata"]["askedName"].as_str().unwrap_or_default();
    assert!(entry["entryName"].is_null() && asked.starts_with("unknown-"), "{entry}");
    assert_eq!(0, served.kept_texts("unknown-"));
}

#[test]
fn what_an_agent_may_not_store_leaves_no_texts() {
    let served = Served::new("");
    for _ in 0..20 {
        let secret = json!({ "name": unknown(), "value": "v" });
        assert_eq!(403, served.ask("/vault/secrets", &secret).status);
    }
    assert_eq!(0, served.kept_texts("unknown-"));
}

#[test]
fn organisations_that_an_agent_makes_up_leave_no_texts() {
    let served = Served::new("");
    for _ in 0..20 {
        let asked = json!({ "names": ["a"], "orgId": unknown().to_lowercase() });
        assert_eq!(404, served.ask("/vault/resolve", &asked).status);
    }
    assert_eq!(0, served.kept_texts("unknown-"));
}

#[test]
fn what_an_owner_asks_for_in_vain_keeps_its_name() {
    let served = Served::new("");
    let name = unknown();
    assert_eq!(404, served.daemon.resolve(&name).status);
    assert_eq!(json!(name), served.daemon.audit()[0]["entryName"]);
}

#[test]
fn an_agent_that_reads_more_than_its_rate_is_told_to_wait() {
    let served = Served::new("[limits]\nagent_entries_per_minute = 60\n");
    let many = json!({ "names": vec!["a"; 100] });
    assert_eq!(200, served.ask("/vault/resolve", &many).status);
    let refused = served.ask("/vault/resolve/a", &Value::Null);
    assert_eq!((429, "busy"), (refused.status, refused.code()), "{}", refused.text);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=41).contains(&wait), "{wait} s");
    let entry = &served.daemon.audit()[0];
    assert_eq!(
        (json!("agent:bot"), json!("denied"), json!("busy")),
        (entry["actor"].clone(), entry["outcome"].clone(), entry["metadata"]["code"].clone())
    );
}

#[test]
fn neither_an_owner_nor_another_agent_waits_for_one_that_reads_too_much() {
    let served = Served::new("[limits]\nagent_entries_per_minute = 60\n");
    let many = json!({ "names": vec!["a"; 100] });
    assert_eq!(
        [200, 429],
        [served.ask("/vault/resolve", &many).status, served.ask("/vault/resolve", &many).status]
    );
    let other = agent(&served.daemon, "other");
    assert_eq!(200, ask(&served.daemon, &other, ("/vault/resolve/a", &Value::Null)).status);
    for _ in 0..5 {
        assert_eq!(200, served.daemon.http("POST", "/vault/resolve", many.clone()).status);
    }
}
