//! A dashboard that runs, and a browser that can say anything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use vault_testkit::{Run, TestEnvironment};

/// How long anything may take before a test gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A dashboard that runs; it ends with the test.
pub(super) struct Dashboard {
    child: Option<Child>,
    stdout: BufReader<ChildStdout>,
    pub(super) port: u16,
    pub(super) link: String,
}

/// An answer in parts.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

/// A page that traded the token.
#[derive(Debug)]
pub(super) struct Tab {
    pub(super) port: u16,
    pub(super) bearer: String,
    pub(super) csrf: String,
}

impl Dashboard {
    /// Starts one that opens no browser.
    pub(super) fn of(test: &TestEnvironment) -> Self {
        Self::start(test.command(&["ui", "--no-open"]))
    }

    /// Starts a prepared command, and waits for its link.
    pub(super) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        let link = first.trim_end().to_owned();
        let port = link.split_once("127.0.0.1:").and_then(|(_, rest)| rest.split_once('/')?.0.parse().ok());
        assert!(port.is_some(), "no link: {first}{:?}", child.wait_with_output());
        let port = port.unwrap();
        Self { child: Some(child), stdout, port, link }
    }

    /// Gives the token of the link.
    pub(super) fn token(&self) -> &str {
        self.link.split_once("/#token=").unwrap().1
    }

    /// Says something and hears everything that comes.
    pub(super) fn say(&self, bytes: impl AsRef<[u8]>) -> Vec<Reply> {
        say(self.port, bytes.as_ref())
    }

    /// Asks as a browser, with these headers too; `Host` is the usual one unless they name another.
    pub(super) fn ask(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        ask(self.port, line, headers, body)
    }

    /// Trades a token.
    pub(super) fn trade(&self, token: &str) -> Reply {
        let origin = format!("http://127.0.0.1:{}", self.port);
        let headers = [("Origin", origin.as_str()), ("Content-Type", "application/json")];
        self.ask("POST /session", &headers, &json!({ "token": token }).to_string())
    }

    /// Opens the page.
    pub(super) fn opened(&self) -> Tab {
        let granted = self.trade(self.token()).expect(201);
        let text = |name: &str| granted[name].as_str().unwrap().to_owned();
        Tab { port: self.port, bearer: text("bearer"), csrf: text("csrf") }
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) {
        let id = self.child.as_ref().unwrap().id();
        kill(Pid::from_raw(id.cast_signed()), signal).unwrap();
    }

    /// Waits until it says something on stderr.
    pub(super) fn tells(&mut self, words: &str) {
        let stderr = self.child.as_mut().unwrap().stderr.as_mut().unwrap();
        let told = BufReader::new(stderr).lines().map_while(Result::ok).any(|line| line.contains(words));
        assert!(told, "it did not say: {words}");
    }

    /// Waits for its end, and gives what it printed after the link.
    pub(super) fn ended(mut self, test: &TestEnvironment) -> Run {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let run = Run::of(&self.child.take().unwrap().wait_with_output().unwrap(), &test.home());
        Run { stdout: rest, ..run }
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Tab {
    /// Looks at something.
    pub(super) fn get(&self, path: &str) -> Reply {
        ask(self.port, &format!("GET {path}"), &[("Authorization", &self.authorization())], "")
    }

    /// Changes something.
    pub(super) fn send(&self, line: &str, body: &Value) -> Reply {
        let (origin, bearer) = (self.origin(), self.authorization());
        let headers = [
            ("Origin", origin.as_str()),
            ("Authorization", &bearer),
            ("X-CSRF-Token", &self.csrf),
            ("Content-Type", "application/json"),
        ];
        ask(self.port, line, &headers, &if body.is_null() { String::new() } else { body.to_string() })
    }

    pub(super) fn authorization(&self) -> String {
        format!("Bearer {}", self.bearer)
    }

    pub(super) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Begins to listen to events, and gives the stream behind the head of the answer.
    pub(super) fn events(&self) -> BufReader<TcpStream> {
        self.stream("/vault/events")
    }

    /// Asks for what streams, and gives the stream behind the head of the answer.
    pub(super) fn stream(&self, path: &str) -> BufReader<TcpStream> {
        let mut stream = connect(self.port);
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: {}\r\n\r\n",
            self.port,
            self.authorization()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        let first = line_of(&mut stream);
        assert_eq!("HTTP/1.1 200 OK", first);
        while !line_of(&mut stream).is_empty() {}
        stream
    }
}

impl Reply {
    /// Makes sure of the status, and reads the JSON.
    #[track_caller]
    pub(super) fn expect(&self, status: u16) -> Value {
        assert_eq!(status, self.status, "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// Makes sure that it is an error of this status and code, with words and a hint, and nothing else.
    #[track_caller]
    pub(super) fn refused(&self, status: u16, code: &str) {
        let body = self.expect(status);
        assert_eq!(code, body["code"], "{self:?}");
        for field in ["error", "hint"] {
            assert!(!body[field].as_str().unwrap().is_empty(), "{self:?}");
        }
    }

    /// Gives a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Reads a line without its end.
pub(super) fn line_of(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub(super) fn ask(port: u16, line: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut head = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head.extend(["Host: 127.0.0.1:", &port.to_string(), "\r\n"]);
    }
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    if !body.is_empty() {
        head.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
    }
    let mut replies = say(port, format!("{head}\r\n{body}").as_bytes());
    assert_eq!(1, replies.len(), "{replies:?}");
    replies.remove(0)
}

/// Says something on a connection of its own, and reads every answer until the other end closes.
fn say(port: u16, bytes: &[u8]) -> Vec<Reply> {
    let mut stream = connect(port);
    // Who refuses early does not read to the end.
    let _ = stream.write_all(bytes);
    let mut answers = Vec::new();
    let _ = stream.read_to_end(&mut answers);
    let mut rest = answers.as_slice();
    let mut replies = Vec::new();
    while let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
        let (head, after) = (std::str::from_utf8(&rest[..end]).unwrap(), &rest[end + 4..]);
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply { status, head: head.to_owned(), body: String::new() };
        let length = reply.header("content-length").map_or(after.len(), |length| length.parse().unwrap());
        reply.body = String::from_utf8_lossy(&after[..length]).into_owned();
        rest = &after[length..];
        replies.push(reply);
    }
    replies
}

/// Waits until something holds that another process brings about.
#[track_caller]
pub(super) fn eventually(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it never came about");
        std::thread::yield_now();
    }
}
