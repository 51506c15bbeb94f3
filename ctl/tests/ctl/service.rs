//! The service: its files, what they name, and what is said where nothing can start them.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use vault_testkit::{Run, TestEnvironment};

/// Runs the program with a program to put into the unit, and a folder for configuration.
fn service(test: &TestEnvironment, arguments: &[&str]) -> Run {
    let mut command = test.command(&[&["service"], arguments].concat());
    command.env("XDG_CONFIG_HOME", config(test)).env("PATH", "/usr/bin:/bin");
    test.run(command, "")
}

fn config(test: &TestEnvironment) -> PathBuf {
    test.path("config")
}

fn unit(test: &TestEnvironment) -> PathBuf {
    config(test).join("systemd/user/vaultd.service")
}

/// Stands in for the daemon's program.
fn program(test: &TestEnvironment) -> String {
    let path = test.write("my vaultd", "#!/bin/sh\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_installed_unit_names_the_program_and_the_home() {
    let test = TestEnvironment::empty();
    let program = program(&test);
    service(&test, &["install", "--manager", "systemd", "--no-start", "--program", &program]).succeeded();
    let written = std::fs::read_to_string(unit(&test)).unwrap();
    let expected = format!("\nExecStart=\"{program}\" --home {}\n", test.home().display());
    assert!(written.contains(&expected), "{written}");
    let mode = std::fs::metadata(unit(&test)).unwrap().permissions().mode() & 0o777;
    assert_eq!(0o644, mode);
}

#[test(needs(Systemd))]
fn systemd_understands_the_installed_unit() {
    let test = TestEnvironment::empty();
    let program = program(&test);
    service(&test, &["install", "--manager", "systemd", "--no-start", "--program", &program]).succeeded();
    let runtime = test.path("runtime");
    vault::files::make_private_folder(&runtime).unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify.args(["--user", "verify", "--man=no"]).arg(unit(&test)).env("XDG_RUNTIME_DIR", runtime);
    let output = verify.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("vaultd.service:"), "{said}");
}

#[test]
fn a_dry_run_prints_the_file_and_the_commands_and_writes_nothing() {
    let test = TestEnvironment::empty();
    let program = program(&test);
    let run = service(&test, &["install", "--manager", "systemd", "--dry-run", "--program", &program]);
    let run = run.succeeded();
    for text in [
        "# would write HOME/config/systemd/user/vaultd.service:\n",
        "\nExecStart=",
        "\n# would run: systemctl --user daemon-reload\n",
        "\n# would run: systemctl --user enable --now vaultd.service\n",
    ] {
        assert!(run.stdout.contains(text), "{text}\n{run}");
    }
    assert!(!unit(&test).exists());
}

#[test]
fn the_machines_service_brings_its_user_and_needs_no_home() {
    let test = TestEnvironment::empty();
    let program = program(&test);
    let plan = service(
        &test,
        &["--json", "install", "--system", "--manager", "systemd", "--dry-run", "--program", &program],
    );
    let plan = plan.succeeded().json();
    assert_eq!("/etc/systemd/system/vaultd.service", plan[0]["path"]);
    assert!(plan[0]["text"].as_str().unwrap().contains("\" --home /var/lib/agenticmail-vault --socket "));
    assert_eq!("/etc/sysusers.d/agenticmail-vault.conf", plan[1]["path"]);
    assert_eq!(serde_json::json!(["systemctl", "enable", "--now", "vaultd.service"]), plan[6]["command"]);
}

#[test]
fn a_launchd_agent_is_a_property_list_with_the_program() {
    let test = TestEnvironment::empty();
    let program = program(&test);
    service(&test, &["install", "--manager", "launchd", "--no-start", "--program", &program]).succeeded();
    let list = test.home().parent().unwrap().join("Library/LaunchAgents/com.agenticmail.vaultd.plist");
    let read = "import plistlib, sys; print(plistlib.load(open(sys.argv[1], 'rb'))['ProgramArguments'])";
    let output = Command::new("python3").args(["-c", read]).arg(list).output().unwrap();
    let expected = format!("['{program}', '--home', '{}']\n", test.home().display());
    assert_eq!(expected, String::from_utf8_lossy(&output.stdout));
}

#[test(needs(NoServiceManager))]
fn without_systemd_nothing_is_written_and_the_hint_says_what_else() {
    let test = TestEnvironment::empty();
    let program = program(&test);
    let run = service(&test, &["install", "--manager", "systemd", "--program", &program]).ended_with(69);
    assert!(run.stderr.contains("systemd does not run on this machine"), "{run}");
    assert!(run.stderr.contains("--no-start"), "{run}");
    assert!(!unit(&test).exists());
}

#[test]
fn an_uninstall_leaves_the_vault_and_says_so() {
    let test = TestEnvironment::empty();
    test.ctl(&["init"]).succeeded();
    let program = program(&test);
    service(&test, &["install", "--manager", "systemd", "--no-start", "--program", &program]).succeeded();
    let run = service(&test, &["uninstall", "--manager", "systemd"]).succeeded();
    assert!(run.stdout.contains("the vault stays: its secrets, key and log are in HOME"), "{run}");
    assert!(!unit(&test).exists() && test.path("vault.db").exists() && test.path(".env").exists());
}

#[test]
fn the_status_tells_not_installed_from_not_running() {
    let test = TestEnvironment::empty();
    let program = program(&test);
    let run = service(&test, &["status", "--manager", "systemd"]).ended_with(3);
    assert!(run.stdout.contains("not installed: no HOME/config/systemd/user/vaultd.service"), "{run}");
    service(&test, &["install", "--manager", "systemd", "--no-start", "--program", &program]).succeeded();
    service(&test, &["status", "--manager", "systemd"]).ended_with(69);
}

#[test]
fn what_is_not_installed_cannot_be_uninstalled() {
    service(&TestEnvironment::empty(), &["uninstall", "--manager", "systemd"]).ended_with(3);
}

#[test]
fn a_program_that_is_not_there_is_asked_for() {
    let test = TestEnvironment::empty();
    let run = service(&test, &["install", "--dry-run", "--program", "/no/vaultd"]).ended_with(3);
    assert!(run.stderr.contains("--program"), "{run}");
}
