//! A backup, its check, and its way back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use vault_testkit::TestEnvironment;

/// A served vault with two secrets and a backup of it, whose path is given.
fn backed_up() -> (TestEnvironment, String) {
    let test = TestEnvironment::served();
    for name in ["a", "skill:openai:access_token"] {
        test.ctl_with(&["set", name], format!("value of {name}")).succeeded();
    }
    let path = test.home().with_file_name("copy.backup").display().to_string();
    test.ctl(&["backup", &path]).succeeded();
    (test, path)
}

/// Ends the daemon and moves the vault's files away, but for the key.
fn lose(test: &mut TestEnvironment) {
    test.stop();
    for name in ["vault.db", "head"] {
        let _ = std::fs::remove_file(test.path(name));
    }
}

fn put(path: &str, bytes: &[u8]) {
    vault::files::replace_private(Path::new(path), bytes).unwrap();
}

#[test]
fn a_backup_is_private_and_holds_no_value() {
    let (_test, path) = backed_up();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(0o600, std::fs::metadata(&path).unwrap().permissions().mode() & 0o777);
    assert!(bytes.starts_with(b"AMVBACK1"));
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("skill:openai:access_token") && !holds("value of a"));
}

#[test]
fn what_was_backed_up_comes_back() {
    let (mut test, path) = backed_up();
    test.ctl_with(&["set", "later"], "after the backup").succeeded();
    lose(&mut test);
    let run = test.ctl(&["restore", &path]).succeeded();
    assert!(run.stdout.starts_with("restored 2 secrets of "), "{run}");
    test.start();
    assert_eq!("value of a", test.ctl(&["get", "a"]).succeeded().stdout);
    test.ctl(&["get", "later"]).ended_with(3);
    test.ctl(&["audit", "verify"]).succeeded();
    let log = test.ctl(&["audit", "--action", "backup", "--json"]).succeeded().json();
    assert_eq!(true, log["entries"][0]["metadata"]["restored"]);
}

#[test]
fn a_backup_comes_back_on_another_machine_with_the_key() {
    let (test, path) = backed_up();
    let key = std::fs::read_to_string(test.path(".env")).unwrap();
    let key = key.trim().strip_prefix("AGENTICMAIL_VAULT_KEY=").unwrap();
    let mut other = TestEnvironment::empty();
    other.ctl_with(&["restore", &path], key).succeeded();
    other.start_with_key(key);
    assert_eq!("value of a", other.ctl(&["get", "a"]).succeeded().stdout);
}

#[test]
fn a_backup_comes_back_with_the_recovery_key() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    let recovery = test.ctl(&["recovery", "--quiet"]).succeeded().stdout;
    let path = test.home().with_file_name("copy.backup").display().to_string();
    test.ctl(&["backup", &path]).succeeded();
    let other = TestEnvironment::empty();
    let run = other.ctl_with(&["restore", &path], &recovery).succeeded();
    assert!(run.stderr.contains("unlock with the recovery key"), "{run}");
    assert!(!other.path(".env").exists());
}

#[test]
fn another_key_restores_nothing() {
    let (_test, path) = backed_up();
    let other = TestEnvironment::empty();
    other.ctl_with(&["restore", &path], "another key of some length").ended_with(5);
    assert!(!other.path("vault.db").exists() && !other.path("vault.db.restored").exists());
}

#[test]
fn a_damaged_backup_is_refused_whole() {
    let (mut test, path) = backed_up();
    lose(&mut test);
    let sound = std::fs::read(&path).unwrap();
    // The vault's id, the moment, the length, two places of the database, the MAC.
    for at in [10, 30, 39, 5_000, sound.len() / 2, sound.len() - 1] {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        put(&path, &bytes);
        test.ctl(&["restore", &path]).ended_with(8);
    }
    test.ctl(&["backup", "--verify", &path]).ended_with(9);
    for length in [0, 20, sound.len() / 2, sound.len() - 1] {
        put(&path, &sound[..length]);
        test.ctl(&["restore", &path]).ended_with(8);
    }
    assert!(!test.path("vault.db").exists() && !test.path("vault.db.restored").exists());
}

#[test]
fn a_sound_backup_verifies_and_leaves_nothing_behind() {
    let (test, path) = backed_up();
    let run = test.ctl(&["backup", "--verify", &path]).succeeded();
    assert!(run.stdout.contains("is whole: 2 secrets"), "{run}");
    let files = std::fs::read_dir(test.home().parent().unwrap()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(["copy.backup"], names.filter(|name| name.starts_with("copy")).collect::<Vec<_>>()[..]);
}

#[test]
fn neither_a_file_nor_a_vault_is_replaced_unasked() {
    let (mut test, path) = backed_up();
    test.ctl(&["backup", &path]).ended_with(7);
    test.ctl(&["backup", "--force", &path]).succeeded();
    test.ctl(&["restore", &path]).ended_with(7);
    test.stop();
    let run = test.ctl(&["restore", &path]).ended_with(7);
    assert!(run.stderr.contains("there is a vault already"), "{run}");
}

#[test]
fn what_is_moved_away_before_a_restore_keeps_its_last_commits() {
    let (mut test, path) = backed_up();
    test.ctl_with(&["set", "later"], "after the backup").succeeded();
    test.stop();
    let said = test.ctl(&["restore", &path]).ended_with(7).stderr;
    let (_, moves) = said.trim_end().split_once("move it away with: ").unwrap();
    let moves = moves.replace("HOME", test.home().to_str().unwrap());
    assert!(std::process::Command::new("sh").args(["-ec", &moves]).status().unwrap().success(), "{moves}");
    test.ctl(&["restore", &path]).succeeded();
    test.start();
    test.ctl(&["get", "later"]).ended_with(3);
    test.stop();
    for end in ["", "-wal"] {
        std::fs::rename(test.path(&format!("vault.db.old{end}")), test.path(&format!("vault.db{end}")))
            .unwrap();
    }
    test.start();
    assert_eq!("after the backup", test.ctl(&["get", "later"]).succeeded().stdout);
}
