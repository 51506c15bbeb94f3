//! The process that leads the session.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::unistd::{Pid, getpgrp, setsid, tcgetpgrp, tcsetpgrp};
use rustix::io::Errno;
use rustix::process::{self, WaitId, WaitIdOptions};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;

use super::super::signals::{WATCHED, caught, heeded, sender};
use super::super::variables::Assigned;
use super::super::witness::Seen;
use super::{Ground, NAME, Order, Report, Target};
use crate::wire;

/// Tells whether this process was started to lead a session.
pub(crate) fn is_leader(arguments: &[OsString]) -> bool {
    arguments.first().is_some_and(|name| name == NAME)
}

/// Leads a session until the process that asked for it has ended.
pub(crate) fn lead(arguments: &[OsString]) -> ExitCode {
    if begin(arguments).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn begin(arguments: &[OsString]) -> io::Result<()> {
    let stdin = io::stdin();
    let [input, output, errors] = wire::receive(&stdin)?.ok_or(io::ErrorKind::InvalidData)?;
    let socket = UnixStream::from(stdin.as_fd().try_clone_to_owned()?);
    let mut orders = BufReader::new(socket.try_clone()?);
    setsid()?;
    rustix::process::ioctl_tiocsctty(&output)?;
    let Some(Order::Start { variables, ground }) = wire::next(&mut orders) else { return Ok(()) };
    let terminal = output.try_clone()?;
    let mut words = arguments.iter().skip(1);
    let mut command = Command::new(words.next().ok_or(io::ErrorKind::InvalidInput)?);
    command.args(words).stdin(input).stdout(output).stderr(errors);
    command.envs(variables.iter().map(Assigned::pair));
    match ground {
        Ground::Fore => vault_platform::in_foreground(&mut command, terminal.try_clone()?),
        Ground::Back => drop(command.process_group(0)),
    }
    let started = command.spawn();
    drop((command, variables));
    match started {
        Ok(child) => {
            let led = Led::new(Pid::from_raw(child.id().cast_signed()), terminal, socket)?;
            wire::tell(&led.socket, &Report::Running(ground))?;
            led.follow(orders)
        }
        Err(error) => wire::tell(&socket, &Report::Unstarted(error.raw_os_error().unwrap_or_default())),
    }
}

/// A command that runs, and its terminal.
struct Led {
    command: Pid,
    terminal: OwnedFd,
    /// The group that has the terminal when the command has it: its own, or that of a job of a shell.
    fore: Pid,
    /// Where the one that started this process is told of it.
    socket: UnixStream,
    /// What this process gets itself, which the command then has too.
    signals: SignalsInfo<WithOrigin>,
    seen: Seen,
}

impl Led {
    fn new(command: Pid, terminal: OwnedFd, socket: UnixStream) -> io::Result<Self> {
        // A group that is not in the foreground would be stopped when it gives the terminal away.
        SigSet::from(Signal::SIGTTOU).thread_block()?;
        let signals = SignalsInfo::new(heeded(WATCHED.map(|signal| signal as i32)))?;
        Ok(Self { command, terminal, fore: command, socket, signals, seen: Seen::default() })
    }

    fn follow(mut self, mut orders: impl BufRead) -> io::Result<()> {
        let (command, socket) = (self.command, self.socket.try_clone()?);
        std::thread::spawn(move || watch(command, &socket));
        while let Some(order) = wire::next(&mut orders) {
            match order {
                Order::Signal { number, target } => self.send(number, target),
                Order::GoOn { ground } => {
                    self.put(ground);
                    // Before it goes on: its next stop is told of after this.
                    wire::tell(&self.socket, &Report::Running(ground))?;
                    let _ = killpg(self.command, Signal::SIGCONT);
                }
                Order::Start { .. } => {}
            }
        }
        Ok(())
    }

    /// Gives the terminal to the command, or takes it.
    fn put(&mut self, ground: Ground) {
        let own = getpgrp();
        let now = tcgetpgrp(&self.terminal).unwrap_or(own);
        let _ = match ground {
            Ground::Fore if now == own => tcsetpgrp(&self.terminal, self.fore),
            Ground::Back if now != own => {
                self.fore = now;
                tcsetpgrp(&self.terminal, own)
            }
            Ground::Fore | Ground::Back => Ok(()),
        };
    }

    fn send(&mut self, number: i32, target: Target) {
        let Ok(signal) = Signal::try_from(number) else { return };
        // It may have ended just now.
        let _ = match target {
            Target::Command { sender } if self.got(number, sender) => Ok(()),
            Target::Command { .. } => kill(self.command, signal),
            Target::Group => killpg(self.command, signal),
        };
    }

    /// Returns whether a process sent a signal to this one too.
    fn got(&mut self, number: i32, by: i32) -> bool {
        let Some(signal) = caught(number, Some(by)) else { return false };
        let signals = &mut self.signals;
        let mut pending = || signals.pending().filter_map(|got| caught(got.signal, sender(&got))).collect();
        self.seen.has(signal, &mut pending)
    }
}

/// Tells of each stop of the command, and of its end.
///
/// A command that has ended is not reaped: its number, and its group's, mean no other process until this one ends.
fn watch(command: Pid, socket: &UnixStream) {
    let Some(command) = process::Pid::from_raw(command.as_raw()).map(WaitId::Pid) else { return };
    let any = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
    loop {
        let report = match process::waitid(command.clone(), any) {
            Ok(Some(status)) if status.stopped() => {
                let _ = process::waitid(command.clone(), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG);
                Report::Stopped(status.stopping_signal().unwrap_or_default())
            }
            Ok(Some(status)) => match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Report::Exited(code),
                (None, signal) => Report::Killed(signal.unwrap_or_default()),
            },
            Ok(None) | Err(Errno::INTR) => continue,
            Err(_) => Report::Gone,
        };
        let told = wire::tell(socket, &report);
        if told.is_err() || !matches!(report, Report::Stopped(_)) {
            return;
        }
    }
}
