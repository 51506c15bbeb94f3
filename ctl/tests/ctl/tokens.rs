//! Speaking as an agent: the token from the environment or from a private file.

use std::os::unix::fs::PermissionsExt;

use vault_testkit::{Run, TestEnvironment};

const TOKEN: &str = "AGENTICMAIL_VAULT_TOKEN";

fn with_a_token() -> (TestEnvironment, String) {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "skill:openai:access_token"], "sk-a").succeeded();
    test.ctl_with(&["set", "db"], "b").succeeded();
    let token = test.ctl(&["agent", "add", "bot", "--grant", "read,decrypt:skill:openai:*"]).succeeded();
    (test, token.stdout.trim_end().to_owned())
}

fn with_variable(test: &TestEnvironment, token: &str, arguments: &[&str]) -> Run {
    let mut command = test.command(arguments);
    command.env(TOKEN, token);
    test.run(command, "")
}

#[test]
fn a_token_in_the_environment_makes_every_command_the_agents() {
    let (test, token) = with_a_token();
    assert_eq!("sk-a", with_variable(&test, &token, &["get", "openai"]).succeeded().stdout);
    with_variable(&test, &token, &["get", "db"]).ended_with(3);
    with_variable(&test, &token, &["set", "skill:openai:access_token", "--generate", "9"]).ended_with(5);
    let list = with_variable(&test, &token, &["list", "--json"]).succeeded().json();
    assert_eq!(1, list["total"]);
}

#[test]
fn the_log_names_the_agent() {
    let (test, token) = with_a_token();
    with_variable(&test, &token, &["get", "openai"]).succeeded();
    let log = test.ctl(&["audit", "--actor", "agent:bot", "--action", "decrypt", "--json"]).succeeded();
    assert_eq!(1, log.json()["total"], "{log}");
    assert!(!log.stdout.contains(&token));
}

#[test]
fn what_only_the_owner_may_do_is_refused_with_a_way_back() {
    let (test, token) = with_a_token();
    let run = with_variable(&test, &token, &["agent", "list"]).ended_with(5);
    assert!(run.stderr.contains("unset AGENTICMAIL_VAULT_TOKEN"), "{run}");
}

#[test]
fn a_bad_token_exits_5_and_is_not_repeated() {
    let (test, _) = with_a_token();
    let run = with_variable(&test, "amv_not-a-token", &["get", "openai"]).ended_with(5);
    assert!(!run.stderr.contains("not-a-token") && run.stderr.contains("hint: it comes from"), "{run}");
}

#[test]
fn a_removed_agents_token_is_bad() {
    let (test, token) = with_a_token();
    test.ctl(&["agent", "rm", "bot"]).succeeded();
    with_variable(&test, &token, &["get", "openai"]).ended_with(5);
}

#[test]
fn a_new_token_ends_the_old_one_at_once_and_is_the_same_agents() {
    let (test, old) = with_a_token();
    let before = test.ctl(&["agent", "show", "bot", "--json"]).succeeded().json();
    let run = test.ctl(&["agent", "renew-token", "bot"]).succeeded();
    let new = run.stdout.trim_end();
    assert!(new.starts_with("amv_") && new.len() == 47 && new != old, "{run}");
    assert!(!run.stderr.contains(new) && run.stderr.contains("AGENTICMAIL_VAULT_TOKEN"), "{run}");
    with_variable(&test, &old, &["get", "openai"]).ended_with(5);
    assert_eq!("sk-a", with_variable(&test, new, &["get", "openai"]).succeeded().stdout);
    let mut after = test.ctl(&["agent", "show", "bot", "--json"]).succeeded().json();
    after["updatedAt"] = before["updatedAt"].clone();
    assert_eq!(before, after);
}

#[test]
fn only_the_token_is_printed_quietly_and_the_agent_with_it_as_json() {
    let (test, _) = with_a_token();
    let quiet = test.ctl(&["-q", "agent", "renew-token", "bot"]).succeeded();
    assert_eq!(("", 48), (&*quiet.stderr, quiet.stdout.len()));
    let added = test.ctl(&["agent", "renew-token", "bot", "--json"]).succeeded().json();
    assert_eq!("bot", added["agent"]["name"]);
    with_variable(&test, added["token"].as_str().unwrap(), &["get", "openai"]).succeeded();
    with_variable(&test, quiet.stdout.trim_end(), &["get", "openai"]).ended_with(5);
}

