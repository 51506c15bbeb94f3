//! How the vault is, locked and unlocked.

use vault_testkit::TestEnvironment;

#[test]
fn a_locked_vault_says_why_and_still_answers() {
    let mut test = TestEnvironment::empty();
    test.start();
    let run = test.ctl(&["status"]).succeeded();
    assert!(run.stdout.starts_with("vault         locked (no_key): "), "{run}");
    assert!(run.stdout.contains("hint: there is no vault yet"), "{run}");
}

#[test]
fn where_no_vault_was_made_every_command_leads_to_init_alone() {
    let mut test = TestEnvironment::empty();
    test.start();
    let hint = "there is no vault yet; stop vaultd and make one with: vaultctl init";
    let doctor = test.ctl(&["doctor"]).ended_with(9);
    assert!(doctor.stdout.contains(hint), "{doctor}");
    for arguments in [&["list"][..], &["set", "a"], &["get", "openai"], &["add", "openai"], &["unlock"]] {
        let run = test.ctl_with(arguments, "the-key-of-a-vault-that-is-not-there").ended_with(4);
        assert!(run.stderr.ends_with(&format!("hint: {hint}\n")), "{run}");
    }
    test.stop();
    test.ctl(&["init"]).succeeded();
    test.start();
    assert!(test.ctl(&["status"]).succeeded().stdout.contains("vault         unlocked"));
}

#[test]
fn a_locked_vault_takes_no_value_and_exits_4() {
    let mut test = TestEnvironment::empty();
    test.start();
    let run = test.ctl_with(&["set", "a"], "sk-1234").ended_with(4);
    assert!(!run.stderr.contains("sk-1234"), "{run}");
    test.ctl(&["get", "a"]).ended_with(4);
}

#[test]
fn a_wrong_key_is_told_from_a_missing_one() {
    let mut test = TestEnvironment::empty();
    test.ctl(&["init"]).succeeded();
    test.write(".env", "AGENTICMAIL_VAULT_KEY=another-key-than-the-one-it-was-made-with\n");
    test.start();
    let error = test.ctl(&["get", "a", "--json"]).ended_with(4);
    let error: serde_json::Value = serde_json::from_str(&error.stderr).unwrap();
    assert_eq!(
        ("locked", "wrong_key"),
        (error["code"].as_str().unwrap(), error["lockReason"].as_str().unwrap())
    );
}

#[test]
fn status_counts_the_secrets_by_category() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "skill:openai:access_token"], "x").succeeded();
    test.ctl_with(&["set", "b", "--category", "deploy"], "x").succeeded();
    let run = test.ctl(&["status"]).succeeded();
    assert!(run.stdout.contains("secrets       2 (deploy 1, skill_credential 1)"), "{run}");
}

#[test]
fn what_protects_the_vault_has_a_line_each() {
    let test = TestEnvironment::served();
    let run = test.ctl(&["status"]).succeeded();
    let line = |label: &str| {
        let found = run.stdout.lines().find_map(|line| line.strip_prefix(label));
        found.unwrap_or_else(|| panic!("no line {label} in {run}")).trim_start().to_owned()
    };
    assert!(line("keys ").contains(" bytes locked, by "), "{run}");
    assert!(line("socket ").starts_with("HOME/vault.sock, mode 0600, of "), "{run}");
    for label in ["swap ", "dumpable ", "core files ", "ptrace scope "] {
        assert!(!line(label).is_empty(), "{run}");
    }
}

#[test]
fn json_has_what_protects_the_vault() {
    let test = TestEnvironment::served();
    let status = test.ctl(&["status", "--json"]).succeeded().json();
    assert_eq!("0600", status["socket"]["mode"]);
    assert!(status.as_object().unwrap().contains_key("ptraceScope"));
    assert!(status["memory"]["bytes"].as_u64().unwrap() > 0);
}
