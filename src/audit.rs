//! The audit log: what an entry holds, and the chain that makes every change to it visible.

mod checkpoint;
mod link;

pub use checkpoint::{Checkpoint, Known};
pub use link::{Link, Process};

use serde_json::{Map, Value};

use crate::crypto::{Bytes32, Canon, MacKey};
use crate::domain::{Action, AuditId, Caller, OrgId, Outcome, Peer, SecretId, Timestamp};
use crate::keyring::Keys;

/// What is to be recorded of one act on one thing; the writer adds place, time and MAC.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The org, absent for acts on the whole vault.
    pub org: Option<OrgId>,
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// The secret's id, where one was found.
    pub secret: Option<SecretId>,
    /// The secret's name, or the one that was asked for.
    pub name: Option<String>,
    /// More, as clear JSON; never a value.
    pub metadata: Map<String, Value>,
    /// Who did it, where that is not the unit's author.
    pub actor: Option<String>,
}

impl Draft {
    /// Starts the record of a successful act.
    pub fn of(action: Action) -> Self {
        Self {
            org: None,
            action,
            outcome: Outcome::Ok,
            secret: None,
            name: None,
            metadata: Map::new(),
            actor: None,
        }
    }

    /// Moves an org and a name that may be no stored secret's into the metadata, unless an owner asked for them: the log
    /// keeps its other texts for good.
    #[must_use]
    pub fn asked_by(mut self, caller: &Caller) -> Self {
        if self.secret.is_some() || caller.is_owner() {
            return self;
        }
        if let Some(name) = self.name.take() {
            self = self.with("askedName", name);
        }
        match self.org.take() {
            Some(org) if org != OrgId::default() => self.with("askedOrg", org.as_str()),
            org => Self { org, ..self },
        }
    }

    /// Names the org.
    #[must_use]
    pub fn org(mut self, org: &OrgId) -> Self {
        self.org = Some(org.clone());
        self
    }

    /// Names the secret.
    #[must_use]
    pub fn secret(mut self, id: SecretId, name: &str) -> Self {
        self.secret = Some(id);
        self.name = Some(name.to_owned());
        self
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }
}

/// Who acted and when: the part that all entries of one unit share.
#[derive(Debug, Clone)]
pub struct Author {
    /// `uid:1000`, `agent:bot`, `system`.
    pub actor: String,
    /// The process, as the kernel reported it.
    pub peer: Option<Peer>,
    /// The moment of the request.
    pub at: Timestamp,
    /// What the caller claimed, as metadata.
    pub claims: Map<String, Value>,
}

impl Author {
    /// Makes the author of a caller's acts at a moment.
    pub fn of(caller: &Caller, at: Timestamp) -> Self {
        let mut claims = Map::new();
        let said = &caller.claims;
        for (key, claim) in [
            ("claimedUserId", &said.user_id),
            ("claimedClient", &said.client),
            ("claimedAddress", &said.ip),
            // The name under which the address has always been found.
            ("ip", &said.ip),
        ] {
            if let Some(text) = claim {
                claims.insert(key.to_owned(), Value::from(text.as_str()));
            }
        }
        Self { actor: caller.actor().to_string(), peer: caller.peer.clone(), at, claims }
    }
}

/// One entry of the log, as stored.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its place, from 1, without gaps.
    pub seq: u64,
    /// Its id.
    pub id: AuditId,
    /// The org.
    pub org: Option<String>,
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// The secret's id.
    pub secret: Option<SecretId>,
    /// The secret's name, kept after the secret is gone.
    pub name: Option<String>,
    /// Who did it.
    pub actor: String,
    /// The process that did it.
    pub peer: Option<Peer>,
    /// More, as JSON.
    pub metadata: String,
    /// When.
    pub at: Timestamp,
    /// `HMAC-SHA256(AK, previous mac ‖ canonical entry)`.
    pub mac: Bytes32,
}

/// The end of the chain: the last entry's place and MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last sequence number, 0 where there is none.
    pub seq: u64,
    /// Its MAC; zeros before the first entry.
    pub mac: Bytes32,
}

impl Head {
    /// The chain before its first entry.
    pub const START: Self = Self { seq: 0, mac: [0; 32] };

