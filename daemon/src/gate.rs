//! The gate: asks the kernel who is calling, drops strangers before a byte is read, and lets the first byte
//! decide the protocol.

use std::cell::Cell;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::socket::{MsgFlags, recv};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinSet;
use vault::agents::Facts;
use vault::domain::Peer;
use vault::vault::Standing;
use vault_platform::PeerProcess;

use crate::access::{self, InForce};
use crate::programs::Programs;
use crate::router::App;
use crate::seats::{Holder, Seat, Seats};
use crate::{http, stream};

/// How long a new connection may stay silent.
const FIRST_BYTE: Duration = Duration::from_secs(5);
/// How long connections get to finish once the daemon ends.
const GRACE: Duration = Duration::from_secs(3);
/// How many strangers the log names in a second; all of them are counted.
const TOLD: u32 = 10;
/// How long to wait where no connection can be accepted, as when descriptors have run out.
const PAUSE: Duration = Duration::from_millis(50);

/// A connection whose peer is known and may call.
pub(crate) struct Guest {
    pub(crate) stream: UnixStream,
    pub(crate) visitor: Arc<Visitor>,
    pub(crate) stopping: watch::Receiver<bool>,
    pub(crate) seat: Arc<Seat>,
}

/// The process at the other end, and what it is at the door.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) standing: Standing,
    peer: Peer,
    process: PeerProcess,
    sha256: OnceCell<Option<String>>,
}

impl Visitor {
    fn new(process: PeerProcess, standing: Standing) -> Self {
        let exe = process.exe().map(|path| path.to_string_lossy().into_owned());
        let peer = Peer { uid: process.uid(), gid: process.gid(), pid: process.pid(), exe };
        Self { standing, peer, process, sha256: OnceCell::new() }
    }

    /// Computes the hash of its program, once.
    pub(crate) async fn hash_program(&self, programs: &Programs) {
        let hash = async || programs.sha256(self.peer.uid, self.process.open_exe()?).await;
        self.sha256.get_or_init(hash).await;
    }

    /// Waits until the process that opened the connection has ended.
    #[expect(
        deprecated,
        reason = "its successor is unsafe; a descriptor that is lent meets what that asks for"
    )]
    async fn ended(&self) {
        let lent = self.process.pidfd();
        match lent.and_then(|fd| AsyncFd::with_interest(fd, Interest::READABLE).ok()) {
            Some(fd) => {
                let _ = fd.readable().await;
            }
            None => std::future::pending().await,
        }
    }
}

impl Facts for Visitor {
    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn exe_sha256(&self) -> Option<&String> {
        self.sha256.get()?.as_ref()
    }
}

/// Accepts connections until told to stop.
pub(crate) struct Gate {
    listener: UnixListener,
    stopping: watch::Receiver<bool>,
    in_force: InForce,
    seats: Arc<Seats>,
    strangers: Strangers,
}

/// How many strangers were told of in the last second: none of them fills the log of the system.
#[derive(Debug, Default)]
struct Strangers(Cell<Option<(Instant, u32)>>);

impl Strangers {
    /// Tells whether one more is told of.
    fn tells(&self, now: Instant) -> bool {
        let of_this_second =
            |(since, _): &(Instant, u32)| now.duration_since(*since) < Duration::from_secs(1);
        let (since, told) = self.0.get().filter(of_this_second).unwrap_or((now, 0));
        self.0.set(Some((since, told.saturating_add(1))));
        told < TOLD
    }
}

impl Gate {
    pub(crate) fn new(listener: UnixListener, stopping: watch::Receiver<bool>, in_force: InForce) -> Self {
        let seats = Seats::new(&in_force.borrow().config.limits);
        Self { listener, stopping, in_force, seats, strangers: Strangers::default() }
    }

