//! Who takes part in a flood: a daemon with little memory, a guest and an agent.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vault_testkit::parse;
use vault_testkit::users::User;

use crate::limited::Limited;
use crate::owner::READ;

/// May connect, and has no grant.
const GUEST: User = User { uid: 2003, groups: &[] };
/// May list and read one secret.
const AGENT: User = User { uid: 2004, groups: &[] };
/// How many connections the guest keeps.
const CONNECTIONS: usize = 512;
/// How many lists the agent asks for at once.
const LISTS: usize = 100;
/// How many secrets are stored that the agent may not see, and the bytes of metadata of each.
const SECRETS: usize = 3000;
const METADATA: usize = 16_000;
/// Longer than any answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// What a guest may call, and what it is refused.
const METHODS: [&str; 7] = [
    "vault.presets",
    "rpc.discover",
    "vault.status",
    "vault.list",
    "vault.discover",
    "vault.resolve",
    "vault.rotateAll",
];

/// A daemon, and what it serves.
pub(super) struct Stage {
    pub(super) daemon: Limited,
}

impl Stage {
    /// Starts a daemon with this much memory, and stores what it serves.
    pub(super) fn set(program: &Path, memory: u64) -> Result<Self> {
        let users = "[kdf]\niterations = 100000\n[access]\nusers = [2003, 2004]\n";
        let stage = Self { daemon: Limited::start(program, memory, users) };
        stage.fill()?;
        Ok(stage)
    }

    fn fill(&self) -> Result<()> {
        let metadata = json!({ "note": "n".repeat(METADATA) });
        let names: Vec<_> = (0..SECRETS).map(|number| format!("other-{number}")).collect();
        let grants = json!([{ "names": [READ], "actions": ["read", "decrypt"] }]);
        let agent = json!({ "name": "bot", "match": { "uid": AGENT.uid }, "grants": grants });
        self.post("/vault/secrets", &json!({ "name": READ, "value": READ }))?;
        self.post("/vault/agents", &agent)?;
        for names in names.chunks(100) {
            let entry = |name| json!({ "name": name, "value": "v", "metadata": metadata });
            let entries: Vec<_> = names.iter().map(entry).collect();
            self.post("/vault/import", &json!({ "entries": entries }))?;
        }
        // Memory that the import took is returned by then.
        std::thread::sleep(Duration::from_secs(3));
        Ok(())
    }

    fn post(&self, target: &str, body: &Value) -> Result<()> {
        let body = body.to_string();
        let length = body.len();
        let head =
            format!("POST {target} HTTP/1.1\r\nHost: v\r\nConnection: close\r\nContent-Length: {length}");
        let (status, text) = self.ask(&format!("{head}\r\n\r\n{body}"))?;
        ensure!((200..300).contains(&status), "{target}: {text}");
        Ok(())
    }

    /// Makes a request of HTTP on a connection of its own.
    fn ask(&self, request: &str) -> Result<(u16, String)> {
        let mut stream = UnixStream::connect(self.daemon.socket()).context("the daemon is gone")?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).context("an answer did not come")?;
        ensure!(!answer.is_empty(), "the daemon closed a connection without an answer");
        let answer = parse(&answer);
        Ok((answer.status, answer.text))
    }
}

/// Sends batches of a hundred on five hundred connections, and reads nothing; returns how many it sent.
pub(super) fn guest(stage: &Stage, ended: &AtomicBool) -> u64 {
    let batches = METHODS.map(|method| {
        let message = |id| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params(method) });
        json!((0..100).map(message).collect::<Vec<_>>()).to_string() + "\n"
    });
    GUEST.does(|| {
        let (mut kept, mut sent) = (VecDeque::new(), 0);
        for batch in batches.iter().cycle() {
            if ended.load(Ordering::Relaxed) {
                break;
            }
            let Ok(mut stream) = UnixStream::connect(stage.daemon.socket()) else { break };
            let _ = stream.set_write_timeout(Some(TIMEOUT));
            // The daemon may have closed it already, for another of the same user.
            sent += u64::from(stream.write_all(batch.as_bytes()).is_ok());
            kept.push_back(stream);
            if kept.len() > CONNECTIONS {
                kept.pop_front();
            }
        }
        sent
    })
}

fn params(method: &str) -> Value {
    if method == "vault.resolve" { json!({ "name": READ }) } else { json!({}) }
}

/// Asks for a hundred lists at once, again and again; returns how many were answered.
pub(super) fn agent(stage: &Stage, ended: &AtomicBool) -> u64 {
    let request = b"GET /vault/secrets?orgId=* HTTP/1.1\r\nHost: v\r\nConnection: close\r\n\r\n";
    AGENT.does(|| {
        let mut listed = 0;
        while !ended.load(Ordering::Relaxed) {
            let begin = |_| {
                let mut stream = UnixStream::connect(stage.daemon.socket()).ok()?;
                stream.set_read_timeout(Some(TIMEOUT)).ok()?;
                stream.write_all(request).ok()?;
                Some(stream)
            };
            let asked: Vec<_> = (0..LISTS).filter_map(begin).collect();
            for mut stream in asked {
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
                listed += u64::from(answer.starts_with(b"HTTP/1.1 200"));
            }
        }
        listed
    })
}
