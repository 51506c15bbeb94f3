//! Values of several lines, which programs print a line at a time.

use crate::run::{path, with_key};
use vault_testkit::{Run, TestEnvironment};

const MASK: &str = "[vault:pem]";

/// A key of no provider, in the usual form.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n\
    VJTUt9Us8cKjMzEfYyjiWA4R4ypbHqGC0H0+tG3hFQ/8p7bZkq1P\n\
    k7p4Q9lQ\n\
    -----END PRIVATE KEY-----\n";

/// Runs a script of a shell with a key of several lines in `$K`.
fn shell(script: &str) -> Run {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "pem"], PEM).succeeded();
    let mut command = test.command(&["run", "--env", "K=pem", "--", "sh", "-c", script]);
    command.env("PATH", path());
    test.run(command, "").succeeded()
}

#[test]
fn the_lines_of_a_key_are_masked_behind_the_prefixes_of_a_log() {
    let ended = shell("echo \"$K\" | sed 's/^/log: /'");
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(format!("log: {MASK}"), lines[1]);
    assert_eq!(format!("log: {MASK}"), lines[2]);
    assert!(!ended.stdout.contains("MIIEvQ") && !ended.stdout.contains("VJTUt9"), "{ended}");
}

#[test]
fn a_line_of_a_key_is_masked_in_json_and_in_the_middle_of_text() {
    let ended = shell("echo \"$K\" | sed -n '2s/.*/{\"log\":\"&\\\\n\"}/p; 3s/.*/at <&>, end/p'");
    assert_eq!(format!("{{\"log\":\"{MASK}\\n\"}}\nat <{MASK}>, end\n"), ended.stdout);
}

#[test]
fn a_key_that_is_printed_whole_is_masked_as_one() {
    assert_eq!(format!("{MASK}\n"), shell("echo \"$K\"").stdout);
}

#[test]
fn a_line_that_every_key_has_is_left_as_it_is() {
    let ended = shell("printf -- '-----BEGIN PRIVATE KEY-----\\nanother\\n'");
    assert_eq!("-----BEGIN PRIVATE KEY-----\nanother\n", ended.stdout);
}

#[test]
fn an_agent_does_not_see_the_lines_of_a_key_either() {
    let test = with_key();
    test.ctl_with(&["set", "pem"], PEM).succeeded();
    let script = "echo \"$K\" | sed 's/^/  | /'";
    let asked = serde_json::json!({"command": ["sh", "-c", script], "env": {"K": "pem"}});
    let ran = crate::mcp::Server::start(&test).call("run_command", &asked);
    let stdout = ran["stdout"].as_str().unwrap();
    assert!(stdout.contains(&format!("\n  | {MASK}\n")) && !stdout.contains("MIIEvQ"), "{stdout}");
}
