//! A key file that names the key several times: the last counts, an earlier one helps out, and a rekey leaves one.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE, wait_for};

const WRONG: &str = "a key that opens nothing at all";
const NEW_KEY: &str = "a new key of more than sixteen bytes";

fn lock_reason(daemon: &Daemon) -> Value {
    daemon.get("/vault/status")["lockReason"].clone()
}

fn line(key: &str) -> String {
    format!("AGENTICMAIL_VAULT_KEY={key}\n")
}

/// A home with a vault and a secret, whose key file then has these keys.
fn home_with(keys: impl FnOnce(&str) -> Vec<String>) -> Home {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "the value");
    daemon.stop();
    let lines: String = keys(&home.key).iter().map(|key| line(key)).collect();
    home.write(".env", &lines);
    home
}

/// Asserts that the key file's last key is not the one that opened, which the status says.
#[track_caller]
fn warns_of_an_earlier_line(daemon: &Daemon) {
    let warnings = daemon.warnings("key_file");
    assert!(warnings.len() == 1 && warnings[0].contains("an earlier line does"), "{warnings:?}");
}

#[test]
fn the_last_key_of_the_key_file_counts() {
    let home = home_with(|key| vec![WRONG.into(), key.into()]);
    let daemon = Daemon::start(&home);
    assert_eq!("the value", daemon.resolve("a").value());
    assert_eq!(Vec::<String>::new(), daemon.warnings("key_file"));
}

#[test]
fn a_new_vault_is_made_under_the_last_key() {
    let home = Home::new();
    home.write(".env", &[line(NEW_KEY), line(&home.key)].concat());
    Daemon::start(&home).create("a", "the value");
    home.set_key(&home.key);
    assert_eq!("the value", Daemon::start(&home).resolve("a").value());
}

#[test]
fn an_earlier_key_that_opens_the_vault_is_used_with_a_warning_until_the_file_is_mended() {
    let home = home_with(|key| vec![key.into(), WRONG.into(), String::new()]);
    let daemon = Daemon::start(&home);
    assert_eq!("the value", daemon.resolve("a").value());
    warns_of_an_earlier_line(&daemon);
    assert!(!home.log().contains(WRONG) && !home.log().contains(&home.key));
    home.set_key(&home.key);
    wait_for("the warning to go", || daemon.warnings("key_file").is_empty().then_some(()));
}

#[test]
fn at_most_four_different_keys_are_tried() {
    let wrong = |number: usize| format!("{WRONG}, number {number}");
    let home = home_with(|key| [vec![key.into()], (0..4).map(wrong).collect()].concat());
    let daemon = Daemon::start(&home);
    assert_eq!("wrong_key", lock_reason(&daemon));
    let twice = (0..3).chain(0..3).map(|number| line(&wrong(number)));
    home.write(".env", &[line(&home.key), twice.collect()].concat());
    wait_for("a warning", || (!daemon.warnings("key_file").is_empty()).then_some(()));
    assert!(lock_reason(&daemon).is_null());
    warns_of_an_earlier_line(&daemon);
}

#[test]
fn a_line_that_joins_the_key_file_of_an_open_vault_is_looked_at() {
    let home = home_with(|key| vec![key.into()]);
    let daemon = Daemon::start(&home);
    home.write(".env", &[line(&home.key), line(WRONG)].concat());
    wait_for("a warning", || (!daemon.warnings("key_file").is_empty()).then_some(()));
    warns_of_an_earlier_line(&daemon);
    home.write(".env", &[line(WRONG), line(&home.key)].concat());
    wait_for("the warning to go", || daemon.warnings("key_file").is_empty().then_some(()));
    home.write(".env", &[line(WRONG), line("another")].concat());
    wait_for("a warning", || (!daemon.warnings("key_file").is_empty()).then_some(()));
    assert!(daemon.warnings("key_file")[0].contains("lock you out"));
}

#[test]
fn a_rekey_replaces_the_last_line_and_removes_the_others() {
    let home = home_with(|key| vec![WRONG.into(), key.into()]);
    let lines = String::from_utf8(home.read(".env")).unwrap();
    home.write(".env", &format!("\u{feff}{lines}# a remark\nOTHER=1\n"));
    let daemon = Daemon::start(&home);
    let answer = daemon.http("POST", "/vault/rekey", json!({ "newKey": NEW_KEY }));
    assert_eq!((200, json!(null)), (answer.status, answer.body["pending"].clone()), "{answer:?}");
    let left = String::from_utf8(home.read(".env")).unwrap();
    assert_eq!(format!("\u{feff}{}# a remark\nOTHER=1\n", line(NEW_KEY)), left);
    daemon.stop();
    assert_eq!("the value", Daemon::start(&home).resolve("a").value());
}

#[test]
fn a_rekey_of_a_vault_that_an_earlier_line_opened_leaves_no_other_line() {
    let home = home_with(|key| vec![key.into(), WRONG.into()]);
    let daemon = Daemon::start(&home);
    assert_eq!(200, daemon.http("POST", "/vault/rekey", json!({ "newKey": NEW_KEY })).status);
    assert_eq!(line(NEW_KEY).into_bytes(), home.read(".env"));
    wait_for("the warning to go", || daemon.warnings("key_file").is_empty().then_some(()));
    daemon.kill();
    assert_eq!("the value", Daemon::start(&home).resolve("a").value());
}

#[test]
fn lines_that_are_written_again_open_nothing_that_an_owner_locked() {
    let home = home_with(|key| vec![key.into(), WRONG.into()]);
    let daemon = Daemon::start(&home);
    assert_eq!(200, daemon.http("POST", "/vault/lock", NONE).status);
    home.write(".env", &[line(&home.key), line(WRONG), "OTHER=1\n".into()].concat());
    wait_for("a look at the key file", || {
        home.log().contains("the key file was changed; an owner locked").then_some(())
    });
    assert_eq!("by_request", lock_reason(&daemon));
}

#[test]
fn vaultctl_unlocks_with_an_earlier_line_and_doctor_names_it() {
    let home = home_with(|key| vec![key.into(), WRONG.into()]);
    let found = home.ctl(&["doctor"], "");
    assert!(found.stdout.contains("an earlier line does"), "{found}");
    let daemon = Daemon::start(&home);
    assert_eq!(200, daemon.http("POST", "/vault/lock", NONE).status);
    let unlocked = home.ctl(&["unlock", "--key-file"], "").succeeded();
    assert!(unlocked.stderr.contains("an earlier line does"), "{unlocked}");
    assert_eq!("the value", daemon.resolve("a").value());
    let found = home.ctl(&["doctor"], "");
    assert!(found.stdout.contains("an earlier line does"), "{found}");
}

#[test]
fn a_backup_is_opened_by_an_earlier_line_too() {
    let home = home_with(|key| vec![key.into(), WRONG.into()]);
    let daemon = Daemon::start(&home);
    let backup = home.path("backup.vault");
    home.ctl(&["backup", backup.to_str().unwrap()], "").succeeded();
    home.ctl(&["backup", "--verify", backup.to_str().unwrap()], "").succeeded();
    drop(daemon);
}
