//! What one writer knows of its secrets: what was acknowledged, and what was under way.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use vault::domain::{Action, SecretId, SecretName};

/// How many names a writer owns.
const NAMES: usize = 5;

/// A writer's knowledge of its own names; nobody else writes them.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) names: Vec<Known>,
    /// How many entries of each kind each secret must have in the log since the last start.
    pub(super) entries: BTreeMap<(SecretId, &'static str), u64>,
    pub(super) acknowledged: u64,
    pub(super) under_way: u64,
    pub(super) happened: u64,
    values: u64,
    writer: usize,
}

/// What is known of one name.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) name: SecretName,
    pub(super) held: Option<Held>,
    pub(super) pending: Option<Write>,
}

/// A secret that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) id: SecretId,
    pub(super) value: String,
    pub(super) version: u64,
}

/// A write that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Write {
    Create(String),
    Update(String),
    Rotate,
    Delete,
}

impl Write {
    /// Gives the action that its entry has.
    pub(super) fn action(&self) -> Action {
        match self {
            Self::Create(_) => Action::Create,
            Self::Update(_) => Action::Encrypt,
            Self::Rotate => Action::Rotate,
            Self::Delete => Action::Delete,
        }
    }
}

impl Ledger {
    /// Begins a ledger with names of its own and nothing stored.
    pub(super) fn new(writer: usize) -> Self {
        let known = |number: usize| {
            let name = SecretName::try_from(format!("writer {writer} name {number}"));
            name.ok().map(|name| Known { name, held: None, pending: None })
        };
        let names = (0..NAMES).filter_map(known).collect();
        let entries = BTreeMap::new();
        Self { names, entries, acknowledged: 0, under_way: 0, happened: 0, values: 0, writer }
    }

    /// Makes a value that never was there before.
    pub(super) fn fresh_value(&mut self) -> String {
        self.values += 1;
        // Lengths differ, so that rows move about in their pages.
        let filling = "x".repeat(usize::try_from(self.values * 37 % 251).unwrap_or_default());
        format!("value {} of writer {} {filling}", self.values, self.writer)
    }

    /// Notes an acknowledged entry.
    pub(super) fn note(&mut self, id: SecretId, action: Action) {
        *self.entries.entry((id, action.as_str())).or_default() += 1;
    }
}

impl Known {
    /// Takes what the vault has after a crash: what was acknowledged, or that with the pending write done.
    ///
    /// # Errors
    /// Where it is neither. Tells whether the pending write was done.
    pub(super) fn settle(&mut self, found: Option<Held>) -> Result<bool> {
        let before = self.held.as_ref();
        let pending = self.pending.take();
        let as_before = before == found.as_ref();
        let as_after = pending.as_ref().is_some_and(|write| is_after(write, before, found.as_ref()));
        ensure!(
            as_before || as_after,
            "`{}` is neither as acknowledged nor as asked for:\n  acknowledged {before:?}\n  under way {pending:?}\n  \
             found {found:?}",
            self.name
        );
        self.held = found;
        Ok(as_after)
    }
}

/// Tells whether a secret is as a write would have left it.
fn is_after(write: &Write, before: Option<&Held>, found: Option<&Held>) -> bool {
    match (write, before, found) {
        (Write::Create(value), None, Some(found)) => found.value == *value && found.version == 1,
        (Write::Update(value), Some(before), Some(found)) => {
            found.id == before.id && found.value == *value && found.version == before.version + 1
        }
        (Write::Rotate, before, found) => before == found,
        (Write::Delete, Some(_), None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(value: &str, version: u64) -> Held {
        let id = SecretId::try_from("01890000-0000-7000-8000-000000000000".to_owned()).unwrap();
        Held { id, value: value.to_owned(), version }
    }

    fn known(held: Option<Held>, pending: Option<Write>) -> Known {
        Known { name: SecretName::try_from("a".to_owned()).unwrap(), held, pending }
    }

    #[test]
    fn what_was_acknowledged_must_be_there() {
        assert!(known(Some(held("a", 1)), None).settle(None).is_err());
        assert!(known(Some(held("a", 1)), None).settle(Some(held("b", 1))).is_err());
        assert!(known(Some(held("a", 2)), None).settle(Some(held("a", 1))).is_err());
        assert!(known(None, None).settle(Some(held("a", 1))).is_err());
        assert!(!known(Some(held("a", 1)), None).settle(Some(held("a", 1))).unwrap());
    }

    #[test]
    fn what_was_under_way_is_done_whole_or_not_at_all() {
        let pending = || Some(Write::Update("b".to_owned()));
        assert!(known(Some(held("a", 1)), pending()).settle(Some(held("b", 2))).unwrap());
        assert!(!known(Some(held("a", 1)), pending()).settle(Some(held("a", 1))).unwrap());
        assert!(known(Some(held("a", 1)), pending()).settle(Some(held("b", 1))).is_err());
        assert!(known(Some(held("a", 1)), pending()).settle(None).is_err());
        assert!(known(Some(held("a", 1)), Some(Write::Delete)).settle(None).unwrap());
        assert!(known(None, Some(Write::Create("c".to_owned()))).settle(Some(held("c", 1))).unwrap());
    }
}
