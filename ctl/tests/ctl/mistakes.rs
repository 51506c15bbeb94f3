//! Mistyped things: each is named, with a way on, and never repeated.

use std::os::unix::fs::PermissionsExt;

use vault_testkit::TestEnvironment;

#[test]
fn an_unknown_command_gets_the_one_that_was_meant() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl(&["staus"]), @"
    vaultctl: there is no such command
      hint: did you mean status?
    [exit 2]
    ");
}

#[test]
fn a_command_for_packagers_is_not_suggested() {
    let test = TestEnvironment::empty();
    for typed in ["mann", "schem", "shema"] {
        let run = test.ctl(&[typed]).ended_with(2);
        assert!(!run.stderr.contains("did you mean"), "{run}");
        assert!(run.stderr.contains("hint: "), "{run}");
    }
}

#[test]
fn a_missing_name_is_named() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl(&["set"]), @"
    vaultctl: missing: <NAME>
      hint: see: vaultctl set --help
    [exit 2]
    ");
}

#[test]
fn a_value_in_the_arguments_is_refused_and_not_repeated() {
    let test = TestEnvironment::empty();
    for arguments in
        [&["set", "a", "sk-1234"][..], &["set", "a", "--value", "sk-1234"], &["set", "a", "--value=sk-1234"]]
    {
        let run = test.ctl(arguments).ended_with(2);
        assert!(run.stderr.contains("a value is never an argument"), "{run}");
        assert!(!run.stderr.contains("sk-1234"), "{run}");
    }
}

#[test]
fn no_wrong_argument_is_repeated() {
    let test = TestEnvironment::empty();
    let wrong: [&[&str]; 8] = [
        &["sk-1234"],
        &["set", "\u{1}sk-1234"],
        &["set", "a", "--category", "sk-1234"],
        &["set", "a", "--expires", "sk-1234"],
        &["set", "a", "--metadata", "sk-1234"],
        &["set", "a", "--generate", "sk-1234"],
        &["list", "--limit", "sk-1234"],
        &["audit", "--action", "sk-1234"],
    ];
    for arguments in wrong {
        let run = test.ctl(arguments).ended_with(2);
        assert!(!run.stderr.contains("sk-1234"), "{run}");
    }
}

#[test]
fn a_mistyped_option_gets_the_one_that_was_meant() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl(&["list", "--catgory", "x"]), @"
    vaultctl: there is no option --catgory
      hint: did you mean --category?
    [exit 2]
    ");
}

#[test]
fn a_word_that_is_none_of_several_is_answered_with_them() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl(&["list", "--category", "x"]), @"
    vaultctl: --category <CATEGORY> takes one of: deploy, skill_credential, cloud_storage, api_key, custom, oauth_app, org_integration, database_credential
      hint: see: vaultctl list --help
    [exit 2]
    ");
}

#[test]
fn a_time_that_is_none_is_answered_with_the_forms() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl(&["audit", "--since", "soon"]), @"
    vaultctl: --since <WHEN>: a time is like 30m, 2h, 3d or 1w, a date like 2026-01-31, or RFC 3339 like 2026-01-31T09:00:00Z
      hint: see: vaultctl audit --help
    [exit 2]
    ");
}

#[test]
fn without_a_vault_the_hint_is_to_make_one() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl(&["status"]), @"
    vaultctl: no daemon answers at HOME/vault.sock
      hint: make a vault with: vaultctl init; then start the daemon with: vaultd
    [exit 69]
    ");
}

#[test]
fn without_a_daemon_the_hint_is_to_start_it() {
    let test = TestEnvironment::empty();
    test.ctl(&["init"]).succeeded();
    insta::assert_snapshot!(test.ctl(&["get", "a"]), @"
    vaultctl: no daemon answers at HOME/vault.sock
      hint: start the daemon with: vaultd
    [exit 69]
    ");
}

#[test]
fn a_socket_that_a_daemon_left_behind_is_told_apart() {
    let mut test = TestEnvironment::served();
    test.stop();
    insta::assert_snapshot!(test.ctl(&["list"]), @"
    vaultctl: no daemon answers at HOME/vault.sock
      hint: the daemon has ended; start it again with: vaultd
    [exit 69]
    ");
}

#[test]
fn a_socket_path_that_is_too_long_is_said_to_be() {
    let long = format!("/tmp/{}", "x".repeat(120));
    let run = TestEnvironment::empty().ctl(&["status", "--socket", &long]).ended_with(69);
    assert!(run.stderr.contains("at most 107 bytes"), "{run}");
}

#[test]
fn no_value_at_all_is_refused() {
    let test = TestEnvironment::served();
    for input in ["", "\n"] {
        let run = test.ctl_with(&["set", "a"], input).ended_with(2);
        assert!(run.stderr.contains("no value was given"), "{run}");
    }
}

#[test]
fn a_value_that_is_not_utf_8_or_too_long_is_refused() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], [0xff, 0xfe]).ended_with(2);
    test.ctl_with(&["set", "a"], vec![b'x'; 1024 * 1024 + 1]).ended_with(2);
    test.ctl_with(&["set", "a"], vec![b'x'; 1024 * 1024]).succeeded();
}

