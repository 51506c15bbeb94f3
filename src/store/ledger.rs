//! The rules of a commit, in terms that no database is named in: which units are refused, what a change does to the sum over
//! all rows, what is recorded, and what the state vouches for afterwards.
//!
//! Units come in batches. All units of a batch share a transaction, each behind a mark, so that one that is refused leaves
//! nothing but its failed entries:
//!
//! ```text
//! begin → for each unit: admit → apply → record → put the state with its MAC → commit
//! ```

mod agents;
mod apply;
mod draw;
mod rekey;
mod stop;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::freshness::{Batch, Changes, Freshness, Relies, in_force};
use super::tables::{Backend, Tables};
use super::{Portion, Portions, Receipt, Refusal, State, StoreError, Unit};
use crate::audit::{Author, Draft, Entry, Head};
use crate::domain::{AuditId, Outcome};
use crate::keyring::Keys;
use draw::Draw;
use stop::Stop;

/// The most entries of a transaction that are kept for those who follow the log, who read the others from there.
pub(super) const FOLLOWED: usize = 1000;

/// What becomes of a unit.
pub(super) type Answer = Result<Receipt, Refusal>;

/// What is committed, and what the running transaction makes of it.
#[derive(Debug)]
pub(super) struct Ledger<T> {
    tables: T,
    changes: Arc<Changes>,
    /// The state as last committed; read again after a commit that failed.
    committed: Option<State>,
    /// The state as the running transaction makes it.
    state: State,
    /// The keys in use; units made under others are refused.
    keys: Option<Arc<Keys>>,
    /// The first [`FOLLOWED`] entries of the running transaction.
    fresh: Vec<Entry>,
    /// What the running transaction knows of changes.
    batch: Batch,
    draw: Draw,
}

impl<T: Tables> Ledger<T> {
    /// Takes over tables that nothing else writes to; it is closed until a unit brings keys.
    pub(super) fn new(tables: T, changes: Arc<Changes>) -> Self {
        Self {
            tables,
            changes,
            committed: None,
            state: State::empty(),
            keys: None,
            fresh: Vec::new(),
            batch: Batch::default(),
            draw: Draw::new(),
        }
    }

    /// Returns the tables.
    pub(super) fn tables(&mut self) -> &mut T {
        &mut self.tables
    }

    /// Returns the keys in use.
    pub(super) fn keys(&self) -> Option<Arc<Keys>> {
        self.keys.clone()
    }

    /// Returns the end of the log as last committed.
    pub(super) fn head(&self) -> Option<Head> {
        self.committed.map(|state| state.head)
    }

