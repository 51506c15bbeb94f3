//! Who is turned away, and what each answer carries.

use serde_json::{Value, json};
use vault::api::{REQUEST_BYTES, SENT_BYTES};

use super::dashboard::{Dashboard, Reply};
use vault_testkit::TestEnvironment;

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn a_page_on_another_origin_gets_nothing() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let (bearer, csrf) = (tab.authorization(), tab.csrf.as_str());
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"] {
        let headers = [("Origin", origin), ("Authorization", bearer.as_str()), ("X-CSRF-Token", csrf), JSON];
        for line in ["GET /", "GET /vault/secrets", "POST /vault/lock", "POST /session", "DELETE /session"] {
            dashboard.ask(line, &headers, "").refused(403, "forbidden");
        }
    }
    assert_eq!(false, tab.get("/vault/status").expect(200)["locked"]);
}

#[test]
fn a_request_that_another_site_caused_gets_nothing() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let bearer = dashboard.opened().authorization();
    for site in ["cross-site", "same-site", "none"] {
        let headers = [("Sec-Fetch-Site", site), ("Authorization", bearer.as_str())];
        for line in ["GET /vault/secrets", "GET /app/index.html", "GET /"] {
            dashboard.ask(line, &headers, "").refused(403, "forbidden");
        }
    }
}

#[test]
fn a_file_that_leads_to_the_page_is_let_through_to_it_alone() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let led =
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];
    assert_eq!(200, dashboard.ask("GET /", &led, "").status);
    dashboard.ask("GET /app/index.html", &led, "").refused(403, "forbidden");
}

#[test]
fn a_name_that_was_made_to_point_here_gets_nothing_at_all() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let (bearer, rebound) = (tab.authorization(), format!("evil.example:{}", tab.port));
    let origin = format!("http://{rebound}");
    for line in ["GET /", "GET /vault/secrets", "POST /session", "OPTIONS /", "GET /nowhere"] {
        let headers =
            [("Host", rebound.as_str()), ("Origin", origin.as_str()), ("Authorization", &bearer), JSON];
        let reply = dashboard.ask(line, &headers, "");
        assert_eq!((421, ""), (reply.status, reply.body.as_str()), "{line}");
    }
    assert_eq!(421, dashboard.say("GET / HTTP/1.0\r\n\r\n")[0].status);
}

#[test]
fn a_target_with_a_host_of_its_own_is_not_for_us() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let bearer = dashboard.opened().authorization();
    for host in ["evil.example", &format!("127.0.0.1:{}", dashboard.port)] {
        let line = format!("GET http://{host}/vault/secrets");
        let reply = dashboard.ask(&line, &[("Authorization", &bearer)], "");
        assert_eq!((421, ""), (reply.status, reply.body.as_str()));
    }
}

#[test]
fn it_answers_to_each_of_its_three_names() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let bearer = dashboard.opened().authorization();
    for name in ["127.0.0.1", "[::1]", "localhost"] {
        let (host, bearer) = (format!("{name}:{}", dashboard.port), bearer.as_str());
        dashboard.ask("GET /vault/status", &[("Host", &host), ("Authorization", bearer)], "").expect(200);
    }
}

#[test]
fn a_preflight_is_answered_with_405_and_allows_nobody() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let asking = [("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")];
    let reply = dashboard.ask("OPTIONS /vault/secrets", &asking, "");
    reply.refused(405, "method_not_allowed");
    assert_eq!(Some("GET, POST, PUT, DELETE"), reply.header("allow"));
    assert!(!reply.head.contains("access-control-"), "{reply:?}");
}

#[test]
fn a_body_that_is_no_json_is_refused() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let origin = format!("http://127.0.0.1:{}", dashboard.port);
    let body = format!("{{\"token\":\"{}\"}}", dashboard.token());
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let headers = [("Origin", origin.as_str()), ("Content-Type", kind)];
        dashboard.ask("POST /session", &headers, &body).refused(400, "invalid_request");
    }
    dashboard.ask("POST /session", &[("Origin", &origin)], &body).refused(400, "invalid_request");
    dashboard.opened();
}

