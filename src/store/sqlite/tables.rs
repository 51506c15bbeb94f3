//! The one connection that writes, as the ledger's tables.
//!
//! Another program that changes the file meanwhile is noticed by `SQLite`'s number of the data's version, which our own
//! commits leave as it is; emptying the write-ahead log raises it too, which costs those who read before it a second try.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use rusqlite::{Connection, params};

use super::connect::{Mode, connect};
use super::labels::Labels;
use super::lineage::{self, Frames};
use super::place::Place;
use super::reserve::Reserve;
use super::{APPLICATION_ID, checkpoint, columns, header, log, mend, parts, statements};
use crate::audit::{Checkpoint, Entry, Head, Link};
use crate::crypto::{Bytes32, Header};
use crate::domain::{OrgId, SecretId, SecretName};
use crate::store::freshness::Begun;
use crate::store::ledger::FOLLOWED;
use crate::store::state::Leaf;
use crate::store::tables::{Backend, Placed, Tables};
use crate::store::{AgentRow, State, StoreError, Stored, VersionRow};

/// How many commits go by between two requests to trim the write-ahead log.
const TRIM_EVERY: u64 = 64;

/// The tables of a database, and what stands around the transactions on them.
#[derive(Debug)]
pub(super) struct SqliteTables {
    pub(super) path: PathBuf,
    pub(super) place: Arc<Place>,
    pub(super) reserve: Reserve,
    pub(super) connection: Connection,
    /// Is in no transaction, and counts the frames of the log.
    pub(super) observer: Connection,
    pub(super) checkpoints: mpsc::Sender<checkpoint::Job>,
    pub(super) long: checkpoint::Long,
    pub(super) labels: Labels,
    /// The version of the data by `SQLite`'s count, which goes up with what other connections do.
    pub(super) version: i64,
    pub(super) commits: u64,
}

/// Reads the number that goes up with what other connections commit.
pub(super) fn data_version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

impl SqliteTables {
    /// Runs a statement without parameters.
    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Moves the last frames of a long write-ahead log, so that the next commit is written over its start.
    ///
    /// While others write no checkpoint reaches the log's end, and it would grow for as long as they do. Syncing what
    /// is overwritten also costs less than syncing a file that grows.
    fn begin_log_again(&self) {
        let moved = self.place.checkpoint(|| {
            self.connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))
        });
        if let Err(error) = moved {
            tracing::warn!(%error, "the write-ahead log could not be begun again");
        }
    }

    /// Commits nothing in the place of what a failed commit left in the write-ahead log.
    fn overwrite(&self) -> Result<(), StoreError> {
        let connection = connect(&self.path, Mode::Write)?;
        let transaction = connection.unchecked_transaction()?;
        if Frames::count(&self.observer)?.are_moved() {
            lineage::begin(&transaction)?;
        }
        // Where only its sync failed it stands there whole. An update to the same values would write no page.
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        Ok(transaction.commit()?)
    }
}

impl Tables for SqliteTables {
    type Key = i64;

    /// Locks the write-ahead log; where the transaction may begin it again, the log gets a name.
    fn begin(&mut self) -> Result<Begun, StoreError> {
        self.place.check()?;
        self.run("BEGIN IMMEDIATE")?;
        // From here on no one else writes to the log or begins it again.
        let frames = Frames::count(&self.observer)?;
        self.place.check_log(frames.bytes())?;
        if frames.are_moved() {
            lineage::begin(&self.connection)?;
        }
        let version = data_version(&self.connection)?;
        let is_overtaken = std::mem::replace(&mut self.version, version) != version;
        Ok(if is_overtaken { Begun::Overtaken } else { Begun::Alone })
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT")
    }

    fn roll_back(&mut self) -> Result<(), StoreError> {
        self.labels.forget();
        self.run("ROLLBACK")
    }

    fn mark(&mut self) -> Result<(), StoreError> {
        self.run("SAVEPOINT unit")
    }

    fn undo(&mut self) -> Result<(), StoreError> {
        self.run("ROLLBACK TO unit")
    }

    fn unmark(&mut self) -> Result<(), StoreError> {
        self.run("RELEASE unit")
    }

    fn check_place(&self) -> Result<(), StoreError> {
        self.place.check()
    }

    fn hold_room(&mut self) -> bool {
        self.reserve.hold()
    }

    fn state(&self) -> Result<State, StoreError> {
        header::read_state(&self.connection)
    }

    fn put_state(&mut self, state: &State, mac: &Bytes32) -> Result<(), StoreError> {
        Ok(statements::write_state(&self.connection, state, mac)?)
    }

    fn header(&self) -> Result<Option<Header>, StoreError> {
        header::read_header(&self.connection)
    }

    fn put_header(&mut self, new: &Header) -> Result<(), StoreError> {
        Ok(header::write_header(&self.connection, new)?)
    }

    fn placed(&self, id: SecretId) -> Result<Option<Placed<i64>>, StoreError> {
        Ok(statements::placed(&self.connection, id)?)
    }

