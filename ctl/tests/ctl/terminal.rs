//! Commands on a terminal, at which a person sits.

use serde_json::{Value, json};

use crate::run::with_key;
use vault_testkit::{TestEnvironment, terminal, vaultctl};

const PROBE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ctl/terminal/probe.py");
const SIGNALS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ctl/terminal/signals.py");
const MASK: &str = "[vault:key]";

/// Runs a shell's words on a terminal, with steps that a person takes.
#[track_caller]
fn on_terminal(test: &TestEnvironment, script: &str, steps: &Value) -> Value {
    drive(test, &["/bin/sh", "-c", script], steps)
}

/// Runs a command under `vaultctl run` on a terminal.
#[track_caller]
fn run(test: &TestEnvironment, command: &[&str], steps: &Value) -> Value {
    let words = [vaultctl().to_str().unwrap(), "run", "--env", "SECRET=key", "--"];
    drive(test, &[&words[..], command].concat(), steps)
}

/// Runs a program on a terminal, with steps that a person takes.
#[track_caller]
pub(crate) fn drive(test: &TestEnvironment, words: &[&str], steps: &Value) -> Value {
    terminal::drive(test, words, steps, &[("PROBE", PROBE), ("SIGNALS", SIGNALS)])
}

/// Compares what a command finds when it is run plainly and when it is run under `vaultctl run`.
#[track_caller]
fn assert_alike(redirections: &str) {
    let test = with_key();
    let found = |start: &str| {
        let file = test.path("found");
        let script = format!("{start} python3 $PROBE {} modes {redirections}", file.display());
        let ended = on_terminal(&test, &script, &json!([]));
        assert!(file.exists(), "{start}: {ended}");
        std::fs::read_to_string(&file).unwrap()
    };
    let (plain, masked) = (found(""), found("$VAULTCTL run --env SECRET=key --"));
    assert_eq!(plain, masked, "{redirections}");
}

#[test]
fn a_command_on_a_terminal_finds_what_it_would_find_without_us() {
    assert_alike("keys");
}

#[test]
fn a_command_with_stdin_from_a_pipe_finds_what_it_would_find_without_us() {
    let test = with_key();
    let found = |start: &str| {
        let file = test.path("found");
        let script = format!("true | {start} python3 $PROBE {}", file.display());
        on_terminal(&test, &script, &json!([]));
        std::fs::read_to_string(&file).unwrap()
    };
    assert_eq!(found(""), found("$VAULTCTL run --env SECRET=key --"));
}

#[test]
fn a_command_with_stdout_to_a_pipe_finds_what_it_would_find_without_us() {
    let test = with_key();
    let found = |start: &str| {
        let file = test.path("found");
        let script = format!("{start} python3 $PROBE {} keys | cat", file.display());
        on_terminal(&test, &script, &json!([]));
        std::fs::read_to_string(&file).unwrap()
    };
    assert_eq!(found(""), found("$VAULTCTL run --env SECRET=key --"));
}

#[test]
fn a_command_with_stderr_to_a_file_finds_what_it_would_find_without_us() {
    assert_alike("keys 2> errors");
}

#[test]
fn a_command_without_outputs_finds_what_it_would_find_without_us() {
    assert_alike("keys > /dev/null 2>&1");
}

#[test]
fn a_command_on_a_terminal_has_its_keys_from_the_start() {
    let test = with_key();
    // Its group, and the group that has the keys (proc_pid_stat(5)): the first thing that it does.
    let command = r#"sh -c 'read -r all < /proc/self/stat; set -- ${all##*) }; echo "$3 $6"'"#;
    let script = format!("for i in $(seq 20); do $VAULTCTL run --env SECRET=key -- {command}; done");
    let ended = on_terminal(&test, &script, &json!([]));
    let lines: Vec<_> = ended["output"].as_str().unwrap().lines().collect();
    let alike = |line: &&str| line.split_once(' ').is_some_and(|(own, keys)| own == keys);
    assert!(lines.len() == 20 && lines.iter().all(alike), "{ended}");
}

#[test]
fn what_is_printed_on_a_terminal_is_masked() {
    let test = with_key();
    let script = r#"echo "out $SECRET"; echo "err $SECRET" >&2; echo "tty $SECRET" > /dev/tty"#;
    let ended = run(&test, &["sh", "-c", script], &json!([]));
    assert_eq!(json!(format!("out {MASK}\r\nerr {MASK}\r\ntty {MASK}\r\n")), ended["output"]);
}

