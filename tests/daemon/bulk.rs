//! What is done to all secrets at once: memory holds a few of them, however many there are.

use serde_json::{Value, json};
use vault_testkit::memory::status_bytes;
use vault_testkit::{Daemon, Home, wait_for};

const MIB: u64 = 1024 * 1024;
/// How much more memory than before an operation on all secrets may take.
const BOUND: u64 = 16 * MIB;
/// How many large secrets there are; together they are twice the bound.
const SECRETS: usize = 32;

/// A value of almost a mebibyte.
fn large(number: usize) -> String {
    format!("{number:08}").repeat(120_000)
}

/// Starts a daemon with large secrets, each with a number of values.
fn stocked(secrets: usize, values: usize) -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for number in 0..secrets {
        let id = daemon.create(&format!("secret-{number:03}"), &large(number));
        for _ in 1..values {
            let changed =
                daemon.http("PUT", &format!("/vault/secrets/{id}"), json!({ "value": large(number) }));
            assert_eq!(200, changed.status, "{}", changed.text);
        }
    }
    (home, daemon)
}

/// Does something, and fails if that takes the memory of many of the values.
fn bounded<T>(daemon: &Daemon, act: impl FnOnce() -> T) -> T {
    let most = || status_bytes(daemon.pid(), "VmHWM");
    let before = most();
    let done = act();
    let grown = most() - before;
    assert!(grown < BOUND, "{} MiB more", grown / MIB);
    done
}

/// Rotates all as an owner; gives how many were.
fn rotate_all(daemon: &Daemon) -> Value {
    let rotated = daemon.http("POST", "/vault/rotate-all", json!({ "orgId": "*" }));
    assert_eq!((200, json!([])), (rotated.status, rotated.body["errors"].clone()), "{}", rotated.text);
    rotated.body["rotated"].clone()
}

/// Fails unless each value is what it was and the log is whole.
fn assert_all_is_as_it_was(daemon: &Daemon, secrets: usize) {
    for number in [0, secrets / 2, secrets - 1] {
        assert_eq!(large(number), daemon.resolve(&format!("secret-{number:03}")).value());
    }
    assert_eq!(json!(true), daemon.get("/vault/audit-log/verify")["intact"]);
}

#[test]
fn a_rotation_of_all_has_a_few_values_in_memory() {
    let (_home, daemon) = stocked(SECRETS, 1);
    assert_eq!(json!(SECRETS), bounded(&daemon, || rotate_all(&daemon)));
    assert_all_is_as_it_was(&daemon, SECRETS);
}

#[test]
fn a_rekey_has_a_few_values_in_memory() {
    let (_home, daemon) = stocked(SECRETS, 1);
    let key = json!({ "newKey": "another key that is long enough to be one" });
    let rekeyed = bounded(&daemon, || daemon.http("POST", "/vault/rekey", key));
    assert_eq!((200, json!(SECRETS)), (rekeyed.status, rekeyed.body["rekeyed"].clone()), "{}", rekeyed.text);
    assert_all_is_as_it_was(&daemon, SECRETS);
}

#[test]
fn a_rotation_of_secrets_with_older_values_has_a_few_of_those_in_memory() {
    let (_home, daemon) = stocked(8, 4);
    assert_eq!(json!(8), bounded(&daemon, || rotate_all(&daemon)));
    assert_all_is_as_it_was(&daemon, 8);
}

#[test]
fn a_second_rotation_takes_no_more_memory_than_the_first() {
    let (_home, daemon) = stocked(SECRETS / 2, 1);
    rotate_all(&daemon);
    let most = || status_bytes(daemon.pid(), "VmHWM");
    let first = most();
    for _ in 0..3 {
        rotate_all(&daemon);
    }
    assert!(most() < first + 8 * MIB, "{} MiB, then {}", first / MIB, most() / MIB);
}

#[test]
fn the_old_values_leave_the_write_ahead_log_after_a_rotation() {
    let (home, daemon) = stocked(8, 1);
    rotate_all(&daemon);
    let length = || home.path("vault.db-wal").metadata().map_or(0, |wal| wal.len());
    wait_for("an empty write-ahead log", || (length() < MIB).then_some(()));
    assert_all_is_as_it_was(&daemon, 8);
}

#[test]
fn a_rekey_that_meets_damage_after_many_secrets_changes_none_of_them() {
    let (home, daemon) = stocked(8, 1);
    let damage = "UPDATE secret SET sealed = zeroblob(1000) WHERE name = ?1";
    home.database().execute(damage, ["secret-007"]).unwrap();
    let key = json!({ "newKey": "another key that is long enough to be one" });
    let refused = daemon.http("POST", "/vault/rekey", key);
    assert_eq!(json!("integrity"), refused.body["code"], "{}", refused.text);
    assert!(refused.error().contains("secret-007"), "{}", refused.error());
    let newest = &daemon.audit()[0];
    assert_eq!((&json!("rekey"), &json!("failed")), (&newest["action"], &newest["outcome"]));
    assert_all_is_as_it_was(&daemon, 7);
}

#[test]
fn a_rotation_leaves_out_what_is_damaged_and_seals_the_rest() {
    let (home, daemon) = stocked(8, 1);
    let damage = "UPDATE secret SET sealed = zeroblob(1000) WHERE name = ?1";
    home.database().execute(damage, ["secret-003"]).unwrap();
    let rotated = daemon.http("POST", "/vault/rotate-all", json!({ "orgId": "*" }));
    assert_eq!(
        (json!(7), json!("secret-003")),
        (rotated.body["rotated"].clone(), rotated.body["errors"][0]["name"].clone())
    );
    assert_all_is_as_it_was(&daemon, 8);
}
