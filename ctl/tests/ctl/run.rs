//! Running commands: their environment, their output through pipes, their signals and exit codes.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use vault_testkit::{Run, TestEnvironment};

const VALUE: &str = "sk-proj-0123456789abcdefghijABCDEFGHIJ0123456789";
const MASK: &str = "[vault:key]";

/// Gives the folders of programs, as this test has them.
#[expect(
    clippy::disallowed_methods,
    reason = "the commands of the tests are looked for where the tests' own are"
)]
pub(crate) fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap()
}

/// Makes a vault with one secret.
pub(crate) fn with_key() -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "key"], VALUE).succeeded();
    test
}

/// Prepares `vaultctl run`.
pub(crate) fn command(test: &TestEnvironment, arguments: &[&str]) -> Command {
    let mut command = test.command(&["run"]);
    command.args(arguments).env("PATH", path());
    command
}

pub(crate) fn run(test: &TestEnvironment, arguments: &[&str]) -> Run {
    let output = command(test, arguments).stdin(Stdio::null()).output().unwrap();
    Run::of(&output, &test.home())
}

fn shell(test: &TestEnvironment, script: &str) -> Run {
    run(test, &["--env", "SECRET=key", "--", "sh", "-c", script])
}

#[test]
fn a_command_finds_a_secret_in_its_environment_and_prints_its_name_instead() {
    let test = with_key();
    let ended = shell(&test, r#"test "${#SECRET}" = 48 && echo "it is $SECRET""#).succeeded();
    assert_eq!((format!("it is {MASK}\n"), String::new()), (ended.stdout, ended.stderr));
}

#[test]
fn a_platform_goes_into_its_usual_variables_in_one_commit() {
    let test = TestEnvironment::served();
    for (name, value) in
        [("access_key_id", "AKIAIOSFODNN7EXAMPLE"), ("secret_access_key", "wJalrXUtnFEMIK7MDENG")]
    {
        test.ctl_with(&["set", &format!("skill:aws:{name}")], value).succeeded();
    }
    test.ctl_with(&["set", "other"], "another value").succeeded();
    let script = "echo ${#AWS_ACCESS_KEY_ID} ${#AWS_SECRET_ACCESS_KEY} ${#OTHER}";
    let ended = run(&test, &["--skill", "aws", "--env", "OTHER=other", "--", "sh", "-c", script]).succeeded();
    assert_eq!("20 20 13\n", ended.stdout);
}

#[test]
fn a_field_that_no_preset_knows_goes_into_a_variable_made_of_its_name() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "skill:mine:token"], VALUE).succeeded();
    let ended = run(&test, &["--skill", "mine", "--", "sh", "-c", "echo ${#MINE_TOKEN}"]).succeeded();
    assert_eq!("48\n", ended.stdout);
}

