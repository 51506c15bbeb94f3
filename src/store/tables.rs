//! What a database has to do for the ledger: statements on the one transaction that is open, and no rule.

use std::ops::RangeInclusive;

use super::freshness::Begun;
use super::state::Leaf;
use super::{AgentRow, State, StoreError, Stored, VersionRow};
use crate::audit::{Checkpoint, Entry, Head, Link};
use crate::crypto::{Bytes32, Header};
use crate::domain::{OrgId, SecretId, SecretName};

/// Where a stored row stands, and what it adds to the sum over all rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<K> {
    /// The row's place, for the statements that change it.
    pub(crate) key: K,
    /// Its id, revision and MAC.
    pub(crate) leaf: Leaf,
}

/// The statements of one open transaction.
///
/// Errors that name damage are of the one unit that met it; all others end the transaction.
pub(crate) trait Tables {
    /// Where a row stands.
    type Key: Copy;

    /// Begins the transaction, which keeps all other writers out until its end.
    fn begin(&mut self) -> Result<Begun, StoreError>;
    /// Makes what was done last: it is on the disk after this.
    fn commit(&mut self) -> Result<(), StoreError>;
    /// Ends the transaction without anything of it.
    fn roll_back(&mut self) -> Result<(), StoreError>;
    /// Marks the place to which [`Tables::undo`] goes back.
    fn mark(&mut self) -> Result<(), StoreError>;
    /// Leaves nothing of what was done since the mark, which stays.
    fn undo(&mut self) -> Result<(), StoreError>;
    /// Removes the mark, and keeps what was done since.
    fn unmark(&mut self) -> Result<(), StoreError>;
    /// Checks that what is written goes where it was read from, after a transaction that may have taken long.
    fn check_place(&self) -> Result<(), StoreError>;
    /// Holds room for a full disk; `false` if the disk has none to hold.
    fn hold_room(&mut self) -> bool;

    /// Reads the state as last committed.
    fn state(&self) -> Result<State, StoreError>;
    /// Writes the state, with the MAC that is given.
    fn put_state(&mut self, state: &State, mac: &Bytes32) -> Result<(), StoreError>;
    /// Reads the header; `None` before there is a vault.
    fn header(&self) -> Result<Option<Header>, StoreError>;
    /// Writes the header.
    fn put_header(&mut self, header: &Header) -> Result<(), StoreError>;

    /// Finds where a secret's row stands.
    fn placed(&self, id: SecretId) -> Result<Option<Placed<Self::Key>>, StoreError>;
    /// Returns whether a secret has this name.
    fn is_taken(&self, org: &OrgId, name: &SecretName) -> Result<bool, StoreError>;
    /// Hands a platform's `skill:` names to a function.
    fn skills(&self, org: &OrgId, platform: &str, each: &mut dyn FnMut(&str)) -> Result<(), StoreError>;
    /// Hands what each row adds to the sum to a function, whatever indexes say.
    fn leaves(&self, each: &mut dyn FnMut(&Leaf)) -> Result<(), StoreError>;
    /// Counts the secrets.
    fn count(&self) -> Result<u64, StoreError>;
    /// Writes a new row.
    fn insert(&mut self, stored: &Stored) -> Result<(), StoreError>;
    /// Writes a row again.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if another secret's row stands there.
    fn replace(&mut self, key: Self::Key, stored: &Stored) -> Result<(), StoreError>;
    /// Removes a row and its versions.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if another secret's row stands there.
    fn remove(&mut self, key: Self::Key, id: SecretId) -> Result<(), StoreError>;
    /// Removes the rows that cannot be read.
    fn remove_unreadable(&mut self) -> Result<(), StoreError>;
    /// Builds the indexes from their tables, after whatever keeps one from being built is removed: rows that cannot be read,
    /// those with these ids and MACs, and versions with one number.
    fn rebuild(&mut self, without: &[(SecretId, Bytes32)]) -> Result<(), StoreError>;

    /// Adds to the number of secrets of a category that an org has.
    fn tally(&mut self, org: &str, category: &str, by: i64) -> Result<(), StoreError>;
    /// Reads the org and category that a row is counted in; `None` if they cannot be read.
    fn tallied(&self, key: Self::Key) -> Result<Option<(String, String)>, StoreError>;
    /// Counts all of them again.
    fn tally_again(&mut self) -> Result<(), StoreError>;

    /// Adds an older version of a secret.
    fn add_version(&mut self, key: Self::Key, version: &VersionRow) -> Result<(), StoreError>;
    /// Removes the older versions of a secret but for the newest ones.
    fn drop_versions(&mut self, key: Self::Key, but: usize) -> Result<(), StoreError>;

    /// Reads all agents in order of name, by their index.
    fn agents(&self) -> Result<Vec<AgentRow>, StoreError>;
    /// Reads all agents in order of name, whatever their index says.
    fn agents_of_table(&self) -> Result<Vec<AgentRow>, StoreError>;
    /// Reads an agent's revision.
    fn agent_revision(&self, name: &str) -> Result<Option<u64>, StoreError>;
    /// Writes an agent, new or not.
    fn put_agent(&mut self, row: &AgentRow) -> Result<(), StoreError>;
    /// Removes an agent, if it is there.
    fn drop_agent(&mut self, name: &str) -> Result<(), StoreError>;
    /// Removes an agent whose row is this one, by any of its columns.
    fn drop_agent_row(&mut self, row: &AgentRow) -> Result<(), StoreError>;
    /// Removes all agents.
    fn drop_agents(&mut self) -> Result<(), StoreError>;

    /// Appends an entry to the log.
    fn append(&mut self, entry: &Entry) -> Result<(), StoreError>;
    /// Reads where the log ends.
    fn last_entry(&self) -> Result<Head, StoreError>;
    /// Hands the entries of some places to a function, oldest first.
    fn walk_log(
        &self,
        places: RangeInclusive<u64>,
        each: &mut dyn FnMut(&Link<'_>),
    ) -> Result<(), StoreError>;
    /// Reads where the log begins, if entries were removed from it.
    fn log_start(&self) -> Result<Option<Checkpoint>, StoreError>;
    /// Writes where the log begins.
    fn put_log_start(&mut self, start: &Checkpoint) -> Result<(), StoreError>;
    /// Removes the entries up to where the log is to begin.
    fn trim_log(&mut self, start: &Checkpoint) -> Result<(), StoreError>;
}

/// What a database does around the transactions.
pub(crate) trait Backend: Tables {
    /// Does what is due after a commit; of its entries this number is at hand.
    fn after_commit(&mut self, entries: usize);
    /// Leaves nothing behind of a transaction that failed, and opens what is stored again.
    fn recover(&mut self);
    /// Gives back the room that is held; `false` if none was.
    fn release_room(&mut self) -> bool;
    /// Writes the database again, without what is wrong with its free space.
    fn compact(&mut self) -> Result<(), StoreError>;
    /// Prepares for the end.
    fn close(&mut self);
}
