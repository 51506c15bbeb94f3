//! The reapers among this process' children, and what those leave that were killed.
//!
//! A command can kill its reaper, which is its parent. What it has started then loses its parent and goes to the next
//! process above that adopts: this one.

use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::reaper::{LOOK, PATIENCE};
use crate::birth;

/// The children of this process that it has not adopted: the reapers that were not waited for yet, and what it was born with.
///
/// A number is taken out before the system may give it to another process, so what is in here is what was put in.
static OWN: Mutex<BTreeSet<Pid>> = Mutex::new(BTreeSet::new());

fn own() -> MutexGuard<'static, BTreeSet<Pid>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has this process adopt what a killed reaper leaves.
///
/// # Errors
/// What the kernel answers.
pub(in super::super) fn adopt() -> io::Result<()> {
    // A shell that became this process may have left it a child.
    own().extend(vault_platform::children());
    vault_platform::adopt_orphans()
}

/// A reaper that was not waited for yet.
#[derive(Debug)]
pub(super) struct Reaper(Child);

impl Reaper {
    /// Starts one.
    ///
    /// # Errors
    /// What the system answers.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        // Held over the start, so that no look at the children takes it for an adopted one.
        let mut own = own();
        let reaper = Self(birth::given_back(|| command.spawn())?);
        own.insert(reaper.pid());
        Ok(reaper)
    }

    /// Its number, for [`wake`].
    pub(super) fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().cast_signed())
    }

    /// Waits for a reaper that ends by itself, or was killed.
    ///
    /// # Errors
    /// What the system answers.
    pub(super) fn wait(mut self) -> io::Result<()> {
        let mut own = own();
        own.remove(&self.pid());
        self.0.wait().map(drop)
    }
}

/// Has a reaper go on that a command has stopped; one that was waited for is passed over.
pub(super) fn wake(reaper: Pid) {
    if own().contains(&reaper) {
        let _ = kill(reaper, Signal::SIGCONT);
    }
}

/// Ends what killed reapers have left.
pub(super) fn end_orphans() {
    let deadline = Instant::now() + PATIENCE;
    while !end_those_there_are() && Instant::now() < deadline {
        std::thread::sleep(LOOK);
    }
}

/// Kills the adopted children, and reaps those that have ended; returns whether there were none.
///
/// The children of one that ends are children of this process before it can be reaped, so none are left unseen.
fn end_those_there_are() -> bool {
    let own = own();
    let orphans: Vec<Pid> =
        vault_platform::children().into_iter().filter(|child| !own.contains(child)).collect();
    for orphan in &orphans {
        let _ = kill(*orphan, Signal::SIGKILL);
        let _ = waitpid(*orphan, Some(WaitPidFlag::WNOHANG));
    }
    orphans.is_empty()
}
