//! Requests that are well-formed HTTP or lines of text but nonsense inside: each gets an error of the table, and
//! none of them changes or ends anything.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE, parse};

/// Does something to a vault with one secret, then checks that it serves as before.
fn unhurt(act: impl FnOnce(&Daemon)) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("kept", "v");
    act(&daemon);
    assert_eq!(1, daemon.total());
    assert_eq!("v", daemon.resolve("kept").value());
    assert!(!home.log().contains("panic"), "{}", home.log());
    daemon.stop();
}

/// Posts bytes to a path and gives status and code.
fn post(daemon: &Daemon, path: &str, body: &[u8]) -> (u16, String) {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: vault\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = parse(&daemon.unended([head.as_bytes(), body].concat().as_slice()));
    assert_eq!("no-store", answer.header("cache-control"));
    (answer.status, answer.code().to_owned())
}

#[test]
fn a_body_that_is_no_secret_is_an_invalid_request() {
    let deep =
        |open: &str, times: usize| format!(r#"{{"name":"a","value":"v","metadata":{}"#, open.repeat(times));
    let texts: [&str; 44] = [
        "",
        " ",
        "{",
        "}",
        "[]",
        "null",
        "true",
        "1",
        "\"text\"",
        "{}",
        "{{}}",
        "{]",
        "{\"name\"}",
        "{\"name\":}",
        "{'name':'a','value':'v'}",
        r#"{"name":"a"}"#,
        r#"{"value":"v"}"#,
        r#"{"name":1,"value":"v"}"#,
        r#"{"name":null,"value":"v"}"#,
        r#"{"name":["a"],"value":"v"}"#,
        r#"{"name":"a","value":1}"#,
        r#"{"name":"a","value":null}"#,
        r#"{"name":"a","value":["v"]}"#,
        r#"{"name":"a","value":{}}"#,
        r#"{"name":"a","name":"b","value":"v"}"#,
        r#"{"name":"a","value":"v","value":"w"}"#,
        r#"{"name":"a","value":"v","colour":"red"}"#,
        r#"{"name":"a","value":"v","id":"1"}"#,
        r#"{"name":"a","value":"v","metadata":[]}"#,
        r#"{"name":"a","value":"v","metadata":"x"}"#,
        r#"{"name":"a","value":"v","metadata":{"k":1,"k":2}}"#,
        r#"{"name":"a","value":"v","metadata":{"l":[{"k":1,"k":1}]}}"#,
        r#"{"name":"a","value":"v","expiresAt":"tomorrow"}"#,
        r#"{"name":"a","value":"v","expiresAt":1}"#,
        r#"{"name":"a","value":"v","expiresAt":"2020-13-01T00:00:00Z"}"#,
        r#"{"name":"a","value":"v","category":1}"#,
        r#"{"name":"a","value":"v","orgId":1}"#,
        r#"{"name":"a","value":"v","createdBy":{}}"#,
        r#"{"name":"a","value":"v"} x"#,
        r#"{"name":"a","value":"v"}{"name":"b","value":"v"}"#,
        r#"{"name":"a","value":"v",}"#,
        r#"{"name":"a","value":"\ud800"}"#,
        r#"{"name":"a","value":"\x41"}"#,
        "{\"name\":\"a\",\"value\":\"line\nbreak\"}",
    ];
    let deep = [deep("{\"a\":", 200), deep("[", 100_000), deep("{\"a\":[", 50_000)];
    unhurt(|daemon| {
        for text in texts.into_iter().chain(deep.iter().map(String::as_str)) {
            let (status, code) = post(daemon, "/vault/secrets", text.as_bytes());
            assert_eq!((400, "invalid_request"), (status, code.as_str()), "{}", &text[..text.len().min(80)]);
        }
    });
}

#[test]
fn a_body_in_another_encoding_is_an_invalid_request() {
    let text = r#"{"name":"a","value":"v"}"#;
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies: [Vec<u8>; 6] = [
        utf16,
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        b"{\"name\":\"a\",\"value\":\"\xff\"}".to_vec(),
        b"{\"name\":\"\xc3\",\"value\":\"v\"}".to_vec(),
        b"{\"name\":\"a\",\"value\":\"\xed\xa0\x80\"}".to_vec(),
        vec![0; 64],
    ];
    unhurt(|daemon| {
        for body in &bodies {
            assert_eq!((400, "invalid_request".to_owned()), post(daemon, "/vault/secrets", body), "{body:?}");
        }
    });
}

#[test]
fn fields_of_other_operations_are_checked_as_strictly() {
    unhurt(|daemon| {
        let id = daemon.resolve("kept").body["entry"]["id"].as_str().unwrap().to_owned();
        let secret = format!("/vault/secrets/{id}");
        let grant = |names: Value, actions: Value| json!({ "name": "bot", "grants": [{ "names": names, "actions": actions }] });
        for (verb, path, body) in [
            ("PUT", secret.as_str(), json!({ "value": "" })),
            ("PUT", &secret, json!({ "name": "renamed" })),
            ("PUT", &secret, json!({ "ifVersion": "1" })),
            ("PUT", &secret, json!({ "ifRevision": -1 })),
            ("POST", &format!("{secret}/rollback"), json!({})),
            ("POST", &format!("{secret}/rollback"), json!({ "version": "one" })),
            ("POST", &format!("{secret}/rotate"), json!({ "now": true })),
            ("POST", "/vault/rotate-all", json!({ "orgId": 1 })),
            ("POST", "/vault/platforms/openai", json!({ "fields": [] })),
            ("POST", "/vault/platforms/openai", json!({ "fields": {} })),
            ("POST", "/vault/platforms/openai", json!({ "fields": { "access_token": 1 } })),
            ("POST", "/vault/resolve", json!({})),
            ("POST", "/vault/resolve", json!({ "names": [] })),
            ("POST", "/vault/resolve", json!({ "names": "kept" })),
            ("POST", "/vault/resolve", json!({ "names": vec!["x"; 101] })),
            ("POST", "/vault/agents", json!({ "name": "bot" })),
            ("POST", "/vault/agents", json!({ "name": "b t", "grants": [] })),
            ("POST", "/vault/agents", grant(json!([]), json!(["read"]))),
            ("POST", "/vault/agents", grant(json!(["*"]), json!([]))),
            ("POST", "/vault/agents", grant(json!(["*"]), json!(["unlock"]))),
            ("POST", "/vault/agents", grant(json!(["*"]), json!(["dance"]))),
            ("POST", "/vault/unlock", json!({})),
            ("POST", "/vault/unlock", json!({ "key": 1 })),
            ("POST", "/vault/rekey", json!({ "key": "a" })),
            ("GET", "/vault/audit-log?limit=abc", NONE),
            ("GET", "/vault/audit-log?since=yesterday", NONE),
            ("GET", "/vault/audit-log?action=dance", NONE),
            ("GET", "/vault/events?since=-1", NONE),
            ("GET", "/vault/secrets?search=%ff", NONE),
            ("GET", "/vault/resolve/%ff", NONE),
            ("GET", "/vault/resolve/a%0ab", NONE),
            ("GET", "/vault/secrets/%c3%28", NONE),
        ] {
            let answer = daemon.http(verb, path, body.clone());
            assert_eq!(
                (400, "invalid_request"),
                (answer.status, answer.code()),
                "{verb} {path} {body}: {}",
                answer.text
            );
        }
    });
}

#[test]
fn a_path_that_is_none_is_not_found() {
    unhurt(|daemon| {
        for path in [
            "/",
            "//",
            "/vault",
            "/vault/",
            "/vault/secret",
            "/vault/secrets/",
            "/vault/secrets/a/b/c",
            "/VAULT/SECRETS",
            "/vault/%73ecrets/x/y/z",
            "/rpc/",
            "/healthz/x",
            "/etc/passwd",
            "/vault/../healthz",
            "/%2e%2e/",
        ] {
            let answer = daemon.http("GET", path, NONE);
            assert_eq!((404, "not_found"), (answer.status, answer.code()), "{path}");
        }
    });
}

#[test]
fn a_method_that_a_path_has_not_is_told_with_those_that_it_has() {
    unhurt(|daemon| {
        for (verb, path, allow) in [
            ("PATCH", "/vault/secrets", "GET, HEAD, POST, PUT, DELETE"),
            ("DELETE", "/vault/secrets/rotate", "POST"),
            ("OPTIONS", "/vault/secrets/x/rotate", "POST"),
            ("BREW", "/vault/status", "GET, HEAD"),
            ("GET", "/vault/rotate-all", "POST"),
            ("GET", "/rpc", "POST"),
            ("POST", "/healthz", "GET, HEAD"),
            ("POST", "/metrics", "GET, HEAD"),
        ] {
            let answer = daemon.http(verb, path, NONE);
            assert_eq!(
                (405, "method_not_allowed", allow),
                (answer.status, answer.code(), answer.header("allow")),
                "{verb} {path}"
            );
        }
    });
}

#[test]
fn a_body_over_two_mebibytes_is_too_large_however_it_comes() {
    const LIMIT: usize = 2 * 1024 * 1024;
    let chunked = |bytes: usize| {
        let head = "POST /vault/secrets HTTP/1.1\r\nHost: vault\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        format!("{head}{bytes:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(bytes)).into_bytes()
    };
    let announced =
        b"POST /rpc HTTP/1.1\r\nHost: vault\r\nConnection: close\r\nContent-Length: 999999999999\r\n\r\n"
            .to_vec();
    unhurt(|daemon| {
        for request in [chunked(LIMIT + 1), announced] {
            let answer = parse(&daemon.unended(&request));
            assert_eq!((413, "too_large"), (answer.status, answer.code()));
        }
        assert_eq!((413, "too_large".to_owned()), post(daemon, "/vault/secrets", &vec![b' '; LIMIT + 1]));
        assert_eq!((400, "invalid_request".to_owned()), post(daemon, "/vault/secrets", &vec![b' '; LIMIT]));
    });
}

#[test]
fn a_token_that_is_none_is_unauthorized_and_never_ignored() {
    unhurt(|daemon| {
        for header in ["Bearer", "Bearer ", "Basic abc", "amv_x", "Bearer amv_unknown"] {
            let answer = daemon.http_with("GET", "/vault/secrets", ("Authorization", header));
            assert_eq!((401, "unauthorized"), (answer.status, answer.code()), "{header:?}");
        }
    });
}

#[test]
fn requests_may_follow_each_other_without_waiting() {
    unhurt(|daemon| {
        let good = "GET /healthz HTTP/1.1\r\nHost: vault\r\n\r\n";
        let bad = "POST /vault/secrets HTTP/1.1\r\nHost: vault\r\nContent-Length: 1\r\n\r\n{";
        let last = "GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n";
        let answers =
            String::from_utf8(daemon.unended(format!("{good}{bad}{good}{last}").as_bytes())).unwrap();
        let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        assert_eq!(vec!["200", "400", "200", "200"], statuses);
    });
}

#[test]
fn half_a_request_changes_nothing() {
    let whole = "POST /vault/secrets HTTP/1.1\r\nHost: vault\r\nContent-Length: 24\r\n\r\n{\"name\":\"a\",\"value\":\"v\"}";
    unhurt(|daemon| {
        for end in (1..whole.len() - 1).step_by(7) {
            daemon.bytes(&whole.as_bytes()[..end]);
        }
    });
}
