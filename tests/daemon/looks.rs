//! Looks at the whole vault, the log, its events and the metrics: judged as every operation is, and granted by name.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use vault::domain::Timestamp;
use vault_testkit::{Answer, Daemon, Home, NONE, connect};

use crate::shared::{MEMBER, Shared, get};

const LOOKS: [(&str, &str); 4] = [
    ("/vault/audit-log", "audit"),
    ("/vault/audit-log/verify", "audit"),
    ("/vault/events?since=0", "audit"),
    ("/metrics", "metrics"),
];

fn grants(actions: &[&str]) -> Value {
    json!([{ "orgId": "*", "names": ["*"], "actions": actions }])
}

/// Adds an agent that may do something to everything; returns the header by which it is the caller.
fn agent(daemon: &Daemon, name: &str, actions: &[&str]) -> String {
    let added = daemon.http("POST", "/vault/agents", json!({ "name": name, "grants": grants(actions) }));
    assert_eq!(201, added.status, "{}", added.text);
    format!("Bearer {}", added.body["token"].as_str().unwrap())
}

fn ask(daemon: &Daemon, bearer: &str, target: &str) -> Answer {
    daemon.http_with("GET", target, ("Authorization", bearer))
}

/// Follows the log as an agent, and returns the stream once it has begun.
fn follow(daemon: &Daemon, bearer: &str) -> BufReader<UnixStream> {
    let mut stream = connect(daemon.socket());
    let head = "GET /vault/events HTTP/1.1\r\nHost: v\r\nConnection: close\r\n";
    stream.write_all(format!("{head}Authorization: {bearer}\r\n\r\n").as_bytes()).unwrap();
    let mut stream = BufReader::new(stream);
    assert!(line_with(&mut stream, "HTTP/1.1").contains(" 200 "));
    stream
}

/// Reads up to a line with a text.
fn line_with(stream: &mut BufReader<UnixStream>, text: &str) -> String {
    stream.lines().map(Result::unwrap).find(|line| line.contains(text)).unwrap()
}

/// Reads what is left of a stream, which has to end before the daemon would show that it is alive.
fn rest(stream: &mut BufReader<UnixStream>) -> String {
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains(": ping"), "the stream went on: {rest}");
    rest
}

#[test]
fn each_refused_look_is_in_the_log_as_denied() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let bot = agent(&daemon, "bot", &["read", "decrypt"]);
    for (target, right) in LOOKS {
        let before = daemon.audit().len();
        let answer = ask(&daemon, &bot, target);
        assert_eq!((403, "forbidden"), (answer.status, answer.code()), "{target}");
        let log = daemon.audit();
        assert_eq!(before + 1, log.len(), "{target}");
        let entry = ["actor", "action", "outcome"].map(|field| log[0][field].as_str().unwrap());
        assert_eq!(["agent:bot", right, "denied"], entry, "{target}");
    }
}

#[test]
fn an_allowed_look_writes_nothing() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let watcher = agent(&daemon, "watcher", &["audit", "metrics"]);
    let before = daemon.audit();
    for target in ["/vault/audit-log", "/vault/audit-log/verify", "/metrics"] {
        assert_eq!(200, daemon.http("GET", target, NONE).status, "{target}");
        assert_eq!(200, ask(&daemon, &watcher, target).status, "{target}");
    }
    drop(follow(&daemon, &watcher));
    assert_eq!(before, daemon.audit());
}

#[test]
fn a_right_to_look_is_no_right_to_anything_else() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let secret = daemon.create("a", "the value");
    let (shipper, scraper) = (agent(&daemon, "s", &["audit"]), agent(&daemon, "m", &["metrics"]));
    assert_eq!(403, ask(&daemon, &shipper, "/metrics").status);
    for target in ["/vault/audit-log", "/vault/audit-log/verify", "/vault/events"] {
        assert_eq!(403, ask(&daemon, &scraper, target).status, "{target}");
    }
    for bearer in [&shipper, &scraper] {
        assert_eq!(404, ask(&daemon, bearer, "/vault/resolve/a").status);
        assert_eq!(404, ask(&daemon, bearer, &format!("/vault/secrets/{secret}")).status);
        assert_eq!(json!(0), ask(&daemon, bearer, "/vault/secrets").body["total"]);
        assert_eq!(403, ask(&daemon, bearer, "/vault/agents").status);
    }
}

