//! The key's life: lock, unlock, rekey, recovery.

use vault_testkit::TestEnvironment;

fn recovery_key(text: &str) -> String {
    text.lines().map(str::trim).find(|line| line.starts_with("AMVR1-")).unwrap().to_owned()
}

fn served_with_recovery_key() -> (TestEnvironment, String) {
    let mut test = TestEnvironment::empty();
    let key = recovery_key(&test.ctl(&["init"]).succeeded().stdout);
    test.start();
    (test, key)
}

fn key_in_file(test: &TestEnvironment) -> String {
    let lines = std::fs::read_to_string(test.path(".env")).unwrap();
    lines.trim().strip_prefix("AGENTICMAIL_VAULT_KEY=").unwrap().to_owned()
}

#[test]
fn a_locked_vault_opens_with_its_key() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "x").succeeded();
    test.ctl(&["lock"]).succeeded();
    test.ctl(&["get", "a"]).ended_with(4);
    test.ctl_with(&["unlock"], key_in_file(&test) + "\n").succeeded();
    test.ctl(&["get", "a"]).succeeded();
}

#[test]
fn a_locked_vault_opens_with_the_key_of_the_key_file() {
    let test = TestEnvironment::served();
    test.ctl(&["lock"]).succeeded();
    test.ctl(&["unlock", "--key-file"]).succeeded();
    test.ctl(&["lock"]).succeeded();
    let copy = test.write("copy.env", &format!("export AGENTICMAIL_VAULT_KEY='{}'\n", key_in_file(&test)));
    test.ctl(&["unlock", "--key-file", copy.to_str().unwrap()]).succeeded();
    test.ctl(&["list"]).succeeded();
}

#[test]
fn the_lines_of_a_key_file_that_are_piped_are_understood() {
    let test = TestEnvironment::served();
    test.ctl(&["lock"]).succeeded();
    let lines = format!("OTHER=1\nAGENTICMAIL_VAULT_KEY={}\n", key_in_file(&test));
    test.ctl_with(&["unlock"], lines).succeeded();
}

#[test]
fn a_key_file_without_a_key_or_for_others_to_read_unlocks_nothing() {
    let test = TestEnvironment::served();
    test.ctl(&["lock"]).succeeded();
    let none = test.write("none.env", "OTHER=1\n");
    test.ctl(&["unlock", "--key-file", none.to_str().unwrap()]).ended_with(2);
    test.ctl(&["unlock", "--key-file", "/no/such/file"]).ended_with(2);
    std::fs::set_permissions(test.path(".env"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let run = test.ctl(&["unlock", "--key-file"]).ended_with(2);
    assert!(run.stderr.contains("chmod 600"), "{run}");
}

#[test]
fn the_recovery_key_opens_it_too() {
    let (test, key) = served_with_recovery_key();
    test.ctl(&["lock"]).succeeded();
    test.ctl_with(&["unlock"], key).succeeded();
}

#[test]
fn a_wrong_key_exits_5_and_is_not_repeated() {
    let test = TestEnvironment::served();
    test.ctl(&["lock"]).succeeded();
    let run = test.ctl_with(&["unlock"], "a-wrong-key-1234").ended_with(5);
    assert!(!run.stderr.contains("1234"), "{run}");
}

#[test]
fn while_locked_everything_but_lock_and_unlock_exits_4() {
    let test = TestEnvironment::served();
    test.ctl(&["lock"]).succeeded();
    for arguments in [&["recovery"][..], &["rekey", "--generate"], &["rotate", "--all"], &["discover"]] {
        test.ctl(arguments).ended_with(4);
    }
}

#[test]
fn a_lock_says_until_when_it_holds_also_of_a_vault_that_is_locked() {
    let test = TestEnvironment::served();
    for _ in 0..2 {
        let run = test.ctl(&["lock"]).succeeded();
        assert_eq!("the vault is locked, and stays locked until: vaultctl unlock\n", run.stdout);
    }
}

#[test]
fn an_unlocked_vault_needs_no_key() {
    let run = TestEnvironment::served().ctl(&["unlock"]).succeeded();
    assert_eq!("the vault is unlocked already\n", run.stdout);
}

#[test]
fn a_new_recovery_key_ends_the_one_before() {
    let (test, old) = served_with_recovery_key();
    let new = recovery_key(&test.ctl(&["recovery"]).succeeded().stdout);
    test.ctl(&["lock"]).succeeded();
    test.ctl_with(&["unlock"], old).ended_with(5);
    test.ctl_with(&["unlock"], new).succeeded();
}

#[test]
fn a_generated_key_goes_into_the_key_file_and_nowhere_else() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "x").succeeded();
    let before = key_in_file(&test);
    let run = test.ctl(&["rekey", "--generate"]).succeeded();
    let after = key_in_file(&test);
    assert_ne!(before, after);
    assert!(!run.stdout.contains(&after), "{run}");
    assert_eq!("x", test.ctl(&["get", "a"]).succeeded().stdout);
}

#[test]
fn a_rekeyed_vault_opens_with_the_new_key_after_a_restart() {
    let mut test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "x").succeeded();
    test.ctl_with(&["rekey"], "a new key that somebody thought of").succeeded();
    test.stop();
    test.start();
    assert_eq!("x", test.ctl(&["get", "a"]).succeeded().stdout);
    assert_eq!("a new key that somebody thought of", key_in_file(&test));
}

#[test]
fn a_rekey_prints_a_new_recovery_key() {
    let (test, old) = served_with_recovery_key();
    let answer = test.ctl(&["rekey", "--generate", "--json"]).succeeded().json();
    let new = answer["recoveryKey"].as_str().unwrap();
    assert_ne!(old, new);
    test.ctl(&["lock"]).succeeded();
    test.ctl_with(&["unlock"], old).ended_with(5);
    test.ctl_with(&["unlock"], new).succeeded();
}

#[test]
fn a_weak_new_key_is_warned_of() {
    let run = TestEnvironment::served().ctl_with(&["rekey"], "short").succeeded();
    assert!(run.stderr.contains("warning: the new key is short"), "{run}");
}

#[test]
fn a_generated_key_is_printed_where_the_daemon_cannot_store_it() {
    let mut test = TestEnvironment::empty();
    test.start_with_key("the key comes from the environment");
    let answer = test.ctl(&["rekey", "--generate", "--json"]).succeeded().json();
    assert!(answer["pending"].as_str().unwrap().contains("environment"), "{answer}");
    assert_eq!(43, answer["newKey"].as_str().unwrap().len());
}
