//! The vault that the requests go to: some secrets of it are named in none of them.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use vault::api::{
    AuditLog, CreateSecret, DeleteSecret, Fault, GetSecret, ListAgents, ListSecrets, Operation, Rekey,
    SecretList, StatusOf, UnlockVault, UpdateSecret, VerifyAudit,
};
use vault::client::Client;
use vault::domain::{OrgScope, SecretId};

use crate::world::keeper::key_in;
use crate::world::server::Server;

/// How many secrets no request names.
const KEPT: usize = 8;
/// How many others there may be until they are removed.
const MOST: usize = 60;
/// The id of no secret.
const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// The daemon, what it holds, and what must never come back.
pub(super) struct Held {
    server: Server,
    /// How far its log was read.
    read: u64,
    kept: Vec<(SecretId, Value, String)>,
    /// The secret that requests are about.
    pub(super) victim: SecretId,
    /// The id of no secret.
    pub(super) nobody: &'static str,
    /// The value that requests bring.
    pub(super) mark: String,
    /// The key of the vault.
    pub(super) key: String,
    /// Texts that stand in no error, no log line and no entry of the log.
    pub(super) marks: Vec<String>,
}

impl Held {
    /// Starts a daemon and stores what is there.
    pub(super) fn make() -> Result<Self> {
        let mut server = Server::make()?;
        server.start()?;
        server.wait_until_ready()?;
        let texts: Vec<String> = (0..3).map(|_| text()).collect::<Result<_>>()?;
        let [value, key, kept] = texts.as_slice() else { bail!("three texts") };
        // More than once, so that one is left when a byte of it is mangled.
        let (mark, key_text) = (format!("{value} {value} {value}"), format!("{key}{key}{key}"));
        let mut vault = Self {
            server,
            read: 0,
            kept: Vec::new(),
            victim: SecretId::from_bytes([0; 16]),
            nobody: NOBODY,
            mark: mark.clone(),
            key: key_text.clone(),
            marks: vec![value.clone(), key.clone(), kept.clone()],
        };
        vault.ask::<Rekey>(json!({ "newKey": key_text }))?;
        for number in 0..KEPT {
            let value = format!("{kept} {number}");
            let asked = json!({ "name": format!("kept {number} {}", text()?), "value": value });
            let id = vault.ask::<CreateSecret>(asked)?.entry.id;
            vault.kept.push((id, Value::Null, value));
        }
        for number in 0..KEPT {
            let (id, ..) = vault.kept.get(number).context("a kept secret")?;
            let entry = vault.entry(*id)?;
            if let Some((_, known, _)) = vault.kept.get_mut(number) {
                *known = entry;
            }
        }
        let victim = json!({ "name": "victim", "value": format!("{mark} of the victim") });
        vault.victim = vault.ask::<CreateSecret>(victim)?.entry.id;
        Ok(vault)
    }

    /// Gives the socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.server.socket()
    }

    fn ask<O: Operation>(&self, fields: Value) -> Result<O::Answer> {
        let operation: O = serde_json::from_value(fields).context(O::METHOD)?;
        let answer = Client::connect(&self.socket()).and_then(|mut client| client.call(&operation));
        answer.map_err(|fault: Fault| {
            anyhow::anyhow!("{}: {}: {}", O::METHOD, fault.code.as_str(), fault.message)
        })
    }

    fn list(&self) -> Result<SecretList> {
        self.ask::<ListSecrets>(json!({ "orgId": OrgScope::All }))
    }

    /// Gives the entry of a secret, but for what a rotation of all changes.
    fn entry(&self, id: SecretId) -> Result<Value> {
        let found = self.list()?.secrets.into_iter().find(|secret| secret.id == id);
        let mut entry = json!(found.context("a secret that no request named is gone")?);
        for changes in ["revision", "rotatedAt", "updatedAt"] {
            entry.as_object_mut().and_then(|entry| entry.remove(changes));
        }
        Ok(entry)
    }

    /// Shows all that a request may change.
    pub(super) fn look(&self) -> Result<Value> {
        let locked = self.ask::<StatusOf>(json!({}))?.locked;
        let agents = self.ask::<ListAgents>(json!({}))?.agents;
        Ok(json!({ "locked": locked, "secrets": self.list()?, "agents": agents }))
    }

    /// Fails where the daemon ended, or one of its requests by a panic, or its log holds a value.
    pub(super) fn is_alive(&mut self) -> Result<()> {
        self.ask::<StatusOf>(json!({}))?;
        let log = self.server.log(self.read)?;
        // The last line may not be whole yet.
        let whole = log.rfind('\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        ensure!(!self.marks.iter().any(|mark| log.contains(mark)), "the daemon's log holds a value");
        match log.lines().find(|line| line.contains("panic")) {
            Some(line) => bail!("the daemon's log says: {line}"),
            None => Ok(()),
        }
    }

    /// Opens a vault that was shut, takes up its key and removes what was added; tells whether the key is another.
    pub(super) fn mend(&mut self) -> Result<bool> {
        let held = key_in(&self.server.key_file()).map_err(|fault| anyhow::anyhow!(fault.message))?;
        let held = held.value().expose().to_owned();
        let other = held != self.key;
        self.key = held;
        if self.ask::<StatusOf>(json!({}))?.locked {
            self.ask::<UnlockVault>(json!({ "key": self.key }))?;
        }
        let listed = self.list()?.secrets;
        if listed.len() > MOST {
            let ours = |id: &SecretId| *id == self.victim || self.kept.iter().any(|(kept, ..)| kept == id);
            for secret in listed.iter().filter(|secret| !ours(&secret.id)) {
                self.ask::<DeleteSecret>(json!({ "id": secret.id }))?;
            }
        }
        Ok(other)
    }

    /// Changes a secret that no request names.
    pub(super) fn sabotage(&self) -> Result<()> {
        let (id, ..) = self.kept.first().context("a kept secret")?;
        self.ask::<UpdateSecret>(json!({ "id": id, "value": "another" })).map(drop)
    }

    /// Compares the secrets that no request named with what they were, and looks for values where none may be.
    pub(super) fn is_as_it_was(&self) -> Result<()> {
        for (id, known, value) in &self.kept {
            ensure!(self.entry(*id)? == *known, "a secret that no request named was changed");
            let held = self.ask::<GetSecret>(json!({ "id": id }))?;
            ensure!(held.value.value().expose() == value, "a value that no request named was changed");
        }
        ensure!(self.ask::<VerifyAudit>(json!({}))?.intact, "the chain is broken");
        self.log_holds_no_value()
    }

    fn log_holds_no_value(&self) -> Result<()> {
        let mut after = 0;
        loop {
            let page = self.ask::<AuditLog>(json!({ "after": after, "limit": 1000 }))?;
            let Some(last) = page.entries.last() else { return Ok(()) };
            after = last.seq;
            let text = json!(page.entries).to_string();
            ensure!(!self.marks.iter().any(|mark| text.contains(mark)), "the audit log holds a value");
        }
    }
}

/// Draws a text that stands nowhere else.
fn text() -> Result<String> {
    let drawn = vault::crypto::random::<15>().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(data_encoding::BASE32_NOPAD.encode(&drawn))
}
