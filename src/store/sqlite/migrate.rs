//! The schema of the database: which migrations there are, and which a file still needs.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::APPLICATION_ID;
use super::connect::{Mode, connect};
use crate::store::StoreError;

/// The migrations, in order; `PRAGMA user_version` counts those that were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../schema/001_start.sql"),
    include_str!("../schema/002_checkpoint.sql"),
    include_str!("../schema/003_lineage.sql"),
];

/// Refuses a newer program's file before anything opens it to write: that alone may change its journal's mode, and the
/// last to close it moves its write-ahead log.
pub(super) fn refuse_newer(path: &Path) -> Result<(), StoreError> {
    match connect(path, Mode::Read).and_then(|connection| schema_of(&connection)) {
        Err(error @ StoreError::NewerSchema { .. }) => Err(error),
        // What cannot be read says so where it is opened to write.
        _ => Ok(()),
    }
}

/// Reads how many migrations were applied.
fn schema_of(connection: &Connection) -> Result<i64, StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known { Err(StoreError::NewerSchema { found, known }) } else { Ok(found) }
}

/// Brings the schema up to date, each migration in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found = schema_of(connection)?;
    let done = usize::try_from(found).map_err(|_| StoreError::Damaged("user_version"))?;
    for (at, sql) in MIGRATIONS.iter().enumerate().skip(done) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", i64::try_from(at).unwrap_or(i64::MAX) + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The tables and indexes of a schema, by name: the statement of each, as it was given.
type Objects = BTreeMap<String, Option<String>>;

/// Compares the schema of a file with that of the migrations: what is ours must be as we made it.
///
/// A changed column could fold names, or lead a name to another's row. What else is in the file is not used.
///
/// # Errors
/// [`StoreError::Damaged`] if a table or an index is missing or another.
pub(super) fn compare(connection: &Connection) -> Result<(), StoreError> {
    let found = objects(connection)?;
    // Before the migrations there is nothing to compare: a file without a vault.
    if found.is_empty() {
        return Ok(());
    }
    let made = Connection::open_in_memory()?;
    MIGRATIONS.iter().try_for_each(|sql| made.execute_batch(sql))?;
    let same = objects(&made)?.iter().all(|(name, sql)| found.get(name) == Some(sql));
    if same { Ok(()) } else { Err(StoreError::Damaged("the schema")) }
}

fn objects(connection: &Connection) -> Result<Objects, StoreError> {
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema")?;
    let objects = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(objects.collect::<Result<_, _>>()?)
}
