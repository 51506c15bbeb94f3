//! Signals to `vaultctl run` from outside of a terminal: each reaches the command, and reaches it once.

use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use vault_testkit::{TestEnvironment, wait_for};

use crate::run::{command, path, with_key};

/// Prints each signal that it gets, as it gets it, until SIGHUP ends it.
const COUNTS: &str = "
import signal, sys
kept = {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP}
signal.pthread_sigmask(signal.SIG_BLOCK, kept)
print('ready', flush=True)
for got in iter(lambda: signal.sigwait(kept), signal.SIGHUP):
    print(got.name, flush=True)
print('SIGHUP', flush=True)
sys.exit(3)
";

/// A command under `vaultctl run`, in a group of its own.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).process_group(0).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    /// Reads what is printed up to the end of the command, which is asked for by SIGHUP to it alone.
    fn rest(mut self) -> Vec<String> {
        kill(self.pid(), Signal::SIGHUP).unwrap();
        let rest = self.lines.map(Result::unwrap).collect();
        assert_eq!(Some(3), self.child.wait().unwrap().code());
        rest
    }
}

/// Starts a command that prints its signals, and waits until a witness of them is there.
fn counting(test: &TestEnvironment) -> Running {
    let mut running = Running::start(command(test, &["--env", "SECRET=key", "--", "python3", "-c", COUNTS]));
    assert_eq!("ready", running.line());
    wait_for("a witness", || witness_of(running.pid()));
    running
}

/// Finds the process that keeps signals, when it is ready to.
fn witness_of(run: Pid) -> Option<Pid> {
    let children = std::fs::read_to_string(format!("/proc/{run}/task/{run}/children")).ok()?;
    let named = |pid: &&str| {
        let arguments = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        arguments.starts_with("vaultctl-witness\0")
    };
    children.split_whitespace().find(named)?.parse().ok().map(Pid::from_raw)
}

/// Waits until a process has taken a signal: one that comes before that is the same signal to the kernel.
fn taken(process: Pid, signal: Signal) {
    wait_for("a signal that was taken", || {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"))?;
        (u64::from_str_radix(pending.trim(), 16).ok()? >> (signal as u32 - 1) & 1 == 0).then_some(())
    });
}

#[test(needs(Python))]
fn a_signal_to_the_group_reaches_the_command_once() {
    let test = with_key();
    let mut running = counting(&test);
    for (signal, name) in
        [(Signal::SIGTERM, "SIGTERM"), (Signal::SIGINT, "SIGINT"), (Signal::SIGUSR1, "SIGUSR1")]
    {
        killpg(running.pid(), signal).unwrap();
        assert_eq!(name, running.line());
    }
    assert_eq!(vec!["SIGHUP"], running.rest());
}

#[test(needs(Python))]
fn signals_to_us_alone_reach_the_command_though_the_same_went_to_the_group_before() {
    let test = with_key();
    let mut running = counting(&test);
    killpg(running.pid(), Signal::SIGTERM).unwrap();
    assert_eq!("SIGTERM", running.line());
    for _ in 0..3 {
        taken(running.pid(), Signal::SIGTERM);
        kill(running.pid(), Signal::SIGTERM).unwrap();
        assert_eq!("SIGTERM", running.line());
    }
    assert_eq!(vec!["SIGHUP"], running.rest());
}

#[test(needs(Python))]
fn a_signal_to_each_process_one_after_the_other_reaches_the_command_once() {
    let test = with_key();
    let mut running = counting(&test);
    let run = running.pid();
    let children = std::fs::read_to_string(format!("/proc/{run}/task/{run}/children")).unwrap();
    // It looks for whom else a signal went to only when the last one has it, however long that takes here.
    kill(run, Signal::SIGSTOP).unwrap();
    for pid in
        std::iter::once(run.as_raw()).chain(children.split_whitespace().map(|pid| pid.parse().unwrap()))
    {
        kill(Pid::from_raw(pid), Signal::SIGINT).unwrap();
    }
    kill(run, Signal::SIGCONT).unwrap();
    assert_eq!("SIGINT", running.line());
    assert_eq!(vec!["SIGHUP"], running.rest());
}

/// Prepares `vaultctl run` as process 1 of a namespace.
fn as_first_process(test: &TestEnvironment, program: [&str; 3]) -> Command {
    let run = command(test, &[&["--env", "SECRET=key", "--"], &program[..]].concat());
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child", "--"]).arg(run.get_program());
    command.args(run.get_args()).env_clear().env("PATH", path());
    command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Leaves a process to process 1, waits for ten seconds until nothing is left of it, and says what is.
const ORPHAN: &str = "pid=$(sh -c 'sleep 0.05 >&- & echo $!'); \
     for i in $(seq 1000); do test -e /proc/$pid || break; sleep 0.01; done; \
     grep '^State:' /proc/$pid/status; echo done";

#[test(needs(Root))]
fn as_process_one_it_reaps_what_is_left_to_it() {
    let test = with_key();
    for script in [ORPHAN.to_owned(), format!("{ORPHAN}; {ORPHAN}")] {
        let output = as_first_process(&test, ["sh", "-c", &script]).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.lines().all(|line| line == "done") && output.status.success(), "{printed}");
    }
}

#[test(needs(Root))]
fn as_process_one_it_gives_the_commands_exit_code_whatever_ended_before() {
    let test = with_key();
    let script = format!("{ORPHAN}; sh -c 'sleep 0.01 & sleep 0.01 &'; exit 7");
    assert_eq!(Some(7), as_first_process(&test, ["sh", "-c", &script]).output().unwrap().status.code());
}

#[test(needs(Root, Python))]
fn a_signal_from_outside_of_its_namespace_reaches_the_command() {
    let test = with_key();
    let mut running = Running::start(as_first_process(&test, ["python3", "-c", COUNTS]));
    assert_eq!("ready", running.line());
    let unshare = running.pid();
    let children = std::fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children")).unwrap();
    let first = Pid::from_raw(children.trim().parse().unwrap());
    for (signal, name) in
        [(Signal::SIGTERM, "SIGTERM"), (Signal::SIGUSR1, "SIGUSR1"), (Signal::SIGHUP, "SIGHUP")]
    {
        kill(first, signal).unwrap();
        assert_eq!(name, running.line());
    }
    assert_eq!(Some(3), running.child.wait().unwrap().code());
}
