//! An entry as the chain sees it.

use super::Entry;
use crate::crypto::{Bytes32, Canon};
use crate::domain::{Action, AuditId, Outcome, Peer, SecretId, Timestamp};

/// An [`Entry`] that borrows its texts, so that a walk along the chain copies none of them.
#[derive(Debug, Clone, Copy)]
pub struct Link<'e> {
    /// Its place.
    pub seq: u64,
    /// Its id.
    pub id: AuditId,
    /// The org.
    pub org: Option<&'e str>,
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// The secret's id.
    pub secret: Option<SecretId>,
    /// The secret's name.
    pub name: Option<&'e str>,
    /// Who did it.
    pub actor: &'e str,
    /// The process that did it.
    pub peer: Option<Process<'e>>,
    /// More, as JSON.
    pub metadata: &'e str,
    /// When.
    pub at: Timestamp,
    /// Its MAC.
    pub mac: Bytes32,
}

/// A [`Peer`] that borrows.
#[derive(Debug, Clone, Copy)]
pub struct Process<'e> {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The process.
    pub pid: Option<i32>,
    /// Its executable.
    pub exe: Option<&'e str>,
}

impl<'e> From<&'e Peer> for Process<'e> {
    fn from(peer: &'e Peer) -> Self {
        Self { uid: peer.uid, gid: peer.gid, pid: peer.pid, exe: peer.exe.as_deref() }
    }
}

impl From<&Process<'_>> for Peer {
    fn from(process: &Process<'_>) -> Self {
        let exe = process.exe.map(str::to_owned);
        Self { uid: process.uid, gid: process.gid, pid: process.pid, exe }
    }
}

impl From<&Link<'_>> for Entry {
    fn from(link: &Link<'_>) -> Self {
        Self {
            seq: link.seq,
            id: link.id,
            org: link.org.map(str::to_owned),
            action: link.action,
            outcome: link.outcome,
            secret: link.secret,
            name: link.name.map(str::to_owned),
            actor: link.actor.to_owned(),
            peer: link.peer.as_ref().map(Peer::from),
            metadata: link.metadata.to_owned(),
            at: link.at,
            mac: link.mac,
        }
    }
}

impl<'e> From<&'e Entry> for Link<'e> {
    fn from(entry: &'e Entry) -> Self {
        Self {
            seq: entry.seq,
            id: entry.id,
            org: entry.org.as_deref(),
            action: entry.action,
            outcome: entry.outcome,
            secret: entry.secret,
            name: entry.name.as_deref(),
            actor: &entry.actor,
            peer: entry.peer.as_ref().map(Process::from),
            metadata: &entry.metadata,
            at: entry.at,
            mac: entry.mac,
        }
    }
}

impl Link<'_> {
    /// Stands for an entry whose columns cannot be read: its zero MAC verifies nowhere.
    pub fn unreadable(seq: u64) -> Self {
        Self {
            seq,
            id: AuditId::from_bytes([0; 16]),
            org: None,
            action: Action::Read,
            outcome: Outcome::Failed,
            secret: None,
            name: None,
            actor: "",
            peer: None,
            metadata: r#"{"unreadable":true}"#,
            at: Timestamp::default(),
            mac: [0; 32],
        }
    }

    /// Appends the bytes that the MAC covers: every field but the MAC, in the order of `docs/crypto.md`.
    #[must_use]
    pub fn canonical(&self, canon: Canon) -> Canon {
        let canon = canon
            .number(self.seq)
            .fixed(self.id.as_bytes())
            .optional(self.org.map(str::as_bytes))
            .part(self.action.as_str().as_bytes())
            .part(self.outcome.as_str().as_bytes())
            .optional(self.secret.as_ref().map(|id| id.as_bytes().as_slice()))
            .optional(self.name.map(str::as_bytes))
            .part(self.actor.as_bytes());
        let canon = match &self.peer {
            None => canon.fixed(&[0]),
            Some(process) => process.canonical(canon),
        };
        canon.part(self.metadata.as_bytes()).signed(self.at.as_millis())
    }
}

impl Process<'_> {
    fn canonical(&self, canon: Canon) -> Canon {
        canon
            .fixed(&[1])
            .fixed(&self.uid.to_be_bytes())
            .fixed(&self.gid.to_be_bytes())
            .optional(self.pid.map(i32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice))
            .optional(self.exe.map(str::as_bytes))
    }
}
