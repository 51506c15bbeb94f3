//! Messages of JSON-RPC that are none, by the stream and by `POST /rpc`: each gets the error that the
//! specification asks for, and none of them changes or ends anything.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, parse};

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const TOO_LARGE: i64 = -32013;

/// Does something to a vault with one secret, then checks that it serves as before.
fn unhurt(act: impl FnOnce(&Daemon)) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("kept", "v");
    act(&daemon);
    assert_eq!(1, daemon.total());
    assert_eq!(json!("v"), daemon.stream("vault.resolve", json!({ "name": "kept" }))["result"]["value"]);
    assert!(!home.log().contains("panic"), "{}", home.log());
    daemon.stop();
}

/// Sends one message through both faces and gives the answer, which must be the same; null where there is none.
fn ask(daemon: &Daemon, message: &[u8]) -> Value {
    let head = format!(
        "POST /rpc HTTP/1.1\r\nHost: vault\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        message.len()
    );
    let http = parse(&daemon.unended([head.as_bytes(), message].concat().as_slice()));
    if matches!(message.trim_ascii().first(), Some(b'{' | b'[')) {
        let line = daemon.bytes(&[message, b"\n"].concat());
        let stream: Value = serde_json::from_slice(&line).unwrap_or_default();
        assert_eq!(stream, http.body, "{}", String::from_utf8_lossy(message));
        assert_eq!(if line.is_empty() { 204 } else { 200 }, http.status);
    }
    http.body
}

/// Asserts the number and the id of the error that answers each message.
fn assert_refused(expected: &[(&str, i64, Value)]) {
    unhurt(|daemon| {
        for (message, number, id) in expected {
            let answer = ask(daemon, message.as_bytes());
            assert_eq!(
                (&json!(number), id),
                (&answer["error"]["code"], &answer["id"]),
                "{message}: {answer}"
            );
            assert_eq!(json!("2.0"), answer["jsonrpc"], "{message}");
            assert!(answer["error"]["data"]["code"].is_string(), "{message}: {answer}");
            assert!(answer.get("result").is_none(), "{message}");
        }
    });
}

#[test]
fn what_is_no_json_is_a_parse_error_without_an_id() {
    let deep = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.status\",\"params\":{}",
        "[".repeat(100_000)
    );
    let texts = [
        "{",
        "[",
        "{\"jsonrpc\":\"2.0\",\"id\":1",
        "[{]",
        "{\"jsonrpc\":\"2.0\",}",
        "{'jsonrpc':'2.0'}",
        "{}{}",
        "{} x",
        "{\"jsonrpc\":\"2.0\" \"id\":1}",
        "{\"jsonrpc\":\"\\x\"}",
        "[1,2",
        "[[[[",
        "",
        "x",
        "\"\u{0}\"x",
        &deep,
    ];
    assert_refused(&texts.map(|text| (text, PARSE_ERROR, Value::Null)));
}

#[test]
fn json_that_is_no_request_is_invalid() {
    let texts = [
        "{}",
        r#"{"id":1,"method":"vault.status"}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"vault.status"}"#,
        r#"{"jsonrpc":2.0,"id":1,"method":"vault.status"}"#,
        r#"{"jsonrpc":null,"id":1,"method":"vault.status"}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":null}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":["vault.status"]}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"vault.status"}"#,
        r#"{"jsonrpc":"2.0","id":[1],"method":"vault.status"}"#,
        r#"{"jsonrpc":"2.0","id":true,"method":"vault.status"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"vault.status"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"vault.status","method":"vault.lock"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        "[]",
    ];
    assert_refused(&texts.map(|text| (text, INVALID_REQUEST, Value::Null)));
}