#[test]
fn an_unknown_platform_gets_the_nearest() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl(&["presets", "opnai"]), @"
    vaultctl: there is no such platform
      hint: did you mean openai?
    [exit 3]
    ");
}

#[test]
fn errors_are_json_where_json_is_asked_for() {
    let test = TestEnvironment::empty();
    for (arguments, code) in
        [(&["--json", "lst"][..], "invalid_request"), (&["status", "--json"], "unavailable")]
    {
        let run = test.ctl(arguments);
        let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
        assert_eq!(code, error["code"], "{run}");
        assert!(error["error"].is_string() && error["hint"].is_string(), "{run}");
    }
}

#[test]
fn what_takes_no_value_does_not_speak_of_one() {
    let test = TestEnvironment::empty();
    for arguments in
        [&["status", "extra"][..], &["backup", "a", "b"], &["agent", "add", "a", "b", "--grant", "x:y"]]
    {
        let run = test.ctl(arguments).ended_with(2);
        assert!(run.stderr.contains("there is an argument too many\n  hint: see: vaultctl "), "{run}");
    }
    let run = test.ctl(&["unlock", "sk-1234"]).ended_with(2);
    assert!(run.stderr.contains("a value is never an argument"), "{run}");
}

#[test]
fn a_hash_that_is_none_is_told_what_one_is() {
    let test = TestEnvironment::empty();
    for wrong in ["abcd", &"g".repeat(64)] {
        let run = test.ctl(&["agent", "add", "a", "--grant", "read:*", "--sha256", wrong]).ended_with(2);
        assert!(run.stderr.contains("64 hexadecimal digits"), "{run}");
    }
}

#[test]
fn a_path_that_is_not_there_is_a_mistake_and_no_failure_of_the_disk() {
    let test = TestEnvironment::served();
    for arguments in [
        &["backup", "--verify", "/nowhere/file"][..],
        &["restore", "/nowhere/file"],
        &["backup", "/nowhere/file"],
        &["export", "--reveal", "--output", "/nowhere/file"],
    ] {
        let run = test.ctl(arguments).ended_with(2);
        assert!(run.stderr.contains("/nowhere") && run.stderr.contains("hint: "), "{run}");
    }
}

#[test]
fn a_socket_that_is_none_is_told_apart_from_one_that_was_left_behind() {
    let test = TestEnvironment::served();
    let run = test.ctl(&["--socket", test.home().to_str().unwrap(), "status"]).ended_with(69);
    assert!(run.stderr.contains("what is there is no socket"), "{run}");
}

#[test]
fn a_command_that_a_hint_names_can_be_pasted() {
    let test = TestEnvironment::empty();
    for (home, word) in [("x y", "'"), ("a$z", "'"), ("it's", "'"), ("plain", "/plain")] {
        let home = test.path(home);
        let run = test.ctl(&["--home", home.to_str().unwrap(), "status"]).ended_with(69);
        assert!(run.stderr.contains("vaultd --home "), "{run}");
        let command = run.stderr.split("vaultd --home ").nth(1).unwrap();
        assert!(command.starts_with('\'') == (word == "'"), "{run}");
    }
}

#[test]
fn a_key_file_that_cannot_be_used_is_a_mistake_and_no_conflict() {
    let test = TestEnvironment::served();
    let file = test.write("rows.json", "[]");
    for (name, text, mode) in
        [("open.env", "AGENTICMAIL_VAULT_KEY=k\n", 0o644), ("group.env", "AGENTICMAIL_VAULT_KEY=k\n", 0o660)]
    {
        let keys = test.write(name, text);
        std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(mode)).unwrap();
        let arguments =
            ["import", "agenticmail", file.to_str().unwrap(), "--env-file", keys.to_str().unwrap()];
        test.ctl(&arguments).ended_with(2);
    }
}
