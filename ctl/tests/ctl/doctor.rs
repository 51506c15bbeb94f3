//! What is wrong, and how to mend it.

use std::os::unix::fs::PermissionsExt;

use vault_testkit::TestEnvironment;

/// What this machine itself may lack.
const OF_THE_MACHINE: [&str; 3] = ["swap", "low_memlock", "unlocked_memory"];

/// Lists the codes that the doctor finds, but for those of the machine.
fn codes(test: &TestEnvironment) -> Vec<String> {
    let report = test.ctl(&["doctor", "--json"]).json();
    let all = report["findings"].as_array().unwrap().iter();
    let codes = all.map(|finding| finding["code"].as_str().unwrap().to_owned());
    codes.filter(|code| !OF_THE_MACHINE.contains(&code.as_str())).collect()
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
fn the_key_of_the_environment_goes_before_the_key_file() {
    let test = TestEnvironment::empty();
    test.ctl(&["init"]).succeeded();
    let right = std::fs::read_to_string(test.path(".env")).unwrap();
    let right = right.lines().find_map(|line| line.strip_prefix("AGENTICMAIL_VAULT_KEY=")).unwrap();
    let with = |key: &str| {
        let mut command = test.command(&["doctor"]);
        command.env("AGENTICMAIL_VAULT_KEY", key);
        test.run(command, "").ended_with(9)
    };
    let run = with("another-key-than-that-of-the-vault");
    assert!(
        run.stdout.contains("wrong_key: AGENTICMAIL_VAULT_KEY in this environment does not open"),
        "{run}"
    );
    assert!(run.stdout.contains("unset AGENTICMAIL_VAULT_KEY"), "{run}");
    test.write(".env", "AGENTICMAIL_VAULT_KEY=another-key-than-that-of-the-vault\n");
    let run = with(right);
    assert!(!run.stdout.contains("wrong_key"), "{run}");
}

#[test]
fn a_database_that_no_key_made_a_vault_of_is_told_to_be_none() {
    let mut test = TestEnvironment::empty();
    assert!(test.tries_to_start());
    test.stop();
    assert_eq!(["no_vault", "stale_socket"], codes(&test)[..]);
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

#[test]
fn what_holds_comes_first_where_a_daemon_answers() {
    let test = TestEnvironment::served();
    let run = test.ctl(&["doctor"]);
    assert!(run.stdout.starts_with("keys ") && run.stdout.contains("\nptrace scope  "), "{run}");
    let report = test.ctl(&["doctor", "--json"]).json();
    assert_eq!("0600", report["holds"]["socket"]["mode"]);
    assert!(!test.ctl(&["doctor", "--quiet"]).stdout.contains("ptrace"));
}

#[test]
fn a_clock_behind_the_newest_entry_is_found() {
    let mut test = TestEnvironment::served();
    test.stop();
    let database = rusqlite::Connection::open(test.path("vault.db")).unwrap();
    database.execute("UPDATE audit SET at = at + 86400000 WHERE seq = 1", []).unwrap();
    database.execute("UPDATE audit SET at = (SELECT max(at) FROM audit)", []).unwrap();
    drop(database);
    assert_eq!(["stale_socket", "clock"], codes(&test)[..]);
    let run = test.ctl(&["doctor"]).ended_with(9);
    assert!(run.stdout.contains("set it with: timedatectl"), "{run}");
}

#[test]
fn a_token_that_is_not_valid_is_found() {
    let test = TestEnvironment::served();
    let mut command = test.command(&["doctor"]);
    command.env("AGENTICMAIL_VAULT_TOKEN", "amv_1234");
    let run = test.run(command, "").ended_with(9);
    assert!(run.stdout.contains("token: the token is not valid; it comes from"), "{run}");
    assert!(!run.stdout.contains("1234"), "{run}");
}

/// Keeps a program from connecting, as sandboxes do: connect(2) fails with EPERM.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const SANDBOX: &str = "
import ctypes, os, struct, sys
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, 42), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *rule) for rule in rules))
class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
program = Program(len(rules), ctypes.cast(code, ctypes.c_void_p))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
";

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn a_sandbox_that_forbids_the_socket_is_told_apart() {
    let test = TestEnvironment::served();
    let vaultctl = test.command(&[]).get_program().to_owned();
    let mut command = std::process::Command::new("python3");
    command.args(["-c", SANDBOX]).arg(vaultctl).args(["doctor", "--json"]);
    command.env_clear().env("PATH", "/usr/bin:/bin:/usr/local/bin").env("AGENTICMAIL_HOME", test.home());
    let report = test.run(command, "").ended_with(9).json();
    assert_eq!("sandbox", report["findings"][0]["code"], "{report}");
}

#[test]
fn a_loss_is_accepted_by_name_and_then_nothing_is_damaged() {
    let mut test = TestEnvironment::served();
    for name in ["kept", "gone", "sound"] {
        test.ctl_with(&["set", name], "a value").succeeded();
    }
    test.stop();
    test.sql(
        "UPDATE secret SET metadata = '{\"by\":\"hand\"}' WHERE name = 'kept';
         UPDATE secret SET sealed = zeroblob(length(sealed)), digest = zeroblob(32) WHERE name = 'gone'",
    );
    test.start();
    let run = test.ctl(&["get", "kept"]).ended_with(8);
    assert!(run.stderr.contains("vaultctl doctor --accept-loss"), "{run}");
    test.ctl(&["doctor", "--accept-loss"]).ended_with(2);
    let run = test.ctl(&["doctor", "--accept-loss", "--yes"]).succeeded();
    assert!(run.stdout.contains("kept: kept of org default\nlost: gone of org default\n"), "{run}");
    assert!(codes(&test).is_empty());
    assert_eq!("a value", test.ctl(&["get", "kept"]).succeeded().stdout);
}

#[test]
fn a_damaged_secret_is_deleted_by_its_name() {
    let mut test = TestEnvironment::served();
    test.ctl_with(&["set", "hurt"], "a value").succeeded();
    test.stop();
    test.sql("UPDATE secret SET metadata = '{\"by\":\"hand\"}'");
    test.start();
    test.ctl(&["get", "hurt"]).ended_with(8);
    test.ctl(&["rm", "hurt", "--yes"]).succeeded();
    test.ctl(&["get", "hurt"]).ended_with(3);
}

#[test]
fn a_value_that_does_not_open_and_an_edited_log_are_found() {
    let mut test = TestEnvironment::served();
    test.ctl_with(&["set", "good"], "one").succeeded();
    test.ctl_with(&["set", "bad"], "two").succeeded();
    test.stop();
    test.sql(
        "UPDATE secret SET sealed = randomblob(length(sealed)) WHERE name = 'bad';
         UPDATE audit SET at = at + 1 WHERE seq = 2;",
    );
    test.start();
    let run = test.ctl(&["doctor"]).ended_with(9);
    assert!(run.stdout.contains("integrity: the secret bad is not as it was stored"), "{run}");
    assert!(run.stdout.contains("audit_log: the audit log: entry 2 is not as it was written"), "{run}");
    assert!(!run.stdout.contains("good"), "{run}");
}
