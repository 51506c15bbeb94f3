//! The token, the bearer that it is traded for, and the end of both.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::dashboard::Dashboard;
use vault_testkit::TestEnvironment;

#[test]
fn nothing_of_the_vault_is_shown_without_a_bearer() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let cookie = format!("bearer={}", tab.bearer);
    for headers in [
        &[][..],
        &[("Authorization", "Bearer ")],
        &[("Authorization", "Bearer wrong")],
        &[("Authorization", &tab.bearer)],
        &[("Authorization", &format!("Bearer {}", dashboard.token()))],
        &[("Authorization", &format!("Basic {}", tab.bearer))],
        &[("Cookie", &cookie)],
    ] {
        for path in ["/vault/secrets", "/vault/events", "/healthz", "/vault/openapi.json", "/nowhere"] {
            dashboard.ask(&format!("GET {path}"), headers, "").refused(401, "unauthorized");
        }
    }
    assert_eq!("ok", tab.get("/healthz").expect(200)["status"]);
}

#[test]
fn a_wrong_token_or_none_opens_nothing() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    for wrong in ["", "wrong", &dashboard.token()[1..], &dashboard.token().to_lowercase()] {
        dashboard.trade(wrong).refused(401, "unauthorized");
    }
    let origin = format!("http://127.0.0.1:{}", dashboard.port);
    let headers = [("Origin", origin.as_str()), ("Content-Type", "application/json")];
    for body in ["", "{}", "[]", "{\"token\":1}", "{\"token\":\"a\",\"more\":1}"] {
        dashboard.ask("POST /session", &headers, body).refused(400, "invalid_request");
    }
    dashboard.opened();
}

#[test]
fn a_second_browser_gets_nothing_for_the_same_link() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    dashboard.trade(dashboard.token()).refused(401, "unauthorized");
    tab.get("/vault/secrets").expect(200);
}

#[test]
fn a_link_that_is_guessed_at_is_void_and_its_user_is_told() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    for _ in 0..10 {
        dashboard.trade("a guess").refused(401, "unauthorized");
    }
    let run = dashboard.ended(&test).ended_with(5);
    assert!(run.stderr.contains("wrong links") && run.stderr.contains("vaultctl ui"), "{run}");
}

#[test]
fn a_change_without_the_csrf_token_is_refused() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let (origin, bearer) = (tab.origin(), tab.authorization());
    let mut headers =
        vec![("Origin", origin.as_str()), ("Authorization", &bearer), ("Content-Type", "application/json")];
    for wrong in [None, Some("wrong"), Some(tab.bearer.as_str())] {
        headers.truncate(3);
        headers.extend(wrong.map(|wrong| ("X-CSRF-Token", wrong)));
        for line in ["POST /vault/lock", "PUT /vault/secrets/1", "DELETE /vault/secrets/1", "DELETE /session"]
        {
            dashboard.ask(line, &headers, "").refused(403, "forbidden");
        }
    }
    assert_eq!(false, tab.get("/vault/status").expect(200)["locked"]);
}

#[test]
fn a_change_without_an_origin_is_refused() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let headers = [("Authorization", &*tab.authorization()), ("X-CSRF-Token", &tab.csrf)];
    dashboard.ask("POST /vault/lock", &headers, "").refused(403, "forbidden");
}

#[test]
fn the_page_ends_the_dashboard_and_its_bearer() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    assert_eq!(json!({ "success": true }), tab.send("DELETE /session", &Value::Null).expect(200));
    let run = dashboard.ended(&test).succeeded();
    assert!(run.stderr.contains("the dashboard ended"), "{run}");
}

#[test]
fn a_signal_ends_it_even_while_events_stream() {
    let test = TestEnvironment::served();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let dashboard = Dashboard::of(&test);
        let _events = dashboard.opened().events();
        dashboard.signal(signal);
        let run = dashboard.ended(&test).succeeded();
        assert!(run.stderr.contains("the dashboard ended"), "{run}");
    }
}
