//! One output of the command: read, masked, written on at once, but for a tail that could begin a value.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::event::{Ending, Event};
use super::outer::Keys;
use vault_mask::Masker;

/// How long a tail that could begin a value is held.
const HELD: Duration = Duration::from_millis(500);
/// How long it is held where it looks like the echo of a key: long enough for the rest of one write.
const HELD_ECHO: Duration = Duration::from_millis(20);
/// The longest tail that is taken for an echo, in bytes.
const ECHO_BYTES: usize = 3;
/// How much is read at once, in bytes.
const CHUNK: usize = 256 * 1024;
/// How much is put together before it is written, in bytes.
const PIECES: usize = 16 * 1024;
/// The most that is read of an output after the command has ended, in bytes: all that a pipe can have held.
const LEFT: usize = 2 * 1024 * 1024;

/// An output of the command, and where it goes.
pub(super) struct Pump {
    /// Where it comes from.
    pub(super) source: OwnedFd,
    /// Where it goes.
    pub(super) sink: BorrowedFd<'static>,
    /// What masks it.
    pub(super) masker: Masker,
    /// Is hung up when the command has ended: from then on only what is there already is read.
    pub(super) stop: Arc<OwnedFd>,
    /// When a person last pressed a key.
    pub(super) keys: Option<Arc<Keys>>,
}

/// What there is to do.
enum Next {
    Read,
    Release,
    Finish,
}

impl Pump {
    /// Pumps on a thread of its own, which tells when it ends.
    pub(super) fn start(self, events: Sender<Event>) {
        std::thread::spawn(move || {
            let ending = self.run().map_or(Ending::Unread, |()| Ending::Closed);
            // Where nobody listens any more, nobody needs to know.
            let _ = events.send(Event::Ended(ending));
        });
    }

    /// Pumps until the output ends; fails where it cannot be written on.
    fn run(mut self) -> io::Result<()> {
        let (mut chunk, mut out) = (vec![0; CHUNK], Out::to(self.sink));
        let mut changed = Instant::now();
        let mut left = LEFT;
        loop {
            match self.wait(changed, left)? {
                Next::Read => {
                    let read = read(&self.source, &mut chunk)?;
                    if read == 0 {
                        break;
                    }
                    self.masker.feed(chunk.get(..read).unwrap_or_default(), &mut |bytes| out.put(bytes));
                    changed = Instant::now();
                    left = if self.is_stopped()? { left.saturating_sub(read) } else { LEFT };
                }
                Next::Release => self.masker.flush(&mut |bytes| out.put(bytes)),
                Next::Finish => break,
            }
            out.end()?;
        }
        self.masker.flush(&mut |bytes| out.put(bytes));
        out.end()
    }

    fn wait(&self, changed: Instant, left: usize) -> io::Result<Next> {
        let patience = self.patience().map(|patience| patience.saturating_sub(changed.elapsed()));
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let mut watched = [PollFd::new(&self.source, PollFlags::IN), PollFd::new(&*self.stop, PollFlags::IN)];
        let ready = match poll(&mut watched, patience.as_ref()) {
            Err(Errno::INTR) => return self.wait(changed, left),
            other => other?,
        };
        let [source, stop] = watched.map(|one| !one.revents().is_empty());
        Ok(match (ready, source, stop) {
            (0, ..) => Next::Release,
            (_, true, false) => Next::Read,
            (_, true, true) if left > 0 => Next::Read,
            _ => Next::Finish,
        })
    }

    /// Gives how long the held tail may wait; `None` where nothing is held.
    fn patience(&self) -> Option<Duration> {
        match self.masker.held() {
            0 => None,
            1..=ECHO_BYTES if self.keys.as_ref().is_some_and(|keys| keys.are_fresh()) => Some(HELD_ECHO),
            _ => Some(HELD),
        }
    }

    fn is_stopped(&self) -> io::Result<bool> {
        let mut watched = [PollFd::new(&*self.stop, PollFlags::IN)];
        Ok(poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? > 0)
    }
}

/// Reads; the end of a pseudo-terminal is an error of its own.
fn read(source: &OwnedFd, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        return match rustix::io::read(source, &mut *chunk) {
            Err(Errno::INTR) => continue,
            Err(Errno::IO) => Ok(0),
            other => Ok(other?),
        };
    }
}

/// What goes out: small pieces together, large ones without a copy.
struct Out {
    sink: BorrowedFd<'static>,
    pieces: Vec<u8>,
    written: io::Result<()>,
}

impl Out {
    fn to(sink: BorrowedFd<'static>) -> Self {
        Self { sink, pieces: Vec::new(), written: Ok(()) }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.pieces.len() + bytes.len() <= PIECES {
            self.pieces.extend_from_slice(bytes);
        } else if self.written.is_ok() {
            self.written = write_all(self.sink, &self.pieces).and_then(|()| write_all(self.sink, bytes));
            self.pieces.clear();
        }
    }

    /// Writes what is left; fails where any of it could not be written.
    fn end(&mut self) -> io::Result<()> {
        std::mem::replace(&mut self.written, Ok(()))?;
        let written = write_all(self.sink, &self.pieces);
        self.pieces.clear();
        written
    }
}

/// Writes everything.
fn write_all(sink: BorrowedFd<'_>, mut rest: &[u8]) -> io::Result<()> {
    while !rest.is_empty() {
        match rustix::io::write(sink, rest) {
            Err(Errno::INTR) => {}
            // The terminal or the pipe was made non-blocking by somebody who shares it.
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(&sink, PollFlags::OUT)], None)?;
            }
            written => rest = rest.get(written?..).unwrap_or_default(),
        }
    }
    Ok(())
}
