//! One piece of work for the ledger: what it relies on, what it changes, and what it records.

use std::sync::Arc;

use super::{AgentRow, Stored, VersionRow};
use crate::audit::{Author, Checkpoint, Draft, Head};
use crate::crypto::{AuditKeySeal, Bytes32, Header, Slot};
use crate::domain::{AgentId, Category, SecretId, Timestamp};
use crate::keyring::Keys;

/// One piece of work that is committed whole, with its audit entries, or not at all.
#[derive(Debug)]
pub struct Unit {
    /// The keys that it was made under.
    pub keys: Arc<Keys>,
    /// Who acts, and when.
    pub author: Author,
    /// The agent that acts, and the revision that it was judged by.
    pub agent: Option<(AgentId, u64)>,
    /// Rows that must still be as they were read.
    pub guards: Vec<Guard>,
    /// What [`Store::changes`](super::Store::changes) gave before anything was read for the unit.
    pub as_of: u64,
    /// What changes.
    pub changes: Vec<Change>,
    /// What is recorded.
    pub entries: Vec<Draft>,
}

/// A row that was read: it must still have this revision when the entry is written.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// The secret.
    pub id: SecretId,
    /// The revision that was read.
    pub revision: u64,
}

/// One change of the stored state.
#[derive(Debug)]
pub enum Change {
    /// A new secret.
    Insert(Box<Stored>),
    /// A secret's next revision.
    Replace {
        /// The new row.
        next: Box<Stored>,
        /// The revision that it replaces.
        seen: u64,
        /// The category that it had until then.
        was: Category,
        /// What becomes of the kept versions.
        kept: Kept,
    },
    /// A secret's end.
    Remove {
        /// The secret.
        id: SecretId,
        /// The revision that is removed.
        seen: u64,
    },
    /// A new agent, or an agent's next revision.
    PutAgent {
        /// Its row.
        row: Box<AgentRow>,
        /// The revision that it replaces; `None` for a new one.
        seen: Option<u64>,
    },
    /// An agent's end.
    DropAgent(AgentId),
    /// New slots, with the header that authenticates them.
    Slots {
        /// The header around them.
        header: Box<Header>,
        /// The MAC of the one that it was made from, which has to be the stored one still.
        seen: Bytes32,
    },
    /// Every row is under new keys: they take over after this unit's entries.
    Rekey(Box<Rekeying>),
    /// The indexes are rebuilt from their tables, without these rows, which share their name with another.
    Rebuild(Vec<(SecretId, Bytes32)>),
    /// The rows and agents as they are now are the right ones; what cannot be read of them is removed.
    Vouch,
    /// The entries up to a checkpoint leave the log.
    TrimLog(Box<Checkpoint>),
    /// From now on this program's keys are those; older units are refused.
    Adopt(Arc<Keys>),
    /// No unit is taken until keys are adopted again.
    Close,
    /// The writer panics, for the tests of what comes of it.
    #[cfg(test)]
    Panic,
}

/// New keys, and what the header around them is made of.
#[derive(Debug)]
pub struct Rekeying {
    /// The new keys.
    pub keys: Arc<Keys>,
    /// When the vault was made.
    pub created_at: Timestamp,
    /// The slots, all of the new vault key.
    pub slots: Vec<Slot>,
    /// The audit keys so far, sealed under the new vault key.
    pub audit_keys: Vec<AuditKeySeal>,
}

/// What becomes of the kept versions when a row is replaced.
#[derive(Debug)]
pub enum Kept {
    /// They stay.
    Same,
    /// This one joins them; the oldest goes if they are too many.
    Push(Box<VersionRow>),
    /// They are replaced, each sealed again.
    All(Vec<VersionRow>),
}

/// What was committed.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The chain's head after it.
    pub head: Head,
}

impl Unit {
    /// Returns whether it brings the keys that are in use from then on.
    pub(super) fn adopts(&self) -> bool {
        self.changes.iter().any(|change| matches!(change, Change::Adopt(_)))
    }

    /// Returns whether it closes the vault.
    pub(super) fn closes(&self) -> bool {
        self.changes.iter().any(|change| matches!(change, Change::Close))
    }

    /// Returns whether it takes room beyond its entries: the reserve is for reads, deletes and locks.
    pub(super) fn grows(&self) -> bool {
        self.changes.iter().any(|change| {
            matches!(
                change,
                Change::Insert(_) | Change::Replace { .. } | Change::PutAgent { .. } | Change::Rekey(_)
            )
        })
    }
}
