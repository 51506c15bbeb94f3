//! What clients of other makes send and expect: `HEAD`, encoded bodies, empty lists, two forms of counters, proxies.

use std::io::{BufRead, BufReader, Write};

use serde_json::{Value, json};
use vault_testkit::wire::message;
use vault_testkit::{Answer, Daemon, Home, NONE, connect, parse};

/// Asks for the head of an answer, and for the whole.
fn both(daemon: &Daemon, path: &str) -> (Answer, Answer) {
    (daemon.http("HEAD", path, NONE), daemon.http("GET", path, NONE))
}

#[test]
fn head_gives_the_head_of_what_hands_out_no_value() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let id = daemon.create("kept", "the value");
    let versions = format!("/vault/secrets/{id}/versions");
    for path in [
        "/healthz",
        "/metrics",
        "/vault/openapi.json",
        "/vault/status",
        "/vault/secrets",
        "/vault/secrets?search=k",
        &versions,
        "/vault/discover",
        "/vault/presets",
        "/vault/audit-log",
        "/vault/audit-log/verify",
        "/vault/agents",
        "/vault/secrets?limit=x",
        "/nowhere",
    ] {
        let (head, whole) = both(&daemon, path);
        assert_eq!((whole.status, ""), (head.status, head.text.as_str()), "{path}");
        assert_eq!(whole.header("content-type"), head.header("content-type"), "{path}");
        assert_eq!("no-store", head.header("cache-control"), "{path}");
    }
    let (head, whole) = both(&daemon, "/vault/presets");
    assert_eq!(whole.header("content-length"), head.header("content-length"));
}

#[test]
fn head_of_what_hands_out_values_opens_and_records_nothing() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let id = daemon.create("kept", "the value");
    let before = daemon.audit();
    for (path, allow) in [
        (format!("/vault/secrets/{id}"), "GET, PUT, DELETE"),
        ("/vault/resolve/kept".to_owned(), "GET"),
        (format!("/vault/backup/{id}"), "GET"),
        ("/vault/resolve".to_owned(), "POST"),
        ("/vault/export".to_owned(), "POST"),
        ("/rpc".to_owned(), "POST"),
    ] {
        let answer = daemon.http("HEAD", &path, NONE);
        assert_eq!((405, allow, ""), (answer.status, answer.header("allow"), answer.text.as_str()), "{path}");
    }
    assert_eq!(before, daemon.audit());
}

#[test]
fn head_of_the_events_begins_no_stream() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let answer = daemon.http("HEAD", "/vault/events?since=0", NONE);
    assert_eq!((200, "text/event-stream", ""), (answer.status, answer.header("content-type"), &*answer.text));
    assert_eq!(400, daemon.http("HEAD", "/vault/events?since=x", NONE).status);
}

/// Sends a body that says how it is encoded.
fn encoded(daemon: &Daemon, path: &str, encoding: &str) -> Answer {
    let body = r#"{"name":"a","value":"v"}"#;
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: v\r\nConnection: close\r\nContent-Length: {length}\r\n");
    parse(&daemon.unended(format!("{head}Content-Encoding: {encoding}\r\n\r\n{body}").as_bytes()))
}

#[test]
fn an_encoded_body_is_refused_by_the_name_of_its_encoding() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for (encoding, named) in [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("identity, deflate", "deflate"),
        ("x-unheard-of", "encoded,"),
    ] {
        for path in ["/vault/secrets", "/rpc", "/vault/unlock"] {
            let answer = encoded(&daemon, path, encoding);
            assert_eq!((415, "unsupported_encoding"), (answer.status, answer.code()), "{path} {encoding}");
            assert_eq!("identity", answer.header("accept-encoding"));
            assert!(answer.error().contains(named), "{encoding}: {}", answer.error());
        }
    }
    assert!(!encoded(&daemon, "/rpc", "x-unheard-of").text.contains("unheard"));
    assert_eq!(0, daemon.total());
    assert_eq!(201, encoded(&daemon, "/vault/secrets", "identity").status);
}

#[test]
fn a_list_of_no_parameters_is_none() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let asked = |params: &str| {
        let whole = message("vault.status", json!("?")).to_string().replace("\"?\"", params);
        let answer = daemon.bytes(format!("{whole}\n").as_bytes());
        serde_json::from_slice::<Value>(&answer).unwrap()
    };
    for params in ["[]", "[ ]", "{}", "null"] {
        assert_eq!(json!(true), asked(params)["result"]["configured"], "{params}");
    }
    assert_eq!(json!(true), daemon.rpc("vault.status", json!([]))["result"]["configured"]);
    for params in ["[1]", "[[]]", "[{}]", "[null]"] {
        let error = &asked(params)["error"];
        assert_eq!(json!(-32602), error["code"], "{params}");
        assert!(error["message"].as_str().unwrap().contains("list"), "{error}");
    }
    let error = daemon.rpc("vault.resolve", json!([]))["error"].clone();
    assert!(error["message"].as_str().unwrap().contains("name"), "{error}");
}

