//! A database that is gone, while the head of its log is still there: no new vault takes its place.

use serde_json::json;
use vault_testkit::{Daemon, Home};

/// Makes a vault with one secret, stops its daemon and returns its database.
fn stopped() -> (Home, Vec<u8>) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "the value");
    daemon.stop();
    assert!(home.path("head").exists());
    let database = home.read("vault.db");
    (home, database)
}

/// Starts the daemon and asserts that it serves locked, stores nothing and says what to do.
fn assert_lost(home: &Home) {
    let daemon = Daemon::start(home);
    let status = daemon.get("/vault/status");
    assert_eq!(
        (json!(true), json!("damaged")),
        (status["locked"].clone(), status["lockReason"].clone()),
        "{status}"
    );
    assert_eq!(1, daemon.warnings("lost").len(), "{status}");
    assert!(home.log().contains("vaultctl restore"), "{}", home.log());
    let stored = daemon.http("POST", "/vault/secrets", json!({ "name": "b", "value": "v" }));
    assert_eq!((503, "locked"), (stored.status, stored.code()), "{}", stored.text);
    let unlocked = daemon.http("POST", "/vault/unlock", json!({ "key": home.key }));
    assert_eq!((503, "locked"), (unlocked.status, unlocked.code()), "{}", unlocked.text);
    assert!(unlocked.body["hint"].as_str().unwrap().contains("vaultctl restore"), "{}", unlocked.text);
    daemon.stop();
}

/// Puts the database back and asserts that all of it is there, and that nothing is older than the head.
fn assert_back(home: &Home, database: &[u8]) {
    for beside in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        let _ = std::fs::remove_file(home.path(beside));
    }
    vault::files::replace_private(&home.path("vault.db"), database).unwrap();
    let daemon = Daemon::start(home);
    assert_eq!("the value", daemon.resolve("a").value());
    assert_eq!(Vec::<String>::new(), daemon.warnings("rolled_back"));
}

#[test]
fn a_database_that_is_gone_is_not_replaced_by_a_new_vault() {
    let (home, database) = stopped();
    home.remove("vault.db");
    assert_lost(&home);
    // Nor at a second start, which finds the empty database of the first.
    assert_lost(&home);
    assert_back(&home, &database);
}

#[test]
fn a_database_that_was_emptied_is_not_replaced_by_a_new_vault() {
    let (home, database) = stopped();
    vault::files::replace_private(&home.path("vault.db"), b"").unwrap();
    assert_lost(&home);
    assert_back(&home, &database);
}

#[test]
fn a_head_that_cannot_be_read_counts_as_one() {
    let (home, database) = stopped();
    let head = home.read("head");
    home.remove("vault.db");
    home.write("head", "not a head");
    assert_lost(&home);
    vault::files::replace_private(&home.path("head"), &head).unwrap();
    assert_back(&home, &database);
}

#[test]
fn without_the_head_a_new_vault_begins() {
    let (home, _) = stopped();
    home.remove("vault.db");
    home.remove("head");
    let daemon = Daemon::start(&home);
    daemon.create("b", "of a new vault");
    assert_eq!("of a new vault", daemon.resolve("b").value());
}
