//! The session that a command has on a pseudo-terminal: a process of this program that leads it.
//!
//! A shell's job can be stopped and brought back because its parent is in the same session. Here that parent is the
//! leader: it starts the command in a group of its own, which has the terminal, tells of its stops and its end, and hands
//! signals on. It is a process of its own since a process that leads a group cannot begin a session, and it gets the
//! values through a socket: no process of this program has them in its arguments or its environment.

mod leader;

use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;

use rustix::termios::isatty;
use serde::{Deserialize, Serialize};

use super::event::Event;
use super::launch::Launch;
use super::outputs::Outputs;
use super::variables::Assigned;
use crate::failure::Failure;
use crate::{birth, wire};

pub(crate) use leader::{is_leader, lead};

/// What the leader calls itself.
const NAME: &str = "vaultctl-session";

/// Whether the command has its terminal's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ground {
    /// It has them.
    Fore,
    /// It is stopped when it asks for them.
    Back,
}

/// Who gets a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Target {
    /// The command alone, unless the process of this number sent the signal to the leader too, and so to each process.
    Command { sender: i32 },
    /// Its whole group, as a terminal would have it.
    Group,
}

/// What the leader is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Start the command.
    Start { variables: Vec<Assigned>, ground: Ground },
    /// Send it a signal, or its whole group.
    Signal { number: i32, target: Target },
    /// Let it go on.
    GoOn { ground: Ground },
}

/// What the leader tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Report {
    /// It runs, and has the terminal if that was the order: keys reach it from here on.
    Running(Ground),
    /// A signal has stopped it.
    Stopped(i32),
    /// It has ended with a code.
    Exited(i32),
    /// A signal has ended it.
    Killed(i32),
    /// It could not be started; the system's number for why.
    Unstarted(i32),
    /// The leader itself is gone.
    Gone,
}

/// Our end of a session. The leader ends when this is dropped, and the session with it.
#[derive(Debug)]
pub(super) struct Session {
    orders: UnixStream,
    _leader: Child,
}

impl Session {
    /// Starts the leader, and through it the command.
    pub(super) fn start(
        launch: &mut Launch,
        outputs: &Outputs,
        ground: Ground,
        events: &Sender<Event>,
    ) -> Result<Self, Failure> {
        let (orders, theirs) = UnixStream::pair()?;
        let mut leader = Command::new(std::env::current_exe()?);
        leader.arg0(NAME).args(&launch.command);
        launch.surround(&mut leader);
        leader.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        let leader = birth::given_back(|| leader.spawn())?;
        wire::send(&orders, descriptors(outputs))?;
        let session = Self { orders, _leader: leader };
        session.order(&Order::Start { variables: std::mem::take(&mut launch.variables), ground });
        session.listen(events.clone())?;
        Ok(session)
    }

    /// Tells the leader to do something; where it is gone, its report says so.
    pub(super) fn order(&self, order: &Order) {
        let _ = wire::tell(&self.orders, order);
    }

    /// Makes events of what the leader tells.
    fn listen(&self, events: Sender<Event>) -> Result<(), Failure> {
        let reports = BufReader::new(self.orders.try_clone()?);
        std::thread::spawn(move || {
            let lines = reports.lines().map_while(Result::ok);
            let told = lines.filter_map(|line| serde_json::from_str(&line).ok());
            for report in told.chain([Report::Gone]) {
                if events.send(Event::Session(report)).is_err() {
                    return;
                }
            }
        });
        Ok(())
    }
}

/// Gives the command's stdin, stdout and stderr: its own terminal in place of ours, and what is not replaced.
fn descriptors(outputs: &Outputs) -> [BorrowedFd<'_>; 3] {
    let (stdin, stdout, stderr) = (rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr());
    let output = outputs.stdout.as_ref().map_or(stdout, AsFd::as_fd);
    let errors = outputs.stderr.as_ref().map_or(stderr, AsFd::as_fd);
    [if isatty(stdin) { output } else { stdin }, output, errors]
}
