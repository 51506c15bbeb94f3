//! A platform without a key, whose name finds the only field that is stored: fields that an agent adds change nothing of that.

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon, Home, NONE};

use crate::agents::{agent, ask};
use crate::resolve::stocked;

/// Has an agent that may create whatever it likes store names, each with its name as a planted value.
fn plant(daemon: &Daemon, names: &[&str]) -> String {
    let token = agent(daemon, "maker", &["create"], &["skill:*"]);
    for name in names {
        let secret = json!({ "name": name, "value": format!("planted {name}") });
        assert_eq!(201, ask(daemon, &token, ("POST", "/vault/secrets"), &secret).status, "{name}");
    }
    token
}

fn several(answer: &Answer) -> (u16, bool) {
    (answer.status, answer.error().contains("has several fields"))
}

#[test]
fn the_only_field_of_a_platform_stays_the_only_one_whatever_an_agent_adds() {
    for (platform, stored, added) in [
        ("solo", "skill:solo:password", ["skill:solo:extra", "skill:solo:more"]),
        ("skill:solo", "skill:solo:webhook-secret", ["skill:solo:a", "skill:solo:z"]),
        ("aws", "skill:aws:region", ["skill:aws:access_key_id", "skill:aws:note"]),
        ("smtp", "skill:smtp:host", ["skill:smtp:port", "skill:smtp:from"]),
    ] {
        let (_home, daemon) = stocked(&[stored]);
        plant(&daemon, &added);
        assert_eq!(stored, daemon.resolve(platform).value(), "{platform}");
        let discovered = daemon.get(&format!("/vault/discover?platform={platform}"));
        assert_eq!(json!(stored), discovered["alone"], "{discovered}");
    }
}

#[test]
fn what_an_agent_stored_first_is_not_given_in_place_of_what_an_owner_stored_later() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    plant(&daemon, &["skill:solo:first", "skill:solo:second"]);
    assert_eq!((404, true), several(&daemon.resolve("solo")));
    daemon.create("skill:solo:password", "the owner's");
    assert_eq!("the owner's", daemon.resolve("solo").value());
}

#[test]
fn two_fields_of_an_owner_are_named_without_what_an_agent_added() {
    let (_home, daemon) = stocked(&["skill:solo:a", "skill:solo:b"]);
    plant(&daemon, &["skill:solo:c"]);
    let answer = daemon.resolve("solo");
    assert_eq!((404, true), several(&answer));
    assert_eq!(json!("name one of them: `skill:solo:a`, `skill:solo:b`"), answer.body["hint"]);
    assert_eq!(Value::Null, daemon.get("/vault/discover?platform=solo")["alone"]);
}

#[test]
fn another_agent_finds_what_it_found_before_and_its_own_field() {
    let (_home, daemon) = stocked(&["skill:solo:password"]);
    let reader = agent(&daemon, "reader", &["create", "read", "decrypt"], &["skill:*"]);
    let get = |platform: &str| ask(&daemon, &reader, ("GET", &format!("/vault/resolve/{platform}")), &NONE);
    let own = json!({ "name": "skill:its:own", "value": "its own" });
    assert_eq!(201, ask(&daemon, &reader, ("POST", "/vault/secrets"), &own).status);
    plant(&daemon, &["skill:solo:extra", "skill:its:extra"]);
    assert_eq!(("skill:solo:password", "its own"), (get("solo").value(), get("its").value()));
}

#[test]
fn one_field_that_an_agent_stored_is_found_while_there_is_no_other() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    plant(&daemon, &["skill:solo:only"]);
    assert_eq!("planted skill:solo:only", daemon.resolve("solo").value());
}

#[test]
fn a_word_that_changes_a_secret_means_the_field_that_it_reads() {
    let (home, daemon) = stocked(&["skill:solo:password"]);
    plant(&daemon, &["skill:solo:extra"]);
    home.ctl(&["set", "solo"], "another value").succeeded();
    assert_eq!("another value", daemon.resolve("skill:solo:password").value());
    assert_eq!("another value", home.ctl(&["get", "solo"], "").succeeded().stdout.trim_end());
    home.ctl(&["rm", "solo", "--yes"], "").succeeded();
    assert_eq!(404, daemon.resolve("skill:solo:password").status);
}
