//! Accepting a loss: what still opens is kept, the rest is removed, everything left is sound again.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE};

/// Makes a vault with the secrets `a`, `b` and `c` and stops its daemon.
fn founded() -> (Home, [String; 3]) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let ids = ["a", "b", "c"].map(|name| daemon.create(name, &format!("value of {name}")));
    daemon.stop();
    (home, ids)
}

/// Changes the database behind the daemon's back and starts it.
fn hurt(home: &Home, sql: &str) -> Daemon {
    home.database().execute_batch(sql).unwrap();
    Daemon::start(home)
}

fn accept(daemon: &Daemon) -> Value {
    let answer = daemon.http("POST", "/vault/accept-loss", NONE);
    assert_eq!(200, answer.status, "{}", answer.text);
    answer.body.clone()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|secret| secret["name"].as_str().unwrap()).collect()
}

/// Asserts that nothing is damaged any more, now and after another start, and that these values are there.
fn assert_sound(home: &Home, daemon: Daemon, values: &[(&str, &str)]) {
    assert_nothing_damaged(&daemon, values);
    daemon.stop();
    assert_nothing_damaged(&Daemon::start(home), values);
}

fn assert_nothing_damaged(daemon: &Daemon, values: &[(&str, &str)]) {
    assert_eq!(Vec::<String>::new(), daemon.warnings("integrity"));
    for (name, value) in values {
        assert_eq!(*value, daemon.resolve(name).value());
    }
    let verified = daemon.http("GET", "/vault/audit-log/verify", NONE);
    assert_eq!(json!(true), verified.body["intact"], "{}", verified.text);
}

#[test]
fn a_vanished_secret_is_recorded_as_deleted_and_no_longer_warned_of() {
    let (home, [a, ..]) = founded();
    let daemon = hurt(&home, "DELETE FROM secret WHERE name = 'a'");
    assert!(daemon.warnings("integrity")[0].contains("`a` vanished"));
    let accepted = accept(&daemon);
    assert_eq!((vec!["a"], json!([])), (names(&accepted["lost"]), accepted["kept"].clone()));
    let log = daemon.audit();
    let entry = log.iter().find(|entry| entry["vaultEntryId"] == json!(a) && entry["action"] == "delete");
    assert_eq!(json!(true), entry.unwrap()["metadata"]["acceptedLoss"]);
    assert_eq!(404, daemon.resolve("a").status);
    assert_sound(&home, daemon, &[("b", "value of b"), ("c", "value of c")]);
}

#[test]
fn a_value_that_still_opens_is_kept_though_its_metadata_was_edited() {
    let (home, _) = founded();
    let daemon = hurt(&home, "UPDATE secret SET metadata = '{\"by\":\"hand\"}' WHERE name = 'b'");
    assert_eq!(500, daemon.resolve("b").status);
    assert_eq!(vec!["b"], names(&accept(&daemon)["kept"]));
    assert_sound(&home, daemon, &[("a", "value of a"), ("b", "value of b"), ("c", "value of c")]);
}

#[test]
fn a_value_that_does_not_open_is_removed() {
    let (home, _) = founded();
    let daemon = hurt(&home, "UPDATE secret SET sealed = zeroblob(length(sealed)) WHERE name = 'c'");
    assert_eq!(vec!["c"], names(&accept(&daemon)["lost"]));
    assert_sound(&home, daemon, &[("a", "value of a"), ("b", "value of b")]);
}

#[test]
fn an_older_copy_that_was_put_back_is_kept_as_a_new_revision() {
    let (home, [a, ..]) = founded();
    home.database().execute_batch("CREATE TABLE old AS SELECT * FROM secret").unwrap();
    let daemon = Daemon::start(&home);
    for value in ["second", "third"] {
        daemon.http("PUT", &format!("/vault/secrets/{a}"), json!({ "value": value }));
    }
    daemon.stop();
    let daemon = hurt(
        &home,
        "DELETE FROM version; DELETE FROM secret; INSERT INTO secret SELECT * FROM old; DROP TABLE old",
    );
    assert_eq!(500, daemon.resolve("a").status);
    assert_eq!(vec!["a"], names(&accept(&daemon)["kept"]));
    assert_eq!(json!(4), daemon.secret(&a).body["entry"]["revision"]);
    assert_sound(&home, daemon, &[("a", "value of a"), ("b", "value of b")]);
}

