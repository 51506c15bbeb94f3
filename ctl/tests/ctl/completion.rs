//! Completion as shells ask for it: the real script in a real shell, with a real daemon behind it.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::terminal::drive;
use vault_testkit::terminal::search_path;
use vault_testkit::{Run, TestEnvironment};

const TOKEN: &str = "skill:openai:access_token";
const VALUE: &str = "sk-completion-never-shows-this";
/// What bash splits at while it completes.
const BREAKS: &str = " \t\n\"'@><=;|&(:";

fn stored() -> TestEnvironment {
    let test = TestEnvironment::served();
    for name in [TOKEN, "skill:aws:region", "my deploy key", "$(touch bad)"] {
        test.ctl_with(&["set", name], VALUE).succeeded();
    }
    test
}

/// Prepares a shell that finds this program, and has sourced its script.
fn shell(test: &TestEnvironment, words: &[&str], script: &str) -> Command {
    let program = *words.first().unwrap();
    let kept = test.path("script");
    let printed = test.ctl(&["completions", program]).succeeded().stdout;
    vault::files::replace_private(&kept, printed.as_bytes()).unwrap();
    let mut command = Command::new(program);
    command.args(&words[1..]).arg("-c").arg(script);
    command
        .env_clear()
        .env("HOME", test.home())
        .env("AGENTICMAIL_HOME", test.home())
        .env("PATH", search_path());
    command.env("SCRIPT", kept).env("LANG", "C.UTF-8").current_dir(test.home());
    command
}

