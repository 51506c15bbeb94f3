//! An owner's lock of a vault that is locked already, for another reason: it holds as every lock does.

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon, Home, NONE, wait_for};

const USUAL: &str = "[kdf]\niterations = 100000\n";

fn lock_reason(daemon: &Daemon) -> Value {
    daemon.get("/vault/status")["lockReason"].clone()
}

fn lock(daemon: &Daemon) -> Answer {
    daemon.http("POST", "/vault/lock", NONE)
}

/// A vault with a secret that has just locked itself.
fn idle() -> (Home, Daemon) {
    let home = Home::new();
    home.write("vault.toml", &format!("{USUAL}[auto_lock]\nafter_seconds = 1\n"));
    let daemon = Daemon::start(&home);
    daemon.create("a", "the value");
    wait_for("a lock", || (lock_reason(&daemon) == "idle").then_some(()));
    home.write("vault.toml", USUAL);
    (home, daemon)
}

/// Locks, kills the daemon, and makes sure that neither it nor the next one opens the vault, though the key file is right now.
#[track_caller]
fn holds(home: &Home, daemon: Daemon) -> Daemon {
    let locked = lock(&daemon);
    assert_eq!((200, json!({ "success": true })), (locked.status, locked.body.clone()), "{}", locked.text);
    assert_eq!("by_request", lock_reason(&daemon));
    assert_eq!(0o600, home.mode("locked"));
    daemon.kill();
    home.set_key(&home.key);
    let daemon = Daemon::start(home);
    assert_eq!("by_request", lock_reason(&daemon));
    assert_eq!("locked", daemon.resolve("a").code());
    daemon
}

#[test]
fn a_vault_that_locked_itself_and_that_an_owner_locks_stays_locked_after_a_kill() {
    let (home, daemon) = idle();
    let daemon = holds(&home, daemon);
    assert_eq!(200, daemon.http("POST", "/vault/unlock", json!({ "key": home.key })).status);
    assert!(!home.path("locked").exists());
}

#[test]
fn a_vault_without_a_key_that_fits_and_that_an_owner_locks_stays_locked_after_a_kill() {
    for (reason, spoil) in [
        ("no_key", (|home: &Home| home.remove(".env")) as fn(&Home)),
        ("wrong_key", |home| home.set_key("another key that opens nothing")),
        ("key_file_unsafe", |home| home.set_mode(".env", 0o644)),
    ] {
        let home = Home::new();
        Daemon::start(&home).stop();
        spoil(&home);
        let daemon = Daemon::start(&home);
        assert_eq!(reason, lock_reason(&daemon));
        holds(&home, daemon);
    }
}

#[test]
fn a_lock_leaves_its_mark_again_where_it_is_gone_and_leaves_it_where_it_is() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for _ in 0..2 {
        assert_eq!(200, lock(&daemon).status);
        assert!(home.path("locked").exists());
    }
    home.remove("locked");
    holds(&home, daemon);
}

#[test]
fn a_lock_of_a_locked_vault_is_in_the_log_after_the_unlock() {
    let (home, daemon) = idle();
    assert_eq!([200, 200], [lock(&daemon).status, lock(&daemon).status]);
    assert_eq!(200, daemon.http("POST", "/vault/unlock", json!({ "key": home.key })).status);
    let log = daemon.audit();
    let locks = log.iter().filter(|entry| entry["action"] == "lock" && entry["actor"] != "system");
    let told: Vec<_> = locks.map(|lock| (&lock["outcome"], &lock["metadata"]["lockReason"])).collect();
    assert_eq!(vec![(&json!("ok"), &json!("by_request")), (&json!("ok"), &json!("idle"))], told);
}

#[test]
fn a_damaged_vault_that_an_owner_locks_still_says_that_it_is_damaged() {
    let home = Home::new();
    Daemon::start(&home).stop();
    home.remove("vault.db");
    let daemon = Daemon::start(&home);
    assert_eq!("damaged", lock_reason(&daemon));
    assert_eq!(200, lock(&daemon).status);
    assert_eq!("damaged", lock_reason(&daemon));
    assert!(home.path("locked").exists());
}

#[test]
fn where_there_is_no_vault_there_is_nothing_to_lock() {
    let home = Home::without_key();
    let daemon = Daemon::start(&home);
    let refused = lock(&daemon);
    assert_eq!((503, "locked"), (refused.status, refused.code()));
    assert!(refused.body["hint"].as_str().unwrap().contains("vaultctl init"), "{}", refused.text);
    assert!(!home.path("locked").exists());
}

#[test]
fn a_key_file_that_was_unsafe_for_a_while_opens_nothing_that_an_owner_locked() {
    let (home, daemon) = idle();
    assert_eq!(200, lock(&daemon).status);
    let looks = || home.log().matches("the key file was changed; an owner locked").count();
    for mode in [0o644, 0o660, 0o600] {
        let before = looks();
        home.set_mode(".env", mode);
        wait_for("a look at the file", || (looks() == before + 1).then_some(()));
        assert_eq!("by_request", lock_reason(&daemon));
    }
}

#[cfg(target_os = "linux")]
#[test(needs(Root))]
fn a_lock_of_a_locked_vault_that_cannot_be_marked_says_so() {
    let shared = crate::shared::Shared::new();
    let daemon = &shared.daemon;
    assert_eq!(200, lock(daemon).status);
    shared.home.remove("locked");
    shared.home.set_mode("", 0o500);
    let answer = lock(daemon);
    assert_eq!((200, json!(true)), (answer.status, answer.body["restartOpens"].clone()), "{}", answer.text);
    assert_eq!(1, daemon.warnings("lock_mark").len());
    shared.home.set_mode("", 0o700);
    assert_eq!(json!({ "success": true }), lock(daemon).body);
    assert!(daemon.warnings("lock_mark").is_empty());
}
