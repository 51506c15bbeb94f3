//! What a page that stays hears: how the vault is, and that the end is near.

use std::io::BufReader;
use std::net::TcpStream;

use serde_json::{Value, json};

use super::dashboard::{Dashboard, Tab, line_of};
use vault_testkit::TestEnvironment;

/// Reads a stream up to the next event of a name; returns its data.
fn next(stream: &mut BufReader<TcpStream>, event: &str) -> String {
    let wanted = format!("event: {event}");
    let found = (0..1000).any(|_| line_of(stream) == wanted);
    assert!(found, "no {event}");
    line_of(stream).strip_prefix("data:").unwrap().trim().to_owned()
}

/// Reads a stream up to the next word on how the vault is; how long the daemon takes to answer is not what is asked here.
fn next_of_the_vault(stream: &mut BufReader<TcpStream>) -> String {
    loop {
        let word = next(stream, "vault");
        if word != "slow" {
            return word;
        }
    }
}

fn staying(tab: &Tab) -> BufReader<TcpStream> {
    tab.stream("/session/stream")
}

#[test]
fn a_page_that_stays_hears_what_becomes_of_the_vault() {
    let mut test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let mut stream = staying(&tab);
    assert_eq!("900", next(&mut stream, "begins"));
    assert_eq!("unlocked", next_of_the_vault(&mut stream));
    test.ctl(&["lock"]).succeeded();
    assert_eq!("locked", next_of_the_vault(&mut stream));
    test.stop();
    assert_eq!("gone", next_of_the_vault(&mut stream));
}

#[test]
fn after_its_own_act_a_page_hears_how_the_vault_is_even_if_it_is_as_it_was() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let mut stream = staying(&tab);
    assert_eq!("unlocked", next_of_the_vault(&mut stream));
    for _ in 0..2 {
        tab.send("POST /vault/lock", &json!({})).expect(200);
        assert_eq!("locked", next_of_the_vault(&mut stream));
    }
    tab.send("POST /vault/unlock", &json!({"key": "no key"})).expect(403);
    assert_eq!("locked", next_of_the_vault(&mut stream));
}

#[test]
fn every_page_that_stays_hears_it_and_nothing_of_it_is_recorded() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let tab = dashboard.opened();
    let entries = || test.ctl(&["audit", "--json"]).succeeded().json()["total"].clone();
    let before = entries();
    for mut stream in [0; 2].map(|_| staying(&tab)) {
        assert_eq!("unlocked", next_of_the_vault(&mut stream));
    }
    assert_eq!(before, entries());
}

#[test]
fn a_page_hears_that_the_end_is_near_and_use_puts_it_off() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::start(test.command(&["ui", "--no-open", "--idle", "20s"]));
    let tab = dashboard.opened();
    let mut stream = staying(&tab);
    assert_eq!("20", next(&mut stream, "begins"));
    for _ in 0..2 {
        let left = next(&mut stream, "ending").parse::<u32>().unwrap();
        assert!((1..=10).contains(&left), "{left}");
        tab.send("POST /session/use", &Value::Null).expect(200);
        assert_eq!("", next(&mut stream, "staying"));
    }
    assert!(!next(&mut stream, "ending").is_empty());
    let rest: Vec<_> =
        (0..1000).map(|_| line_of(&mut stream)).take_while(|line| line != "data: idle").collect();
    let said: Vec<_> = rest.iter().filter(|line| line.starts_with("event: ")).collect();
    assert_eq!(vec!["event: ended"], said);
    dashboard.ended(&test).succeeded();
}

#[test]
fn an_idle_time_that_is_none_is_refused_with_what_is_expected() {
    let test = TestEnvironment::served();
    for wrong in ["0", "9s", "1441", "1h", "soon"] {
        let run = test.ctl(&["ui", "--no-open", "--idle", wrong]);
        assert!(run.ended_with(2).stderr.contains("10s at least"), "{wrong}");
    }
}
