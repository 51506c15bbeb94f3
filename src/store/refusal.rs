//! Why something was not committed.

use super::Displaced;
use crate::crypto::CryptoError;

/// Says why a unit was not committed; nothing of it is stored but its failed entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The org has a secret of this name.
    #[error("the name is taken in this org")]
    NameTaken,
    /// The org has a secret in the same place, under another name.
    #[error("the name is taken in this org under another spelling or alias of it")]
    PlaceTaken,
    /// A row is not as it was read.
    #[error("the secret changed meanwhile")]
    Stale,
    /// The agent that acts was changed or removed.
    #[error("the agent's rights changed meanwhile")]
    Revoked,
    /// The keys are not those in use.
    #[error("the keys changed meanwhile")]
    OldKeys,
    /// The disk is full, and its reserve was released just now: what adds nothing may be tried again.
    #[error("the disk is full")]
    Full,
    /// A file of the database is not the one that was opened.
    #[error("{0}")]
    Displaced(Displaced),
    /// The disk or the database refused, in these words.
    #[error("{0}")]
    Storage(String),
    /// The store is closed: the daemon is ending.
    #[error("the daemon is ending")]
    Closed,
    /// An entry or a key could not be sealed.
    #[error("{0}")]
    Crypto(CryptoError),
    /// The database is damaged where the unit is about to change it.
    #[error("{0}")]
    Damaged(String),
    /// The maker of its portions ended before the last one.
    #[error("it was given up")]
    Withdrawn,
    /// The writer panicked at the batch; nothing of it is stored.
    #[error("the writer panicked")]
    Panicked,
}

impl Refusal {
    /// Returns whether the store cannot write now, whatever it is asked to: what has to hold all the same does not wait for it.
    pub fn is_of_the_store(&self) -> bool {
        match self {
            Self::Full
            | Self::Displaced(_)
            | Self::Storage(_)
            | Self::Closed
            | Self::Crypto(_)
            | Self::Damaged(_)
            | Self::Panicked => true,
            Self::NameTaken
            | Self::PlaceTaken
            | Self::Stale
            | Self::Revoked
            | Self::OldKeys
            | Self::Withdrawn => false,
        }
    }
}