    /// Serves until stopped, then lets what is in flight finish.
    pub(crate) async fn serve(mut self, app: Arc<App>) {
        let (mut guests, mut accepted_in_a_row) = (JoinSet::new(), 0);
        loop {
            tokio::select! {
                // What has ended is let go before more is accepted: a crowd that never ends must not pile up behind us.
                biased;
                _ = self.stopping.changed() => break,
                Some(_) = guests.join_next(), if !guests.is_empty() => {}
                Ok(()) = self.in_force.changed() => {
                    self.seats.limit(&self.in_force.borrow_and_update().config.limits);
                }
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        if let Some(guest) = self.admit(stream, &app) {
                            guests.spawn(serve_guest(guest, self.in_force.clone(), Arc::clone(&app)));
                        }
                        accepted_in_a_row = (accepted_in_a_row + 1) % self.seats.in_a_row();
                        if accepted_in_a_row == 0 {
                            // Those that have to go for newcomers go before more of them come.
                            tokio::task::yield_now().await;
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        self.seats.make_room();
                        tokio::time::sleep(PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        let finished = tokio::time::timeout(GRACE, async { while guests.join_next().await.is_some() {} });
        if finished.await.is_err() {
            tracing::warn!("some connections did not finish in time");
        }
    }

    /// Asks the kernel who it is; a stranger is dropped here.
    fn admit(&self, stream: UnixStream, app: &App) -> Option<Guest> {
        let process = match PeerProcess::of(stream.as_fd()) {
            Ok(process) => process,
            Err(error) => {
                tracing::debug!(%error, "a peer without credentials was dropped");
                return None;
            }
        };
        let Some(standing) = access::standing(&self.in_force.borrow().admitted, &process) else {
            app.metrics.refused("stranger");
            if self.strangers.tells(Instant::now()) {
                tracing::warn!(uid = process.uid(), pid = process.pid(), "a stranger was dropped");
            }
            return None;
        };
        let seat = self.seats.take(Holder::user(process.uid(), standing));
        let visitor = Arc::new(Visitor::new(process, standing));
        Some(Guest { stream, visitor, stopping: self.stopping.clone(), seat })
    }
}

async fn serve_guest(guest: Guest, in_force: InForce, app: Arc<App>) {
    let (seat, visitor) = (Arc::clone(&guest.seat), Arc::clone(&guest.visitor));
    tokio::select! {
        // First of all nothing more is done for a user whose rights were taken; and of a crowd that comes at once, nothing
        // is read from those who have to go.
        biased;
        () = access::changed(&visitor.process, visitor.standing, in_force) => {
            tracing::info!(uid = visitor.peer.uid, "a connection was closed: [access] changed for its user");
        }
        () = seat.given_up() => tracing::debug!("a seat was given up for a newcomer"),
        () = visitor.ended() => {}
        () = by_protocol(guest, app) => {}
    }
}

async fn by_protocol(mut guest: Guest, app: Arc<App>) {
    let first = tokio::select! {
        first = tokio::time::timeout(FIRST_BYTE, first_byte(&guest.stream)) => first,
        _ = guest.stopping.changed() => return,
    };
    match first {
        Ok(Some(b'{' | b'[')) => stream::serve(guest, app).await,
        Ok(Some(_)) => http::serve(guest, app).await,
        Ok(None) | Err(_) => {}
    }
}

/// Looks at the first byte without taking it.
async fn first_byte(stream: &UnixStream) -> Option<u8> {
    let mut byte = [0];
    let peeked = stream.async_io(Interest::READABLE, || {
        recv(stream.as_raw_fd(), &mut byte, MsgFlags::MSG_PEEK).map_err(Into::into)
    });
    match peeked.await {
        Ok(1) => Some(byte[0]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_strangers_ten_are_told_of_in_each_second() {
        let (strangers, now) = (Strangers::default(), Instant::now());
        let told = |now| (0..1000).filter(|_| strangers.tells(now)).count();
        assert_eq!([10, 0, 10], [0, 999, 1000].map(|after| told(now + Duration::from_millis(after))));
    }
}
