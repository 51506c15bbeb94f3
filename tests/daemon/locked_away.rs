//! An owner's lock and the key file: the key that was locked away opens nothing by coming back, a key that was not there does.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE, wait_for};

const WRONG: &str = "another key that opens nothing";

fn lock_reason(daemon: &Daemon) -> Value {
    daemon.get("/vault/status")["lockReason"].clone()
}

fn lock(daemon: &Daemon) {
    assert_eq!(200, daemon.http("POST", "/vault/lock", NONE).status);
}

fn line(key: &str) -> String {
    format!("AGENTICMAIL_VAULT_KEY={key}\n")
}

/// A vault that the key of its key file opened, and that its owner has just locked.
fn locked() -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "the value");
    lock(&daemon);
    (home, daemon)
}

/// A daemon with a key of its environment.
fn with_key(home: &Home) -> Daemon {
    let mut command = home.command();
    command.env("AGENTICMAIL_VAULT_KEY", &home.key);
    Daemon::start_as(home, command, &home.path("vault.sock"))
}

/// Changes the key file, waits until the daemon has looked at it, and makes sure that it opened nothing.
#[track_caller]
fn opens_nothing(home: &Home, daemon: &Daemon, change: impl FnOnce(&Home)) {
    let looks = || home.log().matches("the key file was changed; an owner locked the vault").count();
    let before = looks();
    change(home);
    wait_for("a look at the key file", || (looks() > before || lock_reason(daemon).is_null()).then_some(()));
    assert_eq!("by_request", lock_reason(daemon));
    assert_eq!("locked", daemon.resolve("a").code());
    assert!(home.path("locked").exists());
}

/// Waits until the key file has opened the vault and ended the lock.
#[track_caller]
fn opens(home: &Home, daemon: &Daemon) {
    wait_for("the vault to open", || lock_reason(daemon).is_null().then_some(()));
    wait_for("the mark to go", || (!home.path("locked").exists()).then_some(()));
}

#[test]
fn the_key_that_comes_back_after_a_start_without_it_opens_nothing() {
    let (home, daemon) = locked();
    daemon.kill();
    home.remove(".env");
    let daemon = Daemon::start(&home);
    assert_eq!("by_request", lock_reason(&daemon));
    opens_nothing(&home, &daemon, |home| home.set_key(&home.key));
}

#[test]
fn the_key_that_comes_back_after_a_start_with_another_opens_nothing() {
    for stand_in in ["", "OTHER=1\n", &line(WRONG)] {
        let (home, daemon) = locked();
        daemon.kill();
        home.write(".env", stand_in);
        let daemon = Daemon::start(&home);
        assert_eq!("by_request", lock_reason(&daemon));
        opens_nothing(&home, &daemon, |home| home.set_key(&home.key));
    }
}

#[test]
fn a_key_file_that_is_emptied_and_written_again_opens_nothing() {
    let (home, daemon) = locked();
    for stand_in in ["", "OTHER=1\n", &line(WRONG)] {
        opens_nothing(&home, &daemon, |home| home.write(".env", stand_in));
        opens_nothing(&home, &daemon, |home| home.set_key(&home.key));
    }
}

#[test]
fn a_key_file_that_is_gone_for_a_while_opens_nothing() {
    let (home, daemon) = locked();
    let (file, aside) = (home.path(".env"), home.path("aside"));
    opens_nothing(&home, &daemon, |_| std::fs::rename(&file, &aside).unwrap());
    opens_nothing(&home, &daemon, |_| std::fs::rename(&aside, &file).unwrap());
    opens_nothing(&home, &daemon, |home| {
        home.remove(".env");
        home.set_key(&home.key);
    });
}

#[test]
fn the_same_key_written_in_another_way_opens_nothing() {
    let (home, daemon) = locked();
    let key = &home.key;
    for text in [
        format!("# a remark\n{}", line(key)),
        format!("export AGENTICMAIL_VAULT_KEY='{key}'\n"),
        format!("\u{feff}AGENTICMAIL_VAULT_KEY = \"{key}\"\r\n"),
        [line(WRONG), line(key)].concat(),
        [line(key), line(WRONG)].concat(),
    ] {
        opens_nothing(&home, &daemon, |home| home.write(".env", &text));
    }
}

