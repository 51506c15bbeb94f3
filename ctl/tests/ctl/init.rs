//! Making a vault.

use std::os::unix::fs::PermissionsExt;

use vault_testkit::TestEnvironment;

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn key_line(test: &TestEnvironment) -> String {
    let lines = std::fs::read_to_string(test.path(".env")).unwrap();
    lines.lines().find(|line| line.starts_with("AGENTICMAIL_VAULT_KEY=")).unwrap().to_owned()
}

#[test]
fn everything_that_init_makes_is_its_users_alone() {
    let test = TestEnvironment::empty();
    std::fs::remove_file(test.path("vault.toml")).unwrap();
    std::fs::remove_dir(test.home()).unwrap();
    test.ctl(&["init"]).succeeded();
    assert_eq!(0o700, mode(&test.home()));
    for name in [".env", "vault.db", "vault.toml", "vault.lock"] {
        assert_eq!(0o600, mode(&test.path(name)), "{name}");
    }
}

#[test]
fn the_key_is_thirty_two_random_bytes_in_base64url() {
    let test = TestEnvironment::empty();
    test.ctl(&["init"]).succeeded();
    let line = key_line(&test);
    let key = line.strip_prefix("AGENTICMAIL_VAULT_KEY=").unwrap();
    assert_eq!(43, key.len());
    assert!(key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
}

#[test]
fn the_recovery_key_is_printed_once_on_stdout() {
    let test = TestEnvironment::empty();
    let run = test.ctl(&["init"]).succeeded();
    assert_eq!(1, run.stdout.matches("AMVR1-").count(), "{run}");
    assert_eq!("", run.stderr);
}

#[test]
fn quiet_init_prints_the_recovery_key_alone() {
    let run = TestEnvironment::empty().ctl(&["init", "--quiet"]).succeeded();
    assert!(run.stdout.starts_with("AMVR1-") && run.stdout.lines().count() == 1, "{run}");
}

#[test]
fn json_names_what_was_made() {
    let test = TestEnvironment::empty();
    let made = test.ctl(&["init", "--json"]).succeeded().json();
    assert_eq!("HOME", made["home"]);
    assert_eq!("HOME/.env", made["keyFile"]);
    assert_eq!("HOME/vault.db", made["database"]);
    assert!(made["recoveryKey"].as_str().unwrap().starts_with("AMVR1-"));
}

#[test]
fn other_lines_of_the_key_file_stay() {
    let test = TestEnvironment::empty();
    test.write(".env", "PORT=3000\n# mail\nMAIL=x");
    test.ctl(&["init"]).succeeded();
    let lines = std::fs::read_to_string(test.path(".env")).unwrap();
    assert!(lines.starts_with("PORT=3000\n# mail\nMAIL=x\nAGENTICMAIL_VAULT_KEY="), "{lines}");
}

#[test]
fn a_key_that_is_there_is_used_and_said_so() {
    let test = TestEnvironment::empty();
    test.write(".env", "AGENTICMAIL_VAULT_KEY=a-key-that-somebody-made-before\n");
    let run = test.ctl(&["init"]).succeeded();
    assert_eq!("AGENTICMAIL_VAULT_KEY=a-key-that-somebody-made-before", key_line(&test));
    assert!(run.stdout.contains("the key that was there is used"), "{run}");
}

/// Makes a vault where `AGENTICMAIL_VAULT_KEY` is set.
fn init_with(test: &TestEnvironment, key: &str) -> vault_testkit::Run {
    let mut command = test.command(&["init"]);
    command.env("AGENTICMAIL_VAULT_KEY", key);
    test.run(command, "").succeeded()
}

/// Returns the line of a status that says whether the vault is open, of a daemon that is started with a variable or without.
fn opened_with(test: &mut TestEnvironment, key: Option<&str>) -> String {
    match key {
        Some(key) => test.start_with_key(key),
        None => test.start(),
    }
    let status = test.ctl(&["status"]).succeeded().stdout;
    test.stop();
    status.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_key_of_the_environment_makes_the_vault_and_is_written_nowhere() {
    let mut test = TestEnvironment::empty();
    let key = "the-key-that-is-set-in-this-environment";
    let run = init_with(&test, key);
    assert!(run.stdout.contains("the key is that of AGENTICMAIL_VAULT_KEY"), "{run}");
    assert!(run.stderr.contains("vaultd needs the variable at each start"), "{run}");
    assert!(!test.path(".env").exists());
    assert_eq!("vault         unlocked", opened_with(&mut test, Some(key)));
    assert!(opened_with(&mut test, None).contains("locked (no_key)"));
}

#[test]
fn a_key_of_the_environment_goes_before_one_in_the_key_file() {
    let mut test = TestEnvironment::empty();
    let (key, line) = ("the-key-that-is-set-in-this-environment", "AGENTICMAIL_VAULT_KEY=a-key-of-before\n");
    test.write(".env", line);
    init_with(&test, key);
    assert_eq!(line, std::fs::read_to_string(test.path(".env")).unwrap());
    assert_eq!("vault         unlocked", opened_with(&mut test, Some(key)));
    assert!(opened_with(&mut test, None).contains("locked (wrong_key)"));
}

#[test]
fn an_empty_key_of_the_environment_is_none() {
    let mut test = TestEnvironment::empty();
    let run = init_with(&test, "");
    assert!(run.stdout.contains("a new random key"), "{run}");
    assert_eq!(43, key_line(&test).len() - "AGENTICMAIL_VAULT_KEY=".len());
    assert_eq!("vault         unlocked", opened_with(&mut test, None));
}

#[test]
fn a_second_init_changes_nothing() {
    let test = TestEnvironment::empty();
    test.ctl(&["init"]).succeeded();
    let all = [".env", "vault.db", "vault.toml"];
    let before = all.map(|name| std::fs::read(test.path(name)).unwrap());
    let run = test.ctl(&["init"]).ended_with(7);
    insta::assert_snapshot!(run, @"
    vaultctl: there is a vault already: HOME/vault.db
      hint: nothing was changed; use it as it is, or name another folder with --home
    [exit 7]
    ");
    assert_eq!(before, all.map(|name| std::fs::read(test.path(name)).unwrap()));
}

#[test]
fn init_refuses_while_a_daemon_runs() {
    let test = TestEnvironment::served();
    let run = test.ctl(&["init"]).ended_with(7);
    insta::assert_snapshot!(run, @"
    vaultctl: a vaultd runs on this vault: HOME/vault.lock is locked
      hint: see how it is with: vaultctl status; or stop it first
    [exit 7]
    ");
}

#[test]
fn a_key_file_that_others_can_read_is_refused_with_its_mend() {
    let test = TestEnvironment::empty();
    let path = test.write(".env", "AGENTICMAIL_VAULT_KEY=abc\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let run = test.ctl(&["init"]).ended_with(2);
    assert!(run.stderr.contains("chmod 600"), "{run}");
    assert!(!run.stderr.contains("abc"), "{run}");
}

#[test]
fn a_folder_with_other_things_in_it_is_not_closed_to_others_unasked() {
    let test = TestEnvironment::empty();
    std::fs::set_permissions(test.home(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = test.ctl(&["init"]).ended_with(7);
    assert!(run.stderr.contains("chmod 700"), "{run}");
    assert_eq!(0o755, mode(&test.home()));
    assert!(!test.path("vault.db").exists());
}

#[test]
fn a_configuration_with_an_unknown_word_is_named_by_its_line() {
    let test = TestEnvironment::empty();
    test.write("vault.toml", "[kdf]\nrounds = 5\n");
    let run = test.ctl(&["init"]).ended_with(2);
    assert!(run.stderr.contains("HOME/vault.toml: line 2"), "{run}");
}

#[test]
fn a_daemon_opens_the_vault_that_init_made() {
    let test = TestEnvironment::served();
    let status = test.ctl(&["status", "--json"]).succeeded().json();
    assert_eq!(false, status["locked"]);
    assert_eq!(100_000, status["kdf"]["iterations"]);
    assert!(status["warnings"].as_array().unwrap().iter().all(|warning| warning["code"] != "no_recovery"));
}

#[test]
fn the_key_file_and_the_database_can_stand_elsewhere() {
    let test = TestEnvironment::empty();
    let elsewhere = tempfile::tempdir().unwrap();
    let (key_file, database) = (elsewhere.path().join("key"), elsewhere.path().join("db"));
    let paths = [&key_file, &database].map(|path| path.to_str().unwrap());
    test.ctl(&["init", "--env-file", paths[0], "--database", paths[1]]).succeeded();
    assert!(key_file.exists() && database.exists());
    assert!(!test.path(".env").exists() && !test.path("vault.db").exists());
}
