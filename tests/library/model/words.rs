//! The words that the vault and its model are compared by.

use std::fmt;

use vault::api::Code;
use vault::domain::{Action, Outcome};

use super::step::Size;

/// A value, told apart from every other of its vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) u64, pub(crate) Size);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, size) = self;
        write!(f, "value {number}{}", if *size == Size::Long { ".".repeat(17_000) } else { String::new() })
    }
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Count(u64),
    Names(Vec<String>),
    /// Version and revision.
    Written(u64, u64),
    /// Name, value, version and revision.
    Value(String, String, u64, u64),
    Versions(Vec<u64>),
    /// The secrets of a page, and how many there are in all.
    Listed(Vec<Shown>, u64),
}

/// An answer, or the code of a refusal.
pub(crate) type Reply = Result<Answer, Code>;

/// A secret as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) org: String,
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) revision: u64,
    pub(crate) metadata: String,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) action: Action,
    pub(crate) outcome: Outcome,
    pub(crate) name: Option<String>,
    /// The version, revision or count that it tells.
    pub(crate) number: Option<u64>,
}
