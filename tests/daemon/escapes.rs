//! A value of the most bytes goes in and comes out whatever its characters are, however its JSON writes them.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE};

const MIB: usize = 1024 * 1024;

/// A value, and its JSON as one client or another writes it.
fn written() -> Vec<(String, String)> {
    let mut all: Vec<_> =
        ["\u{1}", "\"", "\\", "\n", "\u{0}"].map(|character| character.repeat(MIB)).to_vec();
    all.push("\u{1}\"x\u{20ac}".repeat(MIB / 6));
    let mut written: Vec<_> =
        all.into_iter().map(|value| (value.clone(), json!(value).to_string())).collect();
    // Python's own client escapes all but ASCII.
    written.push(("\u{20ac}".repeat(MIB / 3), format!("\"{}\"", "\\u20ac".repeat(MIB / 3))));
    written.push(("x".repeat(MIB), format!("\"{}\"", "\\u0078".repeat(MIB))));
    written
}

fn post(daemon: &Daemon, path: &str, body: &str) -> (u16, Value) {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: v\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = vault_testkit::parse(&daemon.bytes(format!("{head}{body}").as_bytes()));
    (answer.status, answer.body)
}

fn assert_stored(daemon: &Daemon, name: &str, value: &str) {
    let read = daemon.http("GET", &format!("/vault/resolve/{name}"), NONE);
    assert_eq!(200, read.status);
    assert!(read.body["value"] == value, "{name}");
}

#[test]
fn a_mebibyte_of_any_characters_goes_in_and_comes_out() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for (number, (value, json)) in written().into_iter().enumerate() {
        let fields = |name: &str| format!("{{\"name\":\"{name}\",\"value\":{json}}}");
        let name = format!("http-{number}");
        assert_eq!(201, post(&daemon, "/vault/secrets", &fields(&name)).0, "{number}");
        assert_stored(&daemon, &name, &value);
        let name = format!("stream-{number}");
        let call = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.create\",\"params\":{}}}",
            fields(&name)
        );
        let answer: Value = serde_json::from_slice(&daemon.bytes(format!("{call}\n").as_bytes())).unwrap();
        assert!(answer["error"].is_null(), "{number}: {}", answer["error"]);
        assert_stored(&daemon, &name, &value);
        let entries = format!("{{\"entries\":[{}]}}", fields(&format!("import-{number}")));
        assert_eq!(200, post(&daemon, "/vault/import", &entries).0, "{number}");
        assert_stored(&daemon, &format!("import-{number}"), &value);
    }
}

#[test]
fn a_byte_more_than_a_mebibyte_is_too_large_whatever_it_is() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for escape in ["\\u0001", "\\\"", "\\n", "x"] {
        let body = format!("{{\"name\":\"a\",\"value\":\"{}\"}}", escape.repeat(MIB + 1));
        let (status, answer) = post(&daemon, "/vault/secrets", &body);
        assert_eq!((413, "too_large"), (status, answer["code"].as_str().unwrap()), "{escape}");
        assert!(answer["error"].as_str().unwrap().contains("a value takes at most 1 MiB"), "{answer}");
    }
    assert_eq!(404, daemon.http("GET", "/vault/resolve/a", NONE).status);
}

#[test]
fn a_batch_of_more_than_two_mebibytes_is_too_large_though_its_escapes_are_few_characters() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let call = format!(
        "[{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.list\",\"params\":{{\"search\":\"{}\"}}}}]",
        "\\u0061".repeat(400_000)
    );
    let (status, answer) = post(&daemon, "/rpc", &call);
    assert_eq!((413, "too_large"), (status, answer["code"].as_str().unwrap()));
    let answer: Value = serde_json::from_slice(&daemon.bytes(format!("{call}\n").as_bytes())).unwrap();
    assert_eq!("too_large", answer["error"]["data"]["code"]);
}
