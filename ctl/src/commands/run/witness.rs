//! Whether a signal went to the whole group, or to all of a service: a process next to this one that got it as well.
//!
//! A signal tells who sent it, and not to whom else. Supervisors send it to a group (`kill(2)` with a negative number), or to each
//! process of a control group (systemd) or tree, one after the other; the command then has it, and must not get it twice. So a
//! second process of this program, in the same group and control group, keeps the signals that it gets until it is asked
//! for them. It has no value, in its memory or its environment.

use std::ffi::OsString;
use std::io::{self, BufReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::SigSet;
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;

use super::signals::{Caught, WATCHED, caught, heeded, sender};
use crate::{birth, wire};

/// What the witness calls itself.
const NAME: &str = "vaultctl-witness";
/// How long who signals one process after the other may take from this one to the witness.
const GRACE: Duration = Duration::from_millis(20);
/// How long a signal that it got is kept for a question about it.
const KEPT: Duration = Duration::from_millis(200);
/// How long the witness may take to answer; if it is stopped, it does not.
const PATIENCE: Duration = Duration::from_secs(1);

/// The number of a signal, and that of its sender.
type Got = (i32, Option<i32>);

/// Our end of the witness, which ends with this process.
#[derive(Debug)]
pub(super) struct Witness {
    asking: Option<(UnixStream, Child)>,
    seen: Seen,
}

/// What another process got, by when that was read: the next signals can be there before one is asked about.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<(Instant, Caught)>);

impl Seen {
    /// Returns whether a signal reached the other process too, by now or a moment later.
    pub(super) fn has(&mut self, signal: Caught, mut more: impl FnMut() -> Vec<Caught>) -> bool {
        self.0.retain(|(at, _)| at.elapsed() < KEPT);
        self.has_by_now(signal, more()) || {
            std::thread::sleep(GRACE);
            self.has_by_now(signal, more())
        }
    }

    fn has_by_now(&mut self, signal: Caught, more: Vec<Caught>) -> bool {
        let now = Instant::now();
        self.0.extend(more.into_iter().map(|seen| (now, seen)));
        let same = self.0.iter().position(|(_, seen)| *seen == signal);
        same.map(|at| self.0.remove(at)).is_some()
    }
}

impl Witness {
    /// Starts the witness; without one, every signal of a process is taken for one to this process alone.
    pub(super) fn start() -> Self {
        Self { asking: start().ok(), seen: Seen::default() }
    }

    /// Tells whether a signal of a process went to others of the group too.
    pub(super) fn has(&mut self, signal: Caught) -> bool {
        let asking = &self.asking;
        self.seen.has(signal, || asking.as_ref().and_then(|(socket, _)| ask(socket)).unwrap_or_default())
    }
}

/// Asks for what the witness got since it was asked last.
fn ask(socket: &UnixStream) -> Option<Vec<Caught>> {
    wire::tell(socket, &()).ok()?;
    let got: Vec<Got> = wire::next(&mut BufReader::new(socket))?;
    Some(got.into_iter().filter_map(|(signal, sender)| caught(signal, sender)).collect())
}

fn start() -> io::Result<(UnixStream, Child)> {
    let (socket, theirs) = UnixStream::pair()?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut witness = Command::new(birth::own_program()?);
    witness.arg0(NAME).env_clear().current_dir("/");
    witness.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
    vault_platform::die_with_parent(&mut witness);
    // A signal before it can keep one would end it.
    let mask = SigSet::all().thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK)?;
    let started = witness.spawn();
    mask.thread_set_mask()?;
    Ok((socket, started?))
}

/// Tells whether this process was started to be a witness.
pub(crate) fn is_witness(arguments: &[OsString]) -> bool {
    arguments.first().is_some_and(|name| name == NAME)
}

/// Keeps signals, and answers with them whenever it is asked, until the process that asks has ended.
pub(crate) fn witness() -> ExitCode {
    if keep().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn keep() -> io::Result<()> {
    let mut signals = SignalsInfo::<WithOrigin>::new(heeded(WATCHED.map(|signal| signal as i32)))?;
    SigSet::empty().thread_set_mask()?;
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut questions = BufReader::new(socket.try_clone()?);
    while wire::next::<()>(&mut questions).is_some() {
        let got: Vec<Got> = signals.pending().map(|origin| (origin.signal, sender(&origin))).collect();
        wire::tell(&socket, &got)?;
    }
    Ok(())
}
