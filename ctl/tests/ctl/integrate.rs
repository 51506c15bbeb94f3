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

/// Integrates, undoes that, and returns the file between the two.
fn there_and_back(test: &TestEnvironment, client: &str, file: &std::path::Path) -> String {
    test.ctl(&["integrate", client]).succeeded();
    let between = std::fs::read_to_string(file).unwrap();
    test.ctl(&["integrate", client, "--undo"]).succeeded();
    between
}

/// Writes a client's file as its user has it.
fn written(test: &TestEnvironment, name: &str, content: &str) -> std::path::PathBuf {
    let file = own(test, name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    vault::files::replace_private(&file, content.as_bytes()).unwrap();
    file
}

#[test]
fn every_byte_of_a_codex_file_stays_whatever_ends_its_lines() {
    for old in [
        "# mine\r\nmodel = \"x\"\r\n\r\n[mcp_servers.other]\r\ncommand = \"y\"  # theirs\r\n",
        "\u{feff}model = \"x\"\r\n",
        "# all\n\n[a.b]\nc = 1\n",
        "a = 1\r\nb = 2\nc = \"\"\"\n1\r\n2\"\"\"\r\n",
        "a = 1\r\n[b]\r\nc = 2",
    ] {
        let test = TestEnvironment::empty();
        let file = written(&test, ".codex/config.toml", old);
        let between = there_and_back(&test, "codex", &file);
        assert!(between.starts_with(old) && between.len() > old.len(), "{between:?}");
        assert_eq!(old, std::fs::read_to_string(&file).unwrap());
    }
}

#[test]
fn a_mark_and_the_line_ends_of_a_json_file_stay() {
    for (client, name) in [("claude", ".claude.json"), ("cursor", ".cursor/mcp.json")] {
        let test = TestEnvironment::empty();
        let old = "\u{feff}{\r\n  \"mcpServers\": {\r\n    \"x\": {\"command\":\"y\"}\r\n  }\r\n}\r\n";
        let file = written(&test, name, old);
        let between = there_and_back(&test, client, &file);
        assert!(between.starts_with("\u{feff}{\r\n  \"mcpServers\": {\r\n"), "{between:?}");
        assert_eq!(between.matches('\n').count(), between.matches("\r\n").count());
        assert_eq!(old, std::fs::read_to_string(&file).unwrap());
    }
}

#[test]
fn what_was_made_for_the_entry_goes_with_it() {
    for (client, name) in
        [("claude", ".claude.json"), ("cursor", ".cursor/mcp.json"), ("codex", ".codex/config.toml")]
    {
        let test = TestEnvironment::empty();
        let file = own(&test, name);
        there_and_back(&test, client, &file);
        assert!(!file.exists(), "{}", std::fs::read_to_string(&file).unwrap());
    }
    for old in [
        "{\n  \"numStartups\": 3\n}\n",
        "{ \"mcpServers\": {}, \"a\": 1 }",
        "{\n  \"mcpServers\": {\n    \"x\": {}\n  }\n}",
    ] {
        let test = TestEnvironment::empty();
        let file = written(&test, ".claude.json", old);
        there_and_back(&test, "claude", &file);
        assert_eq!(old, std::fs::read_to_string(&file).unwrap());
    }
}

#[test]
fn a_file_that_others_have_written_into_since_stays() {
    let test = TestEnvironment::empty();
    let file = own(&test, ".claude.json");
    test.ctl(&["integrate", "claude"]).succeeded();
    let more = std::fs::read_to_string(&file).unwrap().replacen('{', "{\n  \"theme\": \"dark\",", 1);
    vault::files::replace_private(&file, more.as_bytes()).unwrap();
    test.ctl(&["integrate", "claude", "--undo"]).succeeded();
    let left: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(json!("dark"), left["theme"]);
    assert!(left["mcpServers"]["agenticmail-vault"].is_null(), "{left}");
}

#[test]
fn a_link_to_a_file_that_is_not_there_yet_stays_and_its_target_is_written() {
    let test = TestEnvironment::empty();
    for (client, name) in [("codex", ".codex/config.toml"), ("claude", ".claude.json")] {
        let (link, target) = (own(&test, name), own(&test, "dotfiles/").join(client));
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let between = there_and_back(&test, client, &target);
        assert!(between.contains("agenticmail-vault"), "{between}");
        assert!(link.is_symlink() && !target.exists());
    }
}

#[test]
fn codex_waits_longer_than_a_command_may_take_unless_its_user_says_how_long() {
    let test = TestEnvironment::empty();
    let file = own(&test, ".codex/config.toml");
    let between = there_and_back(&test, "codex", &file);
    assert!(between.ends_with("]\ntool_timeout_sec = 3660\n"), "{between}");
    test.ctl(&["integrate", "codex", "--tools", "use"]).succeeded();
    let without = std::fs::read_to_string(&file).unwrap();
    assert!(!without.contains("tool_timeout_sec"), "{without}");
    let own_limit = format!("{without}tool_timeout_sec = 90\n");
    vault::files::replace_private(&file, own_limit.as_bytes()).unwrap();
    test.ctl(&["integrate", "codex"]).succeeded();
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.ends_with("\"mcp\"]\ntool_timeout_sec = 90\n"), "{kept}");
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
