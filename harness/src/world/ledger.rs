//! What one writer knows of its secrets: what was acknowledged, and what was under way.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, ensure};
use vault::api::Fault;
use vault::domain::{Action, SecretId, SecretName};

use super::witness::{Event, Step, Witness};

/// How many names a writer owns.
const NAMES: usize = 5;

/// A writer's knowledge of its own names; nobody else writes them.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) names: Vec<Known>,
    /// How many entries of each kind each secret must have in the log since the last start.
    pub(crate) entries: BTreeMap<(SecretId, &'static str), u64>,
    pub(crate) acknowledged: u64,
    pub(crate) under_way: u64,
    pub(crate) happened: u64,
    /// How many values were handed out.
    pub(crate) handed_out: u64,
    /// How many requests were refused, by the code of the answer.
    pub(crate) refused: BTreeMap<&'static str, u64>,
    witness: Option<Arc<dyn Witness>>,
    values: u64,
    writer: usize,
}

/// What is known of one name.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: SecretName,
    pub(crate) held: Option<Held>,
    pub(crate) pending: Option<Write>,
}

/// A secret that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) id: SecretId,
    pub(crate) value: String,
    pub(crate) version: u64,
}

/// A write that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Write {
    Create(String),
    Update(String),
    Rotate,
    Delete,
}

impl Write {
    /// Gives the action that its entry has.
    pub(crate) fn action(&self) -> Action {
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
    pub(crate) fn new(writer: usize) -> Self {
        let known = |number: usize| {
            let name = SecretName::try_from(format!("writer {writer} name {number}"));
            name.ok().map(|name| Known { name, held: None, pending: None })
        };
        let names = (0..NAMES).filter_map(known).collect();
        Self {
            names,
            entries: BTreeMap::new(),
            acknowledged: 0,
            under_way: 0,
            happened: 0,
            handed_out: 0,
            refused: BTreeMap::new(),
            witness: None,
            values: 0,
            writer,
        }
    }

    /// Begins a ledger of somebody who only reads.
    pub(crate) fn of_reader() -> Self {
        Self { names: Vec::new(), ..Self::new(usize::MAX) }
    }

    /// Has somebody hear of each step from now on.
    pub(crate) fn watched_by(mut self, witness: Arc<dyn Witness>) -> Self {
        self.witness = Some(witness);
        self
    }

    /// Takes a step of one name.
    ///
    /// # Errors
    /// Where what was found after a crash is neither what was acknowledged nor what was asked for.
    pub(crate) fn take(&mut self, number: usize, step: Step) -> Result<()> {
        if let Some(witness) = &self.witness {
            witness.hear(Event::Name(self.writer, number, step.clone()));
        }
        let Some(known) = self.names.get_mut(number) else { return Ok(()) };
        match step {
            Step::Asked(write) => known.pending = Some(write),
            Step::Refused => known.pending = None,
            Step::Acknowledged(held) => {
                self.acknowledged += 1;
                let write = known.pending.take();
                let before = std::mem::replace(&mut known.held, held);
                let id = known.held.as_ref().or(before.as_ref()).map(|held| held.id);
                if let Some((id, write)) = id.zip(write) {
                    self.note(id, write.action());
                }
            }
            Step::Found(held) => {
                let had_pending = known.pending.is_some();
                let done = known.settle(held)?;
                self.happened += u64::from(had_pending && done);
            }
        }
        Ok(())
    }

    /// Makes a value that never was there before.
    pub(crate) fn fresh_value(&mut self) -> String {
        self.values += 1;
        // Lengths differ, so that rows move about in their pages.
        let filling = "x".repeat(usize::try_from(self.values * 37 % 251).unwrap_or_default());
        format!("value {} of writer {} {filling}", self.values, self.writer)
    }

    /// Counts a request that was refused.
    pub(crate) fn count_refusal(&mut self, fault: &Fault) {
        *self.refused.entry(fault.code.as_str()).or_default() += 1;
    }

    /// Notes an acknowledged entry.
    pub(crate) fn note(&mut self, id: SecretId, action: Action) {
        self.handed_out += u64::from(action == Action::Decrypt);
        *self.entries.entry((id, action.as_str())).or_default() += 1;
    }
}

impl Known {
    /// Takes what the vault has after a crash: what was acknowledged, or that with the pending write done.
    ///
    /// # Errors
    /// Where it is neither. Tells whether the pending write was done.
    pub(crate) fn settle(&mut self, found: Option<Held>) -> Result<bool> {
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
