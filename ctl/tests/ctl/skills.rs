//! What `--skill` passes to commands, shells and files.

use std::process::Command;

use crate::run::{path, run};
use vault_testkit::{Run, TestEnvironment};

fn stocked(secrets: &[(&str, &str)]) -> TestEnvironment {
    let test = TestEnvironment::served();
    for (name, value) in secrets {
        test.ctl_with(&["set", name, "--exact-name"], value).succeeded();
    }
    test
}

/// Runs `env` with some options of `run`, and returns what it printed.
fn environment(test: &TestEnvironment, options: &[&str]) -> Run {
    run(test, &[&["--clean-env", "--no-mask"], options, &["--", "env"]].concat())
}

fn has(run: &Run, line: &str) -> bool {
    run.stdout.lines().any(|one| one == line)
}

#[test]
fn a_field_goes_into_every_variable_that_its_tools_read() {
    let test = stocked(&[("skill:aws:region", "eu-central-1"), ("skill:github:access_token", "ghp-1")]);
    let ended = environment(&test, &["--skill", "aws", "--skill", "github"]).succeeded();
    for line in
        ["AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1", "GITHUB_TOKEN=ghp-1", "GH_TOKEN=ghp-1"]
    {
        assert!(has(&ended, line), "{line}: {ended}");
    }
    let printed = test.ctl(&["env", "--skill", "aws", "--format", "dotenv"]).succeeded().stdout;
    assert_eq!("AWS_REGION=eu-central-1\nAWS_DEFAULT_REGION=eu-central-1\n", printed);
    let printed = test.ctl(&["resolve", "aws", "--format", "dotenv"]).succeeded().stdout;
    assert_eq!("AWS_REGION=eu-central-1\nAWS_DEFAULT_REGION=eu-central-1\n", printed);
}

#[test]
fn get_and_run_give_the_same_secret_of_a_platform() {
    for names in [
        ["openai", "skill:openai:access_token"],
        ["skill:openai:access_token", "skill:openai:api_key"],
        ["skill:openai:api_key", "skill:openai"],
    ] {
        let test = stocked(&names.map(|name| (name, name)));
        let got = test.ctl(&["get", "openai"]).succeeded().stdout;
        let ended = environment(&test, &["--skill", "openai"]).succeeded();
        assert!(has(&ended, &format!("OPENAI_API_KEY={got}")), "{got}: {ended}");
        let printed = test.ctl(&["env", "--skill", "openai", "--format", "json"]).succeeded().json();
        assert_eq!(got, printed["OPENAI_API_KEY"]);
        let warned = ended.stderr.matches("warning:").count();
        assert!(warned == 1 && ended.stderr.contains(names[1]), "{ended}");
    }
}

