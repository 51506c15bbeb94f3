//! What is handed on to the daemon, and what comes back.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::dashboard::{Dashboard, Tab, eventually, line_of};
use vault_testkit::TestEnvironment;

const VALUE: &str = "sk-made-up-never-printed-4711";

/// Gives the last entry of the log.
fn last_entry(tab: &Tab) -> Value {
    tab.get("/vault/audit-log?limit=1").expect(200)["entries"][0].clone()
}

#[test]
fn a_secret_is_stored_read_changed_and_deleted() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let made = tab.send("POST /vault/secrets", &json!({ "name": "db/main", "value": VALUE })).expect(201);
    let path = format!("/vault/secrets/{}", made["entry"]["id"].as_str().unwrap());
    assert_eq!(VALUE, tab.get(&path).expect(200)["value"]);
    assert_eq!(VALUE, tab.get("/vault/resolve/db%2Fmain").expect(200)["value"]);
    let changed = tab.send(&format!("PUT {path}"), &json!({ "value": "another" })).expect(200);
    assert_eq!(2, changed["entry"]["version"]);
    tab.send(&format!("DELETE {path}"), &Value::Null).expect(200);
    assert_eq!(0, tab.get("/vault/secrets").expect(200)["total"]);
}

#[test]
fn the_log_says_that_it_was_the_dashboard_and_from_which_address() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let lying = [
        ("Authorization", &*tab.authorization()),
        ("X-Vault-Client", "somebody else"),
        ("X-Vault-Address", "192.0.2.1"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-User-Id", "root"),
    ];
    dashboard.ask("GET /vault/secrets", &lying, "").expect(200);
    let entry = last_entry(&tab);
    assert_eq!("read", entry["action"]);
    assert_eq!(
        json!({ "claimedClient": "dashboard", "claimedAddress": "127.0.0.1", "ip": "127.0.0.1", "listed": 0 }),
        entry["metadata"]
    );
    assert_eq!(format!("uid:{}", nix::unistd::geteuid()), entry["actor"].as_str().unwrap());
}

#[test]
fn an_error_of_the_daemon_comes_as_it_is() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    tab.get("/vault/nothing").refused(404, "not_found");
    tab.send("POST /vault/secrets", &json!({ "name": "a" })).refused(400, "invalid_request");
    let refused = tab.send("PUT /vault/agents", &json!({}));
    refused.refused(405, "method_not_allowed");
    assert_eq!(Some("GET, HEAD, POST"), refused.header("allow"));
}

#[test]
fn a_locked_vault_is_shown_and_unlocked() {
    let test = TestEnvironment::served();
    test.ctl(&["lock"]).succeeded();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    assert_eq!(true, tab.get("/vault/status").expect(200)["locked"]);
    tab.get("/vault/secrets").refused(503, "locked");
    let file = std::fs::read_to_string(test.path(".env")).unwrap();
    let key = file.lines().find_map(|line| line.strip_prefix("AGENTICMAIL_VAULT_KEY=")).unwrap();
    tab.send("POST /vault/unlock", &json!({ "key": key })).expect(200);
    assert_eq!(false, tab.get("/vault/status").expect(200)["locked"]);
}

#[test]
fn without_a_daemon_there_is_no_dashboard() {
    let run = TestEnvironment::empty().ctl(&["ui", "--no-open"]).ended_with(69);
    assert!(run.stdout.is_empty() && run.stderr.contains("no daemon answers"), "{run}");
}

#[test]
fn a_daemon_that_went_away_is_an_error_and_its_return_is_none() {
    let mut test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    test.stop();
    tab.get("/vault/status").refused(503, "unavailable");
    test.start();
    tab.get("/vault/status").expect(200);
}

#[test]
fn events_come_as_they_happen() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let mut events = dashboard.opened().events();
    test.ctl_with(&["set", "made"], VALUE).succeeded();
    let mut heard = String::new();
    while !heard.contains("\"action\":\"create\"") {
        heard = line_of(&mut events);
    }
    assert!(heard.contains("\"entryName\":\"made\"") && !heard.contains(VALUE), "{heard}");
}

#[test]
fn the_daemon_is_let_go_when_the_browser_goes() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let events = dashboard.opened().events();
    // The one that asks is counted too.
    eventually(|| connections(&test) == 2);
    drop(events);
    eventually(|| connections(&test) == 1);
}

/// Asks the daemon itself how many connections it has.
fn connections(test: &TestEnvironment) -> u64 {
    let mut stream = UnixStream::connect(test.path("vault.sock")).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: v\r\nConnection: close\r\n\r\n").unwrap();
    let mut metrics = String::new();
    stream.read_to_string(&mut metrics).unwrap();
    let line = metrics.lines().find(|line| line.starts_with("agenticmail_vault_connections ")).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn with_an_agents_token_the_page_sees_what_the_agent_may() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "skill:openai:access_token"], VALUE).succeeded();
    test.ctl_with(&["set", "skill:github:access_token"], VALUE).succeeded();
    let added = test.ctl(&["agent", "add", "bot", "--grant", "read:skill:openai:*"]).succeeded();
    let mut command = test.command(&["ui", "--no-open"]);
    command.env("AGENTICMAIL_VAULT_TOKEN", added.stdout.trim());
    let dashboard = Dashboard::start(command);
    let tab = dashboard.opened();
    let listed = tab.get("/vault/secrets").expect(200);
    assert_eq!(
        (json!(1), "skill:openai:access_token"),
        (listed["total"].clone(), listed["secrets"][0]["name"].as_str().unwrap())
    );
    let id = listed["secrets"][0]["id"].as_str().unwrap();
    tab.get(&format!("/vault/secrets/{id}")).refused(403, "forbidden");
    tab.get("/vault/events").refused(403, "forbidden");
    let log = test.ctl(&["--json", "audit"]).succeeded().json();
    let denied =
        log["entries"].as_array().unwrap().iter().find(|entry| entry["outcome"] == "denied").unwrap();
    assert_eq!("agent:bot", denied["actor"]);
    assert_eq!("dashboard", denied["metadata"]["claimedClient"]);
}

#[test]
fn a_token_that_is_none_is_told_before_there_is_a_link() {
    let test = TestEnvironment::served();
    let mut command = test.command(&["ui", "--no-open"]);
    command.env("AGENTICMAIL_VAULT_TOKEN", "amv_nobody");
    let run = test.run(command, "").ended_with(5);
    assert!(run.stdout.is_empty(), "{run}");
}

#[test]
fn neither_a_value_nor_a_pass_nor_a_request_is_printed() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let token = dashboard.token().to_owned();
    let made = tab.send("POST /vault/secrets", &json!({ "name": "seen", "value": VALUE })).expect(201);
    tab.get(&format!("/vault/secrets/{}", made["entry"]["id"].as_str().unwrap())).expect(200);
    tab.send("POST /vault/secrets", &json!({ "name": "seen", "value": VALUE })).refused(409, "conflict");
    dashboard.ask(&format!("GET /{VALUE}"), &[], "").refused(401, "unauthorized");
    dashboard.signal(Signal::SIGTERM);
    let run = dashboard.ended(&test).succeeded();
    for secret in [VALUE, &tab.bearer, &tab.csrf, &token, "seen", "/vault"] {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{secret}\n{run}");
    }
}