#[test]
fn an_agent_draws_no_new_token_for_itself_or_another() {
    let (test, token) = with_a_token();
    test.ctl(&["agent", "add", "other", "--grant", "read:*"]).succeeded();
    for name in ["bot", "other", "absent"] {
        with_variable(&test, &token, &["agent", "renew-token", name]).ended_with(5);
    }
    assert_eq!("sk-a", with_variable(&test, &token, &["get", "openai"]).succeeded().stdout);
}

#[test]
fn a_new_token_is_drawn_for_no_agent_of_a_locked_vault() {
    let (test, token) = with_a_token();
    test.ctl(&["lock"]).succeeded();
    let run = test.ctl(&["agent", "renew-token", "bot"]).ended_with(4);
    assert_eq!("", run.stdout);
    test.ctl(&["unlock", "--key-file"]).succeeded();
    assert_eq!("sk-a", with_variable(&test, &token, &["get", "openai"]).succeeded().stdout);
}

#[test]
fn a_blank_token_is_an_error_and_no_wish_to_speak_as_the_user() {
    let (test, _) = with_a_token();
    for blank in ["", " \n", "\t", "amv_a\namv_b"] {
        let run = with_variable(&test, blank, &["get", "db"]).ended_with(2);
        assert!(run.stderr.contains("unset AGENTICMAIL_VAULT_TOKEN") && run.stdout.is_empty(), "{run}");
    }
}

#[test]
fn every_command_that_would_speak_with_a_blank_token_says_so() {
    let (test, _) = with_a_token();
    for command in
        [&["status"][..], &["mcp"], &["ui", "--no-open"], &["run", "--skill", "openai", "--", "env"]]
    {
        with_variable(&test, " ", command).ended_with(2);
    }
}

#[test]
fn a_token_file_counts_though_the_variable_is_blank() {
    let (test, token) = with_a_token();
    let file = test.write("bot.token", &token);
    let run = with_variable(&test, "", &["--token-file", file.to_str().unwrap(), "get", "openai"]);
    assert_eq!("sk-a", run.succeeded().stdout);
}

#[test]
fn a_token_file_goes_before_the_variable() {
    let (test, token) = with_a_token();
    let file = test.write("bot.token", &format!("{token}\n"));
    let file = file.to_str().unwrap();
    let run = with_variable(&test, "amv_bad", &["--token-file", file, "get", "openai"]);
    assert_eq!("sk-a", run.succeeded().stdout);
}

#[test]
fn a_token_file_that_others_may_read_is_refused_with_the_chmod() {
    let (test, token) = with_a_token();
    let file = test.write("bot.token", &token);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    insta::assert_snapshot!(test.ctl(&["--token-file", file.to_str().unwrap(), "list"]), @"
    vaultctl: others may use this token: HOME/bot.token has mode 0644
      hint: fix it with: chmod 600 HOME/bot.token
    [exit 2]
    ");
}

#[test]
fn a_token_file_without_a_token_is_refused() {
    let test = TestEnvironment::empty();
    let file = test.write("bot.token", "\n");
    test.ctl(&["--token-file", file.to_str().unwrap(), "list"]).ended_with(2);
    test.ctl(&["--token-file", "/no/such/file", "list"]).ended_with(2);
}

#[test]
fn a_token_in_the_arguments_is_refused_and_not_repeated() {
    let run = TestEnvironment::empty().ctl(&["list", "--token", "amv_1234"]).ended_with(2);
    assert!(run.stderr.contains("--token-file") && !run.stderr.contains("1234"), "{run}");
}

#[test]
fn a_token_cannot_unlock() {
    let (test, token) = with_a_token();
    test.ctl(&["lock"]).succeeded();
    let run = with_variable(&test, &token, &["get", "openai"]).ended_with(4);
    assert!(run.stderr.contains("a token opens nothing"), "{run}");
}