    /// Appends a draft: gives it the next place and the MAC that links it to the one before.
    pub fn append(&mut self, keys: &Keys, author: &Author, draft: Draft, id: AuditId) -> Entry {
        let mut metadata = draft.metadata;
        for (key, value) in &author.claims {
            metadata.entry(key.clone()).or_insert_with(|| value.clone());
        }
        let mut entry = Entry {
            seq: self.seq + 1,
            id,
            org: draft.org.map(String::from),
            action: draft.action,
            outcome: draft.outcome,
            secret: draft.secret,
            name: draft.name,
            actor: draft.actor.unwrap_or_else(|| author.actor.clone()),
            peer: author.peer.clone(),
            metadata: Value::Object(metadata).to_string(),
            at: author.at,
            mac: [0; 32],
        };
        entry.mac = keys.audit_mac(&self.mac, Link::from(&entry).canonical(Canon::new()).bytes());
        *self = Self { seq: entry.seq, mac: entry.mac };
        entry
    }
}

/// What a walk along the whole chain found.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// How many entries were read.
    pub entries: u64,
    /// The last entry's MAC in hex, or nothing in an empty log.
    pub head: Option<Bytes32>,
    /// The first place where the chain does not hold, and in what way.
    pub broken: Option<Break>,
}

/// Where and how the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The sequence number at which it shows.
    pub seq: u64,
    /// What was found there.
    pub reason: BreakReason,
}

/// How a chain can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakReason {
    /// An entry is missing before this place: deleted or reordered.
    Missing,
    /// The entry, or the one before it, was edited, swapped or inserted.
    Edited,
    /// Entries after this place were cut off.
    Cut,
}

impl BreakReason {
    /// Gives the word that answers carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Edited => "edited",
            Self::Cut => "cut",
        }
    }
}

/// Walks a chain entry by entry and remembers the first break.
#[derive(Debug)]
pub struct Verifier {
    at: Head,
    /// What the last entry's MAC covers, kept for its room.
    canon: Canon,
    /// A head that was kept outside the database: the log must pass through it.
    outside: Option<Head>,
    broken: Option<Break>,
}

impl Verifier {
    /// Starts where the log begins.
    pub fn new(begin: Head, outside: Option<Head>) -> Self {
        Self { at: begin, canon: Canon::new(), outside, broken: None }
    }

    /// Takes the next entry under the audit key that was in use then.
    pub fn take(&mut self, audit_key: &MacKey, entry: &Link<'_>) {
        if self.broken.is_none() {
            self.canon = entry.canonical(std::mem::take(&mut self.canon).emptied());
            let expected = audit_key.mac(&[&self.at.mac, self.canon.bytes()]);
            if entry.seq != self.at.seq + 1 {
                self.broken = Some(Break { seq: self.at.seq + 1, reason: BreakReason::Missing });
            } else if expected != entry.mac || self.contradicts(entry) {
                self.broken = Some(Break { seq: entry.seq, reason: BreakReason::Edited });
            }
        }
        self.at = Head { seq: entry.seq, mac: entry.mac };
    }

    /// Tells whether an entry is not the one that the outside head says stood there.
    fn contradicts(&self, entry: &Link<'_>) -> bool {
        self.outside.is_some_and(|outside| outside.seq == entry.seq && outside.mac != entry.mac)
    }

    /// Gives the last entry's place and MAC, where the chain holds up to it.
    pub fn holds_to(&self) -> Option<Head> {
        self.broken.is_none().then_some(self.at)
    }

    /// Ends the walk against the head that the state holds.
    pub fn end(mut self, entries: u64, head: &Head) -> Verdict {
        if self.broken.is_none() && self.at != *head {
            let reason = if self.at.seq < head.seq { BreakReason::Cut } else { BreakReason::Edited };
            self.broken = Some(Break { seq: (self.at.seq + 1).min(head.seq.max(1)), reason });
        }
        if let (None, Some(outside)) = (&self.broken, self.outside)
            && outside.seq > self.at.seq
        {
            self.broken = Some(Break { seq: self.at.seq + 1, reason: BreakReason::Cut });
        }
        Verdict { entries, head: (self.at.seq > 0).then_some(self.at.mac), broken: self.broken }
    }
}
