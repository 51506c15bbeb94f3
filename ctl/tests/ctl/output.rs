//! What is printed, where, and what happens when nobody reads it.

use std::io::Read;
use std::process::Stdio;

use vault_testkit::{Run, TestEnvironment};

/// Runs the program with an output that nobody reads.
fn unread(test: &TestEnvironment, line: &str) -> Run {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = test.command(&line.split(' ').collect::<Vec<_>>());
    let output = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    Run::of(&output, &test.home())
}

/// Makes sure that a command says that a key or token was lost, and how to get another.
#[track_caller]
fn assert_lost(run: Run, what: &str, another: &str) {
    let run = run.ended_with(1);
    assert!(run.stderr.contains(&format!("{what} was made and could not be printed: ")), "{run}");
    assert!(run.stderr.contains(another), "{run}");
}

#[test]
fn a_pipe_that_is_closed_early_ends_the_program_quietly() {
    let test = TestEnvironment::empty();
    let mut command = test.command(&["completions", "bash"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!("", said);
    assert_eq!(Some(0), child.wait().unwrap().code());
}

#[test]
fn a_full_disk_is_a_failure() {
    let test = TestEnvironment::empty();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = test.command(&["presets"]).stdout(full).output().unwrap();
    assert_eq!(Some(1), output.status.code());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no space left"));
}

#[test]
fn what_a_check_found_is_its_exit_code_though_nobody_reads_it() {
    let mut test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "correct-horse-battery-7").succeeded();
    test.write("copy", "correct-horse-battery-7");
    assert_eq!("", unread(&test, "audit verify").succeeded().stderr);
    for check in ["scan home/copy", "scan home/copy --json"] {
        assert_eq!("", unread(&test, check).ended_with(9).stderr);
    }
    test.stop();
    test.sql("UPDATE audit SET outcome = 'denied' WHERE seq = 1");
    test.start();
    for check in ["audit verify", "audit verify --json", "doctor", "doctor --json"] {
        assert_eq!("", unread(&test, check).ended_with(9).stderr);
    }
}

#[test]
fn a_key_that_nobody_could_read_is_a_failure() {
    let test = TestEnvironment::empty();
    assert_lost(unread(&test, "init"), "the recovery key", "vaultctl recovery");
    let test = TestEnvironment::served();
    for line in ["recovery", "recovery -q", "recovery --json"] {
        assert_lost(unread(&test, line), "the recovery key", "vaultctl recovery");
    }
    for line in ["rekey --generate", "rekey --generate --json"] {
        assert_lost(unread(&test, line), "the new recovery key", "vaultctl recovery");
    }
    let mut test = TestEnvironment::empty();
    test.start_with_key("the key comes from the environment");
    assert_lost(unread(&test, "rekey --generate"), "the new key", "vaultctl rekey --generate");
}

#[test]
fn a_token_that_nobody_could_read_is_a_failure() {
    let test = TestEnvironment::served();
    let add = "agent add bot --grant read:*";
    let another = "vaultctl agent renew-token bot";
    assert_lost(unread(&test, add), "the token of agent bot", another);
    assert_lost(unread(&test, "agent renew-token bot"), "the token of agent bot", another);
    test.ctl(&["agent", "rm", "bot", "--yes"]).succeeded();
    assert_lost(unread(&test, &format!("{add} --json")), "the token of agent bot", another);
}

#[test]
fn a_key_that_does_not_fit_on_the_disk_is_lost_too() {
    let test = TestEnvironment::served();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = test.command(&["recovery", "-q"]).stdout(full).output().unwrap();
    let run = Run::of(&output, &test.home());
    assert_lost(run, "the recovery key", "vaultctl recovery");
}

#[test]
fn colours_come_when_they_are_asked_for() {
    let test = TestEnvironment::empty();
    assert!(!test.ctl(&["presets"]).succeeded().stdout.contains('\u{1b}'));
    assert!(test.ctl(&["presets", "--color", "always"]).succeeded().stdout.contains("\u{1b}[1m"));
}

#[test]
fn quiet_leaves_out_confirmations_and_notes_but_not_answers() {
    let test = TestEnvironment::served();
    let run = test.ctl_with(&["set", "openai", "--quiet", "--exact-name"], "x").succeeded();
    assert_eq!(("", ""), (&*run.stdout, &*run.stderr));
    assert_eq!("x", test.ctl(&["get", "openai", "--quiet"]).succeeded().stdout);
}

#[test]
fn a_plain_table_has_a_row_a_line() {
    let test = TestEnvironment::served();
    let long = "n".repeat(200);
    test.ctl_with(&["set", &long], "x").succeeded();
    let run = test.ctl(&["list"]).succeeded();
    assert_eq!(2, run.stdout.lines().count(), "{run}");
}

#[test]
fn the_presets_are_listed_with_their_fields() {
    let run = TestEnvironment::empty().ctl(&["presets", "gcp", "--quiet"]).succeeded();
    insta::assert_snapshot!(run, @"
    platform     google
    name         Google Cloud / Gemini
    category     skill_credential
    also called  google-cloud, gemini, gcp
    keys         https://ai.google.dev/gemini-api/docs/api-key

    FIELD           NAME                 FORM                            VARIABLES
    access_token    API Key              AIza...                         GOOGLE_API_KEY, GEMINI_API_KEY, GOOGLE_GENERATIVE_AI_API_KEY
    client_id*      OAuth Client ID      ....apps.googleusercontent.com  GOOGLE_CLIENT_ID, GOOGLE_OAUTH_CLIENT_ID
    client_secret*  OAuth Client Secret  GOCSPX-...                      GOOGLE_CLIENT_SECRET, GOOGLE_OAUTH_CLIENT_SECRET
    [exit 0]
    ");
}

#[test]
fn json_presets_come_with_the_categories() {
    let all = TestEnvironment::empty().ctl(&["presets", "--json"]).succeeded().json();
    assert!(all["presets"].as_array().unwrap().len() >= 40);
    assert_eq!(5, all["categories"].as_array().unwrap().len());
}

#[test]
fn every_shell_gets_its_completions() {
    let test = TestEnvironment::empty();
    for shell in ["bash", "zsh", "fish"] {
        assert!(test.ctl(&["completions", shell]).succeeded().stdout.contains("vaultctl"), "{shell}");
    }
}

#[test]
fn man_pages_are_written_for_every_command() {
    let test = TestEnvironment::empty();
    let folder = test.path("man");
    test.ctl(&["man", folder.to_str().unwrap()]).succeeded();
    for page in ["vaultctl.1", "vaultctl-set.1", "vaultctl-audit-verify.1"] {
        assert!(folder.join(page).exists(), "{page}");
    }
}

#[test]
fn help_has_examples() {
    let run = TestEnvironment::empty().ctl(&["get", "--help"]).succeeded();
    assert!(run.stdout.contains("Examples:\n  vaultctl get openai"), "{run}");
}
