//! However the server ends, nothing that it started is left.

use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::Server;
use crate::run::with_key;
use vault_testkit::{TestEnvironment, wait_for};

/// A command that runs for long, with a child in its group and one in a session of its own; each notes its number.
const FAMILY: &str = "\
    sleep 600 & echo $! >near; \
    setsid sh -c 'echo $$ >far; exec sleep 600' </dev/null >/dev/null 2>&1 & \
    echo $$ >own; wait";
/// The files that they note them in.
const MEMBERS: [&str; 3] = ["near", "far", "own"];

/// A command that does not end for being asked to, and neither does its child.
const STUBBORN: &str = "\
    trap '' TERM; \
    setsid sh -c 'echo $$ >far; exec sleep 600' </dev/null >/dev/null 2>&1 & \
    echo $$ >own; while :; do sleep 600; done";

/// A command with a child in a session of its own, which has another; it then does something to its reaper, its parent.
fn reaper(deed: &str) -> String {
    format!(
        "setsid sh -c 'setsid sleep 600 & echo $! >deep; echo $$ >far; sleep 600; :' </dev/null >/dev/null 2>&1 & \
        while [ ! -s far ]; do :; done; echo $$ >own; {deed}; while :; do sleep 600; done"
    )
}
/// The files that they note themselves in.
const DEEP: [&str; 3] = ["deep", "far", "own"];

/// Reads the number that a process has noted in a file of the user's folder.
fn noted(test: &TestEnvironment, name: &str) -> Pid {
    let path: PathBuf = test.home().parent().unwrap().join(name);
    wait_for(name, || {
        std::fs::read_to_string(&path).ok()?.strip_suffix('\n')?.parse().ok().map(Pid::from_raw)
    })
}

fn is_gone(process: Pid) -> bool {
    kill(process, None) == Err(Errno::ESRCH)
}

/// Has a server run a script, ends the server, and waits until every member is gone.
fn assert_all_end(script: &str, members: &[&str], end: impl FnOnce(&mut Server)) {
    let test = with_key();
    let mut server = Server::start(&test);
    let asked = json!({"command": ["sh", "-c", script], "env": {"SECRET": "key"}});
    server.begin("tools/call", &json!({"name": "run_command", "arguments": asked}));
    let members: Vec<Pid> = members.iter().map(|name| noted(&test, name)).collect();
    end(&mut server);
    server.child.wait().unwrap();
    wait_for("the end of what was started", || members.iter().all(|member| is_gone(*member)).then_some(()));
}

fn signalled(signal: Signal) -> impl FnOnce(&mut Server) {
    move |server| kill(Pid::from_raw(server.child.id().cast_signed()), signal).unwrap()
}

#[test]
fn a_server_that_is_terminated_leaves_nothing_that_it_started() {
    assert_all_end(FAMILY, &MEMBERS, signalled(Signal::SIGTERM));
}

#[test]
fn a_server_that_is_interrupted_leaves_nothing_that_it_started() {
    assert_all_end(FAMILY, &MEMBERS, signalled(Signal::SIGINT));
}

#[test]
fn a_server_whose_terminal_hangs_up_leaves_nothing_that_it_started() {
    assert_all_end(FAMILY, &MEMBERS, signalled(Signal::SIGHUP));
}

#[test]
fn a_server_that_is_killed_leaves_nothing_that_it_started() {
    assert_all_end(FAMILY, &MEMBERS, signalled(Signal::SIGKILL));
}

#[test]
fn a_server_whose_stdin_is_closed_leaves_nothing_that_it_started() {
    assert_all_end(FAMILY, &MEMBERS, |server| drop(server.stdin.take()));
}

#[test]
fn what_ignores_that_it_is_to_end_is_killed() {
    assert_all_end(STUBBORN, &["far", "own"], signalled(Signal::SIGTERM));
}

#[test]
fn what_ignores_that_it_is_to_end_is_killed_after_a_killed_server_too() {
    assert_all_end(STUBBORN, &["far", "own"], signalled(Signal::SIGKILL));
}

#[test]
fn a_server_that_a_signal_ends_says_so_to_its_parent() {
    use std::os::unix::process::ExitStatusExt;
    let mut server = Server::start(&TestEnvironment::empty());
    signalled(Signal::SIGTERM)(&mut server);
    assert_eq!(Some(Signal::SIGTERM as i32), server.child.wait().unwrap().signal());
}