#[test]
fn the_counters_are_text_for_all_but_those_who_ask_for_open_metrics() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.rpc("vault.status", json!({}));
    let asked = |accepted: &str| daemon.http_with("GET", "/metrics", ("Accept", accepted));
    for accepted in ["", "*/*", "text/plain", "text/plain;version=0.0.4", "application/openmetrics-text;q=0"]
    {
        let answer = asked(accepted);
        assert_eq!("text/plain; version=0.0.4; charset=utf-8", answer.header("content-type"), "{accepted}");
        let family = "agenticmail_vault_requests_total";
        for line in
            [format!("# TYPE {family} counter"), format!("{family}{{method=\"vault.status\",code=\"ok\"}} 1")]
        {
            assert!(answer.text.lines().any(|found| found == line), "{line}: {}", answer.text);
        }
        assert!(!answer.text.contains("# EOF") && !answer.text.contains("# UNIT"), "{}", answer.text);
    }
    let answer = asked("application/openmetrics-text; version=1.0.0, text/plain; q=0.5");
    assert_eq!("application/openmetrics-text; version=1.0.0; charset=utf-8", answer.header("content-type"));
    assert!(answer.text.contains("\n# TYPE agenticmail_vault_requests counter\n"), "{}", answer.text);
    assert!(answer.text.ends_with("\n# EOF\n"), "{}", answer.text);
}

#[test]
fn every_family_of_counters_is_explained_and_named_as_nobody_elses() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.rpc("vault.status", json!({}));
    daemon.http("GET", "/nowhere", NONE);
    let text = daemon.http("GET", "/metrics", NONE).text;
    let families: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert_eq!(6, families.len(), "{text}");
    for family in families {
        let (name, _) = family.split_once(' ').unwrap();
        assert!(name.starts_with("agenticmail_vault_"), "{name}");
        assert!(text.lines().any(|line| line.starts_with(&format!("# HELP {name} "))), "{name}");
    }
}

#[test]
fn a_stream_of_events_begins_at_once_and_asks_proxies_to_keep_nothing_back() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut stream = connect(daemon.socket());
    stream.write_all(b"GET /vault/events HTTP/1.0\r\nHost: v\r\n\r\n").unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    let lines = lines.inspect(|line| assert_ne!(": ping", line, "the stream was silent until then"));
    let lines: Vec<_> = lines.take_while(|line| line != ": begins").collect();
    assert!(lines.iter().any(|line| line == "x-accel-buffering: no"), "{lines:?}");
}

#[test]
fn a_new_name_or_org_with_characters_that_are_not_seen_is_refused() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for unseen in [
        "\u{202e}",
        "\u{200b}",
        "\u{2028}",
        "\u{2029}",
        "\u{feff}",
        "\u{200d}",
        "\u{ad}",
        "\u{2066}",
        "\u{e0041}",
    ] {
        let name = format!("a{unseen}b");
        for fields in
            [json!({ "name": name, "value": "v" }), json!({ "name": "a", "orgId": name, "value": "v" })]
        {
            let answer = daemon.http("POST", "/vault/secrets", fields);
            assert_eq!((400, "invalid_request"), (answer.status, answer.code()), "{unseen:?}");
        }
        let imported = json!({ "entries": [{ "name": name, "value": "v" }] });
        assert_eq!(400, daemon.http("POST", "/vault/import", imported).status, "{unseen:?}");
    }
    for seen in ["日本", "ünïcode", "a\u{301}", "🔑", "مفتاح"] {
        daemon.create(seen, "v");
    }
}

#[test]
fn what_was_refused_as_a_conflict_is_recorded_without_a_version() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "v");
    daemon.create("skill:openai:access_token", "v");
    let fields = json!({ "fields": { "access_token": "w" } });
    for (path, body) in [
        ("/vault/secrets", json!({ "name": "a", "value": "w" })),
        ("/vault/platforms/openai", fields),
        ("/vault/secrets", json!({ "name": "skill:openai:accessToken", "value": "w" })),
    ] {
        assert_eq!(409, daemon.http("POST", path, body).status, "{path}");
        let entry = &daemon.audit()[0];
        assert_eq!(json!("failed"), entry["outcome"], "{entry}");
        assert!(entry["metadata"].get("version").is_none(), "{entry}");
        assert!(entry["metadata"].get("revision").is_none(), "{entry}");
    }
}