#[test]
fn a_method_that_is_none_is_told_with_the_messages_id() {
    let call = |method: &str| format!(r#"{{"jsonrpc":"2.0","id":"x","method":"{method}"}}"#);
    let calls = [
        "",
        "vault",
        "vault.",
        "vault.nothing",
        "VAULT.STATUS",
        "vault.status ",
        "rpc.nothing",
        "system.listMethods",
    ]
    .map(call);
    let expected: Vec<_> = calls.iter().map(|call| (call.as_str(), METHOD_NOT_FOUND, json!("x"))).collect();
    assert_refused(&expected);
}

#[test]
fn parameters_of_another_form_are_invalid_params() {
    let call = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":3,"method":"{method}","params":{params}}}"#)
    };
    let calls = [
        call("vault.list", "[[]]"),
        call("vault.list", r#"["default"]"#),
        call("vault.list", "7"),
        call("vault.list", r#""text""#),
        call("vault.list", "true"),
        call("vault.list", r#"{"limit":"ten"}"#),
        call("vault.list", r#"{"limit":-1}"#),
        call("vault.list", r#"{"limit":1e99}"#),
        call("vault.list", r#"{"limit":1,"limit":2}"#),
        call("vault.list", r#"{"colour":"red"}"#),
        call("vault.get", "{}"),
        call("vault.get", r#"{"id":7}"#),
        call("vault.create", r#"{"name":"a","value":7}"#),
        call("vault.create", r#"{"name":"a"}"#),
        call("vault.create", r#"["a","v"]"#),
        call("vault.status", r#"{"orgId":["a"]}"#),
        call("vault.rekey", r#"{"newKey":null}"#),
        call("vault.resolveMany", r#"{"names":[]}"#),
    ];
    let expected: Vec<_> = calls.iter().map(|call| (call.as_str(), INVALID_PARAMS, json!(3))).collect();
    assert_refused(&expected);
}

#[test]
fn bytes_that_are_no_utf_8_are_a_parse_error() {
    unhurt(|daemon| {
        for message in [&b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"[..], b"[\xc3\x28]", b"{\xff"] {
            assert_eq!(json!(PARSE_ERROR), ask(daemon, message)["error"]["code"], "{message:?}");
        }
    });
}

#[test]
fn an_id_comes_back_as_it_was_sent() {
    unhurt(|daemon| {
        for id in ["0", "18446744073709551615", "\"\"", "\"a\\u00e9\"", "null"] {
            let answer = ask(
                daemon,
                format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"vault.verifyAudit"}}"#).as_bytes(),
            );
            assert_eq!(serde_json::from_str::<Value>(id).unwrap(), answer["id"], "{answer}");
            assert_eq!(json!(true), answer["result"]["intact"]);
        }
    });
}

#[test]
fn missing_and_null_parameters_are_none() {
    unhurt(|daemon| {
        for params in ["", r#","params":{}"#] {
            let message = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"vault.list"{params}}}"#);
            assert_eq!(json!(1), ask(daemon, message.as_bytes())["result"]["total"], "{params}");
        }
    });
}

#[test]
fn a_notification_is_done_and_not_answered() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let note = json!({ "jsonrpc": "2.0", "method": "vault.create", "params": { "name": "a", "value": "v" } });
    assert_eq!(b"".as_slice(), daemon.bytes(format!("{note}\n").as_bytes()));
    let refused = json!({ "jsonrpc": "2.0", "method": "vault.nothing" });
    assert_eq!(b"".as_slice(), daemon.bytes(format!("{refused}\n").as_bytes()));
    assert_eq!(1, daemon.total());
}

#[test]
fn a_batch_is_answered_message_by_message_without_its_notifications() {
    unhurt(|daemon| {
        let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"vault.listAgents"},{"jsonrpc":"2.0","method":"vault.list"},7,
            {"jsonrpc":"2.0","id":2,"method":"vault.nothing"},[]]"#
            .replace('\n', " ");
        let answers = ask(daemon, batch.as_bytes());
        let codes: Vec<_> =
            answers.as_array().unwrap().iter().map(|answer| answer["error"]["code"].clone()).collect();
        assert_eq!(
            vec![Value::Null, json!(INVALID_REQUEST), json!(METHOD_NOT_FOUND), json!(INVALID_REQUEST)],
            codes
        );
        assert_eq!(json!(1), answers[0]["id"]);
    });
}

#[test]
fn a_batch_of_notifications_alone_is_not_answered() {
    unhurt(|daemon| {
        let batch = r#"[{"jsonrpc":"2.0","method":"vault.list"},{"jsonrpc":"2.0","method":"vault.list"}]"#;
        assert_eq!(Value::Null, ask(daemon, batch.as_bytes()));
    });
}

#[test]
fn a_batch_has_at_most_a_hundred_messages() {
    let batch = |length: usize| format!("[{}]", vec!["1"; length].join(","));
    unhurt(|daemon| {
        assert_eq!(100, ask(daemon, batch(100).as_bytes()).as_array().unwrap().len());
        assert_eq!(json!(INVALID_REQUEST), ask(daemon, batch(101).as_bytes())["error"]["code"]);
    });
}

#[test]
fn blank_lines_on_a_stream_are_passed_over() {
    unhurt(|daemon| {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "vault.verifyAudit" });
        let answers = daemon.bytes(format!("{call}\r\n\n  \n{call}").as_bytes());
        assert_eq!(2, String::from_utf8(answers).unwrap().lines().count());
    });
}

#[test]
fn a_stream_goes_on_after_a_broken_line() {
    unhurt(|daemon| {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "vault.verifyAudit" });
        let answers =
            String::from_utf8(daemon.bytes(format!("{{broken\n\u{e9}\n7\n{call}\n").as_bytes())).unwrap();
        let codes: Vec<Value> = answers
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["error"]["code"].clone())
            .collect();
        assert_eq!(vec![json!(PARSE_ERROR), json!(PARSE_ERROR), json!(INVALID_REQUEST), Value::Null], codes);
    });
}

#[test]
fn a_line_over_two_mebibytes_is_too_large_and_ends_the_stream() {
    unhurt(|daemon| {
        let answer = daemon.bytes(&[b"{\"a\":\"", vec![b'x'; 3 * 1024 * 1024].as_slice()].concat());
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(json!(TOO_LARGE), answer["error"]["code"]);
    });
}

#[test]
fn half_a_message_changes_nothing() {
    let whole = r#"{"jsonrpc":"2.0","id":1,"method":"vault.create","params":{"name":"a","value":"v"}}"#;
    unhurt(|daemon| {
        for end in (1..whole.len() - 1).step_by(5) {
            let answer: Value = serde_json::from_slice(&daemon.bytes(&whole.as_bytes()[..end])).unwrap();
            assert_eq!(json!(PARSE_ERROR), answer["error"]["code"]);
        }
    });
}

#[test]
fn a_method_is_known_however_its_name_is_written() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let written = |name: &str| {
        let message = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{name}","params":{{"token":"none"}}}}"#);
        daemon.bytes((message + "\n").as_bytes())
    };
    let plainly = written("vault.auth");
    assert!(String::from_utf8_lossy(&plainly).contains("\"unauthorized\""));
    assert_eq!(plainly, written(r"vault\u002eauth"));
}

#[test]
fn every_number_is_an_id_and_comes_back_as_it_was() {
    unhurt(|daemon| {
        for id in ["-1", "1.5", "1.0", "1e2", "18446744073709551616"] {
            for (method, part) in [("vault.status", "\"result\":{"), ("vault.none", "\"error\":{")] {
                let message = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#);
                let line = String::from_utf8(daemon.bytes(format!("{message}\n").as_bytes())).unwrap();
                assert!(line.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},{part}"#)), "{line}");
            }
        }
    });
}

#[test]
fn a_message_of_one_byte_more_than_two_mebibytes_is_refused() {
    unhurt(|daemon| {
        let message = |length: usize| {
            let (head, end) = (r#"{"jsonrpc":"2.0","id":1,"method":"vault.none","params":{"a":""#, r#""}}"#);
            format!("{head}{}{end}\n", "x".repeat(length - head.len() - end.len()))
        };
        let code = |length| {
            let answer: Value = serde_json::from_slice(&daemon.bytes(message(length).as_bytes())).unwrap();
            answer["error"]["code"].as_i64().unwrap()
        };
        let most = 2 * 1024 * 1024;
        assert_eq!([METHOD_NOT_FOUND, TOO_LARGE], [code(most), code(most + 1)]);
    });
}