#[test]
fn a_value_of_several_lines_is_masked_on_a_terminal() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "key"], "first line\nsecond line\nthird line").succeeded();
    let ended = run(&test, &["sh", "-c", r#"echo "$SECRET""#], &json!([]));
    assert_eq!(json!(format!("{MASK}\r\n")), ended["output"]);
}

#[test]
fn keys_reach_the_command_and_its_end_of_input_too() {
    let test = with_key();
    let steps =
        json!([["expect", "ready\r\n"], ["send", "one\r"], ["expect", "one\r\none\r\n"], ["send", "\u{4}"]]);
    let ended = run(&test, &["sh", "-c", "echo ready; cat; echo over"], &steps);
    assert_eq!(json!("ready\r\none\r\none\r\nover\r\n"), ended["output"]);
    assert_eq!((&json!(0), &json!(true)), (&ended["code"], &ended["modes_kept"]));
}

#[test]
fn an_interrupting_key_reaches_the_command_once() {
    let test = with_key();
    let steps = json!([
        ["expect", "ready"],
        ["send", "\u{3}"],
        ["expect", "got SIGINT"],
        // Handed on after all that went before it.
        ["signal", "SIGUSR1"],
    ]);
    let ended = run(&test, &["python3", SIGNALS, "SIGINT", "SIGUSR1"], &steps);
    assert_eq!(1, ended["output"].as_str().unwrap().matches("got SIGINT").count(), "{ended}");
}

#[test]
fn an_interrupted_command_ends_with_130_and_leaves_the_terminal_as_it_was() {
    let test = with_key();
    let steps = json!([["expect", "ready"], ["send", "\u{3}"]]);
    let ended = run(&test, &["sh", "-c", "echo ready; exec sleep 60"], &steps);
    assert_eq!((&json!(130), &json!(true)), (&ended["code"], &ended["modes_kept"]));
}

#[test]
fn an_interrupting_key_reaches_a_command_in_a_pipe_once() {
    let test = with_key();
    // What its parent, which is this program, is asked for is handed on after all that went before it.
    let command = "$VAULTCTL run --env SECRET=key -- python3 $SIGNALS --ask SIGINT SIGUSR1";
    let script = format!("trap : INT; {command} | (trap '' INT; cat)");
    let ended = on_terminal(&test, &script, &json!([["expect", "ready"], ["send", "\u{3}"]]));
    let printed = ended["output"].as_str().unwrap();
    let count = |word: &str| printed.matches(word).count();
    assert_eq!((1, 1), (count("got SIGINT"), count("got SIGUSR1")), "{ended}");
}

#[test]
fn a_new_size_reaches_the_command() {
    let test = with_key();
    let steps = json!([["expect", "ready, 24 80"], ["resize", 50, 132], ["expect", "got SIGWINCH, 50 132"]]);
    run(&test, &["python3", SIGNALS, "SIGWINCH"], &steps);
}

#[test]
fn a_new_size_reaches_a_command_whose_stdout_is_a_pipe() {
    let test = with_key();
    let script = "$VAULTCTL run --env SECRET=key -- python3 $SIGNALS SIGWINCH SIGUSR1 | cat";
    let steps = json!([
        ["expect", "ready, 24 80"],
        ["resize", 50, 132],
        // It hears of it twice: its terminal has the new size the second time, or the first time already.
        ["expect", "50 132"],
        ["send", "\u{3}"],
    ]);
    on_terminal(&test, script, &steps);
}

#[test]
fn a_signal_to_us_reaches_a_command_on_a_terminal() {
    let test = with_key();
    let steps = json!([["expect", "ready"], ["signal", "SIGTERM"], ["expect", "got SIGTERM"]]);
    let ended = run(&test, &["python3", SIGNALS, "SIGTERM"], &steps);
    assert_eq!((&json!(5), &json!(true)), (&ended["code"], &ended["modes_kept"]));
}

/// Prints each signal that it gets, as it gets it, until SIGHUP ends it.
const COUNTS: &str = "
import signal, sys
kept = {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP}
signal.pthread_sigmask(signal.SIG_BLOCK, kept)
print('ready', flush=True)
for got in iter(lambda: signal.sigwait(kept), signal.SIGHUP):
    print('got', got.name, flush=True)
print('ended', flush=True)
sys.exit(3)
";

#[test]
fn a_signal_to_each_process_reaches_a_command_on_a_terminal_once() {
    let test = with_key();
    for name in ["SIGTERM", "SIGINT", "SIGUSR1"] {
        let got = format!("got {name}");
        let steps = json!([
            ["expect", "ready"],
            ["signal_each", name],
            ["expect", got],
            ["signal", "SIGHUP"],
            ["expect", "ended"],
        ]);
        let ended = run(&test, &["python3", "-c", COUNTS], &steps);
        assert_eq!((&json!(3), &json!(true)), (&ended["code"], &ended["modes_kept"]), "{name}");
        assert_eq!(1, ended["output"].as_str().unwrap().matches(&got).count(), "{ended}");
    }
}

#[test]
fn signals_to_us_alone_reach_a_command_on_a_terminal_after_one_to_each_process_did() {
    let test = with_key();
    let once = [json!(["signal", "SIGUSR1"]), json!(["expect", "got SIGUSR1"])];
    let mut steps = vec![json!(["expect", "ready"]), json!(["signal_each", "SIGUSR1"]), once[1].clone()];
    steps.extend(once.iter().cycle().take(6).cloned());
    steps.extend([json!(["signal", "SIGHUP"]), json!(["expect", "ended"])]);
    let ended = run(&test, &["python3", "-c", COUNTS], &json!(steps));
    assert_eq!(4, ended["output"].as_str().unwrap().matches("got SIGUSR1").count(), "{ended}");
}

#[test]
fn a_terminal_that_hangs_up_ends_the_command() {
    let test = with_key();
    let ended =
        run(&test, &["sh", "-c", "echo ready; exec sleep 60"], &json!([["expect", "ready"], ["close"]]));
    assert_eq!(json!(129), ended["code"]);
}

#[test]
fn a_command_is_stopped_and_brought_back_by_a_shell() {
    let test = with_key();
    let command = "$VAULTCTL run --env SECRET=key -- sh -c 'python3 $SIGNALS SIGCONT; cat'";
    let ended = drive(
        &test,
        &["/bin/bash", "--norc", "-i"],
        &json!([
            ["send", "PS1='> '; bind 'set enable-bracketed-paste off'\r"],
            ["expect", "\r> "],
            ["send", format!("{command}\r")],
            ["expect", "ready"],
            ["send", "\u{1a}"],
            ["expect", "Stopped"],
            ["expect", "> "],
            ["send", "stty -a | grep -o -- '[-]*icanon'\r"],
            ["expect", "\r\nicanon"],
            ["send", "fg\r"],
            ["expect", "got SIGCONT, 24 80\r\n"],
            ["send", "again\r"],
            ["expect", "again\r\nagain\r\n"],
            ["send", "\u{4}"],
            ["expect", "> "],
            ["send", "echo code=$?\r"],
            ["expect", "code=0"],
            ["send", "exit\r"],
        ]),
    );
    assert_eq!(json!(0), ended["code"], "{ended}");
}

#[test]
fn a_command_in_the_background_is_stopped_when_it_asks_for_keys() {
    let test = with_key();
    let command = "$VAULTCTL run --env SECRET=key -- sh -c 'echo ready; read x; echo got $x'";
    let ended = drive(
        &test,
        &["/bin/bash", "--norc", "-i"],
        &json!([
            ["send", "PS1='> '; bind 'set enable-bracketed-paste off'\r"],
            ["expect", "\r> "],
            // It waits for the command to stop, since it does not end.
            ["send", format!("{command} & wait\r")],
            ["expect", "Stopped"],
            ["expect", "> "],
            ["send", "fg\r"],
            ["expect", "fg\r\n"],
            ["expect", "got $x'\r\n"],
            ["send", "word\r"],
            ["expect", "got word"],
            ["expect", "> "],
            ["send", "exit\r"],
        ]),
    );
    assert_eq!(json!(0), ended["code"], "{ended}");
}

#[test]
fn a_shell_in_it_has_jobs_of_its_own() {
    let test = with_key();
    // Not `sh`, which may be one that starts commands by vfork: stopped just then, the child keeps it from stopping too.
    let ended = run(
        &test,
        &["/bin/bash", "--norc", "-i"],
        &json!([
            ["send", "PS1='> '; bind 'set enable-bracketed-paste off'\r"],
            ["expect", "\r> "],
            ["send", "python3 $SIGNALS SIGCONT SIGUSR1\r"],
            ["expect", "ready"],
            ["send", "\u{1a}"],
            ["expect", "Stopped"],
            ["expect", "> "],
            ["send", "fg\r"],
            ["expect", "got SIGCONT"],
            ["send", "\u{3}"],
            ["expect", "> "],
            ["send", "echo code=$?\r"],
            ["expect", "code=130"],
            ["send", "exit 4\r"],
        ]),
    );
    assert_eq!(json!(4), ended["code"], "{ended}");
}

#[test]
fn a_command_that_reads_the_terminal_beside_a_pipe_gets_its_keys() {
    let test = with_key();
    let script = "echo piped | $VAULTCTL run --env SECRET=key -- sh -c 'cat; read x < /dev/tty; echo got $x'";
    on_terminal(&test, script, &json!([["expect", "piped"], ["send", "word\r"], ["expect", "got word"]]));
}

#[test]
fn values_are_not_printed_on_a_terminal_unasked() {
    let test = with_key();
    for command in ["env key", "inject -i template"] {
        test.write("template", "{{ vault://key }}");
        let script = format!("$VAULTCTL {command}; echo code=$?; $VAULTCTL {command} --reveal");
        let printed = on_terminal(&test, &script, &json!([]))["output"].as_str().unwrap().to_owned();
        let (refused, revealed) = printed.split_once("code=2").unwrap();
        assert!(!refused.contains("sk-proj") && refused.contains("--reveal"), "{printed}");
        assert!(revealed.contains("sk-proj"), "{printed}");
    }
}
