//! The gate: asks the kernel who is calling, drops strangers before a byte is read, and lets the first byte
//! decide the protocol.

use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv};
use tokio::io::Interest;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use vault::domain::Peer;
use vault_platform::PeerProcess;

use crate::router::App;
use crate::{http, stream};

/// How long a new connection may stay silent.
const FIRST_BYTE: Duration = Duration::from_secs(5);
/// How long connections get to finish once the daemon ends.
const GRACE: Duration = Duration::from_secs(3);

/// A connection whose peer is known and may call.
pub(crate) struct Guest {
    pub(crate) stream: UnixStream,
    pub(crate) peer: Peer,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Accepts connections until told to stop.
pub(crate) struct Gate {
    listener: UnixListener,
    stopping: watch::Receiver<bool>,
    own_uid: u32,
}

impl Gate {
    pub(crate) fn new(listener: UnixListener, stopping: watch::Receiver<bool>) -> Self {
        Self { listener, stopping, own_uid: nix::unistd::geteuid().as_raw() }
    }

    /// Serves until stopped, then lets what is in flight finish.
    pub(crate) async fn serve(mut self, app: Arc<App>) {
        let mut guests = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        if let Some(guest) = self.admit(stream) {
                            guests.spawn(serve_guest(guest, Arc::clone(&app)));
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = guests.join_next(), if !guests.is_empty() => {}
                _ = self.stopping.changed() => break,
            }
        }
        drop(self.listener);
        let finished = tokio::time::timeout(GRACE, async { while guests.join_next().await.is_some() {} });
        if finished.await.is_err() {
            tracing::warn!("some connections did not finish in time");
        }
    }

    /// Asks the kernel who it is; any other user is dropped here.
    fn admit(&self, stream: UnixStream) -> Option<Guest> {
        let process = match PeerProcess::of(stream.as_fd()) {
            Ok(process) => process,
            Err(error) => {
                tracing::warn!(%error, "a peer without credentials was dropped");
                return None;
            }
        };
        if process.uid() != self.own_uid {
            tracing::warn!(uid = process.uid(), pid = process.pid(), "a stranger was dropped");
            return None;
        }
        let exe = process.exe().map(|path| path.to_string_lossy().into_owned());
        let peer = Peer { uid: process.uid(), gid: process.gid(), pid: process.pid(), exe };
        Some(Guest { stream, peer, stopping: self.stopping.clone() })
    }
}

async fn serve_guest(mut guest: Guest, app: Arc<App>) {
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