#[test]
fn a_right_to_look_is_granted_for_everything_or_not_at_all() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    agent(&daemon, "bot", &["read"]);
    for grant in [
        json!({ "orgId": "*", "names": ["skill:*"], "actions": ["audit"] }),
        json!({ "names": ["*"], "actions": ["metrics"] }),
        json!({ "orgId": "acme", "names": ["*"], "actions": ["audit"] }),
        json!({ "orgId": "*", "names": ["*", "a"], "actions": ["read", "audit"] }),
    ] {
        let add = daemon.http("POST", "/vault/agents", json!({ "name": "a", "grants": [grant] }));
        let update = daemon.http("PUT", "/vault/agents/bot", json!({ "grants": [grant] }));
        for answer in [add, update] {
            assert_eq!(
                (400, true),
                (answer.status, answer.error().contains("show every org")),
                "{}",
                answer.text
            );
        }
    }
}

#[test]
fn a_follower_that_is_removed_or_changed_hears_of_nothing_more() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for (verb, body) in [
        ("DELETE", NONE),
        ("PUT", json!({ "grants": grants(&["read"]) })),
        ("PUT", json!({ "expiresAt": "2020-01-01T00:00:00Z" })),
    ] {
        let shipper = agent(&daemon, "shipper", &["audit"]);
        let mut stream = follow(&daemon, &shipper);
        daemon.create(&format!("before {body}"), "v");
        line_with(&mut stream, "before ");
        assert_eq!(200, daemon.http(verb, "/vault/agents/shipper", body.clone()).status);
        daemon.create(&format!("after {body}"), "v");
        let rest = rest(&mut stream);
        assert!(!rest.contains("after "), "{rest}");
        daemon.http("DELETE", "/vault/agents/shipper", NONE);
    }
}

#[test]
fn a_follower_whose_time_is_over_hears_of_nothing_more() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let shipper = agent(&daemon, "shipper", &["audit"]);
    let soon = UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(2);
    let soon = Timestamp::from_millis(soon.as_millis().try_into().unwrap());
    let expires = json!({ "expiresAt": soon.to_string() });
    assert_eq!(200, daemon.http("PUT", "/vault/agents/shipper", expires).status);
    let mut stream = follow(&daemon, &shipper);
    rest(&mut stream);
    assert_eq!(401, ask(&daemon, &shipper, "/vault/events").status);
}

#[test]
fn a_lock_ends_what_an_agent_follows() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let shipper = agent(&daemon, "shipper", &["audit"]);
    let mut stream = follow(&daemon, &shipper);
    assert_eq!(200, daemon.http("POST", "/vault/lock", NONE).status);
    rest(&mut stream);
    assert_eq!("locked", daemon.http("GET", "/vault/events", NONE).code());
    assert!(daemon.http("GET", "/metrics", NONE).text.contains("\nagenticmail_vault_locked 1"));
}

#[test]
fn what_http_alone_serves_is_no_method() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for method in ["vault.events", "vault.metrics"] {
        assert_eq!(json!(-32601), daemon.rpc(method, json!({}))["error"]["code"], "{method}");
        assert!(!vault::describe::openrpc().to_string().contains(&format!("\"{method}\"")));
    }
    let described = vault::describe::openapi();
    let types = &described["paths"]["/vault/events"]["get"]["responses"]["200"]["content"];
    assert_eq!(vec!["text/event-stream"], types.as_object().unwrap().keys().collect::<Vec<_>>());
    assert_eq!("since", described["paths"]["/vault/events"]["get"]["parameters"][0]["name"]);
}

#[test(needs(Root))]
fn a_guest_that_is_refused_the_metrics_of_a_locked_vault_is_in_the_log_after_the_unlock() {
    let shared = Shared::new();
    let daemon = &shared.daemon;
    assert_eq!(200, daemon.http("POST", "/vault/lock", NONE).status);
    assert_eq!(403, shared.ask(MEMBER, &get("/metrics")).status);
    assert_eq!(200, daemon.http("POST", "/vault/unlock", json!({ "key": shared.home.key })).status);
    let log = daemon.audit();
    let refused = log.iter().find(|entry| entry["outcome"] == "denied").unwrap();
    assert_eq!("uid:2003", refused["actor"]);
    let details = ["method", "lockReason"].map(|key| refused["metadata"][key].as_str().unwrap());
    assert_eq!(["vault.metrics", "by_request"], details);
}