    fn is_taken(&self, org: &OrgId, name: &SecretName) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM secret WHERE org = ?1 AND name = ?2";
        Ok(self.connection.prepare_cached(sql)?.exists([org.as_str(), name.as_str()])?)
    }

    fn skills(&self, org: &OrgId, platform: &str, each: &mut dyn FnMut(&str)) -> Result<(), StoreError> {
        statements::skills(&self.connection, org.as_str(), platform, each)
    }

    fn leaves(&self, each: &mut dyn FnMut(&Leaf)) -> Result<(), StoreError> {
        columns::walk(&self.connection, parts::ALL, each)
    }

    fn count(&self) -> Result<u64, StoreError> {
        let mut count = self.connection.prepare_cached("SELECT count(*) FROM secret")?;
        Ok(count.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    fn insert(&mut self, stored: &Stored) -> Result<(), StoreError> {
        Ok(statements::insert(&self.connection, stored)?)
    }

    fn replace(&mut self, key: i64, stored: &Stored) -> Result<(), StoreError> {
        statements::update(&self.connection, key, stored)
    }

    fn remove(&mut self, key: i64, id: SecretId) -> Result<(), StoreError> {
        statements::delete(&self.connection, key, id)
    }

    fn remove_unreadable(&mut self) -> Result<(), StoreError> {
        mend::remove_unreadable(&self.connection)
    }

    fn rebuild(&mut self, without: &[(SecretId, Bytes32)]) -> Result<(), StoreError> {
        mend::rebuild(&self.connection, without)
    }

    fn tally(&mut self, org: &str, category: &str, by: i64) -> Result<(), StoreError> {
        Ok(statements::tally(&self.connection, org, category, by)?)
    }

    fn tallied(&self, key: i64) -> Result<Option<(String, String)>, StoreError> {
        Ok(statements::tallied(&self.connection, key)?)
    }

    fn tally_again(&mut self) -> Result<(), StoreError> {
        let sql = "DELETE FROM tally;
                   INSERT INTO tally (org, category, count)
                       SELECT org, category, count(*) FROM secret GROUP BY org, category";
        Ok(self.connection.execute_batch(sql)?)
    }

    fn add_version(&mut self, key: i64, version: &VersionRow) -> Result<(), StoreError> {
        Ok(statements::insert_version(&self.connection, key, version)?)
    }

    fn drop_versions(&mut self, key: i64, but: usize) -> Result<(), StoreError> {
        Ok(statements::delete_versions(&self.connection, key, but)?)
    }

    fn agents(&self) -> Result<Vec<AgentRow>, StoreError> {
        columns::agents(&self.connection)
    }

    fn agents_of_table(&self) -> Result<Vec<AgentRow>, StoreError> {
        columns::agents_of_table(&self.connection)
    }

    fn agent_revision(&self, name: &str) -> Result<Option<u64>, StoreError> {
        Ok(statements::agent_revision(&self.connection, name)?)
    }

    fn put_agent(&mut self, row: &AgentRow) -> Result<(), StoreError> {
        Ok(statements::put_agent(&self.connection, row)?)
    }

    fn drop_agent(&mut self, name: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM agent WHERE name = ?1")?.execute([name])?;
        Ok(())
    }

    fn drop_agent_row(&mut self, row: &AgentRow) -> Result<(), StoreError> {
        let mut delete =
            self.connection.prepare_cached("DELETE FROM agent WHERE name = ?1 OR sealed = ?2")?;
        delete.execute(params![row.name, row.sealed])?;
        Ok(())
    }

    fn drop_agents(&mut self) -> Result<(), StoreError> {
        self.run("DELETE FROM agent")
    }

    fn append(&mut self, entry: &Entry) -> Result<(), StoreError> {
        Ok(statements::insert_entry(&self.connection, &mut self.labels, entry)?)
    }

    fn last_entry(&self) -> Result<Head, StoreError> {
        log::last_entry(&self.connection)
    }

    fn walk_log(
        &self,
        places: RangeInclusive<u64>,
        each: &mut dyn FnMut(&Link<'_>),
    ) -> Result<(), StoreError> {
        log::walk(&self.connection, places, each)
    }

    fn log_start(&self) -> Result<Option<Checkpoint>, StoreError> {
        log::checkpoint(&self.connection)
    }

    fn put_log_start(&mut self, start: &Checkpoint) -> Result<(), StoreError> {
        Ok(log::write_checkpoint(&self.connection, start)?)
    }

    fn trim_log(&mut self, start: &Checkpoint) -> Result<(), StoreError> {
        self.labels.forget();
        Ok(log::trim(&self.connection, start)?)
    }
}

impl Backend for SqliteTables {
    fn after_commit(&mut self, entries: usize) {
        self.commits += 1;
        if entries >= FOLLOWED {
            // Its pages are not needed soon.
            let _ = self.connection.execute_batch("PRAGMA shrink_memory");
        }
        if self.commits.is_multiple_of(TRIM_EVERY) {
            let _ = self.checkpoints.send(checkpoint::Job::Trim);
        }
        if self.long.swap(false, Ordering::AcqRel) {
            self.begin_log_again();
        }
    }

    fn recover(&mut self) {
        self.labels.forget();
        let _ = self.connection.execute_batch("ROLLBACK");
        if self.place.check().is_err() {
            return;
        }
        if let Err(error) = self.overwrite() {
            tracing::warn!(%error, "what a failed commit left in the write-ahead log could not be overwritten");
        }
        match connect(&self.path, Mode::Write) {
            Ok(connection) => {
                self.version = data_version(&connection).unwrap_or_default();
                self.connection = connection;
            }
            Err(error) => tracing::error!(%error, "the database could not be opened again"),
        }
    }

    fn release_room(&mut self) -> bool {
        self.reserve.release()
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        self.place.check().and_then(|()| mend::compact(&self.path))
    }

    fn close(&mut self) {
        self.place.before_close(&self.connection);
        self.place.before_close(&self.observer);
    }
}
