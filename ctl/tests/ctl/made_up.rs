//! Variables that are made of names: where two secrets would go into one, neither does, a warning names both, and the rest goes on.

use serde_json::json;
use vault_testkit::{Run, TestEnvironment};

use crate::mcp::Server;
use crate::run::run;

/// The secrets that would both go into `A_B_C`, and one that goes into a variable of its own; each value is the name.
const CLASH: [&str; 3] = ["skill:a:b_c", "skill:a-b:c", "skill:a-b:other"];

fn stocked(names: &[&str]) -> TestEnvironment {
    let test = TestEnvironment::served();
    for name in names {
        test.ctl_with(&["set", name, "--exact-name"], *name).succeeded();
    }
    test
}

/// Runs `env` with some options of `run`, and returns what it printed.
fn environment(test: &TestEnvironment, options: &[&str]) -> Run {
    run(test, &[&["--clean-env", "--no-mask"], options, &["--", "env"]].concat()).succeeded()
}

fn has(text: &str, line: &str) -> bool {
    text.lines().any(|one| one == line)
}

#[track_caller]
fn assert_names_both(run: &Run) {
    assert_eq!(1, run.stderr.matches("left out").count(), "{run}");
    assert!(CLASH[..2].iter().all(|name| run.stderr.contains(name)), "{run}");
    assert!(run.stderr.contains("would be A_B_C too"), "{run}");
}

#[test]
fn a_command_runs_without_the_variable_that_two_platforms_would_have() {
    let test = stocked(&CLASH);
    for platforms in [["a", "a-b"], ["a-b", "a"]] {
        let ended = environment(&test, &["--skill", platforms[0], "--skill", platforms[1]]);
        assert!(!ended.stdout.contains("A_B_C="), "{ended}");
        assert!(has(&ended.stdout, "A_B_OTHER=skill:a-b:other"), "{ended}");
        assert_names_both(&ended);
    }
    // One of them alone has it, and one that is named has it too.
    let ended = environment(&test, &["--skill", "a-b"]);
    assert!(has(&ended.stdout, "A_B_C=skill:a-b:c") && ended.stderr.is_empty(), "{ended}");
    let ended = environment(&test, &["--skill", "a", "--skill", "a-b", "--env", "A_B_C=skill:a-b:c"]);
    assert!(has(&ended.stdout, "A_B_C=skill:a-b:c"), "{ended}");
}

#[test]
fn env_leaves_the_variable_out_that_two_platforms_would_have() {
    let test = stocked(&CLASH);
    let printed = test.ctl(&["env", "--skill", "a", "--skill", "a-b", "--format", "dotenv"]).succeeded();
    assert_eq!("A_B_OTHER=skill:a-b:other\n", printed.stdout);
    assert_names_both(&printed);
}

#[test]
fn env_gives_a_secret_that_is_named_its_variable_before_a_platforms() {
    let test = stocked(&CLASH);
    let printed = test.ctl(&["env", "skill:a-b:c", "--skill", "a", "--format", "json"]).succeeded();
    assert_eq!(json!({ "A_B_C": "skill:a-b:c" }), printed.json());
    assert!(printed.stderr.contains("skill:a:b_c (skill:a-b:c goes before it)"), "{printed}");
    let printed = test.ctl(&["env", "skill:a-b:c", "--skill", "a-b", "--format", "json"]).succeeded();
    assert_eq!(json!({ "A_B_C": "skill:a-b:c", "A_B_OTHER": "skill:a-b:other" }), printed.json());
}

#[test]
fn a_line_of_an_env_file_goes_before_a_variable_that_is_made_up() {
    let test = stocked(&CLASH);
    let file = test.write("app.env", "A_B_C=vault://skill:a-b:c\n");
    let ended = environment(&test, &["--env-file", file.to_str().unwrap(), "--skill", "a"]);
    assert!(has(&ended.stdout, "A_B_C=skill:a-b:c"), "{ended}");
    assert!(ended.stderr.contains("skill:a:b_c (") && ended.stderr.contains("line 1"), "{ended}");
}

#[test]
fn a_presets_variable_is_never_lost_to_one_that_is_made_up() {
    let test = stocked(&["skill:openai:api_key", "skill:openai-api:key", "skill:openai_api:other"]);
    for platforms in [["openai", "openai-api"], ["openai-api", "openai"]] {
        let ended = environment(&test, &["--skill", platforms[0], "--skill", platforms[1]]);
        assert!(has(&ended.stdout, "OPENAI_API_KEY=skill:openai:api_key"), "{ended}");
        assert!(ended.stderr.contains("skill:openai-api:key (skill:openai:api_key would be"), "{ended}");
    }
    let written = test.ctl(&["export", "--reveal", "--format", "dotenv"]).succeeded();
    assert!(has(&written.stdout, "OPENAI_API_KEY=skill:openai:api_key"), "{written}");
}

#[test]
fn an_export_writes_neither_of_two_secrets_and_all_others() {
    let test = stocked(&[&CLASH[..], &["db-url", "db.url", "DB_PORT"]].concat());
    let written = test.ctl(&["export", "--reveal", "--format", "dotenv"]).succeeded();
    assert_eq!("DB_PORT=DB_PORT\nA_B_OTHER=skill:a-b:other\n", written.stdout);
    for left_out in [
        "left out: skill:a:b_c (skill:a-b:c would be A_B_C too)",
        "left out: skill:a-b:c (skill:a:b_c would be A_B_C too)",
        "left out: db-url (db.url would be DB_URL too)",
    ] {
        assert!(written.stderr.contains(left_out), "{written}");
    }
}

#[test]
fn an_agents_command_runs_without_the_variable_that_two_platforms_would_have() {
    let test = stocked(&CLASH);
    let mut server = Server::start(&test);
    let asked =
        json!({ "command": ["sh", "-c", "echo ${A_B_C-none} ${A_B_OTHER-none}"], "skills": ["a", "a-b"] });
    let answer = server.call("run_command", &asked).to_string();
    assert!(answer.contains("none [vault:skill:a-b:other]"), "{answer}");
    assert!(answer.contains("skill:a:b_c") && answer.contains("would be A_B_C too"), "{answer}");
}
