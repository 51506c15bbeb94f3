//! A server on loopback that keeps the first request which it gets, and refuses all.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Result;

/// The answer to everything: clients do not ask again after a 400.
const REFUSAL: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
    Connection: close\r\n\r\n{}";
/// The most of a request that is kept: keys stand in its head.
const HEAD_BYTES: usize = 64 * 1024;
/// How long a client may take over a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that runs until this program ends.
#[derive(Debug)]
pub(super) struct Recorder {
    address: SocketAddr,
    first: Arc<OnceLock<Vec<u8>>>,
}

impl Recorder {
    /// Starts it at a port of its own.
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let recorder = Self { address: listener.local_addr()?, first: Arc::default() };
        let first = Arc::clone(&recorder.first);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let first = Arc::clone(&first);
                std::thread::spawn(move || take(stream, &first));
            }
        });
        Ok(recorder)
    }

    /// Returns its address, for clients that speak HTTP.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the head of the first request, or nothing so far.
    pub(super) fn first(&self) -> &[u8] {
        self.first.get().map_or(&[], Vec::as_slice)
    }
}

/// Reads a request's head, keeps it if it is the first, and refuses it.
fn take(mut stream: TcpStream, first: &OnceLock<Vec<u8>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while head.len() < HEAD_BYTES && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece)? {
            0 => break,
            read => head.extend(piece.iter().take(read)),
        }
    }
    // What asks a proxy to lead it elsewhere has no key in it.
    if !head.starts_with(b"CONNECT ") {
        let _ = first.set(head);
    }
    stream.write_all(REFUSAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(recorder: &Recorder, request: &str) -> String {
        let mut stream = TcpStream::connect(recorder.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn the_first_request_is_kept_and_one_to_be_led_elsewhere_is_not() {
        let recorder = Recorder::start().unwrap();
        for request in
            ["CONNECT a:443 HTTP/1.1\r\n\r\n", "GET /b HTTP/1.1\r\n\r\n", "GET /c HTTP/1.1\r\n\r\n"]
        {
            assert!(ask(&recorder, request).starts_with("HTTP/1.1 400 "));
        }
        assert_eq!(b"GET /b HTTP/1.1\r\n\r\n", recorder.first());
    }
}
