//! What stands in for the command's outputs: a pseudo-terminal for a terminal, a pipe for anything else.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use rustix::termios::isatty;

use super::event::Event;
use super::outer::Keys;
use super::pty::{self, Lines, Pty};
use super::pump::Pump;
use vault_mask::{Masker, Needles};

/// The size that pipes are given where the system allows it, in bytes: fewer changes between processes.
#[cfg(target_os = "linux")]
const PIPE: usize = 1024 * 1024;

/// The command's outputs; what is not replaced stays as it is.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// What the command gets as stdout.
    pub(super) stdout: Option<OwnedFd>,
    /// What the command gets as stderr.
    pub(super) stderr: Option<OwnedFd>,
    ours: Vec<Output>,
}

/// An output that we read, and where it goes.
#[derive(Debug)]
struct Output {
    source: OwnedFd,
    sink: BorrowedFd<'static>,
}

/// The pumps of a running command.
#[derive(Debug)]
pub(super) struct Pumps {
    /// How many have not ended.
    pub(super) running: usize,
    /// Our ends of pseudo-terminals, each with the terminal whose size it has.
    pub(super) terminals: Vec<(OwnedFd, BorrowedFd<'static>)>,
    stop: Option<OwnedFd>,
}

impl Outputs {
    /// Replaces both outputs. Where they are one and the same, so is what replaces them: their order is kept.
    pub(super) fn replaced(lines: Lines) -> io::Result<Self> {
        let (stdout, stderr) = (rustix::stdio::stdout(), rustix::stdio::stderr());
        let mut outputs = Self::default();
        if let Some((output, theirs)) = stand_in(stdout, lines)? {
            outputs.ours.push(output);
            outputs.stdout = Some(theirs);
        }
        outputs.stderr = match &outputs.stdout {
            Some(theirs) if are_same(stdout, stderr)? => Some(theirs.try_clone()?),
            _ => stand_in(stderr, lines)?.map(|(output, theirs)| {
                outputs.ours.push(output);
                theirs
            }),
        };
        Ok(outputs)
    }

    /// Starts to pump; drops the command's ends, which it has by now.
    pub(super) fn pump(
        self,
        needles: &Arc<Needles>,
        keys: Option<&Arc<Keys>>,
        events: &Sender<Event>,
    ) -> io::Result<Pumps> {
        let (stopped, stop) = io::pipe()?;
        let stopped = Arc::new(OwnedFd::from(stopped));
        let mut pumps = Pumps { running: self.ours.len(), terminals: Vec::new(), stop: Some(stop.into()) };
        for Output { source, sink } in self.ours {
            if isatty(sink) {
                pumps.terminals.push((source.try_clone()?, sink));
            }
            let masker = Masker::new(Arc::clone(needles));
            let (stop, keys) = (Arc::clone(&stopped), keys.cloned());
            Pump { source, sink, masker, stop, keys }.start(events.clone());
        }
        Ok(pumps)
    }
}

impl Pumps {
    /// Has the pumps end once they have read what is there already.
    pub(super) fn finish(&mut self) {
        self.stop = None;
    }

    /// Gives the pseudo-terminals the size that their terminals have now.
    pub(super) fn resize(&self) {
        self.terminals.iter().for_each(|(pty, terminal)| pty::resize(pty, terminal));
    }
}

/// Makes what stands in for an output, where somebody can read it.
fn stand_in(sink: BorrowedFd<'static>, lines: Lines) -> io::Result<Option<(Output, OwnedFd)>> {
    if is_nowhere(sink)? {
        return Ok(None);
    }
    let (source, theirs) = if isatty(sink) {
        let pty = Pty::like(sink, lines)?;
        (pty.ours, pty.theirs)
    } else {
        widen(sink);
        pipe()?
    };
    Ok(Some((Output { source, sink }, theirs)))
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = io::pipe()?;
    widen(&ours);
    Ok((ours.into(), theirs.into()))
}

/// Lets a pipe hold more, so that its ends wake each other up less often.
#[cfg(target_os = "linux")]
fn widen(pipe: impl AsFd) {
    // What is no pipe has no such size, and a user may have used up the pages that pipes are given.
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE);
}

#[cfg(not(target_os = "linux"))]
fn widen(_pipe: impl AsFd) {}

/// Tells whether an output is `/dev/null`.
fn is_nowhere(sink: BorrowedFd<'_>) -> io::Result<bool> {
    let sink = File::from(sink.try_clone_to_owned()?).metadata()?;
    let nowhere = std::fs::metadata("/dev/null");
    Ok(sink.file_type().is_char_device() && nowhere.is_ok_and(|nowhere| nowhere.rdev() == sink.rdev()))
}

/// Tells whether two outputs go to one place.
fn are_same(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> io::Result<bool> {
    let place = |fd: BorrowedFd<'_>| {
        let meta = File::from(fd.as_fd().try_clone_to_owned()?).metadata()?;
        io::Result::Ok((meta.dev(), meta.ino()))
    };
    Ok((isatty(one) && isatty(other)) || place(one)? == place(other)?)
}
