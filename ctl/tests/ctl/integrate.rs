//! Writing the configuration of agents' programs.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use vault_testkit::{TestEnvironment, vaultctl};

/// Gives a path below the user's own folder.
fn own(test: &TestEnvironment, name: &str) -> std::path::PathBuf {
    test.home().parent().unwrap().join(name)
}

#[test]
fn a_new_configuration_starts_this_program_on_this_vault() {
    let test = TestEnvironment::empty();
    test.ctl(&["integrate", "claude"]).succeeded();
    let written: Value = serde_json::from_slice(&std::fs::read(own(&test, ".claude.json")).unwrap()).unwrap();
    let entry = json!({
        "type": "stdio",
        "command": vaultctl(),
        "args": ["--home", test.home(), "mcp"],
    });
    assert_eq!(json!({"mcpServers": {"agenticmail-vault": entry}}), written);
}

#[test]
fn what_is_there_stays_and_undo_brings_it_back() {
    let test = TestEnvironment::empty();
    let file = own(&test, ".claude.json");
    let old = "{\n  \"numStartups\": 3,\n  \"mcpServers\": {\n    \"x\": {\"command\":\"y\"}\n  }\n}";
    std::fs::OpenOptions::new().write(true).create_new(true).open(&file).unwrap();
    vault::files::replace_private(&file, old.as_bytes()).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    test.ctl(&["integrate", "claude"]).succeeded();
    assert!(std::fs::read_to_string(&file).unwrap().contains("agenticmail-vault"));
    assert_eq!(0o644, file.metadata().unwrap().permissions().mode() & 0o777);
    test.ctl(&["integrate", "claude", "--undo"]).succeeded();
    assert_eq!(old, std::fs::read_to_string(&file).unwrap());
}

#[test]
fn a_dry_run_shows_the_lines_and_changes_nothing() {
    let test = TestEnvironment::empty();
    let run = test.ctl(&["integrate", "codex", "--dry-run"]).succeeded();
    assert!(run.stdout.contains("\n+ [mcp_servers.agenticmail-vault]\n+ command = "), "{run}");
    assert!(!own(&test, ".codex/config.toml").exists());
}

#[test]
fn each_program_has_its_file_for_the_user_and_for_a_project() {
    let test = TestEnvironment::empty();
    // The project is the folder that the program is started in, which is the user's own here.
    for (client, file) in [("codex", ".codex/config.toml"), ("cursor", ".cursor/mcp.json")] {
        test.ctl(&["integrate", client]).succeeded();
        assert!(std::fs::read_to_string(own(&test, file)).unwrap().contains("agenticmail-vault"));
        let run = test.ctl(&["integrate", client, "--project"]).succeeded();
        assert_eq!(format!("nothing to change in {file}\n"), run.stdout);
    }
    test.ctl(&["integrate", "claude", "--project"]).succeeded();
    assert!(own(&test, ".mcp.json").exists());
}

#[test]
fn a_file_that_is_not_readable_is_left_as_it_is() {
    let test = TestEnvironment::empty();
    let file = own(&test, ".claude.json");
    vault::files::replace_private(&file, b"{ broken").unwrap();
    let run = test.ctl(&["integrate", "claude"]).ended_with(7);
    assert!(run.stderr.contains("nothing was changed"), "{run}");
    assert_eq!("{ broken", std::fs::read_to_string(&file).unwrap());
}

#[test]
fn undoing_what_was_not_done_changes_nothing() {
    let test = TestEnvironment::empty();
    test.ctl(&["integrate", "cursor", "--undo"]).succeeded();
    assert!(!own(&test, ".cursor/mcp.json").exists());
}

#[test]
fn an_agent_gets_the_tools_that_were_named_for_it() {
    let test = TestEnvironment::empty();
    let file = own(&test, ".cursor/mcp.json");
    let arguments = |test: &TestEnvironment, words: &[&str]| {
        let run = test.ctl(words).succeeded();
        let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        (written["mcpServers"]["agenticmail-vault"]["args"].clone(), run.stderr)
    };
    let (args, note) = arguments(&test, &["integrate", "cursor", "--tools", "use"]);
    assert_eq!((json!(["--home", test.home(), "mcp", "--tools", "use"]), ""), (args, note.as_str()));
    let (args, note) = arguments(&test, &["integrate", "cursor"]);
    assert_eq!(json!(["--home", test.home(), "mcp"]), args);
    assert!(note.contains("run_command runs outside of Cursor's sandbox"), "{note}");
}
