//! What an operation says of itself beside its types: how it is carried out, where, and what follows.

use std::sync::Arc;

use super::desk::Desk;
use crate::api::{Fault, Operation, RotationError};
use crate::domain::{Actor, Caller};
use crate::keyring::Keys;
use crate::secret::Passphrase;

/// How an operation is carried out.
pub trait Handle: Operation {
    /// Where it runs.
    const PLACE: Place = Place::Inline;
    /// How long its answer may be.
    const ANSWER: Length = Length::Short;
    /// Whether it answers while the vault is locked.
    const WHILE_LOCKED: WhileLocked = WhileLocked::Refuse;
    /// Whether somebody could use it to guess at a key.
    const GUESSABLE: bool = false;
    /// Whether it is written down.
    const RECORDS: Records = Records::Each;
    /// Whether others may change secrets and agents while it acts.
    const CHANGES: Changes = Changes::Together;

    /// Returns where it runs for a caller.
    fn place(&self, _caller: &Caller) -> Place {
        Self::PLACE
    }

    /// Judges and acts at the desk; what it stages and notes is committed before the answer leaves.
    fn act(&self, desk: &mut Desk) -> Result<Self::Answer, Fault>;

    /// Tells the answer what became of the act after its commit.
    fn settled(_answer: &mut Self::Answer, _settled: Settled) {}
}

/// What became of an act after its commit.
#[derive(Debug, Default)]
pub struct Settled {
    /// What it deleted is still in the write-ahead log.
    pub pending_erase: bool,
    /// The vault was locked, and the next start opens it.
    pub restart_opens: bool,
    /// The source of the key that has to be changed by hand.
    pub pending_key: Option<String>,
    /// What was re-sealed in portions.
    pub tally: Tally,
}

/// What became of secrets that were to be re-sealed.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many were.
    pub sealed: u64,
    /// Those that were left as they are.
    pub errors: Vec<RotationError>,
}

impl Tally {
    /// Counts the entries of single secrets.
    pub(super) fn entries(&self) -> usize {
        usize::try_from(self.sealed).unwrap_or(usize::MAX).saturating_add(self.errors.len())
    }
}

/// What follows a commit before the answer leaves.
#[derive(Debug)]
pub(super) enum After {
    /// Nothing.
    Nothing,
    /// What was removed leaves the write-ahead log too.
    Erase,
    /// What was removed leaves the write-ahead log soon, and nobody waits for it.
    EraseSoon,
    /// The keyring opens.
    Open(Arc<Keys>),
    /// The keyring closes, and stays closed over a restart, as this owner asks; also if that cannot be recorded.
    Lock(Actor),
    /// The keyring, closed for another reason, stays closed over a restart, as this owner asks.
    StayLocked(Actor),
    /// The agents changed.
    Agents,
    /// What was found damaged is no longer there.
    Sound,
    /// The keyring changes, and the place of the key with it.
    Rekey(Arc<Keys>, Passphrase),
}

/// Where an operation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the runtime's thread: a few microseconds.
    Inline,
    /// On a thread of its own: long reads, key derivation.
    Blocking,
}

/// How long the answer of an operation may be: room for it is kept before the operation starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// One secret with its value, or less.
    Short,
    /// As much as is stored.
    Long,
}

/// Whether an operation answers while the vault is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhileLocked {
    /// It says `locked` and why.
    Refuse,
    /// It answers.
    Serve,
}

/// Whether an operation is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Records {
    /// Each act, and each refusal.
    Each,
    /// Nothing: it shows no secret's name and changes nothing.
    Nothing,
}

/// Whether others may change secrets and agents while an operation acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changes {
    /// They may: one that changed what this one read is noticed, and this one is tried again.
    Together,
    /// They wait: it changes so much that it would be tried again for ever.
    Alone,
    /// They may while it acts, and wait for its transaction, within which it reads and changes many secrets.
    InPortions,
    /// It waits for nobody.
    AtOnce,
}
