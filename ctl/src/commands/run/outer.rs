//! The terminal that `vaultctl` itself was started on: whose it is, its keys, and its modes, which are put back.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::getpgrp;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr};

/// For how long an output may be the echo of a key.
const FRESH: Duration = Duration::from_millis(100);
/// How much is read from the keyboard at once, in bytes.
const CHUNK: usize = 4096;

/// The terminal that controls this process.
#[derive(Debug)]
pub(super) struct Outer {
    tty: File,
    modes: Termios,
    is_raw: bool,
}

impl Outer {
    /// Takes the terminal that stdout is, where it is the one that controls this process.
    pub(super) fn of_stdout() -> Option<Self> {
        let stdout = rustix::stdio::stdout();
        if !isatty(stdout) || tcgetpgrp(stdout).is_err() {
            return None;
        }
        let tty = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let modes = tcgetattr(&tty).ok()?;
        Some(Self { tty, modes, is_raw: false })
    }

    /// Gives its descriptor.
    pub(super) fn tty(&self) -> &File {
        &self.tty
    }

    /// Gives its modes as they are now, and notes them as those to put back.
    pub(super) fn look_again(&mut self) -> &Termios {
        if let Ok(modes) = tcgetattr(&self.tty) {
            self.modes = modes;
        }
        &self.modes
    }

    /// Tells whether its keys are for this process's group.
    pub(super) fn is_foreground(&self) -> bool {
        tcgetpgrp(&self.tty).is_ok_and(|group| group == getpgrp())
    }

    /// Has it hand over keys and show output as they come, with no meaning of its own.
    pub(super) fn make_raw(&mut self) {
        let mut modes = self.modes.clone();
        modes.make_raw();
        self.is_raw = tcsetattr(&self.tty, OptionalActions::Drain, &modes).is_ok();
    }

    /// Puts its modes back.
    pub(super) fn restore(&mut self) {
        // In the background its modes are somebody else's, and touching them would stop this process.
        if self.is_raw && self.is_foreground() {
            let _ = tcsetattr(&self.tty, OptionalActions::Drain, &self.modes);
        }
        self.is_raw = false;
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        self.restore();
    }
}

/// The keys: when the last was pressed, and whether they are for the command now.
#[derive(Debug)]
pub(super) struct Keys {
    state: Mutex<State>,
    opened: Condvar,
}

#[derive(Debug)]
struct State {
    is_open: bool,
    pressed: Option<Instant>,
}

impl Keys {
    /// Makes a closed gate.
    pub(super) fn closed() -> Self {
        Self { state: Mutex::new(State { is_open: false, pressed: None }), opened: Condvar::new() }
    }

    /// Lets keys through.
    pub(super) fn open(&self) {
        self.locked().is_open = true;
        self.opened.notify_all();
    }

    /// Lets no key through.
    pub(super) fn close(&self) {
        self.locked().is_open = false;
    }

    /// Tells whether a key was pressed just now.
    pub(super) fn are_fresh(&self) -> bool {
        self.locked().pressed.is_some_and(|pressed| pressed.elapsed() < FRESH)
    }

    /// Hands keys on to the command's terminal until either end is gone.
    pub(super) fn relay(&self, tty: &File, theirs: &OwnedFd) {
        let mut chunk = [0; CHUNK];
        loop {
            self.wait();
            if poll(&mut [PollFd::new(tty, PollFlags::IN)], None).is_err() || !self.is_for_us(tty) {
                continue;
            }
            match rustix::io::read(tty, &mut chunk) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(0) | Err(_) => return,
                Ok(read) => {
                    self.locked().pressed = Some(Instant::now());
                    let mut rest = chunk.get(..read).unwrap_or_default();
                    while !rest.is_empty() {
                        let Ok(written) = rustix::io::write(theirs, rest) else { return };
                        rest = rest.get(written..).unwrap_or_default();
                    }
                }
            }
        }
    }

    fn wait(&self) {
        let closed = |state: &mut State| !state.is_open;
        drop(self.opened.wait_while(self.locked(), closed).unwrap_or_else(PoisonError::into_inner));
    }

    fn is_for_us(&self, tty: &File) -> bool {
        let is_foreground = tcgetpgrp(tty).is_ok_and(|group| group == getpgrp());
        let is_open = self.locked().is_open;
        if !is_foreground {
            // Whoever brings this process back opens the gate again.
            self.close();
        }
        is_open && is_foreground
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