#[test]
fn what_no_preset_names_is_left_out_with_one_warning_and_passed_by_name() {
    let test = stocked(&[
        ("skill:npm:access_token", "npm_1"),
        ("skill:npm:config_script_shell", "/tmp/evil.sh"),
        ("skill:npm:config_registry", "https://evil.example"),
    ]);
    let ended = environment(&test, &["--skill", "npm"]).succeeded();
    assert!(has(&ended, "NPM_TOKEN=npm_1") && !ended.stdout.contains("evil"), "{ended}");
    insta::assert_snapshot!(ended.stderr, @"
    warning: left out: skill:npm:config_registry (it is not a field of its platform's preset), skill:npm:config_script_shell (it is not a field of its platform's preset)
      hint: name the variable to pass one of them anyway: VARIABLE=NAME
    ");
    let ended = environment(&test, &["--env", "NPM_CONFIG_REGISTRY=skill:npm:config_registry"]).succeeded();
    assert!(has(&ended, "NPM_CONFIG_REGISTRY=https://evil.example"), "{ended}");
}

#[test]
fn a_value_that_no_variable_can_hold_is_left_out_of_a_platform() {
    let long = "x".repeat(128 * 1024);
    for misfit in ["a\0b", long.as_str()] {
        let test = stocked(&[("skill:twilio:account_sid", "AC1"), ("skill:twilio:access_token", misfit)]);
        for printed in [
            environment(&test, &["--skill", "twilio"]).succeeded(),
            test.ctl(&["env", "--skill", "twilio"]).succeeded(),
            test.ctl(&["resolve", "twilio", "--format", "env"]).succeeded(),
        ] {
            assert!(printed.stdout.contains("TWILIO_ACCOUNT_SID="), "{printed}");
            assert!(!printed.stdout.contains("TWILIO_AUTH_TOKEN"), "{printed}");
            assert!(printed.stderr.contains("left out: skill:twilio:access_token ("), "{}", printed.stderr);
        }
    }
}

#[test]
fn a_platform_that_has_nothing_else_is_refused() {
    let test = stocked(&[("skill:openai:access_token", "a\0b")]);
    let ended = environment(&test, &["--skill", "openai"]).ended_with(2);
    assert!(ended.stderr.contains("zero byte") && ended.stdout.is_empty(), "{ended}");
}

#[test]
fn one_variable_for_two_secrets_is_refused_with_both_names() {
    let test = stocked(&[("a", "1"), ("b", "2")]);
    let refused = |run: Run, one: &str, other: &str| {
        let ended = run.ended_with(7);
        assert!(
            ended.stdout.is_empty() && ended.stderr.contains(one) && ended.stderr.contains(other),
            "{ended}"
        );
    };
    refused(environment(&test, &["--env", "A=a", "--env", "A=b"]), "a and b", "both be A");
    refused(run(&test, &["--file", "A=a", "--file", "A=b", "--", "true"]), "a and b", "both be A");
    refused(test.ctl(&["env", "A=a", "A=b"]), "a and b", "both be A");
}

#[test]
fn one_secret_may_be_named_twice_and_another_in_place_of_a_platforms() {
    let test = stocked(&[("skill:openai:access_token", "sk-1"), ("other", "sk-2")]);
    let twice = ["--skill", "openai", "--skill", "openai", "--env", "A=other", "--env", "A=other"];
    let ended = environment(&test, &twice).succeeded();
    assert!(has(&ended, "OPENAI_API_KEY=sk-1") && has(&ended, "A=sk-2"), "{ended}");
    let ended = environment(&test, &["--skill", "openai", "--env", "OPENAI_API_KEY=other"]).succeeded();
    assert!(has(&ended, "OPENAI_API_KEY=sk-2"), "{ended}");
    let printed = test.ctl(&["env", "--skill", "openai", "OPENAI_API_KEY=other"]).succeeded().stdout;
    assert_eq!("export OPENAI_API_KEY='sk-2'\n", printed);
}

#[test]
fn a_shell_that_evaluates_what_is_printed_never_prints_a_value() {
    let test = stocked(&[("skill:2captcha:api_key", "captcha-value-1"), ("1st-key", "captcha-value-2")]);
    for (words, variable) in [
        (&["env", "--skill", "2captcha"][..], "_2CAPTCHA_API_KEY"),
        (&["resolve", "2captcha", "--format", "env"], "_2CAPTCHA_API_KEY"),
        (&["resolve", "2captcha", "api_key", "--format", "env"], "_2CAPTCHA_API_KEY"),
        (&["env", "1st-key"], "_1ST_KEY"),
    ] {
        let printed = test.ctl(words).succeeded().stdout;
        let script = format!("eval \"$PRINTED\"; test -n \"${variable}\"");
        let output =
            Command::new("sh").args(["-c", &script]).env("PRINTED", &printed).env("PATH", path()).output();
        let output = output.unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{printed}");
    }
    let ended = environment(&test, &["--skill", "2captcha"]).succeeded();
    assert!(has(&ended, "_2CAPTCHA_API_KEY=captcha-value-1"), "{ended}");
}

#[test]
fn a_variable_that_programs_obey_is_never_made_up() {
    let test = stocked(&[
        ("ld-preload", "/tmp/a.so"),
        ("skill:node:options", "--require=/tmp/a.js"),
        ("PATH", "/tmp"),
    ]);
    for words in [&["env", "ld-preload"][..], &["env", "skill:node:options"], &["env", "PATH"]] {
        let ended = test.ctl(words).ended_with(2);
        assert!(ended.stdout.is_empty() && ended.stderr.contains("which programs obey"), "{ended}");
    }
    environment(&test, &["--skill", "node"]).ended_with(3);
    assert_eq!(
        "export LD_PRELOAD='/tmp/a.so'\n",
        test.ctl(&["env", "LD_PRELOAD=ld-preload"]).succeeded().stdout
    );
}

#[test]
fn an_export_names_what_has_no_variable_and_leaves_it_out() {
    let test = stocked(&[
        ("skill:openai:access_token", "sk-1"),
        ("skill:openai:api_key", "sk-2"),
        ("skill:npm:config_script_shell", "/tmp/evil.sh"),
        ("NODE_OPTIONS", "--require=/tmp/a.js"),
        ("database", "d"),
        ("DB_url", "u"),
    ]);
    let run = test.ctl(&["export", "--reveal", "--format", "dotenv"]).succeeded();
    assert_eq!("DB_url=u\nDATABASE=d\nOPENAI_API_KEY=sk-1\n", run.stdout);
    for name in ["skill:openai:api_key", "skill:npm:config_script_shell", "NODE_OPTIONS"] {
        assert!(run.stderr.contains(&format!("left out: {name}: ")), "{run}");
    }
}

#[test]
fn discovery_shows_no_variable_for_what_is_not_passed() {
    let test =
        stocked(&[("skill:openai:access_token", "sk-1"), ("skill:openai:base_url", "https://example.com")]);
    insta::assert_snapshot!(test.ctl(&["discover"]), @"
    PLATFORM  FIELD         VARIABLE        SECRET
    openai    access_token  OPENAI_API_KEY  skill:openai:access_token
    openai    base_url      -               skill:openai:base_url
    [exit 0]
    ");
}
