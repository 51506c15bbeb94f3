//! Looking for stored values in files, history and transcripts: where, never what.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use vault::files::{make_private_folder, replace_private};

use vault_testkit::{Run, TestEnvironment};

const VALUE: &str = "correct-horse-battery-7";

/// Makes a vault with one secret, and a folder to look in.
fn with_secret() -> (TestEnvironment, PathBuf) {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "skill:openai:access_token"], VALUE).succeeded();
    let folder = test.home().parent().unwrap().join("work");
    make_private_folder(&folder).unwrap();
    (test, folder)
}

fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    make_private_folder(path.parent().unwrap()).unwrap();
    replace_private(&path, text.as_ref()).unwrap();
}

fn scan(test: &TestEnvironment, folder: &Path, arguments: &[&str]) -> Run {
    let run = test.run(command(test, folder, arguments), "");
    assert!(!format!("{run}").contains(VALUE), "{run}");
    run
}

fn command(test: &TestEnvironment, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = test.command(&[&["scan"], arguments].concat());
    command.current_dir(folder).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", folder);
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]);
    assert!(command.args(arguments).output().unwrap().status.success(), "{arguments:?}");
}

#[test]
fn a_value_is_found_with_its_line_and_column() {
    let (test, folder) = with_secret();
    put(&folder, "a/.env", format!("PORT=1\nKEY=\"{VALUE}\"\n"));
    put(&folder, "b.txt", "harmless");
    let run = scan(&test, &folder, &["."]);
    insta::assert_snapshot!(run, @r"
    ./a/.env:2:6: the value of skill:openai:access_token
    1 place: looked for 1 value in 2 texts, 45 bytes
    a key that got out is replaced at its issuer; then: vaultctl set NAME
    [exit 9]
    ");
}

#[test]
fn nothing_found_is_success() {
    let (test, folder) = with_secret();
    put(&folder, "b.txt", "harmless");
    insta::assert_snapshot!(scan(&test, &folder, &["."]), @r"
    nothing found: looked for 1 value in 1 text, 8 bytes
    [exit 0]
    ");
}

#[test]
fn a_value_is_found_wherever_it_lies_in_a_large_file() {
    let (test, folder) = with_secret();
    let mut bytes = vec![b'.'; 3 * 1024 * 1024];
    let places = [0, 1024 * 1024 - 9, 1024 * 1024 - 1024, 2 * 1024 * 1024 - 1040, bytes.len() - VALUE.len()];
    for place in places {
        bytes[place..place + VALUE.len()].copy_from_slice(VALUE.as_bytes());
    }
    put(&folder, "large", &bytes);
    let report = scan(&test, &folder, &["large", "--json"]).ended_with(9).json();
    let columns: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|one| one["column"].as_u64().unwrap()).collect();
    let mut expected = places.map(|place| place as u64 + 1);
    expected.sort_unstable();
    assert_eq!(expected.as_slice(), columns);
}

#[test]
fn standard_input_is_looked_at_where_it_is_named() {
    let (test, folder) = with_secret();
    let run = test.run(command(&test, &folder, &["-"]), format!("+ {VALUE}")).ended_with(9);
    assert!(run.stdout.starts_with("-:1:3: the value of"), "{run}");
}

#[test]
fn histories_of_shells_belong_to_a_look_without_a_path() {
    let (test, folder) = with_secret();
    put(test.home().parent().unwrap(), ".bash_history", format!("ls\nexport KEY={VALUE}\n"));
    let run = scan(&test, &folder, &[]).ended_with(9);
    assert!(run.stdout.contains("/.bash_history:2:12: the value of"), "{run}");
    scan(&test, &folder, &["."]).succeeded();
}

#[test]
fn transcripts_of_agents_are_looked_at_on_demand() {
    let (test, folder) = with_secret();
    let session = ".claude/projects/x/session.jsonl";
    put(test.home().parent().unwrap(), session, format!(r#"{{"text":"KEY={VALUE}"}}"#));
    scan(&test, &folder, &[]).succeeded();
    let run = scan(&test, &folder, &["--agents"]).ended_with(9);
    assert!(run.stdout.contains("/session.jsonl:1:14: the value of"), "{run}");
}

#[test(needs(Git))]
fn what_was_committed_and_removed_is_found_in_the_history() {
    let (test, folder) = with_secret();
    git(&folder, &["init", "-q"]);
    put(&folder, "conf/key.txt", format!("one\n{VALUE}\n"));
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-qm", "first"]);
    git(&folder, &["rm", "-q", "conf/key.txt"]);
    git(&folder, &["commit", "-qm", "second"]);
    scan(&test, &folder, &["."]).succeeded();
    git(&folder, &["commit", "--allow-empty", "-qm", &format!("oh: {VALUE}")]);
    let report = scan(&test, &folder, &[".", "--git", "--json"]).ended_with(9).json();
    let mut found = report["findings"].as_array().unwrap().clone();
    found.retain(|one| !one["object"].is_null());
    let of_file = found.iter().find(|one| one["path"] == json!("conf/key.txt")).unwrap();
    assert_eq!((json!(2), json!(1)), (of_file["line"].clone(), of_file["column"].clone()));
    assert_eq!(40, of_file["commit"].as_str().unwrap().len());
    assert_eq!(2, found.len(), "the commit's message is the other: {report}");
}

#[test(needs(Git))]
fn an_object_that_no_commit_reaches_is_found() {
    let (test, folder) = with_secret();
    git(&folder, &["init", "-q"]);
    put(&folder, "key.txt", VALUE);
    git(&folder, &["add", "."]);
    git(&folder, &["rm", "-q", "--cached", "key.txt"]);
    std::fs::remove_file(folder.join("key.txt")).unwrap();
    let run = scan(&test, &folder, &["--git", "."]).ended_with(9);
    assert!(run.stdout.contains(".: object "), "{run}");
}

#[test]
fn keys_of_known_platforms_are_told_by_their_form() {
    let (test, folder) = with_secret();
    put(&folder, "a.py", "token = 'ghp_A1b2C3d4E5f6G7h8J9k0L1m2N3p4Q5r6S7t8'\n");
    insta::assert_snapshot!(scan(&test, &folder, &["--quiet", "."]), @r"
    ./a.py:1:10: looks like a key of GitHub
    [exit 9]
    ");
}

/// Makes a repository with a file that has the value in its second line, and takes that line out of the index.
fn with_removal(folder: &Path) {
    git(folder, &["init", "-q"]);
    put(folder, "c.ini", format!("a=1\nkey={VALUE}\nb=2\n"));
    git(folder, &["add", "."]);
    git(folder, &["commit", "-qm", "1"]);
    put(folder, "c.ini", "a=1\nb=2\n");
    git(folder, &["add", "."]);
}

/// Gives what git prints.
fn printed(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("git");
    command.current_dir(folder).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", folder);
    command.args(arguments).output().unwrap().stdout
}

#[test(needs(Git))]
fn a_commit_that_takes_a_value_out_is_no_finding() {
    let (test, folder) = with_secret();
    with_removal(&folder);
    scan(&test, &folder, &["--staged"]).succeeded();
    for arguments in [
        &["diff", "--cached"][..],
        &["diff", "--cached", "-U9", "--color=always"],
        &["diff", "--cached", "--no-prefix"],
        &["diff", "--cached", "--unified=0"],
    ] {
        test.run(command(&test, &folder, &["-"]), printed(&folder, arguments)).succeeded();
    }
}

#[test(needs(Git))]
fn what_a_commit_adds_is_found_with_its_file_and_line() {
    let (test, folder) = with_secret();
    with_removal(&folder);
    git(&folder, &["commit", "-qm", "2"]);
    put(&folder, "conf/d \u{f6}.ini", format!("a=1\n\nkey = {VALUE}\n"));
    put(&folder, "c.ini", format!("a=1\nb=2\nc={VALUE}"));
    put(&folder, "binary", [b"\0\xff".as_slice(), VALUE.as_bytes()].concat());
    git(&folder, &["add", "."]);
    put(&folder, "not-staged", VALUE);
    let run = scan(&test, &folder, &["--staged"]).ended_with(9);
    for place in ["binary:1:3: ", "c.ini:3:3: ", "conf/d \u{f6}.ini:3:7: "] {
        assert!(run.stdout.contains(place), "{place}\n{run}");
    }
    assert_eq!(3, run.stdout.lines().count(), "{run}");
    let run =
        test.run(command(&test, &folder, &["-"]), printed(&folder, &["diff", "--cached"])).ended_with(9);
    assert!(run.stdout.contains("c.ini:3:3: ") && run.stdout.contains("conf/d \u{f6}.ini:3:7: "), "{run}");
    let run = test
        .run(command(&test, &folder, &["-", "--json"]), printed(&folder, &["diff", "--cached"]))
        .ended_with(9);
    assert_eq!(json!("c.ini"), run.json()["findings"][0]["path"]);
}

#[test(needs(Git))]
fn a_message_beside_a_diff_is_looked_at_too() {
    let (test, folder) = with_secret();
    with_removal(&folder);
    git(&folder, &["commit", "-qm", &format!("without {VALUE}")]);
    let run = test.run(command(&test, &folder, &["-"]), printed(&folder, &["show"])).ended_with(9);
    assert!(run.stdout.starts_with("-:5:13: the value of"), "{run}");
    assert_eq!(1, run.stdout.lines().count(), "{run}");
}

const PEM: &str = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBxG7yPq3sVZ0kLr9dWnT5uJ8hQ2\n\
    oAoGCCqGSM49AwEHoUQDQgAEr1kP4mS6xY0d\n-----END EC PRIVATE KEY-----\n";

#[test]
fn a_key_is_found_as_transcripts_hold_it() {
    let (test, folder) = with_secret();
    test.ctl_with(&["set", "pem"], PEM).succeeded();
    let mut held = PEM.to_owned();
    for depth in 0..4 {
        let run = test.run(command(&test, &folder, &["-"]), &held).ended_with(9);
        assert_eq!(1, run.stdout.matches("the value of pem").count(), "{depth}: {run}");
        held = json!({"type": "tool_result", "content": held}).to_string();
    }
}

#[test]
fn a_key_is_found_indented_and_behind_prefixes_once() {
    let (test, folder) = with_secret();
    test.ctl_with(&["set", "pem"], PEM).succeeded();
    for prefix in ["    ", "log: ", "> ", "\t\t| 12 "] {
        let lines = PEM.trim_end().replace('\n', &format!("\n{prefix}"));
        let prefixed = format!("tls:\n  key: |\n{prefix}{lines}\n");
        let run = test.run(command(&test, &folder, &["-"]), prefixed).ended_with(9);
        assert_eq!(1, run.stdout.matches("the value of pem").count(), "{prefix}: {run}");
    }
    let header = "-----BEGIN EC PRIVATE KEY-----\n";
    test.run(command(&test, &folder, &["-"]), header).succeeded();
}

#[test]
fn leaked_keys_without_digits_are_found() {
    let (test, folder) = with_secret();
    let leaked = "aws_access_key_id = AKIAQWERTZUIOPLKJH5G\nHF_TOKEN=\"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\"\n\
        STRIPE=sk_live_AbCdEfGhIjKlMnOpQrStUvW7\n";
    let run = test.run(command(&test, &folder, &["-"]), leaked).ended_with(9);
    assert_eq!(3, run.stdout.matches("looks like a key of").count(), "{run}");
}

#[test]
fn sarif_names_rules_and_places() {
    let (test, folder) = with_secret();
    put(&folder, "a b.env", format!("KEY={VALUE}"));
    let log = scan(&test, &folder, &[".", "--format", "sarif"]).ended_with(9).json();
    assert_eq!(json!("2.1.0"), log["version"]);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(json!("stored-value"), result["ruleId"]);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(json!("a%20b.env"), place["artifactLocation"]["uri"]);
    assert_eq!(json!({ "startLine": 1, "startColumn": 5 }), place["region"]);
}

#[test]
fn a_link_is_not_followed_and_a_pipe_not_waited_for() {
    let (test, folder) = with_secret();
    put(test.home().parent().unwrap(), "elsewhere/key", VALUE);
    std::os::unix::fs::symlink("../elsewhere/key", folder.join("link")).unwrap();
    nix::unistd::mkfifo(&folder.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    scan(&test, &folder, &["."]).succeeded();
    scan(&test, &folder, &["link"]).ended_with(9);
}

#[test]
fn a_path_that_is_not_there_is_a_mistake() {
    let (test, folder) = with_secret();
    insta::assert_snapshot!(scan(&test, &folder, &["nowhere"]), @r"
    vaultctl: nowhere is not there
      hint: name files or folders that exist, or `-` for standard input
    [exit 2]
    ");
    insta::assert_snapshot!(scan(&test, &folder, &["--git", "."]), @r"
    vaultctl: . is in no git repository
      hint: name a path in one, or leave --git and --staged out
    [exit 2]
    ");
}

#[test]
fn a_locked_vault_is_said_before_anything_is_read() {
    let (test, folder) = with_secret();
    test.ctl(&["lock"]).succeeded();
    scan(&test, &folder, &["."]).ended_with(4);
}

#[test]
fn a_pipe_that_was_named_is_read_to_its_end() {
    let (test, folder) = with_secret();
    put(&folder, "a.txt", VALUE);
    let mut command = test.command(&[]);
    let program = command.get_program().to_owned();
    command = Command::new("bash");
    command
        .args(["-c", "cat a.txt | \"$0\" scan /dev/stdin; echo $?; \"$0\" scan <(cat a.txt)"])
        .arg(program);
    command
        .current_dir(&folder)
        .env_clear()
        .env("AGENTICMAIL_HOME", test.home())
        .env("PATH", "/usr/bin:/bin");
    let run = test.run(command, "").ended_with(9);
    assert_eq!(2, run.stdout.matches("the value of skill:openai:access_token").count(), "{run}");
    assert!(run.stdout.contains("/dev/stdin:1:1: ") && run.stdout.contains("\n9\n"), "{run}");
}

#[test(needs(Root, Git))]
fn a_repository_of_another_owner_is_said_to_be_that() {
    let (test, folder) = with_secret();
    git(&folder, &["init"]);
    for part in [".git", "."] {
        std::os::unix::fs::chown(folder.join(part), Some(2003), None).unwrap();
    }
    for arguments in [&["--git", "."][..], &["--staged"]] {
        let run = scan(&test, &folder, arguments).ended_with(2);
        assert!(run.stderr.contains("dubious ownership"), "{run}");
        assert!(run.stderr.contains("safe.directory"), "{run}");
    }
}

#[test(needs(Git))]
fn what_git_says_of_a_repository_that_it_does_not_read_is_said() {
    let (test, folder) = with_secret();
    git(&folder, &["init"]);
    put(&folder, ".git/config", "[core\n");
    let run = scan(&test, &folder, &["--git", "."]).ended_with(2);
    assert!(run.stderr.contains("bad config"), "{run}");
}
