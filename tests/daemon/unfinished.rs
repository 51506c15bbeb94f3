//! Requests that are begun and not finished: what they take is bounded, for each caller and for all but owners.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::json;
use vault_testkit::{Answer, Daemon, Home, connect, parse, wire};

const MIB: usize = 1024 * 1024;
/// How long a write waits for a daemon that takes no more of it.
const PATIENCE: Duration = Duration::from_millis(50);

/// A daemon with two agents that may store secrets, and their tokens.
fn served() -> (Home, Daemon, [String; 2]) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let tokens = ["one", "two"].map(|name| {
        let grants = json!([{ "names": [format!("{name}-*")], "actions": ["create"] }]);
        let added = daemon.http("POST", "/vault/agents", json!({ "name": name, "grants": grants }));
        assert_eq!(201, added.status, "{}", added.text);
        added.body["token"].as_str().unwrap().to_owned()
    });
    (home, daemon, tokens)
}

/// Writes the head of a request to store a secret, as an agent or without a token as an owner.
fn head(token: Option<&str>, length: usize) -> String {
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!("POST /vault/secrets HTTP/1.1\r\nHost: v\r\n{token}Content-Length: {length}\r\n\r\n")
}

/// Begins a request, and sends as much of it as is taken.
fn begun(daemon: &Daemon, parts: &[&str]) -> UnixStream {
    let mut stream = connect(daemon.socket());
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    for part in parts {
        let _ = stream.write_all(part.as_bytes());
    }
    stream
}

/// Begins a request of an agent over HTTP that lacks its last byte.
fn posted(daemon: &Daemon, token: &str, text: &str) -> UnixStream {
    let body = format!("{{\"name\":\"{text}");
    begun(daemon, &[&head(Some(token), body.len() + 1), &body])
}

/// Begins a line of an agent on a stream.
fn said(daemon: &Daemon, token: &str, text: &str) -> UnixStream {
    let auth = wire::message("vault.auth", json!({ "token": token })).to_string() + "\n";
    let mut stream = begun(daemon, &[&auth]);
    let mut answer = [0; 1];
    while answer != *b"\n" {
        stream.read_exact(&mut answer).unwrap();
    }
    let _ = stream.write_all(format!("{{\"name\":\"{text}").as_bytes());
    stream
}

/// Stores a value.
fn store(daemon: &Daemon, token: Option<&str>, (name, value): (&str, &str)) -> Answer {
    let body = json!({ "name": name, "value": value }).to_string();
    parse(&daemon.unended(
        (head(token, body.len()) + &body).replace("Host: v", "Host: v\r\nConnection: close").as_bytes(),
    ))
}

#[test]
fn long_requests_that_agents_do_not_finish_keep_no_owner_waiting() {
    let (_home, daemon, [one, two]) = served();
    let long = "\\u0001".repeat(MIB / 2);
    for (number, begin) in [posted, said].into_iter().enumerate() {
        let _standing = [begin(&daemon, &one, &long), begin(&daemon, &two, &long)];
        let stored = store(&daemon, None, (&format!("owners-{number}"), &"\u{1}".repeat(MIB)));
        assert_eq!(201, stored.status, "{}", stored.text);
    }
}

#[test]
fn many_requests_that_an_agent_does_not_finish_keep_neither_an_owner_nor_another_agent_waiting() {
    let (_home, daemon, [one, two]) = served();
    let text = "x".repeat(2 * MIB - 1000);
    for (number, begin) in [posted, said].into_iter().enumerate() {
        let _standing: Vec<_> = (0..40).map(|_| begin(&daemon, &one, &text)).collect();
        for (token, name) in [(None, "owners"), (Some(&*two), "two")] {
            let stored = store(&daemon, token, (&format!("{name}-{number}"), &"x".repeat(MIB)));
            assert_eq!(201, stored.status, "{name}: {}", stored.text);
        }
    }
}

#[test]
fn an_agent_has_a_few_large_requests_at_once_and_hears_that_they_are_too_many() {
    let (_home, daemon, [one, _]) = served();
    let text = "x".repeat(2 * MIB - 1000);
    let standing: Vec<_> = (0..4).map(|_| posted(&daemon, &one, &text)).collect();
    let refused = store(&daemon, Some(&one), ("one-a", &"x".repeat(MIB)));
    assert_eq!(
        (429, "too many large requests at once"),
        (refused.status, refused.body["error"].as_str().unwrap())
    );
    drop(standing);
    let stored = store(&daemon, Some(&one), ("one-a", &"x".repeat(MIB)));
    assert_eq!(201, stored.status, "{}", stored.text);
}
