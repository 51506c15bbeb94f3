//! What hyper answers by itself to malformed HTTP has no body; here it becomes the JSON error of the table.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::api::{Code, Fault};
use hyper::rt::{Read, ReadBufCursor, Write};

/// Headers, by their names in small letters.
pub type Headers = &'static [(&'static str, &'static str)];

/// The header by which an answer of ours is known.
const MARK: &str = "cache-control";

/// A connection that replaces bodiless refusals on their way out.
#[derive(Debug)]
pub struct Speaker<T> {
    io: T,
    headers: Headers,
    /// What is being sent instead, and how much of it is out.
    instead: Option<(Vec<u8>, usize)>,
}

impl<T> Speaker<T> {
    /// Takes a connection, and the headers that every answer on it has; `cache-control` is one of them.
    pub fn new(io: T, headers: Headers) -> Self {
        debug_assert!(headers.iter().any(|(name, _)| *name == MARK), "nothing marks an answer of ours");
        Self { io, headers, instead: None }
    }
}

/// Writes what is sent for a refusal of hyper's own: one that our mark is not on.
///
/// Such a head comes in one piece. A piece of a body can begin as it does, and JSON never ends with a line's end.
fn replacement(head: &[u8], headers: Headers) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(head).ok()?;
    if !text.starts_with("HTTP/1.1 4") || !text.ends_with("\r\n\r\n") || text.contains(MARK) {
        return None;
    }
    let words = match text.get(9..12)? {
        "431" => "the request's head is larger than 64 KiB or has too many headers",
        "414" => "the request's path is too long",
        _ => "the request is not HTTP/1.1",
    };
    let fault = Fault::new(Code::InvalidRequest, words);
    let body = serde_json::to_string(&fault.body()).ok()?;
    let mut head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n".to_owned();
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
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
        match replacement(bytes, self.headers) {
            None => Pin::new(&mut self.io).poll_write(cx, bytes),
            Some(instead) => {
                self.instead = Some((instead, 0));
                let _ = self.poll_instead(cx)?;
                Poll::Ready(Ok(bytes.len()))
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// Writes several pieces at once, so that a body is not copied behind its head first.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match pieces {
            [alone] => self.poll_write(cx, alone),
            // A refusal of hyper's own has nothing behind its head.
            several => {
                ready!(self.poll_instead(cx))?;
                Pin::new(&mut self.io).poll_write_vectored(cx, several)
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: Headers = &[("cache-control", "no-store"), ("x-own", "1")];

    #[test]
    fn a_refusal_of_hypers_own_gets_a_body_and_our_headers() {
        let head = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n";
        let text = String::from_utf8(replacement(head, HEADERS).unwrap()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("\r\ncache-control: no-store\r\nx-own: 1\r\n"), "{head}");
        assert!(head.ends_with(&format!("\r\ncontent-length: {}", body.len())), "{head}");
        assert!(body.contains("larger than 64 KiB"), "{body}");
    }

    #[test]
    fn our_own_answers_and_pieces_of_bodies_go_out_as_they_are() {
        for bytes in [
            "HTTP/1.1 404 Not Found\r\ncache-control: no-store\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 400 Bad Request, says a piece of a value\"}",
        ] {
            assert_eq!(None, replacement(bytes.as_bytes(), HEADERS), "{bytes}");
        }
    }
}
