//! An audit log that somebody edited, cut or reordered: `verify` says so, and where.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE};

/// Makes a vault with ten entries in its log (an unlock, eight creates, a lock) and stops its daemon.
fn ten() -> Home {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for at in 0..8 {
        daemon.create(&format!("name {at}"), "v");
    }
    daemon.stop();
    let entries: i64 = home.database().query_row("SELECT count(*) FROM audit", [], |row| row.get(0)).unwrap();
    assert_eq!(10, entries);
    home
}

/// Verifies the log after a change to the stopped vault.
fn verified_after(change: &str) -> Value {
    let home = ten();
    home.database().execute_batch(change).unwrap();
    let found = Daemon::start(&home).get("/vault/audit-log/verify");
    assert!(!home.log().contains("panic"), "{}", home.log());
    found
}

/// Asserts that a change is found at a place, in a way.
fn assert_broken(change: &str, seq: u64, reason: &str) {
    let found = verified_after(change);
    assert_eq!(
        (json!(false), json!(seq), json!(reason)),
        (found["intact"].clone(), found["firstBroken"].clone(), found["reason"].clone()),
        "{change}: {found}"
    );
}

#[test]
fn an_untouched_log_is_intact_and_its_head_is_what_status_shows() {
    let home = ten();
    let daemon = Daemon::start(&home);
    let found = daemon.get("/vault/audit-log/verify");
    assert_eq!((json!(true), json!(11)), (found["intact"].clone(), found["entries"].clone()));
    assert!(found.get("firstBroken").is_none());
    assert_eq!(found["head"], daemon.get("/vault/status")["audit"]["head"]);
}

#[test]
fn every_column_of_an_entry_is_authenticated() {
    for change in [
        "at = at + 1",
        "action = 'read'",
        "outcome = 'failed'",
        "secret = NULL",
        "name = NULL",
        "org = NULL",
        "actor = name",
        "uid = 4",
        "gid = 4",
        "pid = 4",
        "exe = NULL",
        "metadata = '{}'",
        "id = zeroblob(16)",
        "mac = zeroblob(32)",
    ] {
        assert_broken(&format!("UPDATE audit SET {change} WHERE seq = 5"), 5, "edited");
    }
}

#[test]
fn an_edited_text_that_entries_share_is_found_at_the_first_of_them() {
    assert_broken("UPDATE label SET text = 'another name' WHERE text = 'name 3'", 5, "edited");
    assert_broken("UPDATE label SET text = 'uid:77' WHERE text LIKE 'uid:%'", 2, "edited");
}

#[test]
fn a_vanished_text_that_entries_share_is_found() {
    let found = verified_after("PRAGMA foreign_keys = OFF; DELETE FROM label WHERE text = 'name 3'");
    assert_eq!((json!(false), json!(5)), (found["intact"].clone(), found["firstBroken"].clone()));
}

#[test]
fn a_text_under_another_number_is_found_whichever_that_is() {
    for by in [1000_i64, 512, 1 << 40] {
        let moved =
            format!("PRAGMA foreign_keys = OFF; UPDATE label SET id = id + {by} WHERE text = 'name 3'");
        let found = verified_after(&moved);
        assert_eq!((json!(false), json!(5)), (found["intact"].clone(), found["firstBroken"].clone()), "{by}");
    }
}

#[test]
fn a_deleted_entry_is_found_where_it_is_missing() {
    assert_broken("DELETE FROM audit WHERE seq = 5", 5, "missing");
}

#[test]
fn deleted_first_entries_are_found() {
    assert_broken("DELETE FROM audit WHERE seq <= 3", 1, "missing");
}

#[test]
fn a_closed_gap_is_found_all_the_same() {
    let change = "DELETE FROM audit WHERE seq = 5; UPDATE audit SET seq = seq - 1 WHERE seq > 5;";
    assert_eq!(json!(5), verified_after(change)["firstBroken"]);
}

#[test]
fn swapped_entries_are_found() {
    let change = "UPDATE audit SET seq = -1 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6;
                  UPDATE audit SET seq = 6 WHERE seq = -1;";
    assert_broken(change, 5, "edited");
}