#[test]
fn a_deleted_secret_that_was_put_back_is_not_brought_to_life() {
    let (home, [a, ..]) = founded();
    home.database().execute_batch("CREATE TABLE old AS SELECT * FROM secret").unwrap();
    let daemon = Daemon::start(&home);
    assert_eq!(200, daemon.http("DELETE", &format!("/vault/secrets/{a}"), NONE).status);
    daemon.stop();
    let daemon = hurt(&home, "DELETE FROM secret; INSERT INTO secret SELECT * FROM old; DROP TABLE old");
    assert_eq!(vec!["a"], names(&accept(&daemon)["lost"]));
    assert_eq!(404, daemon.resolve("a").status);
    assert_sound(&home, daemon, &[("b", "value of b"), ("c", "value of c")]);
}

#[test]
fn a_row_that_cannot_be_read_is_removed_and_the_vault_can_be_rekeyed_again() {
    let (home, _) = founded();
    let daemon = hurt(&home, "UPDATE secret SET category = 'colour' WHERE name = 'a'");
    let rekey =
        || daemon.http("POST", "/vault/rekey", json!({ "newKey": "a new key of some length" })).status;
    assert_eq!(500, rekey());
    assert_eq!(vec!["a"], names(&accept(&daemon)["lost"]));
    assert_eq!(200, rekey());
    assert_eq!(json!(2), daemon.http("GET", "/vault/status", NONE).body["totalEntries"]);
    assert_sound(&home, daemon, &[("b", "value of b"), ("c", "value of c")]);
}

#[test]
fn a_state_that_was_edited_is_this_vaults_own_again() {
    let (home, _) = founded();
    let daemon = hurt(&home, "UPDATE state SET count = count + 1");
    assert!(!daemon.warnings("integrity").is_empty());
    let accepted = accept(&daemon);
    assert_eq!((json!([]), json!([])), (accepted["lost"].clone(), accepted["kept"].clone()));
    assert_sound(&home, daemon, &[("a", "value of a"), ("b", "value of b")]);
}

#[test]
fn in_a_sound_vault_it_changes_no_secret_and_is_recorded() {
    let (home, _) = founded();
    let daemon = Daemon::start(&home);
    let before = daemon.http("GET", "/vault/secrets", NONE).body;
    accept(&daemon);
    assert_eq!(before, daemon.http("GET", "/vault/secrets", NONE).body);
    let log = daemon.audit();
    let entry = log.iter().find(|entry| entry["action"] == "delete").unwrap();
    assert_eq!((json!(0), json!(0)), (entry["metadata"]["lost"].clone(), entry["metadata"]["kept"].clone()));
    assert_sound(&home, daemon, &[("a", "value of a")]);
}

#[test]
fn an_owner_can_delete_a_damaged_secret() {
    let (home, [a, b, _]) = founded();
    let daemon = hurt(
        &home,
        "UPDATE secret SET metadata = '{}', mac = zeroblob(32) WHERE name = 'a';
         UPDATE secret SET category = 'colour' WHERE name = 'b'",
    );
    for id in [&a, &b] {
        let answer = daemon.http("DELETE", &format!("/vault/secrets/{id}"), NONE);
        assert_eq!(200, answer.status, "{}", answer.text);
    }
    let entry = &daemon.audit()[0];
    assert_eq!((json!("delete"), json!("b")), (entry["action"].clone(), entry["entryName"].clone()));
    assert_eq!(404, daemon.resolve("a").status);
    accept(&daemon);
    assert_sound(&home, daemon, &[("c", "value of c")]);
}

#[test]
fn a_kept_version_that_does_not_open_is_removed_and_the_value_stays() {
    let (home, [.., c]) = founded();
    let daemon = hurt(&home, "UPDATE secret SET sealed = zeroblob(length(sealed)) WHERE name = 'c'");
    let update = daemon.http("PUT", &format!("/vault/secrets/{c}"), json!({ "value": "another" }));
    assert_eq!(200, update.status, "{}", update.text);
    assert_eq!("integrity", daemon.http("POST", &format!("/vault/secrets/{c}/rotate"), NONE).code());
    assert_eq!(vec!["c"], names(&accept(&daemon)["kept"]));
    assert_eq!(200, daemon.http("POST", &format!("/vault/secrets/{c}/rotate"), NONE).status);
    assert_sound(&home, daemon, &[("a", "value of a"), ("b", "value of b"), ("c", "another")]);
}