#[test]
fn a_secret_that_is_no_platforms_is_answered_with_how_to_name_its_variable() {
    let ended = run(&with_key(), &["--skill", "key", "--", "echo", "started"]);
    insta::assert_snapshot!(ended, @r"
    vaultctl: `key` is no platform's, so it has no variable of its own
      hint: name the variable: --env VARIABLE=key
    [exit 2]
    ");
}

#[test]
fn an_env_file_mixes_plain_lines_and_references() {
    let test = with_key();
    let file =
        test.write("app.env", "PLAIN='a b' # a remark\nexport SECRET=vault://key\nQUOTED=\"vault://key\"\n");
    let script = r#"echo "$PLAIN ${#SECRET} $QUOTED""#;
    let ended = run(&test, &["--env-file", file.to_str().unwrap(), "--", "sh", "-c", script]).succeeded();
    assert_eq!(format!("a b 48 {MASK}\n"), ended.stdout);
}

#[test]
fn a_reference_to_what_is_not_there_names_its_line_and_starts_nothing() {
    let test = with_key();
    let file = test.write("app.env", "A=vault://key\nB=vault://kye\n");
    let ended = run(&test, &["--env-file", file.to_str().unwrap(), "--", "echo", "started"]);
    insta::assert_snapshot!(ended, @r"
    vaultctl: HOME/app.env, line 2, B: there is no such secret
      hint: the nearest stored names are `key`
    [exit 3]
    ");
}

#[test]
fn a_variable_whose_secret_is_not_there_is_named_and_the_name_is_not_repeated() {
    let ended = run(&with_key(), &["--env", "SECRET=sk-1234", "--", "true"]).ended_with(3);
    assert!(ended.stderr.contains("--env SECRET: there is no such secret"), "{ended}");
    assert!(!ended.stderr.contains("sk-1234"), "{ended}");
}

#[test]
fn the_vaults_own_variables_are_not_handed_on_from_an_env_file_either() {
    let test = with_key();
    let file = test.write("own", "AGENTICMAIL_VAULT_KEY=k\nAGENTICMAIL_VAULT_TOKEN=t\nA=1\n");
    let ended = run(&test, &["--env-file", file.to_str().unwrap(), "--", "env"]).succeeded();
    assert!(ended.stdout.contains("A=1") && !ended.stdout.contains("AGENTICMAIL_VAULT_"), "{ended}");
    assert!(ended.stderr.contains("AGENTICMAIL_VAULT_KEY is the vault's own"), "{ended}");
    run(&test, &["--env", "AGENTICMAIL_VAULT_TOKEN=key", "--", "env"]).ended_with(2);
}

#[test]
fn a_malformed_line_of_an_env_file_is_named_and_not_repeated() {
    let test = TestEnvironment::empty();
    let file = test.write("app.env", "A=1\nsk-1234\n");
    insta::assert_snapshot!(run(&test, &["--env-file", file.to_str().unwrap(), "--", "true"]), @r"
    vaultctl: HOME/app.env, line 2: it is no NAME=value
      hint: a line is NAME=value or NAME=vault://SECRET; `#` begins a remark
    [exit 2]
    ");
}

#[test]
fn a_command_without_the_dashes_is_answered_with_where_they_go() {
    insta::assert_snapshot!(run(&TestEnvironment::empty(), &["env"]), @r"
    vaultctl: there is an argument too many
      hint: the command stands after two dashes: vaultctl run OPTIONS -- COMMAND
    [exit 2]
    ");
}

#[test]
fn a_file_has_the_value_for_as_long_as_the_command_runs() {
    let test = with_key();
    let script = r#"stat -c '%a %U' "$FILE"; test "$(cat "$FILE")" = "$SECRET" && echo "$FILE" >&2"#;
    let pair = ["--file", "FILE=key", "--env", "SECRET=key", "--", "sh", "-c", script];
    let ended = run(&test, &pair).succeeded();
    assert!(ended.stdout.starts_with("600 "), "{ended}");
    assert!(!std::path::Path::new(ended.stderr.trim()).exists(), "{ended}");
}

#[test]
fn a_file_is_gone_when_a_signal_has_ended_the_command() {
    let test = with_key();
    let mut command = command(&test, &["--file", "FILE=key", "--", "sh", "-c", "echo $FILE; exec sleep 60"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut path = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut path).unwrap();
    assert!(std::path::Path::new(path.trim()).exists());
    signal(&child, Signal::SIGTERM);
    assert_eq!(Some(143), child.wait().unwrap().code());
    assert!(!std::path::Path::new(path.trim()).exists());
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let test = with_key();
    let mut command = command(&test, &["--file", "FILE=key", "--", "sh", "-c", "echo $FILE; exec sleep 2"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut path = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut path).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    run(&test, &["--file", "FILE=key", "--", "true"]).succeeded();
    assert!(!std::path::Path::new(path.trim()).exists());
}

#[test]
fn the_vaults_own_variables_are_not_handed_on() {
    let test = with_key();
    let mut command = command(&test, &["--", "env"]);
    command.env("AGENTICMAIL_VAULT_KEY", "k").env("AGENTICMAIL_VAULT_TOKEN", "t").env("OTHER", "o");
    let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(!printed.contains("AGENTICMAIL_VAULT"), "{printed}");
    assert!(printed.contains("OTHER=o"), "{printed}");
}

#[test]
fn a_clean_environment_has_the_basics_and_the_secrets_alone() {
    let test = with_key();
    let mut command = command(&test, &["--clean-env", "--env", "SECRET=key", "--", "env"]);
    command.env("OTHER", "o").env("LC_ALL", "C").env("TERM", "dumb");
    let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let mut names: Vec<_> = printed.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert_eq!(["HOME", "LC_ALL", "PATH", "SECRET", "TERM"], *names);
}

#[test]
fn stdout_and_stderr_stay_apart() {
    let ended = shell(&with_key(), r#"echo "out $SECRET"; echo "err $SECRET" >&2"#).succeeded();
    assert_eq!((format!("out {MASK}\n"), format!("err {MASK}\n")), (ended.stdout, ended.stderr));
}

#[test]
fn stdout_and_stderr_that_go_to_one_place_keep_their_order() {
    let test = with_key();
    let (mut ours, theirs) = std::io::pipe().unwrap();
    let script = "for i in 1 2 3 4 5 6 7 8 9; do echo $i; echo $i$i >&2; done";
    let mut command = command(&test, &["--env", "SECRET=key", "--", "sh", "-c", script]);
    let mut child = command.stdout(theirs.try_clone().unwrap()).stderr(theirs).spawn().unwrap();
    drop(command);
    let mut printed = String::new();
    ours.read_to_string(&mut printed).unwrap();
    child.wait().unwrap();
    let lines: Vec<_> = (1..10).flat_map(|i| [i.to_string(), format!("{i}{i}")]).collect();
    assert_eq!(lines, printed.lines().collect::<Vec<_>>());
}

#[test]
fn every_form_of_a_value_is_masked() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "key"], "p@ss/wörd+\"quoted\"?").succeeded();
    let script = "\
import base64, json, os, urllib.parse
value = os.environ['SECRET']
raw = value.encode()
for before in (b'', b'a', b'ab', b'abc'):
    print(base64.b64encode(before + raw).decode(), base64.urlsafe_b64encode(before + raw).decode())
print(raw.hex(), raw.hex().upper(), json.dumps(value), json.dumps(value, ensure_ascii=False))
print(urllib.parse.quote(value, safe=''), urllib.parse.quote_plus(value), urllib.parse.quote(value, safe='').lower())
print(value)
";
    let ended = run(&test, &["--env", "SECRET=key", "--", "python3", "-c", script]).succeeded();
    assert_eq!(8 + 4 + 3 + 1, ended.stdout.matches(MASK).count(), "{ended}");
    assert!(ended.stdout.lines().all(|line| line.len() < 120), "{ended}");
}

#[test]
fn a_value_that_is_written_in_two_parts_is_masked() {
    let script = r#"printf 'a %.20s' "$SECRET"; sleep 0.2; echo "${SECRET#????????????????????} b""#;
    assert_eq!(format!("a {MASK} b\n"), shell(&with_key(), script).succeeded().stdout);
}

#[test]
fn a_tail_that_only_looks_like_a_value_comes_out_after_half_a_second() {
    let test = with_key();
    let script = "printf 'name: sk-'; read line; echo $line";
    let mut command = command(&test, &["--env", "SECRET=key", "--", "sh", "-c", script]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut prompt = [0; 9];
    stdout.read_exact(&mut prompt[..6]).unwrap();
    let shown = Instant::now();
    stdout.read_exact(&mut prompt[6..]).unwrap();
    assert!((200..2000).contains(&shown.elapsed().as_millis()), "{:?}", shown.elapsed());
    assert_eq!(b"name: sk-", &prompt);
    child.stdin.take().unwrap().write_all(b"x\n").unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_cannot_begin_a_value_passes_at_once() {
    let test = with_key();
    let mut command =
        command(&test, &["--env", "SECRET=key", "--", "sh", "-c", "printf 'name?'; exec sleep 60"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut prompt = [0; 5];
    child.stdout.take().unwrap().read_exact(&mut prompt).unwrap();
    signal(&child, Signal::SIGTERM);
    child.wait().unwrap();
    assert_eq!(b"name?", &prompt);
}

#[test]
fn a_short_value_is_not_masked_and_that_is_said() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "key"], "12345").succeeded();
    insta::assert_snapshot!(shell(&test, "echo $SECRET"), @r"
    12345
    warning: key is too short to be masked in the output
      hint: values of 6 bytes or more are masked
    [exit 0]
    ");
}

#[test]
fn nothing_is_masked_where_that_is_asked_for() {
    let test = with_key();
    for option in ["--no-mask", "--replace"] {
        let ended =
            run(&test, &[option, "--env", "SECRET=key", "--", "sh", "-c", "echo $SECRET"]).succeeded();
        assert_eq!(format!("{VALUE}\n"), ended.stdout, "{option}");
    }
}

#[test]
fn the_exit_code_is_the_commands() {
    let test = with_key();
    assert_eq!(Some(7), shell(&test, "exit 7").code);
    assert_eq!(Some(137), shell(&test, "kill -9 $$").code);
    let ended = run(&test, &["--", "no-such-command"]).ended_with(127);
    assert!(ended.stderr.starts_with("vaultctl: no-such-command: there is no such command\n"), "{ended}");
    run(&test, &["--replace", "--", "no-such-command"]).ended_with(127);
    let file = test.write("plain", "no program");
    let ended = run(&test, &["--", file.to_str().unwrap()]).ended_with(126);
    assert!(ended.stderr.contains("permission denied"), "{ended}");
}

#[test]
fn stdin_is_the_commands_with_its_end() {
    let test = with_key();
    let mut command = command(&test, &["--env", "SECRET=key", "--", "cat"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"one\ntwo").unwrap();
    assert_eq!(b"one\ntwo", child.wait_with_output().unwrap().stdout.as_slice());
}

#[test]
fn signals_reach_the_command() {
    let test = with_key();
    for (name, number) in [
        ("INT", Signal::SIGINT),
        ("TERM", Signal::SIGTERM),
        ("HUP", Signal::SIGHUP),
        ("USR1", Signal::SIGUSR1),
    ] {
        let script = format!("trap 'echo {name}; exit 3' {name}; echo ready; while :; do sleep 0.01; done");
        let mut command = command(&test, &["--env", "SECRET=key", "--", "sh", "-c", &script]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!("ready", lines.next().unwrap().unwrap());
        signal(&child, number);
        assert_eq!(name, lines.next().unwrap().unwrap());
        assert_eq!(Some(3), child.wait().unwrap().code());
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_command_as_a_pipe_would() {
    let test = with_key();
    let mut command = command(&test, &["--env", "SECRET=key", "--", "yes"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 2];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(Some(128 + Signal::SIGPIPE as i32), child.wait().unwrap().code());
}

#[test]
fn much_output_passes_whole() {
    let test = with_key();
    let script = "seq 200000; echo $SECRET; seq 200000";
    let printed = shell(&test, script).succeeded().stdout;
    let numbers = || (1..=200_000).map(|i| i.to_string());
    let expected = numbers().chain([MASK.to_owned()]).chain(numbers());
    assert!(printed.lines().eq(expected), "{} bytes", printed.len());
}

#[test]
fn no_process_of_this_program_has_the_value_in_its_environment() {
    let test = with_key();
    let script = "echo $PPID; exec sleep 60";
    let mut command = command(&test, &["--env", "SECRET=key", "--", "sh", "-c", script]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut parent = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut parent).unwrap();
    assert_eq!(child.id().to_string(), parent.trim());
    let environment = std::fs::read(format!("/proc/{}/environ", parent.trim())).unwrap();
    signal(&child, Signal::SIGTERM);
    child.wait().unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains(VALUE));
}

fn signal(child: &std::process::Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}