#[test]
fn a_key_file_that_is_replaced_by_rename_or_edited_where_it_lies_opens_nothing() {
    use std::io::Write;
    let (home, daemon) = locked();
    let in_place = |text: &str| {
        let mut file = std::fs::File::options().write(true).truncate(true).open(home.path(".env")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    opens_nothing(&home, &daemon, |_| in_place(&line(WRONG)));
    opens_nothing(&home, &daemon, |home| {
        home.write("new", &line(&home.key));
        std::fs::rename(home.path("new"), home.path(".env")).unwrap();
    });
    opens_nothing(&home, &daemon, |home| {
        in_place("");
        in_place(&line(&home.key));
    });
}

#[test]
fn no_reload_and_no_key_of_the_environment_opens_what_an_owner_locked() {
    let (home, daemon) = locked();
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    wait_for("a reload", || home.log().contains("was read again").then_some(()));
    assert_eq!("by_request", lock_reason(&daemon));
    daemon.stop();
    home.remove(".env");
    let daemon = with_key(&home);
    opens_nothing(&home, &daemon, |home| home.set_key(&home.key));
    assert_eq!(200, daemon.http("POST", "/vault/unlock", json!({ "key": home.key })).status);
    daemon.kill();
    assert_eq!("the value", Daemon::start(&home).resolve("a").value());
}

#[test]
fn a_vault_that_was_unlocked_by_hand_is_locked_with_the_key_of_its_key_file() {
    let home = Home::new();
    Daemon::start(&home).create("a", "the value");
    let daemon = with_key(&home);
    lock(&daemon);
    assert_eq!((0o600, 0), (home.mode("locked"), home.read("locked").len()));
    opens_nothing(&home, &daemon, |home| home.write(".env", ""));
    opens_nothing(&home, &daemon, |home| home.set_key(&home.key));
}

#[test]
fn a_key_that_the_key_file_did_not_have_at_the_lock_opens_the_vault_and_ends_the_lock() {
    for without in ["", "OTHER=1\n", &line(WRONG)] {
        let home = Home::new();
        Daemon::start(&home).create("a", "the value");
        home.write(".env", without);
        let daemon = with_key(&home);
        assert_eq!("the value", daemon.resolve("a").value());
        lock(&daemon);
        home.set_key(&home.key);
        opens(&home, &daemon);
    }
}

#[test]
fn a_key_that_the_key_file_did_not_have_at_the_lock_opens_the_vault_after_restarts_too() {
    let home = Home::new();
    Daemon::start(&home).stop();
    home.set_key(WRONG);
    let daemon = Daemon::start(&home);
    assert_eq!("wrong_key", lock_reason(&daemon));
    lock(&daemon);
    daemon.kill();
    let daemon = Daemon::start(&home);
    assert_eq!("by_request", lock_reason(&daemon));
    daemon.kill();
    let daemon = Daemon::start(&home);
    home.set_key(&home.key);
    opens(&home, &daemon);
}

#[test]
fn a_key_that_came_while_no_daemon_ran_opens_nothing_by_coming_back() {
    let home = Home::new();
    Daemon::start(&home).create("a", "the value");
    home.remove(".env");
    let daemon = Daemon::start(&home);
    lock(&daemon);
    daemon.kill();
    home.set_key(&home.key);
    Daemon::start(&home).kill();
    home.remove(".env");
    let daemon = Daemon::start(&home);
    opens_nothing(&home, &daemon, |home| home.set_key(&home.key));
}

#[test]
fn a_wrong_key_leaves_an_owners_lock_as_the_reason() {
    let home = Home::new();
    Daemon::start(&home).stop();
    home.remove(".env");
    let daemon = Daemon::start(&home);
    lock(&daemon);
    home.set_key(WRONG);
    wait_for("a look at the key file", || home.log().contains("wrong_key").then_some(()));
    assert_eq!("by_request", lock_reason(&daemon));
}

#[test]
fn a_key_file_that_could_not_be_read_at_the_lock_opens_nothing_later() {
    let home = Home::new();
    Daemon::start(&home).create("a", "the value");
    home.set_mode(".env", 0o644);
    let daemon = Daemon::start(&home);
    assert_eq!("key_file_unsafe", lock_reason(&daemon));
    lock(&daemon);
    opens_nothing(&home, &daemon, |home| home.set_mode(".env", 0o600));
}
