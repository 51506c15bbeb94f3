//! What is wrong, and how to mend it.

use std::os::unix::fs::PermissionsExt;

use crate::environment::TestEnvironment;

/// Lists the codes that the doctor finds, but for what this machine itself lacks.
fn codes(test: &TestEnvironment) -> Vec<String> {
    let report = test.ctl(&["doctor", "--json"]).json();
    let all = report["findings"].as_array().unwrap().iter();
    let codes = all.map(|finding| finding["code"].as_str().unwrap().to_owned());
    codes.filter(|code| code != "swap" && code != "low_memlock").collect()
}

fn allow(test: &TestEnvironment, name: &str, mode: u32) {
    std::fs::set_permissions(test.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_healthy_vault_has_no_findings() {
    assert!(codes(&TestEnvironment::served()).is_empty());
}

#[test]
fn without_a_vault_that_is_all_there_is_to_say() {
    let test = TestEnvironment::empty();
    assert_eq!(["no_vault"], codes(&test)[..]);
    test.ctl(&["doctor"]).ended_with(9);
}

#[test]
fn a_daemon_that_does_not_run_is_missed() {
    let test = TestEnvironment::empty();
    test.ctl(&["init"]).succeeded();
    assert_eq!(["no_daemon"], codes(&test)[..]);
}

#[test]
fn a_socket_that_was_left_behind_is_found() {
    let mut test = TestEnvironment::served();
    test.stop();
    assert_eq!(["stale_socket"], codes(&test)[..]);
}

#[test]
fn files_that_others_can_read_are_found_with_their_mend() {
    let test = TestEnvironment::served();
    allow(&test, ".env", 0o644);
    allow(&test, "vault.db", 0o640);
    allow(&test, "", 0o755);
    allow(&test, "vault.sock", 0o666);
    let found = codes(&test);
    for code in ["home_unsafe", "key_file_unsafe", "database_unsafe", "socket_unsafe"] {
        assert!(found.iter().any(|one| one == code), "{code}: {found:?}");
    }
    let run = test.ctl(&["doctor"]).ended_with(9);
    assert!(run.stdout.contains("chmod 600 HOME/.env"), "{run}");
}

#[test]
fn a_missing_key_and_a_wrong_one_are_told_apart_without_a_daemon() {
    let test = TestEnvironment::empty();
    test.ctl(&["init"]).succeeded();
    test.write(".env", "OTHER=1\n");
    assert_eq!(["no_key", "no_daemon"], codes(&test)[..]);
    test.write(".env", "AGENTICMAIL_VAULT_KEY=another-key-than-that-of-the-vault\n");
    assert_eq!(["wrong_key", "no_daemon"], codes(&test)[..]);
}

#[test]
fn a_locked_daemon_is_found_with_its_reason() {
    let test = TestEnvironment::served();
    test.ctl(&["lock"]).succeeded();
    assert_eq!(["by_request"], codes(&test)[..]);
}

#[test]
fn a_socket_path_that_is_too_long_is_found() {
    let test = TestEnvironment::empty();
    test.ctl(&["init"]).succeeded();
    let long = format!("/tmp/{}", "x".repeat(120));
    let report = test.ctl(&["doctor", "--json", "--socket", &long]).ended_with(9).json();
    assert_eq!("socket_path_too_long", report["findings"][0]["code"]);
}

#[test]
fn a_daemon_at_another_socket_is_found() {
    let test = TestEnvironment::served();
    let report = test.ctl(&["doctor", "--json", "--socket", "/nowhere"]).ended_with(9).json();
    assert_eq!("other_socket", report["findings"][0]["code"]);
}

#[test]
fn a_configuration_that_cannot_be_read_is_found_by_its_line() {
    let test = TestEnvironment::served();
    test.write("vault.toml", "[kdf]\nrounds = 1\n");
    let run = test.ctl(&["doctor"]).ended_with(9);
    assert!(run.stdout.contains("HOME/vault.toml: line 2"), "{run}");
}
