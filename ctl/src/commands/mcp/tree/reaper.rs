//! The process that starts a command, adopts its descendants, and ends them.

use std::ffi::OsString;
use std::io::{self, BufReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, setsid};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::{NAME, Order, Report};
use crate::commands::run::Assigned;
use crate::wire;

/// How long the command may take to end by itself after SIGTERM.
const GRACE: Duration = Duration::from_secs(1);
/// How long to go on killing what does not go, as a program of another user does not.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How often to look again for what was adopted meanwhile.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// Returns whether this process was started to be a reaper.
pub(crate) fn is_reaper(arguments: &[OsString]) -> bool {
    arguments.first().is_some_and(|name| name == NAME)
}

/// Starts the command, and ends when nothing of it is left.
pub(crate) fn reap(arguments: &[OsString]) -> ExitCode {
    if begin(arguments).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn begin(arguments: &[OsString]) -> io::Result<()> {
    let stdin = io::stdin();
    let ends = wire::receive(&stdin)?.ok_or(io::ErrorKind::InvalidData)?;
    let socket = UnixStream::from(stdin.as_fd().try_clone_to_owned()?);
    let mut orders = BufReader::new(socket.try_clone()?);
    let Some(order) = wire::next(&mut orders) else { return Ok(()) };
    // A signal to the server's group does not reach it: it ends after the server.
    setsid()?;
    vault_platform::adopt_orphans()?;
    vault_platform::wake_at_parents_end()?;
    let (sender, events) = channel();
    watch(sender.clone())?;
    let report = match start(arguments, ends, &order) {
        Ok(child) => {
            drop(order);
            std::thread::spawn(move || listen(orders, &sender));
            Descendants::of(&child).follow(&events)
        }
        Err(error) => Report::Unstarted(error.raw_os_error().unwrap_or_default()),
    };
    // The server may be gone.
    let _ = wire::tell(&socket, &report);
    Ok(())
}

/// Starts the command in a group of its own; it is killed if this process is.
fn start(arguments: &[OsString], ends: [OwnedFd; 3], order: &Order) -> io::Result<Child> {
    let [input, output, errors] = ends;
    let mut words = arguments.iter().skip(1);
    let mut command = Command::new(words.next().ok_or(io::ErrorKind::InvalidInput)?);
    command.args(words).stdin(input).stdout(output).stderr(errors).process_group(0);
    command.envs(order.variables.iter().map(Assigned::pair));
    vault_platform::die_with_parent(&mut command);
    command.spawn()
}

/// Something that happened.
enum Event {
    /// A child has ended, or stopped.
    Child,
    /// All is to be ended.
    End,
}

fn watch(events: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGCHLD, SIGHUP, SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        for signal in &mut signals {
            let event = if signal == SIGCHLD { Event::Child } else { Event::End };
            if events.send(event).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Waits until the server says no more.
fn listen(mut orders: impl Read, events: &Sender<Event>) {
    while let Ok(1..) = orders.read(&mut [0; 64]) {}
    // Who followed the events may have ended.
    let _ = events.send(Event::End);
}

/// The command and all that it started.
struct Descendants {
    command: Pid,
    /// How the command ended, once it was reaped.
    ended: Option<Report>,
}

impl Descendants {
    fn of(child: &Child) -> Self {
        Self { command: Pid::from_raw(child.id().cast_signed()), ended: None }
    }

    /// Follows the command to its end, or to the order for it, and ends what is left.
    fn follow(mut self, events: &Receiver<Event>) -> Report {
        while self.reap() && self.ended.is_none() {
            if let Ok(Event::End) | Err(_) = events.recv() {
                break;
            }
        }
        if self.ended.is_none() {
            // The leader is not reaped, so the group's number is still the group's.
            let _ = killpg(self.command, Signal::SIGTERM);
            self.outlast(events, Instant::now() + GRACE);
        }
        let deadline = Instant::now() + PATIENCE;
        while self.reap() && Instant::now() < deadline {
            self.kill();
            let _ = events.recv_timeout(LOOK);
        }
        self.ended.unwrap_or(Report::Killed(Signal::SIGKILL as i32))
    }

    /// Waits until nothing is left, or the deadline.
    fn outlast(&mut self, events: &Receiver<Event>, deadline: Instant) {
        while self.reap()
            && let left @ 1.. = deadline.saturating_duration_since(Instant::now()).as_nanos()
        {
            let _ = events.recv_timeout(Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX)));
        }
    }

    /// Kills the children; theirs are children of this process then.
    fn kill(&self) {
        // What ends between the look and the signal is a child still, until it is reaped here.
        let command = Some(self.command).filter(|_| self.ended.is_none());
        for child in vault_platform::children().into_iter().chain(command) {
            let _ = kill(child, Signal::SIGKILL);
        }
    }

    /// Takes note of the children that have ended; returns whether any are left.
    fn reap(&mut self) -> bool {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => return true,
                Ok(WaitStatus::Exited(pid, code)) => self.note(pid, Report::Exited(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => self.note(pid, Report::Killed(signal as i32)),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
        }
    }

    fn note(&mut self, pid: Pid, report: Report) {
        if pid == self.command {
            self.ended = Some(report);
        }
    }
}
