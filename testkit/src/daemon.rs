//! A running `vaultd`.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::wire::{self, Answer};
use crate::{Home, NONE, wait_for};

/// A `vaultd` that serves; dropping it kills it.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    socket: PathBuf,
}

impl Daemon {
    /// Starts a `vaultd` in a home and waits until its socket answers.
    pub fn start(home: &Home) -> Self {
        Self::start_as(home, home.command(), &home.path("vault.sock"))
    }

    /// Starts a `vaultd` with flags or an environment of its own, at a socket.
    pub fn start_as(home: &Home, mut command: Command, socket: &Path) -> Self {
        let child = command.spawn().unwrap();
        let mut daemon = Self { child, socket: socket.to_owned() };
        wait_for("an answering socket", || {
            if let Some(status) = daemon.child.try_wait().unwrap() {
                panic!("vaultd ended at once with {status}: {}", home.log());
            }
            UnixStream::connect(&daemon.socket).ok()
        });
        daemon
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the path of its socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Ends it by SIGTERM and checks that it ends well.
    pub fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        let status = self.wait();
        assert!(status.success(), "vaultd ended by SIGTERM with {status}");
    }

    /// Ends it by SIGKILL, as a power cut would.
    pub fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.wait();
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal).unwrap();
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Makes one HTTP request; no body for `null`.
    pub fn http(&self, verb: &str, target: &str, body: Value) -> Answer {
        wire::http(&self.socket, verb, target, &body)
    }

    /// Makes one HTTP request with a header of one's own.
    pub fn http_with(&self, verb: &str, target: &str, header: (&str, &str)) -> Answer {
        let (name, value) = header;
        let request = format!(
            "{verb} {target} HTTP/1.1\r\nConnection: close\r\nHost: vault\r\n{name}: {value}\r\n\r\n"
        );
        wire::parse(&self.unended(request.as_bytes()))
    }

    /// Calls a method by JSON-RPC over `POST /rpc` and gives the response.
    pub fn rpc(&self, method: &str, params: Value) -> Value {
        let answer = self.http("POST", "/rpc", wire::message(method, params));
        assert_eq!(200, answer.status, "{}", answer.text);
        answer.body
    }

    /// Calls a method by JSON-RPC over a stream of its own and gives the response.
    pub fn stream(&self, method: &str, params: Value) -> Value {
        let line = format!("{}\n", wire::message(method, params));
        serde_json::from_slice(&self.bytes(line.as_bytes())).unwrap()
    }

    /// Sends bytes as they are, ends the sending side and gives all that comes back.
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        wire::exchange(&self.socket, bytes)
    }

    /// Sends bytes that ask for an end of the connection and gives all that comes back.
    pub fn unended(&self, bytes: &[u8]) -> Vec<u8> {
        wire::exchange_open(&self.socket, bytes)
    }

    /// Reads a page over HTTP that is expected to be there.
    pub fn get(&self, target: &str) -> Value {
        let answer = self.http("GET", target, NONE);
        assert_eq!(200, answer.status, "{target}: {}", answer.text);
        answer.body
    }

    /// Stores a secret in the default org and gives its id.
    pub fn create(&self, name: &str, value: &str) -> String {
        self.create_with(json!({ "name": name, "value": value }))["id"].as_str().unwrap().to_owned()
    }

    /// Stores a secret with fields of one's own and gives its entry.
    pub fn create_with(&self, fields: Value) -> Value {
        let answer = self.http("POST", "/vault/secrets", fields);
        assert_eq!(201, answer.status, "{}", answer.text);
        answer.body["entry"].clone()
    }

    /// Reads a secret with its value.
    pub fn secret(&self, id: &str) -> Answer {
        self.http("GET", &format!("/vault/secrets/{id}"), NONE)
    }

    /// Resolves a name in the default org.
    pub fn resolve(&self, name: &str) -> Answer {
        self.http("GET", &format!("/vault/resolve/{}", wire::encoded(name)), NONE)
    }

    /// Counts the secrets of all orgs.
    pub fn total(&self) -> u64 {
        self.get("/vault/status")["totalEntries"].as_u64().unwrap()
    }

    /// Reads the newest entries of the audit log, newest first.
    pub fn audit(&self) -> Vec<Value> {
        self.get("/vault/audit-log?limit=1000")["entries"].as_array().unwrap().clone()
    }

    /// Returns the words of every warning that `status` shows under a code.
    pub fn warnings(&self, code: &str) -> Vec<String> {
        let status = self.get("/vault/status");
        let warnings = status["warnings"].as_array().unwrap().iter();
        let found = warnings.filter(|warning| warning["code"] == code);
        found.map(|warning| warning["message"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