#[test]
fn an_inserted_entry_is_found() {
    let change = "CREATE TEMP TABLE copy AS SELECT * FROM audit WHERE seq = 3; UPDATE copy SET seq = 6;
                  UPDATE audit SET seq = -seq - 1 WHERE seq > 5; UPDATE audit SET seq = -seq WHERE seq < 0;
                  INSERT INTO audit SELECT * FROM copy;";
    assert_broken(change, 6, "edited");
}

#[test]
fn an_appended_entry_is_found() {
    let change = "CREATE TEMP TABLE copy AS SELECT * FROM audit WHERE seq = 10; UPDATE copy SET seq = 11;
                  INSERT INTO audit SELECT * FROM copy;";
    let home = ten();
    home.database().execute_batch(change).unwrap();
    let daemon = Daemon::start(&home);
    assert_eq!(json!(false), daemon.get("/vault/audit-log/verify")["intact"]);
}

#[test]
fn a_cut_tail_is_found() {
    let found = verified_after("DELETE FROM audit WHERE seq > 7");
    assert_eq!((json!(false), json!(8)), (found["intact"].clone(), found["firstBroken"].clone()), "{found}");
}

#[test]
fn an_emptied_log_is_found() {
    assert_eq!(json!(false), verified_after("DELETE FROM audit")["intact"]);
}

#[test]
fn a_cut_tail_under_a_state_that_was_edited_to_fit_is_told_by_status() {
    let home = ten();
    home.database()
        .execute_batch(
            "DELETE FROM audit WHERE seq > 7;
             UPDATE state SET seq = 7, head = (SELECT mac FROM audit WHERE seq = 7);",
        )
        .unwrap();
    let warnings = Daemon::start(&home).warnings("integrity");
    assert!(warnings.iter().any(|words| words.contains("state")), "{warnings:?}");
}

#[test]
fn an_entry_that_no_reader_understands_is_found_and_hides_no_other() {
    for change in
        ["action = 'dance'", "outcome = 'x'", "id = x'00'", "mac = 'text'", "metadata = x'ff'", "at = 'x'"]
    {
        let home = ten();
        home.sql(&format!("UPDATE audit SET {change} WHERE seq = 5"));
        let daemon = Daemon::start(&home);
        let found = daemon.get("/vault/audit-log/verify");
        assert_eq!(
            (json!(false), json!(5)),
            (found["intact"].clone(), found["firstBroken"].clone()),
            "{change}: {found}"
        );
        let log = daemon.http("GET", "/vault/audit-log", NONE);
        assert_eq!(200, log.status, "{change}: {}", log.text);
        assert!(log.text.contains("name 7"), "{change}");
    }
}

#[test]
fn metadata_that_is_no_json_is_shown_as_empty_and_found() {
    let home = ten();
    home.sql("UPDATE audit SET metadata = '{\"a' WHERE seq = 5");
    let daemon = Daemon::start(&home);
    assert_eq!(json!(5), daemon.get("/vault/audit-log/verify")["firstBroken"]);
    assert_eq!(json!({}), daemon.audit().iter().find(|entry| entry["seq"] == 5).unwrap()["metadata"]);
}

#[test]
fn an_entry_that_was_moved_behind_the_end_is_found_and_hurts_no_secret() {
    let home = ten();
    home.sql("UPDATE audit SET seq = seq + 1000 WHERE seq = 5");
    let daemon = Daemon::start(&home);
    assert_eq!("v", daemon.resolve("name 3").value());
    assert!(!daemon.warnings("integrity").is_empty());
    assert_eq!(json!(5), daemon.get("/vault/audit-log/verify")["firstBroken"]);
}

#[test]
fn a_hurt_log_still_takes_entries() {
    let home = ten();
    home.sql("UPDATE audit SET metadata = '{}' WHERE seq = 5");
    let daemon = Daemon::start(&home);
    daemon.create("another", "v");
    assert_eq!(json!("another"), daemon.audit()[0]["entryName"]);
}
