//! Failing to say who speaks leads to fewer rights: after a `vault.auth` that failed, and with headers in doubt.

use std::io::{Read, Write};
use std::net::Shutdown;

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon, Home, connect, parse};

const UNAUTHORIZED: i64 = -32001;

/// A daemon with a secret, and an agent that may read its metadata and no value.
fn with_an_agent() -> (Home, Daemon, String) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "value-of-a");
    let grants = json!([{ "orgId": "*", "names": ["*"], "actions": ["read"] }]);
    let added = daemon.http("POST", "/vault/agents", json!({ "name": "bot", "grants": grants }));
    let token = added.body["token"].as_str().unwrap().to_owned();
    (home, daemon, token)
}

/// Sends lines on one stream, as a program that does not wait for answers, and returns the answers.
fn answers(daemon: &Daemon, lines: &[String]) -> Vec<Value> {
    let mut connection = connect(daemon.socket());
    connection.write_all(format!("{}\n", lines.join("\n")).as_bytes()).unwrap();
    connection.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn auth(token: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "vault.auth", "params": { "token": token } }).to_string()
}

fn resolve() -> String {
    json!({ "jsonrpc": "2.0", "id": 2, "method": "vault.resolve", "params": { "name": "a" } }).to_string()
}

/// Makes sure that after a line the stream does nothing for the owner whose process it is.
#[track_caller]
fn ends_the_rights_of_the_stream(line: &str) {
    let (_home, daemon, _) = with_an_agent();
    let answers = answers(&daemon, &[line.to_owned(), resolve()]);
    let last = answers.last().unwrap();
    assert_eq!(
        (json!(2), json!(UNAUTHORIZED)),
        (last["id"].clone(), last["error"]["code"].clone()),
        "{line}"
    );
    assert!(!json!(answers).to_string().contains("value-of-a"), "{line}");
}

#[test]
fn after_a_token_that_is_not_valid_the_stream_does_nothing_for_its_user() {
    ends_the_rights_of_the_stream(&auth("amv_expired"));
}

#[test]
fn after_a_vault_auth_that_cannot_be_done_the_stream_does_nothing_for_its_user() {
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"method":"vault.auth"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"vault.auth","params":{"token":""}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"vault.auth","params":{"tokens":"amv_x"}}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"vault.auth","params":{"token":"amv_x"}}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"vault.auth","params":{"token":"amv_x"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"vault\u002eauth","params":{"token":"amv_x"}}"#,
    ] {
        ends_the_rights_of_the_stream(line);
    }
}

#[test]
fn after_a_vault_auth_that_cannot_be_read_the_stream_does_nothing_for_its_user() {
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"method":"vault.auth","params":{"token":"amv_"x"}}"#,
        r#"{"id":1,"method":"vault.auth","params":{"token":"amv_x"}}"#,
        r#"{"jsonrpc":"2.0","method":"vault.auth","params":{"token":"amv_x"}}"#,
    ] {
        ends_the_rights_of_the_stream(line);
    }
}

#[test]
fn a_vault_auth_in_a_batch_fails_and_nothing_of_the_batch_is_done() {
    let (_home, daemon, token) = with_an_agent();
    let batch = format!("[{},{}]", resolve(), auth(&token));
    ends_the_rights_of_the_stream(&batch);
    let posted = daemon.http("POST", "/rpc", serde_json::from_str(&batch).unwrap());
    assert!(!posted.text.contains("value-of-a"), "{}", posted.text);
    assert_eq!(json!(UNAUTHORIZED), posted.body[0]["error"]["code"], "{}", posted.text);
}

#[test]
fn a_second_vault_auth_that_fails_ends_the_rights_of_the_first() {
    let (_home, daemon, token) = with_an_agent();
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "vault.list" }).to_string();
    let answers = answers(&daemon, &[auth(&token), list.clone(), auth("amv_gone"), list]);
    assert_eq!(json!(1), answers[1]["result"]["total"]);
    assert_eq!(
        [json!(UNAUTHORIZED), json!(UNAUTHORIZED)],
        [2, 3].map(|at| answers[at]["error"]["code"].clone())
    );
}

#[test]
fn a_vault_auth_that_succeeds_after_one_that_failed_is_the_agents() {
    let (_home, daemon, token) = with_an_agent();
    let answers = answers(&daemon, &[auth("amv_gone"), auth(&token), resolve()]);
    assert_eq!(json!("agent:bot"), answers[1]["result"]["actor"]);
    assert_eq!(json!("forbidden"), answers[2]["error"]["data"]["code"]);
}

#[test]
fn a_message_that_only_speaks_of_vault_auth_changes_nothing() {
    let (_home, daemon, _) = with_an_agent();
    let params = json!({ "name": "b", "value": "v", "metadata": { "of": "vault.auth" } });
    let create = json!({ "jsonrpc": "2.0", "id": 1, "method": "vault.create", "params": params }).to_string();
    let answers = answers(&daemon, &[create.clone(), format!("[{create}]"), resolve()]);
    assert_eq!(json!("value-of-a"), answers[2]["result"]["value"]);
}

/// Asks for the value with some headers.
fn with_headers(daemon: &Daemon, headers: &str) -> Answer {
    let head = "GET /vault/resolve/a HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n";
    parse(&daemon.unended(format!("{head}{headers}\r\n").as_bytes()))
}

#[test]
fn a_second_authorization_header_is_refused_whatever_either_says() {
    let (_home, daemon, token) = with_an_agent();
    for (first, second) in
        [("Bearer amv_x", ""), ("", "Bearer amv_x"), (&*format!("Bearer {token}"), "Basic x")]
    {
        let answer = with_headers(&daemon, &format!("Authorization: {first}\r\nauthorization: {second}\r\n"));
        assert_eq!((401, "unauthorized"), (answer.status, answer.code()), "{first} {second}");
    }
    let twice = format!("Authorization: Bearer {token}\r\n").repeat(2);
    assert_eq!(401, with_headers(&daemon, &twice).status);
}

#[test]
fn a_blank_authorization_header_is_not_taken_for_none() {
    let (_home, daemon, _) = with_an_agent();
    assert_eq!(200, with_headers(&daemon, "").status);
    for blank in ["", " ", "\t", "Bearer", "Bearer "] {
        assert_eq!(401, with_headers(&daemon, &format!("Authorization:{blank}\r\n")).status, "{blank:?}");
    }
}
