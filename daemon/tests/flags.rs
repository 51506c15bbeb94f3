//! The flags of `vaultd`, as a shell sees them.
#![allow(clippy::unwrap_used, reason = "a failing helper fails its test")]

use std::process::{Command, Output};

fn vaultd(flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vaultd")).env_clear().args(flags).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn help_goes_to_stdout_and_names_every_flag_the_signals_and_the_exit_codes() {
    let said = vaultd(&["--help"]);
    assert_eq!((Some(0), ""), (said.status.code(), text(&said.stderr)));
    for word in [
        "--home",
        "--env-file",
        "--database",
        "--config",
        "--socket",
        "--socket-mode",
        "--socket-group",
        "--log-format",
        "SIGTERM",
        "SIGHUP",
        "Exit codes",
        "Examples",
    ] {
        assert!(text(&said.stdout).contains(word), "{word}");
    }
}

#[test]
fn short_help_fits_a_screen() {
    let said = vaultd(&["-h"]);
    assert_eq!(Some(0), said.status.code());
    assert!(text(&said.stdout).lines().count() <= 50, "{}", text(&said.stdout));
}

#[test]
fn version_is_one_line_with_the_packages_version() {
    let said = vaultd(&["--version"]);
    assert_eq!(Some(0), said.status.code());
    assert_eq!(format!("vaultd {}\n", env!("CARGO_PKG_VERSION")), text(&said.stdout));
}

#[test]
fn wrong_usage_ends_with_2_and_says_why_on_stderr() {
    for flags in [
        &["--colour"][..],
        &["surplus"],
        &["--home"],
        &["--log-format", "xml"],
        &["--socket-mode", "rw"],
        &["--socket-mode", "0999"],
        &["--socket-mode", "0777"],
        &["--socket-mode", "4600"],
        &["--socket-mode", "-1"],
        &["--socket-mode", ""],
    ] {
        let said = vaultd(flags);
        assert_eq!((Some(2), ""), (said.status.code(), text(&said.stdout)), "{flags:?}");
        assert!(text(&said.stderr).starts_with("error:"), "{flags:?}: {}", text(&said.stderr));
    }
}

#[test]
fn a_bad_mode_of_the_socket_is_told_with_a_good_one() {
    assert!(text(&vaultd(&["--socket-mode", "0777"]).stderr).contains("0660"));
}

#[test]
fn help_shows_no_value_of_the_environment() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vaultd"));
    command
        .env_clear()
        .env("AGENTICMAIL_HOME", "/a/private/place")
        .env("AGENTICMAIL_VAULT_KEY", "a-secret-key");
    let said = command.arg("--help").output().unwrap();
    assert!(!text(&said.stdout).contains("private") && !text(&said.stdout).contains("a-secret-key"));
}

#[test]
fn a_home_that_cannot_be_made_ends_with_1_and_its_path() {
    let said = vaultd(&["--home", "/proc/no/such/home"]);
    assert_eq!(Some(1), said.status.code());
    assert!(text(&said.stderr).contains("/proc/no/such/home"), "{}", text(&said.stderr));
}

#[test]
fn a_group_that_there_is_not_ends_with_1_and_its_name() {
    let home = tempfile::TempDir::new().unwrap();
    std::fs::set_permissions(home.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let said = vaultd(&["--home", home.path().to_str().unwrap(), "--socket-group", "no-such-group"]);
    assert_eq!(Some(1), said.status.code());
    assert!(text(&said.stderr).contains("no-such-group"), "{}", text(&said.stderr));
}