#[test]
fn a_body_that_is_too_large_is_refused_by_what_it_announces() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let origin = format!("http://127.0.0.1:{}", dashboard.port);
    let announced = |line, bytes: usize, more: &[(&str, &str)]| {
        let length = bytes.to_string();
        let headers = [&[("Origin", origin.as_str()), JSON, ("Content-Length", &length)], more].concat();
        dashboard.ask(line, &headers, "").refused(413, "too_large");
    };
    announced("POST /session", 4097, &[]);
    let tab = dashboard.opened();
    let bearer = tab.authorization();
    let session = [("Authorization", bearer.as_str()), ("X-CSRF-Token", tab.csrf.as_str())];
    announced("POST /session/proof", 4097, &session);
    announced("POST /vault/secrets", SENT_BYTES + 1, &session);
    let value = "x".repeat(REQUEST_BYTES);
    tab.send("POST /vault/secrets", &json!({ "name": "a", "value": value })).refused(413, "too_large");
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_read_in_none() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let port = dashboard.port;
    let tab = dashboard.opened();
    let own = format!("Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n");
    let bearer = format!("Authorization: {}\r\nX-CSRF-Token: {}\r\n", tab.authorization(), tab.csrf);
    let hidden = format!("DELETE /session HTTP/1.1\r\n{own}{bearer}\r\n");
    for framing in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
    ] {
        let head = format!("POST /vault/lock HTTP/1.1\r\n{own}{bearer}Content-Type: application/json\r\n");
        let replies = dashboard.say(format!("{head}{framing}Connection: close\r\n\r\n0\r\n\r\n{hidden}"));
        assert_eq!([400], statuses(&replies)[..], "{framing:?} {replies:?}");
    }
    assert_eq!(false, tab.get("/vault/status").expect(200)["locked"]);
}

#[test]
fn each_of_several_requests_in_one_piece_is_judged_by_itself() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let port = dashboard.port;
    let own = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    let rebound = format!("GET / HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n");
    let last = format!("GET /vault/secrets HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    assert_eq!([200, 421, 401], statuses(&dashboard.say(own + &rebound + &last))[..]);
}

#[test]
fn every_answer_carries_what_keeps_other_pages_out() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let port = dashboard.port;
    let tab = dashboard.opened();
    let mut replies = vec![
        dashboard.ask("GET /", &[], ""),
        dashboard.ask("GET /app/index.html", &[], ""),
        dashboard.ask("GET /app/nothing.js", &[], ""),
        dashboard.ask("GET /", &[("Host", "evil.example")], ""),
        dashboard.ask("GET /", &[("Origin", "null")], ""),
        dashboard.ask("OPTIONS /", &[], ""),
        dashboard.ask("GET /vault/secrets", &[], ""),
        dashboard.trade("wrong"),
        tab.get("/vault/secrets"),
        tab.get("/vault/secrets/nothing"),
        tab.get("/healthz"),
        tab.send("POST /vault/secrets", &Value::Null),
    ];
    // These never reach our own code.
    let long = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    for garbled in ["nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", &long] {
        replies.extend(dashboard.say(garbled));
    }
    assert_eq!(15, replies.len());
    for reply in replies {
        assert_guarded(&reply);
    }
}

fn assert_guarded(reply: &Reply) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
    ] {
        assert_eq!(Some(value), reply.header(name), "{reply:?}");
    }
    let policy = reply.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|part| part == rule), "{policy}");
    }
    assert!(policy.contains("require-trusted-types-for 'script'; trusted-types 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert!(reply.header("permissions-policy").unwrap().contains("clipboard-write=(self)"));
    assert!(!reply.head.contains("access-control-") && !reply.head.contains("set-cookie"), "{reply:?}");
}

#[test]
fn a_path_leads_to_what_is_named_and_to_nothing_beside_it() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    for path in [
        "/app/",
        "/app/../app/index.html",
        "/app/%2e%2e/index.html",
        "/app//index.html",
        "/app/index.html/",
        "/app/page.rs",
        "/app/../../../../etc/passwd",
        "//vault/secrets",
        "/vault",
        "/vault/",
        "/vault/../metrics",
        "/vault/%2e%2e/metrics",
        "/vault/.%2E/rpc",
        "/vault//secrets",
        "/vault/secrets/",
        "/%76ault/secrets",
        "/VAULT/secrets",
        "/metrics",
        "/rpc",
        "/favicon.ico",
        "/healthz/",
    ] {
        tab.get(path).refused(404, "not_found");
        let unknown = dashboard.ask(&format!("GET {path}"), &[], "");
        unknown.refused(401, "unauthorized");
    }
}

fn statuses(replies: &[Reply]) -> Vec<u16> {
    replies.iter().map(|reply| reply.status).collect()
}
