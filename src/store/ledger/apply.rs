//! What each change does to the tables and to the sum over all rows.

use std::sync::Arc;

use super::{Ledger, Stop};
use crate::discovery::Place;
use crate::domain::{Category, SecretName};
use crate::keyring::Keys;
use crate::store::state::Leaf;
use crate::store::tables::{Placed, Tables};
use crate::store::{Change, Guard, Kept, Refusal, Rekeying, Row, State, StoreError, Stored, VERSIONS_KEPT};

impl<T: Tables> Ledger<T> {
    /// Applies changes, and counts the secrets that are replaced; gives the new keys that are to take over after the entries.
    pub(super) fn apply_all(
        &mut self,
        mut changes: Vec<Change>,
        keys: &Arc<Keys>,
        replaced: &mut u64,
    ) -> Result<Option<Box<Rekeying>>, Stop> {
        let rekeying = take_rekeying(&mut changes);
        *replaced += changes.iter().filter(|change| matches!(change, Change::Replace { .. })).count() as u64;
        if rekeying.is_some() && self.tables.count()? != *replaced {
            // One that was stored since they were read would be lost.
            return Err(Stop::Refused(Refusal::Stale));
        }
        changes.into_iter().try_for_each(|change| self.apply(change, keys))?;
        Ok(rekeying)
    }

    fn apply(&mut self, change: Change, keys: &Arc<Keys>) -> Result<(), Stop> {
        match change {
            Change::Insert(stored) => self.insert(&stored, keys),
            Change::Replace { next, seen, was, kept } => {
                let key = self.unlink(Guard { id: next.row.id, revision: seen }, keys)?;
                self.replace(key, &next, was)?;
                self.keep(key, kept)?;
                self.state.add(&Leaf::from(&next.row), keys);
                Ok(())
            }
            Change::Remove { id, seen } => {
                let key = self.unlink(Guard { id, revision: seen }, keys)?;
                if let Some((org, category)) = self.tables.tallied(key)? {
                    self.tables.tally(&org, &category, -1)?;
                }
                Ok(self.tables.remove(key, id)?)
            }
            Change::PutAgent { row, seen } => self.put_agent(&row, seen, keys),
            Change::DropAgent(name) => self.drop_agent(&name, keys),
            Change::Slots { header, seen } => match self.tables.header()? {
                Some(stored) if stored.mac == seen => Ok(self.tables.put_header(&header)?),
                _ => Err(Stop::Refused(Refusal::Stale)),
            },
            Change::Rebuild(without) => {
                self.drop_unknown_agents(keys)?;
                Ok(self.tables.rebuild(&without)?)
            }
            Change::Vouch => self.vouch(keys),
            Change::TrimLog(start) => Ok(self.tables.trim_log(&start)?),
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
            Change::Panic => panic!("a unit asks for a panic of the writer"),
        }
    }

    /// Refuses where a row is not at the revision that was read.
    pub(super) fn check(&self, read: &Guard) -> Result<(), Stop> {
        self.still(read).map(drop)
    }

    /// Finds a row that is still at the revision that was read; one that is gone is as stale as one that changed.
    fn still(&self, read: &Guard) -> Result<Placed<T::Key>, Stop> {
        let placed = self.tables.placed(read.id)?;
        Ok(placed.filter(|placed| placed.leaf.revision == read.revision).ok_or(Refusal::Stale)?)
    }

    /// Takes a row out of the sum, if it is still at the revision that was read, and gives its place.
    fn unlink(&mut self, read: Guard, keys: &Keys) -> Result<T::Key, Stop> {
        let placed = self.still(&read)?;
        self.state.subtract(&placed.leaf, keys);
        Ok(placed.key)
    }

    fn insert(&mut self, stored: &Stored, keys: &Keys) -> Result<(), Stop> {
        let row = &stored.row;
        if self.tables.is_taken(&row.org, &row.name)? {
            return Err(Stop::Refused(Refusal::NameTaken));
        }
        if self.has_twin(row)? {
            return Err(Stop::Refused(Refusal::PlaceTaken));
        }
        self.tables.insert(stored)?;
        self.tables.tally(row.org.as_str(), row.category.id(), 1)?;
        self.state.add(&Leaf::from(row), keys);
        Ok(())
    }

    /// Returns whether the place of a new name is taken under another one.
    fn has_twin(&self, row: &Row) -> Result<bool, StoreError> {
        let (place, mut has_twin) = (Place::of(&row.name), false);
        for platform in Place::platforms(&row.name) {
            self.tables.skills(&row.org, platform.as_str(), &mut |name| {
                has_twin |= SecretName::try_from(name.to_owned()).is_ok_and(|name| Place::of(&name) == place);
            })?;
        }
        Ok(has_twin)
    }

    fn replace(&mut self, key: T::Key, next: &Stored, was: Category) -> Result<(), StoreError> {
        let row = &next.row;
        if was != row.category {
            self.tables.tally(row.org.as_str(), was.id(), -1)?;
            self.tables.tally(row.org.as_str(), row.category.id(), 1)?;
        }
        self.tables.replace(key, next)
    }

    /// Keeps what is to be kept of older versions; the present value is one of those that are kept.
    fn keep(&mut self, key: T::Key, kept: Kept) -> Result<(), StoreError> {
        match kept {
            Kept::Same => Ok(()),
            Kept::Push(version) => {
                self.tables.add_version(key, &version)?;
                self.tables.drop_versions(key, VERSIONS_KEPT - 1)
            }
            Kept::All(versions) => {
                self.tables.drop_versions(key, 0)?;
                versions.iter().try_for_each(|version| self.tables.add_version(key, version))
            }
        }
    }

    /// Takes the tables as they are for the right ones, and counts and sums them again.
    ///
    /// Agents of a state that was edited or rolled back may be those of another day: all of them go.
    fn vouch(&mut self, keys: &Keys) -> Result<(), Stop> {
        self.tables.remove_unreadable()?;
        if self.state.is_disowned() {
            self.tables.drop_agents()?;
        }
        self.drop_unknown_agents(keys)?;
        self.tables.tally_again()?;
        let (agents, rows) = (self.agents_digest(keys)?, self.sum(keys)?);
        self.state = State { head: self.state.head, agents, ..rows };
        Ok(())
    }

    /// Sums up all rows as they stand now.
    pub(super) fn sum(&self, keys: &Keys) -> Result<State, StoreError> {
        let (key, mut sum) = (keys.state_mac_key(), State::empty());
        self.tables.leaves(&mut |leaf| sum.add_one_of_many(leaf, &key))?;
        Ok(sum)
    }
}

fn take_rekeying(changes: &mut Vec<Change>) -> Option<Box<Rekeying>> {
    let at = changes.iter().position(|change| matches!(change, Change::Rekey(_)))?;
    match changes.remove(at) {
        Change::Rekey(rekeying) => Some(rekeying),
        _ => None,
    }
}
