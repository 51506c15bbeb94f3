//! One unit within a batch: what it read is checked, what it changes is applied, what it did is recorded.

use std::sync::Arc;

use super::{Answer, LARGE, Stop, Writer};
use crate::audit::{Author, Draft};
use crate::domain::{AuditId, Outcome};
use crate::keyring::Keys;
use crate::store::changes::{Standing, in_force};
use crate::store::sqlite::apply::{
    agents_digest, check, check_agent, drop_agent, drop_old_agents, insert, insert_entry, keep, put_agent,
    remove, unlink, update,
};
use crate::store::sqlite::log::{self, trim, write_checkpoint};
use crate::store::sqlite::mend::{rebuild, vouch};
use crate::store::sqlite::reserve::grows;
use crate::store::sqlite::sum::{leaf, sum};
use crate::store::sqlite::{parts, read_header, write_header};
use crate::store::{Change, Receipt, Refusal, Rekeying, State, StoreError, Unit};

impl Writer {
    /// Runs one unit; a refused one leaves its failed entries in its place.
    pub(super) fn attempt(&mut self, unit: Unit, state: &mut State) -> Result<Answer, StoreError> {
        let room = |writer: &mut Self| if grows(&unit) { writer.hold_reserve() } else { Ok(()) };
        if let Err(stop) = self.admit(&unit).and_then(|()| room(self)) {
            return stop.refused().map(Err);
        }
        if unit.changes.is_empty() {
            self.record(&unit.keys, &unit.author, unit.entries, state)?;
            return Ok(Ok(Receipt { head: state.head }));
        }
        self.batch.change();
        self.change(unit, state)
    }

    /// Refuses a unit that was made under other keys, or relies on what is no longer so.
    pub(super) fn admit(&self, unit: &Unit) -> Result<(), Stop> {
        let held = self.keys.as_ref().map(|keys| keys.generation());
        if !adopts(unit) && !in_force(held, unit.keys.generation()) {
            return Err(Stop::Refused(Refusal::OldKeys));
        }
        self.check(unit)
    }

    /// Refuses what takes room if the disk has no room for the reserve.
    pub(super) fn hold_reserve(&mut self) -> Result<(), Stop> {
        if self.setup.reserve.hold() {
            return Ok(());
        }
        Err(Stop::Refused(Refusal::Storage(StoreError::Full.to_string())))
    }

    /// Refuses a unit whose agent or rows are not as they were read.
    fn check(&self, unit: &Unit) -> Result<(), Stop> {
        // Agents are judged by what was last read of them, which a change of theirs may not have reached yet.
        check_agent(&self.setup.connection, unit.agent.as_ref())?;
        // What was read of no row in particular, such as a copy of all, was so at its moment.
        let reads_rows = unit.changes.is_empty() && !unit.guards.is_empty();
        match self.batch.standing(unit.as_of, reads_rows, &self.setup.shared.changes) {
            Standing::AsRead => return Ok(()),
            Standing::Stale => return Err(Stop::Refused(Refusal::Stale)),
            Standing::Compare => {}
        }
        unit.guards.iter().try_for_each(|guard| check(&self.setup.connection, guard))
    }

