//! How the page learns of the end, and how the server proves that it is the one of the link.

use std::io::BufRead;

use data_encoding::BASE64URL_NOPAD;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use vault::crypto::{derive, mac};

use super::dashboard::{Dashboard, Tab};
use vault_testkit::TestEnvironment;

const NONCE: [u8; 32] = [7; 32];

/// Asks for a proof, as the page does.
fn asked(tab: &Tab, nonce: &[u8]) -> Value {
    let nonce = json!({"nonce": BASE64URL_NOPAD.encode(nonce)});
    tab.send("POST /session/proof", &nonce).expect(200)["proof"].clone()
}

/// Reads a stream to its end; returns its lines.
fn rest(stream: impl BufRead) -> Vec<String> {
    stream.lines().map_while(Result::ok).map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn a_page_that_stays_is_told_when_the_dashboard_is_stopped() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let streams = [0; 2].map(|_| tab.stream("/session/stream"));
    dashboard.signal(Signal::SIGINT);
    for stream in streams {
        let lines = rest(stream);
        let at = lines.iter().position(|line| line == "event: ended").unwrap();
        assert_eq!("data: stopped", lines[at + 1], "{lines:?}");
    }
    dashboard.ended(&test).succeeded();
}

#[test]
fn a_page_that_stays_is_told_when_it_is_closed() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let stream = tab.stream("/session/stream");
    tab.send("DELETE /session", &Value::Null).expect(200);
    assert!(rest(stream).contains(&"data: closed".to_owned()));
    dashboard.ended(&test).succeeded();
}

#[test]
fn the_proof_is_made_with_what_was_derived_from_the_link_and_of_what_is_asked() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let link = BASE64URL_NOPAD.decode(dashboard.token().as_bytes()).unwrap().try_into().unwrap();
    let secret = derive(&link, None, "vault/dashboard/proof/v1");
    let tab = dashboard.opened();
    for nonce in [NONCE, [8; 32]] {
        assert_eq!(BASE64URL_NOPAD.encode(&mac(secret.expose(), &[&nonce])), asked(&tab, &nonce));
    }
}

#[test]
fn another_dashboard_proves_nothing_to_this_page() {
    let test = TestEnvironment::served();
    let (one, other) = (Dashboard::of(&test), Dashboard::of(&test));
    assert_ne!(asked(&one.opened(), &NONCE), asked(&other.opened(), &NONCE));
}

#[test]
fn neither_stream_nor_proof_is_for_anyone_without_the_session() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    dashboard.ask("GET /session/stream", &[], "").refused(401, "unauthorized");
    let headers = [("Origin", tab.origin()), ("Content-Type", "application/json".to_owned())];
    let headers = headers.each_ref().map(|(name, text)| (*name, text.as_str()));
    let nonce = json!({"nonce": BASE64URL_NOPAD.encode(&NONCE)}).to_string();
    dashboard.ask("POST /session/proof", &headers, &nonce).refused(401, "unauthorized");
    tab.get("/session/proof").refused(405, "method_not_allowed");
}

#[test]
fn what_is_not_a_nonce_of_32_bytes_is_refused() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    for body in [json!({}), json!({"nonce": ""}), json!({"nonce": "AAAA"}), json!({"nonce": 5}), json!([])] {
        tab.send("POST /session/proof", &body).refused(400, "invalid_request");
    }
}