    /// Takes the first entries of what was committed last.
    pub(super) fn take_fresh(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.fresh)
    }

    /// Commits units together, and gives each one's answer.
    ///
    /// # Errors
    /// Those that end the transaction: what it left behind is to be [forgotten](Ledger::forget).
    pub(super) fn commit(&mut self, units: Vec<Unit>) -> Result<Vec<Answer>, StoreError> {
        self.begin(&units)?;
        let mut answers = Vec::with_capacity(units.len());
        let mut keys = None;
        for unit in units {
            let under = Arc::clone(&unit.keys);
            let answer = self.attempt(unit)?;
            if !matches!(answer, Err(Refusal::OldKeys)) {
                keys = Some(self.keys.clone().unwrap_or(under));
            }
            answers.push(answer);
        }
        self.end(keys.as_deref())?;
        Ok(answers)
    }

    /// Commits a unit whose changes come in portions, each applied while the next is made.
    ///
    /// It has no mark: that would keep each page as it was in memory until the end. What is refused is rolled back with the
    /// transaction.
    ///
    /// # Errors
    /// As for [`Ledger::commit`].
    pub(super) fn commit_in_portions(
        &mut self,
        unit: &Unit,
        portions: Portions,
    ) -> Result<Answer, StoreError> {
        self.begin(std::slice::from_ref(unit))?;
        self.batch.change();
        match self.take_all(unit, portions) {
            Ok(()) => {
                self.tables.check_place()?;
                let keys = self.keys.clone().unwrap_or_else(|| Arc::clone(&unit.keys));
                self.end(Some(&keys))?;
                Ok(Ok(Receipt { head: self.state.head }))
            }
            Err(stop) => {
                let refusal = stop.refused()?;
                self.fresh.clear();
                self.batch.end(&self.changes, || self.tables.roll_back())?;
                Ok(Err(refusal))
            }
        }
    }

    /// Begins a transaction on the state as last committed.
    fn begin(&mut self, units: &[Unit]) -> Result<(), StoreError> {
        let begun = self.tables.begin()?;
        self.batch.begin(begun, &self.changes);
        self.state = match self.committed {
            Some(state) => state,
            None => self.trusted_state(units)?,
        };
        Ok(())
    }

    /// Commits, with the state where keys are given to authenticate it.
    fn end(&mut self, keys: Option<&Keys>) -> Result<(), StoreError> {
        if let Some(keys) = keys {
            self.tables.put_state(&self.state, &self.state.mac_to_store(keys))?;
        }
        self.batch.end(&self.changes, || self.tables.commit())?;
        if keys.is_some() {
            self.committed = Some(self.state);
        }
        Ok(())
    }

    /// Reads the state as last committed, and disowns one that this vault did not write or that the log has passed.
    fn trusted_state(&self, units: &[Unit]) -> Result<State, StoreError> {
        let mut state = self.tables.state()?;
        let adopting = || units.iter().find(|unit| unit.adopts()).map(|unit| &unit.keys);
        if self.keys.as_ref().or_else(adopting).is_some_and(|keys| !state.is_authentic(keys)) {
            state.disown();
        }
        let last = self.tables.last_entry()?;
        if last.seq > state.head.seq {
            // The chain goes on from its real end, or no entry could be written any more.
            state.head = last;
            state.disown();
        }
        Ok(state)
    }

    /// Runs one unit of several; a refused one leaves its failed entries in its place.
    fn attempt(&mut self, unit: Unit) -> Result<Answer, StoreError> {
        let room = |ledger: &mut Self| if unit.grows() { ledger.hold_room() } else { Ok(()) };
        if let Err(stop) = self.admit(&unit).and_then(|()| room(self)) {
            return stop.refused().map(Err);
        }
        if unit.changes.is_empty() {
            self.record(&unit.keys, &unit.author, unit.entries)?;
            return Ok(Ok(Receipt { head: self.state.head }));
        }
        self.batch.change();
        self.change(unit)
    }

    /// Applies what a unit changes, behind a mark.
    fn change(&mut self, unit: Unit) -> Result<Answer, StoreError> {
        let before = self.state;
        let Unit { keys, author, changes, entries, .. } = unit;
        self.tables.mark()?;
        let answer = match self.apply_all(changes, &keys, &mut 0) {
            Ok(rekeying) => {
                self.record(&keys, &author, entries)?;
                if let Some(rekeying) = rekeying {
                    self.rekey(*rekeying, &keys)?;
                }
                Ok(Receipt { head: self.state.head })
            }
            Err(stop) => {
                let refusal = stop.refused()?;
                self.state = before;
                self.tables.undo()?;
                if matches!(refusal, Refusal::NameTaken | Refusal::PlaceTaken) {
                    self.record(&keys, &author, entries.into_iter().map(failed).collect())?;
                }
                Err(refusal)
            }
        };
        self.tables.unmark()?;
        Ok(answer)
    }

    /// Applies and records each portion up to the last one.
    fn take_all(&mut self, unit: &Unit, portions: Portions) -> Result<(), Stop> {
        self.admit(unit)?;
        self.hold_room()?;
        let mut replaced = 0;
        for Portion { changes, entries, last } in portions.begin() {
            let rekeying = self.apply_all(changes, &unit.keys, &mut replaced)?;
            self.record(&unit.keys, &unit.author, entries)?;
            if let Some(rekeying) = rekeying {
                self.rekey(*rekeying, &unit.keys)?;
            }
            if last {
                return Ok(());
            }
        }
        Err(Stop::Refused(Refusal::Withdrawn))
    }

    /// Refuses a unit that was made under other keys, or relies on what is no longer so.
    fn admit(&self, unit: &Unit) -> Result<(), Stop> {
        let held = self.keys.as_ref().map(|keys| keys.generation());
        if !unit.adopts() && !in_force(held, unit.keys.generation()) {
            return Err(Stop::Refused(Refusal::OldKeys));
        }
        // Agents are judged by what was last read of them, which a change of theirs may not have reached yet.
        self.check_agent(unit.agent.as_ref())?;
        // What was read of no row in particular, such as a copy of all, was so at its moment.
        let reads_rows = unit.changes.is_empty() && !unit.guards.is_empty();
        let relies = if reads_rows { Relies::OnRows } else { Relies::OnItself };
        match self.batch.freshness(unit.as_of, relies, &self.changes) {
            Freshness::AsRead => Ok(()),
            Freshness::Stale => Err(Stop::Refused(Refusal::Stale)),
            Freshness::Compare => unit.guards.iter().try_for_each(|guard| self.check(guard)),
        }
    }

    /// Refuses what takes room if the disk has none to hold.
    fn hold_room(&mut self) -> Result<(), Stop> {
        if self.tables.hold_room() {
            return Ok(());
        }
        Err(Stop::Refused(Refusal::Storage(StoreError::Full.to_string())))
    }

    /// Appends entries to the log.
    fn record(&mut self, keys: &Keys, author: &Author, drafts: Vec<Draft>) -> Result<(), StoreError> {
        for draft in drafts {
            let random = self.draw.next()?;
            let entry = self.state.head.append(keys, author, draft, AuditId::at(author.at, &random));
            self.tables.append(&entry)?;
            if self.fresh.len() < FOLLOWED {
                self.fresh.push(entry);
            }
        }
        Ok(())
    }
}

impl<T: Backend> Ledger<T> {
    /// Leaves nothing of a transaction that failed, and goes on from what is stored, under these keys.
    pub(super) fn forget(&mut self, held: Option<Arc<Keys>>) {
        self.fresh.clear();
        self.batch.end(&self.changes, || ());
        self.committed = None;
        self.keys = held;
        self.tables.recover();
    }
}

/// Makes the entry of an act that was refused when it was to be committed.
fn failed(mut draft: Draft) -> Draft {
    draft.outcome = Outcome::Failed;
    draft.secret = None;
    // It has neither: nothing was written.
    draft.metadata.remove("version");
    draft.metadata.remove("revision");
    draft.with("code", "conflict")
}
