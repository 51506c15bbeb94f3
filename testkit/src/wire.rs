//! HTTP and JSON-RPC by hand, so that a test sees every byte.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// An answer of HTTP.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub text: String,
    /// The body as JSON; null if it is something else.
    pub body: Value,
}

impl Answer {
    /// Returns a header; the empty text if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Returns the `code` of an error; the empty text if it is missing.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Returns the words of an error; the empty text if they are missing.
    pub fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }

    /// Returns the value in the answer; the empty text if it is missing.
    pub fn value(&self) -> &str {
        self.body["value"].as_str().unwrap_or_default()
    }
}

/// Connects to a socket; no read waits longer than fifteen seconds.
pub fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    stream
}

/// Sends bytes, ends the sending side and reads until the other end closes.
pub fn exchange(socket: &Path, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(socket);
    // The daemon may refuse and close before it has read everything.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    rest(&mut stream)
}

/// Sends bytes that ask for an end of the connection and reads until the other end closes.
pub fn exchange_open(socket: &Path, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(socket);
    // The daemon may refuse and close before it has read everything.
    let _ = stream.write_all(bytes);
    rest(&mut stream)
}

/// Reads until the other end closes.
fn rest(stream: &mut UnixStream) -> Vec<u8> {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("no end after {} bytes: {error}", answer.len()),
    }
    answer
}

/// Makes one request, without a body for `null`.
pub fn http(socket: &Path, verb: &str, target: &str, body: &Value) -> Answer {
    let mut request = format!("{verb} {target} HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    if !body.is_empty() {
        request = format!("{request}Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    let request = format!("{request}\r\n{body}");
    parse(&exchange_open(socket, request.as_bytes()))
}

/// Takes an answer apart.
pub fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Answer { status, headers, text: body.to_owned(), body: serde_json::from_str(body).unwrap_or_default() }
}

/// Writes a text so that it can stand in a path or a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Writes a message of JSON-RPC.
pub fn message(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}
