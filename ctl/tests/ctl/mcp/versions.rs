//! What differs from one version of the protocol to the next.

use serde_json::{Value, json};

use super::Server;
use crate::run::with_key;
use vault_testkit::TestEnvironment;

fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// Starts a server and agrees on a version.
fn agreed(test: &TestEnvironment, version: &str) -> Server {
    let mut server = Server::start(test);
    let hello = json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    assert_eq!(json!(version), server.ask("initialize", &hello)["protocolVersion"]);
    server
}

#[test]
fn each_tool_has_a_title_and_says_what_it_answers() {
    let tools = Server::start(&TestEnvironment::empty()).ask("tools/list", &json!({}))["tools"].clone();
    for tool in tools.as_array().unwrap() {
        assert!(tool["title"].is_string() && tool["outputSchema"]["type"] == "object", "{tool}");
        assert!(jsonschema::draft7::meta::is_valid(&tool["outputSchema"]), "{tool}");
    }
}

#[test]
fn what_a_version_does_not_have_is_not_sent() {
    let test = with_key();
    for version in ["2024-11-05", "2025-03-26"] {
        let mut server = agreed(&test, version);
        let listed = server.ask("tools/call", &json!({"name": "list_secrets"}));
        let answer: Value = serde_json::from_str(listed["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(json!(1), answer["total"]);
        assert!(listed["structuredContent"].is_null(), "{listed}");
        assert!(server.ask("tools/list", &json!({}))["tools"][0]["outputSchema"].is_null());
    }
}

#[test]
fn a_batch_is_answered_in_one_line_where_the_version_has_batches() {
    let test = with_key();
    let mut server = agreed(&test, "2025-03-26");
    server.send(&json!([
        request(7, "tools/call", &json!({"name": "run_command", "arguments": {"command": ["echo", "on"]}})),
        request(8, "ping", &json!({})),
        {"jsonrpc": "2.0", "method": "notifications/progress"},
        5,
        request(9, "tools/list", &json!({"cursor": "zzz"})),
    ]));
    let answers = server.answer();
    let of = |id: Value| answers.as_array().unwrap().iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!(4, answers.as_array().unwrap().len(), "{answers}");
    assert!(of(json!(7))["result"]["content"][0]["text"].as_str().unwrap().contains(r"on\n"), "{answers}");
    assert_eq!(json!({}), of(json!(8))["result"]);
    assert_eq!(json!(-32602), of(json!(9))["error"]["code"]);
    assert_eq!(json!(-32600), of(Value::Null)["error"]["code"]);
}

#[test]
fn a_batch_of_notifications_has_no_answer_and_an_empty_one_is_refused() {
    let mut server = agreed(&TestEnvironment::empty(), "2025-03-26");
    server.send(&json!([{"jsonrpc": "2.0", "method": "notifications/progress"}]));
    server.send(&json!([]));
    assert_eq!(json!(-32600), server.answer()["error"]["code"]);
    assert_eq!(json!({}), server.ask("ping", &json!({})));
}

#[test]
fn a_call_of_a_batch_that_is_cancelled_leaves_the_others_their_answers() {
    let test = with_key();
    let mut server = agreed(&test, "2025-03-26");
    let run = |id: u64, command: Value| {
        request(id, "tools/call", &json!({"name": "run_command", "arguments": {"command": command}}))
    };
    server.send(&json!([
        run(7, json!(["sleep", "600"])),
        run(8, json!(["echo", "on"])),
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}},
    ]));
    let answers = server.answer();
    assert_eq!((1, &json!(8)), (answers.as_array().unwrap().len(), &answers[0]["id"]), "{answers}");
}

#[test]
fn a_batch_is_refused_where_the_version_has_none() {
    for version in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let mut server = agreed(&TestEnvironment::empty(), version);
        server.send(&json!([request(7, "ping", &json!({}))]));
        let answer = server.answer();
        assert_eq!(json!(-32600), answer["error"]["code"]);
        assert!(answer["error"]["message"].as_str().unwrap().contains("2025-03-26"), "{answer}");
    }
}
