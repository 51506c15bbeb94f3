//! From a port of the loopback interface to a Unix socket, since schemathesis speaks TCP alone.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

/// How long a connection may be silent: longer than any answer takes, so that none is left behind.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of an answer is handed on at once.
const PIECE: usize = 64 * 1024;

/// A way to make answers wrong: a text that is put in the place of another one of the same length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spoil {
    /// What is wrong then.
    pub(super) what: &'static str,
    /// What is looked for.
    pub(super) from: &'static str,
    /// What is put there.
    pub(super) to: &'static str,
}

impl Spoil {
    /// Spoils a piece of an answer; what lies across two pieces stays as it is.
    fn spoil(self, piece: &mut [u8]) {
        let (from, to) = (self.from.as_bytes(), self.to.as_bytes());
        let mut at = 0;
        while let Some(place) = piece.get_mut(at..at + from.len()) {
            if place == from {
                place.copy_from_slice(to);
            }
            at += 1;
        }
    }
}

/// A port that leads to a socket; it is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Relay {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Relay {
    /// Opens a port before a socket.
    pub(super) fn open(socket: &Path, spoil: Option<Spoil>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port can be opened")?;
        let address = listener.local_addr()?;
        let over = Arc::new(AtomicBool::new(false));
        let (ended, socket) = (Arc::clone(&over), socket.to_owned());
        let accepting = std::thread::spawn(move || accept(&listener, &ended, &Way { socket, spoil }));
        Ok(Self { address, over, accepting: Some(accepting) })
    }

    /// Gives the port's address.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Whoever waits for a connection gets this one, and sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// Where connections lead, and what happens to answers on the way back.
#[derive(Debug, Clone)]
struct Way {
    socket: PathBuf,
    spoil: Option<Spoil>,
}

/// Takes connections one after the other, each with two threads, which end with it.
fn accept(listener: &TcpListener, over: &AtomicBool, way: &Way) {
    for caller in listener.incoming() {
        if over.load(Ordering::SeqCst) {
            return;
        }
        let Ok(caller) = caller else { continue };
        let way = way.clone();
        // A connection that cannot be led on is closed, which the caller sees and tells.
        std::thread::spawn(move || lead(&caller, &way));
    }
}

/// Leads one connection to the socket until either end closes.
fn lead(caller: &TcpStream, way: &Way) -> std::io::Result<()> {
    let daemon = UnixStream::connect(&way.socket)?;
    caller.set_nodelay(true)?;
    caller.set_read_timeout(Some(PATIENCE))?;
    daemon.set_read_timeout(Some(PATIENCE))?;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = hand_on(caller, &daemon, |_| ());
            daemon.shutdown(Shutdown::Write)
        });
        let spoil = |piece: &mut [u8]| way.spoil.iter().for_each(|spoil| spoil.spoil(piece));
        let _ = hand_on(&daemon, caller, spoil);
        caller.shutdown(Shutdown::Both)
    })
}

/// Hands bytes on in one direction until there are no more.
fn hand_on(mut from: impl Read, mut to: impl Write, change: impl Fn(&mut [u8])) -> std::io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = match from.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        let Some(piece) = buffer.get_mut(..read).filter(|piece| !piece.is_empty()) else { return Ok(()) };
        change(piece);
        to.write_all(piece)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_text_is_spoiled_and_nothing_else() {
        let mut piece = *b"ab cab aab";
        Spoil { what: "", from: "ab", to: "xy" }.spoil(&mut piece);
        assert_eq!(b"xy cxy axy", &piece);
    }
}