#[test]
fn a_command_that_has_ended_leaves_nothing_behind_when_it_is_answered() {
    let test = with_key();
    let script = "setsid sh -c 'echo $$ >far; exec sleep 600' </dev/null >/dev/null 2>&1 & \
        while [ ! -s far ]; do :; done; echo on";
    let ran = Server::start(&test).call("run_command", &json!({"command": ["sh", "-c", script]}));
    assert_eq!((&json!("on\n"), &json!(0)), (&ran["stdout"], &ran["exitCode"]));
    assert!(is_gone(noted(&test, "far")));
}

#[test]
fn a_command_that_took_too_long_leaves_nothing_behind_when_it_is_answered() {
    let test = with_key();
    let asked = json!({"command": ["sh", "-c", FAMILY], "timeoutSeconds": 1});
    let ran = Server::start(&test).call("run_command", &asked);
    assert_eq!(json!(true), ran["timedOut"]);
    assert!(MEMBERS.iter().all(|name| is_gone(noted(&test, name))));
}

#[test]
fn a_call_that_is_cancelled_ends_what_it_started_and_no_other() {
    let test = with_key();
    let mut server = Server::start(&test);
    let other = json!({"command": ["sh", "-c", "echo $$ >other; read line; echo $line"], "stdin": "done\n"});
    let cancelled = json!({"command": ["sh", "-c", FAMILY]});
    let id = server.begin("tools/call", &json!({"name": "run_command", "arguments": cancelled}));
    let members = MEMBERS.map(|name| noted(&test, name));
    server.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}));
    wait_for("the end of the call", || members.iter().all(|member| is_gone(*member)).then_some(()));
    assert_eq!(json!("done\n"), server.call("run_command", &other)["stdout"]);
}

#[test]
fn a_command_that_cannot_be_started_is_refused_in_words() {
    let test = with_key();
    let mut server = Server::start(&test);
    let no_program = server.refused("run_command", &json!({"command": ["/nowhere/program"]}));
    let no_folder = server.refused("run_command", &json!({"command": ["true"], "folder": "/nowhere"}));
    for words in [no_program, no_folder] {
        assert!(words.starts_with("the command did not start: no such file"), "{words}");
    }
}

#[test]
fn a_command_that_kills_its_reaper_leaves_nothing_behind_when_it_is_answered() {
    for deed in ["kill -KILL $PPID", "setsid sh -c \"kill -KILL $PPID\""] {
        let test = with_key();
        let ran = Server::start(&test).call("run_command", &json!({"command": ["sh", "-c", reaper(deed)]}));
        assert_eq!(json!(9), ran["signal"], "{deed}");
        let left: Vec<&str> = DEEP.into_iter().filter(|name| !is_gone(noted(&test, name))).collect();
        assert!(left.is_empty(), "{deed}: {left:?}");
    }
}

#[test]
fn what_a_killed_reaper_leaves_is_ended_and_no_other_command() {
    let test = with_key();
    let mut server = Server::start(&test);
    let waits = format!(
        "setsid sh -c 'echo $$ >other; exec sleep 600' </dev/null >/dev/null 2>&1 & \
        while [ ! -e {} ]; do sleep 0.05; done; kill -0 $! && echo there",
        test.path("on").display()
    );
    server
        .begin("tools/call", &json!({"name": "run_command", "arguments": {"command": ["sh", "-c", waits]}}));
    noted(&test, "other");
    let ran = server.call("run_command", &json!({"command": ["sh", "-c", reaper("kill -KILL $PPID")]}));
    assert_eq!(json!(9), ran["signal"]);
    test.write("on", "");
    assert_eq!(json!("there\n"), server.answer()["result"]["structuredContent"]["stdout"]);
}

#[test]
fn a_command_that_has_stopped_its_reaper_ends_with_the_server() {
    let stop = || reaper("kill -STOP $PPID");
    assert_all_end(&stop(), &DEEP, |server| drop(server.stdin.take()));
    assert_all_end(&stop(), &DEEP, signalled(Signal::SIGTERM));
    assert_all_end(&stop(), &DEEP, signalled(Signal::SIGKILL));
}

#[test]
fn a_command_that_has_stopped_its_reaper_ends_in_time() {
    let test = with_key();
    let asked = json!({"command": ["sh", "-c", reaper("kill -STOP $PPID")], "timeoutSeconds": 2});
    let ran = Server::start(&test).call("run_command", &asked);
    assert_eq!(json!(true), ran["timedOut"]);
    assert!(DEEP.iter().all(|name| is_gone(noted(&test, name))));
}
