//! A connection whose peer has to take what it is sent: an answer that nobody reads is not kept for ever.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::time::{Sleep, sleep};

/// How long a peer may take nothing of what it is sent.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that fails where its peer takes nothing for a while.
pub(crate) struct Patient {
    stream: UnixStream,
    due: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self { stream, due: None }
    }

    /// Passes on what became of a write, and begins to count where the peer has no room.
    fn waited<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.due = None;
            return written;
        }
        let due = self.due.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        due.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.waited(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.waited(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// More than a socket holds.
    const MUCH: usize = 4 * 1024 * 1024;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_given_up() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let began = tokio::time::Instant::now();
        let failed = Patient::new(ours).write_all(&vec![0; MUCH]).await.unwrap_err();
        assert_eq!((io::ErrorKind::TimedOut, PATIENCE), (failed.kind(), began.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_a_little_at_a_time_gets_it_all() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let reading = async {
            let (mut taken, mut piece) = (0, vec![0; MUCH / 8]);
            while taken < MUCH {
                sleep(PATIENCE * 3 / 4).await;
                taken += theirs.read(&mut piece).await.unwrap();
            }
        };
        let mut patient = Patient::new(ours);
        let written = tokio::join!(async { patient.write_all(&vec![0; MUCH]).await }, reading).0;
        assert!(written.is_ok());
    }
}