    /// Applies what a unit changes, in a savepoint.
    fn change(&mut self, unit: Unit, state: &mut State) -> Result<Answer, StoreError> {
        let before = *state;
        let Unit { keys, author, changes, entries, .. } = unit;
        self.setup.connection.prepare_cached("SAVEPOINT unit")?.execute([])?;
        match self.apply_all(changes, state, (&keys, &mut 0)) {
            Ok(rekeying) => {
                self.record(&keys, &author, entries, state)?;
                if let Some(rekeying) = rekeying {
                    self.rekey(*rekeying, &keys, state)?;
                }
            }
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Refused(refusal)) => {
                *state = before;
                self.setup.connection.prepare_cached("ROLLBACK TO unit")?.execute([])?;
                if matches!(refusal, Refusal::NameTaken | Refusal::PlaceTaken) {
                    let failed = entries.into_iter().map(failed).collect();
                    self.record(&keys, &author, failed, state)?;
                }
                self.setup.connection.prepare_cached("RELEASE unit")?.execute([])?;
                return Ok(Err(refusal));
            }
        }
        self.setup.connection.prepare_cached("RELEASE unit")?.execute([])?;
        Ok(Ok(Receipt { head: state.head }))
    }

    /// Applies changes, and counts the secrets that are replaced; gives the new keys that are to take over after the entries.
    pub(super) fn apply_all(
        &mut self,
        mut changes: Vec<Change>,
        state: &mut State,
        (keys, replaced): (&Arc<Keys>, &mut u64),
    ) -> Result<Option<Box<Rekeying>>, Stop> {
        let rekeying = take_rekeying(&mut changes);
        *replaced += changes.iter().filter(|change| matches!(change, Change::Replace { .. })).count() as u64;
        if rekeying.is_some() && self.count()? != *replaced {
            // One that was stored since they were read would be lost.
            return Err(Stop::Refused(Refusal::Stale));
        }
        changes.into_iter().try_for_each(|change| self.apply(change, state, keys))?;
        Ok(rekeying)
    }

    pub(super) fn record(
        &mut self,
        keys: &Keys,
        author: &Author,
        drafts: Vec<Draft>,
        state: &mut State,
    ) -> Result<(), StoreError> {
        for draft in drafts {
            let random = self.draw.next().map_err(|error| StoreError::Sqlite(error.to_string()))?;
            let entry = state.head.append(keys, author, draft, AuditId::at(author.at, &random));
            insert_entry(&self.setup.connection, &mut self.labels, &entry)?;
            if self.fresh.len() < LARGE {
                self.fresh.push(entry);
            }
        }
        Ok(())
    }

    fn apply(&mut self, change: Change, state: &mut State, keys: &Arc<Keys>) -> Result<(), Stop> {
        let connection = &self.setup.connection;
        match change {
            Change::Insert(stored) => insert(connection, &stored, state, keys),
            Change::Replace { next, seen, was, kept } => {
                let key = unlink(connection, next.row.id, seen, (state, keys))?;
                update(connection, key, (&next, was))?;
                keep(connection, key, kept)?;
                state.add(&leaf(keys, next.row.id, next.row.revision, &next.row.mac));
                Ok(())
            }
            Change::Remove { id, seen } => {
                let key = unlink(connection, id, seen, (state, keys))?;
                remove(connection, key, id)
            }
            Change::PutAgent { row, seen } => put_agent(connection, &row, seen, (state, keys)),
            Change::DropAgent(name) => drop_agent(connection, &name, (state, keys)),
            Change::Slots { header, seen } => match read_header(connection)? {
                Some(stored) if stored.mac == seen => Ok(write_header(connection, &header)?),
                _ => Err(Stop::Refused(Refusal::Stale)),
            },
            Change::Rebuild(without) => rebuild(connection, &without, (state, keys)),
            Change::Vouch => vouch(connection, state, keys),
            Change::TrimLog(checkpoint) => {
                self.labels.forget();
                Ok(trim(connection, &checkpoint)?)
            }
            Change::Rekey(_) => Ok(()),
            Change::Adopt(keys) => {
                self.keys = Some(keys);
                Ok(())
            }
            Change::Close => {
                self.keys = None;
                Ok(())
            }
            #[cfg(test)]
            Change::Panic => panic!("the writer was told to panic"),
        }
    }

    /// Counts the secrets.
    fn count(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM secret";
        let stored: i64 = self.setup.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(stored.cast_unsigned())
    }

    /// Puts new keys in force: the header around them, and the sum over all rows as they stand now.
    pub(super) fn rekey(
        &mut self,
        rekeying: Rekeying,
        old: &Keys,
        state: &mut State,
    ) -> Result<(), StoreError> {
        let Rekeying { keys, created_at, slots, mut audit_keys } = rekeying;
        let sealed = keys.seal_audit_key(state.head.seq + 1, &keys.audit_key());
        audit_keys.push(sealed.map_err(|error| StoreError::Sqlite(error.to_string()))?);
        write_header(&self.setup.connection, &keys.header(created_at, slots, audit_keys))?;
        if let Some(begin) = log::checkpoint(&self.setup.connection)?.filter(|begin| begin.is_authentic(old))
        {
            write_checkpoint(&self.setup.connection, &begin.renew(&keys))?;
        }
        drop_old_agents(&self.setup.connection, &keys)?;
        let was = sum(&self.setup.connection, parts::ALL, &old.state_mac_key())?;
        let rows = sum(&self.setup.connection, parts::ALL, &keys.state_mac_key())?;
        let mut sum =
            State { head: state.head, agents: agents_digest(&self.setup.connection, &keys)?, ..rows };
        if state.is_disowned() || (was.sum, was.count) != (state.sum, state.count) {
            // A new sum would cover up a row that vanished, so what was wrong stays wrong.
            sum.disown();
        }
        *state = sum;
        self.keys = Some(keys);
        Ok(())
    }
}

/// Tells whether a unit brings the keys that are in use from then on.
pub(super) fn adopts(unit: &Unit) -> bool {
    unit.changes.iter().any(|change| matches!(change, Change::Adopt(_)))
}

/// Returns whether a unit closes the vault.
pub(super) fn closes(unit: &Unit) -> bool {
    unit.changes.iter().any(|change| matches!(change, Change::Close))
}

fn take_rekeying(changes: &mut Vec<Change>) -> Option<Box<Rekeying>> {
    let at = changes.iter().position(|change| matches!(change, Change::Rekey(_)))?;
    match changes.remove(at) {
        Change::Rekey(rekeying) => Some(rekeying),
        _ => None,
    }
}

fn failed(mut draft: Draft) -> Draft {
    draft.outcome = Outcome::Failed;
    draft.secret = None;
    // It has neither: nothing was written.
    draft.metadata.remove("version");
    draft.metadata.remove("revision");
    draft.with("code", "conflict")
}
