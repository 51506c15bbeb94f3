//! What an owner locked stays locked, whatever happens to the daemon.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE, wait_for};

fn lock_reason(daemon: &Daemon) -> Value {
    daemon.get("/vault/status")["lockReason"].clone()
}

/// A vault with a secret that its owner has just locked.
fn locked() -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "the value");
    assert_eq!(200, daemon.http("POST", "/vault/lock", NONE).status);
    (home, daemon)
}

/// Makes sure that a new daemon opens nothing.
#[track_caller]
fn stays_locked(daemon: &Daemon) {
    assert_eq!("by_request", lock_reason(daemon));
    assert_eq!("locked", daemon.resolve("a").code());
}

#[test]
fn a_vault_that_an_owner_locked_stays_locked_after_a_kill() {
    let (home, daemon) = locked();
    daemon.kill();
    let daemon = Daemon::start(&home);
    stays_locked(&daemon);
    daemon.kill();
    stays_locked(&Daemon::start(&home));
}

#[test]
fn a_vault_that_an_owner_locked_stays_locked_after_a_restart_whatever_keys_there_are() {
    let (home, daemon) = locked();
    daemon.stop();
    let mut command = home.command();
    command.env("AGENTICMAIL_VAULT_KEY", &home.key);
    let daemon = Daemon::start_as(&home, command, &home.path("vault.sock"));
    stays_locked(&daemon);
    assert!(home.log().contains("an owner locked the vault"), "{}", home.log());
}

#[test]
fn the_mark_of_a_lock_is_an_empty_private_file_that_an_unlock_takes_away() {
    let (home, daemon) = locked();
    assert_eq!((0o600, 0), (home.mode("locked"), home.read("locked").len()));
    daemon.kill();
    let daemon = Daemon::start(&home);
    let unlocked = daemon.http("POST", "/vault/unlock", json!({ "key": home.key }));
    assert_eq!(200, unlocked.status, "{}", unlocked.text);
    assert!(!home.path("locked").exists());
    daemon.kill();
    assert_eq!("the value", Daemon::start(&home).resolve("a").value());
}

#[test]
fn a_vault_that_locked_itself_or_ended_leaves_no_mark() {
    let home = Home::new();
    home.write("vault.toml", "[kdf]\niterations = 100000\n[auto_lock]\nafter_seconds = 1\n");
    let daemon = Daemon::start(&home);
    wait_for("a lock", || (lock_reason(&daemon) == "idle").then_some(()));
    assert!(!home.path("locked").exists());
    daemon.stop();
    home.write("vault.toml", "[kdf]\niterations = 100000\n");
    let daemon = Daemon::start(&home);
    assert!(lock_reason(&daemon).is_null());
    daemon.stop();
    assert!(!home.path("locked").exists());
}

#[test]
fn a_mark_where_there_is_no_vault_keeps_none_from_being_made() {
    let home = Home::new();
    home.write("locked", "");
    let daemon = Daemon::start(&home);
    assert!(lock_reason(&daemon).is_null());
    assert!(!home.path("locked").exists());
}

#[test]
fn whatever_has_the_name_of_the_mark_keeps_the_vault_locked() {
    let home = Home::new();
    Daemon::start(&home).stop();
    std::os::unix::fs::symlink("/no/such/file", home.path("locked")).unwrap();
    let daemon = Daemon::start(&home);
    assert_eq!("by_request", lock_reason(&daemon));
    assert_eq!(200, daemon.http("POST", "/vault/unlock", json!({ "key": home.key })).status);
    assert!(home.path("locked").symlink_metadata().is_err());
}

#[cfg(target_os = "linux")]
#[test(needs(Root))]
fn a_lock_that_cannot_be_marked_locks_all_the_same_and_says_so() {
    let shared = crate::shared::Shared::new();
    let daemon = &shared.daemon;
    daemon.create("a", "the value");
    shared.home.set_mode("", 0o500);
    let answer = daemon.http("POST", "/vault/lock", NONE);
    assert_eq!((200, json!(true)), (answer.status, answer.body["restartOpens"].clone()), "{}", answer.text);
    stays_locked(daemon);
    assert_eq!(1, daemon.warnings("lock_mark").len());
    assert!(shared.home.log().contains("a restart of vaultd opens it"), "{}", shared.home.log());
    shared.home.set_mode("", 0o700);
}
