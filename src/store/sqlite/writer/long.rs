//! A unit whose changes come in portions, alone in its transaction.
//!
//! It has no savepoint: that would keep each page as it was in memory until the end. What is refused is rolled back with
//! the transaction. Pages beyond the page cache go to the write-ahead log before the commit.

use std::slice;
use std::sync::Arc;

use super::{Answer, Stop, Writer};
use crate::store::{Portion, Portions, Receipt, Refusal, State, StoreError, Unit};

impl Writer {
    /// Applies the portions of a unit, each while the next is made, and commits all of them.
    pub(super) fn transact_in_portions(
        &mut self,
        unit: Unit,
        portions: Portions,
    ) -> Result<Answer, StoreError> {
        let mut state = self.begin(slice::from_ref(&unit))?;
        self.batch.change();
        match self.take_all(&unit, portions, &mut state) {
            Ok(()) => {
                // It may have taken long.
                self.setup.place.check()?;
                let keys = self.keys.clone().unwrap_or(unit.keys);
                self.end(state, Some(&keys))?;
                Ok(Ok(Receipt { head: state.head }))
            }
            Err(stop) => {
                let refusal = stop.refused()?;
                self.roll_back()?;
                Ok(Err(refusal))
            }
        }
    }

    /// Applies and records each portion up to the last one.
    fn take_all(&mut self, unit: &Unit, portions: Portions, state: &mut State) -> Result<(), Stop> {
        self.admit(unit)?;
        self.hold_reserve()?;
        let (keys, mut replaced) = (Arc::clone(&unit.keys), 0);
        for Portion { changes, entries, last } in portions.begin() {
            let rekeying = self.apply_all(changes, state, (&keys, &mut replaced))?;
            self.record(&keys, &unit.author, entries, state)?;
            if let Some(rekeying) = rekeying {
                self.rekey(*rekeying, &keys, state)?;
            }
            if last {
                return Ok(());
            }
        }
        Err(Stop::Refused(Refusal::Withdrawn))
    }

    /// Ends the transaction without anything of it.
    fn roll_back(&mut self) -> Result<(), StoreError> {
        self.fresh.clear();
        self.labels.forget();
        let connection = &self.setup.connection;
        Ok(self
            .batch
            .end(&self.setup.shared.changes, || connection.prepare_cached("ROLLBACK")?.execute([]))
            .map(drop)?)
    }
}
