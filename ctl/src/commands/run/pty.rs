//! A pseudo-terminal: the command writes to one end as to a terminal, and we read from the other.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    OptionalActions, OutputModes, Termios, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize,
};

/// Both ends of a pseudo-terminal.
#[derive(Debug)]
pub(super) struct Pty {
    /// Our end.
    pub(super) ours: OwnedFd,
    /// The command's end.
    pub(super) theirs: OwnedFd,
}

/// Who ends lines as a terminal wants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// The pseudo-terminal: the real one takes bytes as they are.
    EndedHere,
    /// The real terminal.
    EndedThere,
}

impl Pty {
    /// Makes one that is set as a real terminal is.
    pub(super) fn like(terminal: impl AsFd, lines: Lines) -> io::Result<Self> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap_or_default();
        let path = std::ffi::OsStr::from_bytes(name.as_bytes());
        let theirs = File::options().read(true).write(true).custom_flags(flags).open(path)?;
        let mut modes = tcgetattr(&terminal)?;
        if lines == Lines::EndedThere {
            modes.output_modes -= OutputModes::OPOST;
        }
        tcsetattr(&theirs, OptionalActions::Now, &modes)?;
        let pty = Self { ours, theirs: theirs.into() };
        resize(&pty.ours, terminal);
        Ok(pty)
    }
}

/// Gives a pseudo-terminal the size of a terminal.
pub(super) fn resize(pty: impl AsFd, terminal: impl AsFd) {
    if let Ok(size) = tcgetwinsize(terminal) {
        // A terminal without a size leaves the pseudo-terminal without one.
        let _ = tcsetwinsize(pty, size);
    }
}

/// Gives a pseudo-terminal the modes of a terminal.
pub(super) fn set_modes(pty: impl AsFd, modes: &Termios) {
    // Where it takes none, it is gone, and what reads from it ends for that.
    let _ = tcsetattr(pty, OptionalActions::Now, modes);
}
