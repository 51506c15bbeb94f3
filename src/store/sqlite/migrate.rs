//! The schema of the database: which migrations there are, and which a file still needs.

use std::path::Path;

use rusqlite::Connection;

use super::{APPLICATION_ID, Mode, connect};
use crate::store::StoreError;

/// The migrations, in order; `PRAGMA user_version` counts those that were applied.
const MIGRATIONS: &[&str] =
    &[include_str!("../schema/001_start.sql"), include_str!("../schema/002_checkpoint.sql")];

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
