//! What hyper answers by itself to malformed HTTP has no body; here it becomes the JSON error of the table.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use vault::api::{Code, Fault};

/// A connection that replaces bodiless refusals on their way out.
pub(crate) struct Speaker<T> {
    io: T,
    /// What is being sent instead, and how much of it is out.
    instead: Option<(Vec<u8>, usize)>,
}

impl<T> Speaker<T> {
    pub(crate) fn new(io: T) -> Self {
        Self { io, instead: None }
    }
}

/// Every answer of ours carries `cache-control`; a refusal without it is hyper's own.
fn replacement(head: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(head).ok()?;
    if !text.starts_with("HTTP/1.1 4") || text.contains("cache-control") {
        return None;
    }
    let words = match text.get(9..12)? {
        "431" => "the request's head is larger than 64 KiB or has too many headers",
        "414" => "the request's path is too long",
        _ => "the request is not HTTP/1.1",
    };
    let fault = Fault::new(Code::InvalidRequest, words);
    let body = serde_json::to_string(&fault.body()).ok()?;
    let head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncache-control: no-store\r\n";
    Some(format!("{head}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

impl<T: Write + Unpin> Speaker<T> {
    /// Sends what is left of a replacement.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((bytes, sent)) = &mut self.instead {
            let rest = bytes.get(*sent..).unwrap_or_default();
            if rest.is_empty() {
                self.instead = None;
                break;
            }
            *sent += ready!(Pin::new(&mut self.io).poll_write(cx, rest))?;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Write + Unpin> Write for Speaker<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(cx))?;
        match replacement(bytes) {
            None => Pin::new(&mut self.io).poll_write(cx, bytes),
            Some(instead) => {
                self.instead = Some((instead, 0));
                let _ = self.poll_instead(cx)?;
                Poll::Ready(Ok(bytes.len()))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<T: Read + Unpin> Read for Speaker<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}
