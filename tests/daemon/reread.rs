//! What is read again and again: it is as true as what is read for the first time.

use serde_json::json;
use vault_testkit::{Daemon, Home};

/// A daemon that has handed out `openai`'s key twice.
fn asked_twice() -> (Home, Daemon, String) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let id = daemon.create("skill:openai:api_key", "first");
    for _ in 0..2 {
        assert_eq!("first", daemon.resolve("openai").value());
        assert_eq!("first", daemon.secret(&id).value());
    }
    (home, daemon, id)
}

#[test]
fn a_row_that_another_program_edits_is_told_by_the_next_read() {
    for edit in [
        "UPDATE secret SET metadata = '{\"edited\":true}'",
        "UPDATE secret SET sealed = zeroblob(length(sealed))",
        "UPDATE secret SET version = version + 1",
    ] {
        let (home, daemon, id) = asked_twice();
        home.sql(edit);
        assert_eq!("integrity", daemon.resolve("openai").code(), "{edit}");
        assert_eq!("integrity", daemon.secret(&id).code(), "{edit}");
    }
}

#[test]
fn a_row_that_another_program_removes_is_gone_for_the_next_read() {
    let (home, daemon, id) = asked_twice();
    home.sql("DELETE FROM secret");
    assert_eq!("not_found", daemon.resolve("openai").code());
    assert_eq!("not_found", daemon.secret(&id).code());
}

#[test]
fn a_change_shows_in_the_next_read() {
    let (_home, daemon, id) = asked_twice();
    let path = format!("/vault/secrets/{id}");
    for value in ["second", "third"] {
        assert_eq!(200, daemon.http("PUT", &path, json!({ "value": value })).status);
        assert_eq!(value, daemon.resolve("openai").value());
        assert_eq!(value, daemon.secret(&id).value());
    }
    assert_eq!(200, daemon.http("DELETE", &path, json!(null)).status);
    assert_eq!("not_found", daemon.resolve("openai").code());
    assert_eq!("not_found", daemon.secret(&id).code());
}

#[test]
fn each_read_leaves_its_entry() {
    let (_home, daemon, _) = asked_twice();
    let read = |entry: &&serde_json::Value| entry["action"] == "decrypt" && entry["outcome"] == "ok";
    assert_eq!(4, daemon.audit().iter().filter(read).count());
}

#[test]
fn nothing_that_was_read_before_is_handed_out_by_a_locked_vault() {
    let (_home, daemon, id) = asked_twice();
    assert_eq!(200, daemon.http("POST", "/vault/lock", json!({})).status);
    assert_eq!("locked", daemon.resolve("openai").code());
    assert_eq!("locked", daemon.secret(&id).code());
}