fn in_bash_with(test: &TestEnvironment, line: &str, change: impl FnOnce(&mut Command)) -> Run {
    let script = r#". "$SCRIPT"; COMP_POINT=${#COMP_LINE}; _vaultctl
        if [ ${#COMPREPLY[@]} -gt 0 ]; then printf '%s\n' "${COMPREPLY[@]}"; fi"#;
    let mut command = shell(test, &["bash", "--norc"], script);
    command.env("COMP_LINE", line).env("COMP_WORDBREAKS", BREAKS);
    change(&mut command);
    test.run(command, "")
}

/// Gives what bash would offer, and makes sure that nothing is said.
#[track_caller]
pub(crate) fn in_bash(test: &TestEnvironment, line: &str) -> Vec<String> {
    let run = in_bash_with(test, line, |_| ()).succeeded();
    assert_eq!("", run.stderr);
    run.stdout.lines().map(str::to_owned).collect()
}

#[test(needs(Bash))]
fn bash_completes_a_name_over_its_colons() {
    let test = stored();
    assert_eq!(["openai:access_token"], in_bash(&test, "vaultctl get skill:op")[..]);
    assert_eq!(["access_token"], in_bash(&test, "vaultctl show skill:openai:")[..]);
    assert_eq!(["openai:access_token"], in_bash(&test, "vaultctl run --env OPENAI_API_KEY=skill:o")[..]);
}

#[test(needs(Bash))]
fn every_argument_that_takes_a_name_has_it_completed() {
    let test = stored();
    for line in ["set", "get", "show", "rm", "history", "rollback", "rotate", "env", "audit --search"] {
        assert_eq!([r"my\ deploy\ key"], in_bash(&test, &format!("vaultctl {line} my"))[..], "{line}");
    }
    for line in ["run --env KEY=my", "run --file KEY=my", "env KEY=my"] {
        assert_eq!([r"my\ deploy\ key"], in_bash(&test, &format!("vaultctl {line}"))[..], "{line}");
    }
}

#[test(needs(Bash))]
fn platforms_agents_and_orgs_are_completed_too() {
    let test = stored();
    test.ctl(&["agent", "add", "coder", "--grant", "read:*"]).succeeded();
    test.ctl_with(&["--org", "acme", "set", "a"], VALUE).succeeded();
    for line in
        ["get op", "resolve op", "discover op", "run --skill op", "env --skill=op", "list --platform op"]
    {
        assert_eq!(["openai"], in_bash(&test, &format!("vaultctl {line}"))[..], "{line}");
    }
    assert_eq!(["stripe"], in_bash(&test, "vaultctl add stri")[..]);
    for line in ["agent show co", "agent rm co", "agent test co", "agent update co", "agent renew-token co"] {
        assert_eq!(["coder"], in_bash(&test, &format!("vaultctl {line}"))[..], "{line}");
    }
    assert_eq!(["acme"], in_bash(&test, "vaultctl --org ac")[..]);
    assert_eq!(["a"], in_bash(&test, "vaultctl --org acme get ")[..]);
}

#[test(needs(Bash))]
fn commands_and_options_are_completed_without_a_daemon() {
    let test = TestEnvironment::empty();
    assert_eq!(["status"], in_bash(&test, "vaultctl sta")[..]);
    assert_eq!(["--generate"], in_bash(&test, "vaultctl set a --gen")[..]);
    assert_eq!(["api_key"], in_bash(&test, "vaultctl list --category api")[..]);
}

#[test(needs(Bash))]
fn a_name_that_a_shell_would_obey_is_quoted() {
    let test = stored();
    assert_eq!([r"\$\(touch\ bad\)"], in_bash(&test, r"vaultctl get \$")[..]);
    assert_eq!(["$(touch bad)"], in_bash(&test, "vaultctl get '$")[..]);
    assert!(!test.path("bad").exists());
}

#[test(needs(Bash))]
fn the_vault_that_was_typed_is_asked() {
    let test = stored();
    let elsewhere = |command: &mut Command| {
        command.env("AGENTICMAIL_HOME", "/nonexistent");
    };
    let home = test.home();
    for place in [format!("--home {}", home.display()), format!("--socket={}/vault.sock", home.display())] {
        let run = in_bash_with(&test, &format!("vaultctl {place} get my"), elsewhere);
        assert_eq!("my\\ deploy\\ key\n", run.stdout, "{place}");
    }
    assert_eq!("[exit 0]", in_bash_with(&test, "vaultctl get my", elsewhere).to_string());
}

#[test(needs(Bash))]
fn an_agent_completes_what_it_may_see() {
    let test = stored();
    let added =
        test.ctl(&["agent", "add", "bot", "--grant", "read:skill:aws:*", "--json"]).succeeded().json();
    let token = added["token"].as_str().unwrap().to_owned();
    let run = in_bash_with(&test, "vaultctl get ", |command| {
        command.env("AGENTICMAIL_VAULT_TOKEN", &token);
    });
    assert_eq!("aws\nskill:aws:region\n", run.stdout);
    let run = in_bash_with(&test, "vaultctl get skill", |command| {
        command.env("AGENTICMAIL_VAULT_TOKEN", "agt_wrong");
    });
    assert_eq!("[exit 0]", run.to_string());
}

#[test(needs(Bash))]
fn a_blank_token_completes_nothing_that_its_user_may_see() {
    let test = stored();
    assert_eq!("my\\ deploy\\ key\n", in_bash_with(&test, "vaultctl get my", |_| {}).stdout);
    for blank in ["", " ", "\n"] {
        let run = in_bash_with(&test, "vaultctl get my", |command| {
            command.env("AGENTICMAIL_VAULT_TOKEN", blank);
        });
        assert_eq!("[exit 0]", run.to_string(), "{blank:?}");
    }
}

#[test(needs(Bash))]
fn a_locked_vault_offers_nothing_and_says_nothing() {
    let test = stored();
    test.ctl(&["lock"]).succeeded();
    assert!(in_bash(&test, "vaultctl get my").is_empty());
}

#[test(needs(Bash))]
fn a_daemon_that_does_not_answer_is_not_waited_for() {
    let test = TestEnvironment::empty();
    let _silent = UnixListener::bind(test.path("vault.sock")).unwrap();
    let start = Instant::now();
    assert!(in_bash(&test, "vaultctl get my").is_empty());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test(needs(Bash))]
fn a_question_goes_to_the_process_that_was_looked_at_and_to_no_other() {
    let test = TestEnvironment::empty();
    let listener = UnixListener::bind(test.path("vault.sock")).unwrap();
    let asked = std::thread::spawn(move || {
        let mut line = String::new();
        BufReader::new(listener.accept().unwrap().0).read_line(&mut line).unwrap();
        line
    });
    assert!(in_bash(&test, "vaultctl get my").is_empty());
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("GET /vault/secrets?"), "the first connection brought: {asked:?}");
}

#[test(needs(Bash))]
fn no_completion_shows_a_value_or_is_taken_for_a_persons_question() {
    let test = stored();
    for line in ["get ", "show ", "env ", "run --env A=", "resolve "] {
        assert!(!in_bash(&test, &format!("vaultctl {line}")).join("\n").contains(VALUE), "{line}");
    }
    let log = test.ctl(&["audit", "--json", "--limit", "1000"]).succeeded().json();
    let entries = log["entries"].as_array().unwrap();
    let looked: Vec<_> =
        entries.iter().filter(|entry| entry["metadata"]["claimedClient"] == "completion").collect();
    assert_eq!(5, looked.len());
    assert!(looked.iter().all(|entry| entry["action"] == "read"), "{looked:?}");
}

#[test(needs(Zsh))]
fn no_script_holds_a_name() {
    let test = stored();
    for shell in ["bash", "zsh", "fish"] {
        let script = test.ctl(&["completions", shell]).succeeded().stdout;
        assert!(!script.contains("openai") && !script.contains("deploy"), "{shell}");
    }
}

#[test(needs(Bash))]
fn a_person_at_bash_presses_tab() {
    let test = stored();
    let script = test.ctl(&["completions", "bash"]).succeeded().stdout;
    let rc = test.write("bashrc", &format!("PATH={}\nPS1='ready> '\n{script}", search_path()));
    let words = ["bash", "--noprofile", "--rcfile", rc.to_str().unwrap(), "-i"];
    let ended = drive(
        &test,
        &[&["/usr/bin/env"], &words[..]].concat(),
        &json!([
            ["expect", "ready> "],
            ["send", "vaultctl get skill:op\t"],
            ["expect", TOKEN],
            ["send", "\n"],
            ["expect", VALUE],
            ["expect", "ready> "],
            ["send", "vaultctl show \"my\t"],
            ["expect", "my deploy key\""],
            ["send", "| grep -c custom\n"],
            ["expect", "1"],
            ["send", "exit\n"],
        ]),
    );
    assert_eq!(0, ended["code"], "{ended}");
}

#[test(needs(Zsh))]
fn a_person_at_zsh_presses_tab() {
    let test = stored();
    let script = test.ctl(&["completions", "zsh"]).succeeded().stdout;
    let rc =
        format!("PATH={}\nPS1='ready> '\nautoload -Uz compinit; compinit -u -D\n{script}", search_path());
    test.write(".zshrc", &rc);
    let ended = drive(
        &test,
        &["/usr/bin/env", "zsh", "-i"],
        &json!([
            ["expect", "ready> "],
            ["send", "vaultctl get skill:op\t"],
            ["expect", "access_token"],
            ["send", "\n"],
            ["expect", VALUE],
            ["expect", "ready> "],
            ["send", "exit\n"],
        ]),
    );
    assert_eq!(0, ended["code"], "{ended}");
}

#[test(needs(Fish))]
fn fish_offers_names_with_a_word_about_each() {
    let test = stored();
    let script = r#". "$SCRIPT"; complete -C "vaultctl get skill:op""#;
    let command = shell(&test, &["fish", "--no-config"], script);
    let run = test.run(command, "").succeeded();
    assert!(run.stdout.starts_with("skill:openai:access_token\t"), "{run}");
}
