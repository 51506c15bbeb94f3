//! A header that somebody changed: told from a wrong key, and never guessed around.

use serde_json::json;
use vault_testkit::{Daemon, Home, random_text};

/// Makes a vault with one secret and stops its daemon.
fn founded() -> (Home, String) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let id = daemon.create("a", "the value");
    daemon.stop();
    (home, id)
}

/// Asserts that after a change the vault says why it is locked, and hands nothing out.
fn assert_locked(change: &str, reason: &str) {
    let (home, id) = founded();
    home.sql(change);
    let daemon = Daemon::start(&home);
    let status = daemon.get("/vault/status");
    assert_eq!(
        (json!(true), json!(reason)),
        (status["locked"].clone(), status["lockReason"].clone()),
        "{change}"
    );
    let answer = daemon.secret(&id);
    assert_eq!((503, "locked"), (answer.status, answer.code()), "{change}: {}", answer.text);
    assert!(!home.log().contains("panic"), "{}", home.log());
}

/// Writes SQL that changes one byte of a slot.
fn flip_slot(at: usize) -> String {
    let byte = format!("substr(bytes, {at}, 1)");
    let other = format!("CASE {byte} WHEN x'a5' THEN x'5a' ELSE x'a5' END");
    format!(
        "UPDATE slot SET bytes = CAST(substr(bytes, 1, {at} - 1) || {other} || substr(bytes, {at} + 1) AS BLOB)"
    )
}

#[test]
fn a_changed_byte_of_a_slot_is_damage_wherever_it_is() {
    // Format, kind, KDF, rounds, salt, IV, sealed key, commitment.
    for at in [1, 2, 3, 4, 7, 8, 39, 40, 51, 52, 99, 100, 131] {
        assert_locked(&flip_slot(at), "damaged");
    }
}

#[test]
fn a_slot_of_another_length_is_damage() {
    for change in ["bytes = x''", "bytes = substr(bytes, 2)", "bytes = bytes || x'00'", "bytes = 'text'"] {
        assert_locked(&format!("UPDATE slot SET {change}"), "damaged");
    }
}

#[test]
fn a_missing_slot_or_audit_key_is_damage() {
    assert_locked("DELETE FROM slot", "damaged");
    assert_locked("DELETE FROM audit_key", "damaged");
}

#[test]
fn a_changed_id_checksum_or_mac_of_the_vault_is_damage() {
    for change in [
        "vault_id = zeroblob(16)",
        "checksum = zeroblob(32)",
        "mac = zeroblob(32)",
        "mac = x''",
        "vault_id = 'x'",
    ] {
        assert_locked(&format!("UPDATE vault SET {change}"), "damaged");
    }
}

#[test]
fn a_changed_audit_key_is_damage() {
    for change in
        ["from_seq = 2", "iv = zeroblob(12)", "sealed = zeroblob(48)", "sealed = x''", "iv = 'text'"]
    {
        assert_locked(&format!("UPDATE audit_key SET {change}"), "damaged");
    }
}

#[test]
fn a_missing_state_is_damage() {
    assert_locked("DELETE FROM state", "damaged");
}

#[test]
fn a_bomb_of_rounds_is_refused_before_anything_is_derived() {
    let rounds = |number: &str| {
        format!(
            "UPDATE slot SET bytes = CAST(substr(bytes, 1, 3) || x'{number}' || substr(bytes, 8) AS BLOB)"
        )
    };
    // Four thousand million, ten million and one, one.
    for number in ["ffffffff", "00989681", "00000001"] {
        assert_locked(&rounds(number), "damaged");
    }
}

#[test]
fn a_wrong_key_to_a_damaged_header_is_told_as_damage() {
    let (home, _) = founded();
    home.sql(&flip_slot(60));
    home.set_key(&random_text());
    assert_eq!(json!("damaged"), Daemon::start(&home).get("/vault/status")["lockReason"]);
}

#[test]
fn a_wrong_key_to_a_sound_header_is_told_as_wrong() {
    let (home, _) = founded();
    home.set_key(&random_text());
    assert_eq!(json!("wrong_key"), Daemon::start(&home).get("/vault/status")["lockReason"]);
}

#[test]
fn a_vault_whose_header_was_taken_away_is_not_made_anew() {
    let (home, id) = founded();
    home.sql("DELETE FROM vault");
    let daemon = Daemon::start(&home);
    assert_eq!(json!("damaged"), daemon.get("/vault/status")["lockReason"]);
    assert_eq!(503, daemon.secret(&id).status);
}

#[test]
fn the_words_of_damage_lead_to_a_backup_and_not_to_the_key() {
    let (home, id) = founded();
    home.sql(&flip_slot(60));
    let hint = Daemon::start(&home).secret(&id).body["hint"].clone();
    assert!(hint.as_str().unwrap().contains("restore"), "{hint}");
}

#[test]
fn a_header_put_back_opens_the_vault_again() {
    let (home, id) = founded();
    let sound = home.read("vault.db");
    home.sql("UPDATE vault SET mac = zeroblob(32)");
    Daemon::start(&home).stop();
    std::fs::remove_file(home.path("vault.db")).unwrap();
    std::io::Write::write_all(&mut vault::files::create_private(&home.path("vault.db")).unwrap(), &sound)
        .unwrap();
    assert_eq!("the value", Daemon::start(&home).secret(&id).value());
}
