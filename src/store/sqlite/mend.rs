//! What makes the tables sound again after damage: indexes are rebuilt, what cannot be read is removed.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};

use super::columns::unreadable;
use super::{Mode, connect};
use crate::crypto::Bytes32;
use crate::domain::SecretId;
use crate::store::StoreError;

/// Rebuilds the indexes of secrets, versions, agents and the log from their tables.
///
/// What keeps an index from being rebuilt is removed first: rows that cannot be read, those with these ids and MACs, and
/// versions with one number.
///
/// # Errors
/// Fails if two rows with one name are left, or an index has pages that cannot be freed.
pub(super) fn rebuild(connection: &Connection, without: &[(SecretId, Bytes32)]) -> Result<(), StoreError> {
    // Else a row whose entry an index lacks could not be deleted.
    let lenient = DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA;
    connection.set_db_config(lenient, true)?;
    let cleared = clear(connection, without);
    connection.set_db_config(lenient, false)?;
    cleared?;
    let sql = "REINDEX secret; REINDEX version; REINDEX agent; REINDEX audit;
               DELETE FROM version WHERE secret NOT IN (SELECT key FROM secret NOT INDEXED);";
    Ok(connection.execute_batch(sql)?)
}

fn clear(connection: &Connection, without: &[(SecretId, Bytes32)]) -> Result<(), StoreError> {
    remove_unreadable(connection)?;
    // Of copies that have all of it in common, one goes.
    let sql =
        "DELETE FROM secret WHERE key = (SELECT max(key) FROM secret NOT INDEXED WHERE id = ?1 AND mac = ?2)";
    for (id, mac) in without {
        connection.execute(sql, params![id.as_bytes().as_slice(), mac.as_slice()])?;
    }
    let sql = "DELETE FROM version WHERE rowid NOT IN
               (SELECT min(rowid) FROM version NOT INDEXED GROUP BY secret, version)";
    connection.execute(sql, [])?;
    Ok(())
}

/// Writes every table and index of a file again, one page after the other, and nothing of its free space.
pub(super) fn compact(path: &Path) -> Result<(), StoreError> {
    let connection = connect(path, Mode::Write)?;
    // A copy of all of it in memory may be more than a daemon is allowed.
    Ok(connection.execute_batch("PRAGMA temp_store = FILE; VACUUM;")?)
}

/// Removes the rows of secrets that cannot be read.
pub(super) fn remove_unreadable(connection: &Connection) -> Result<(), StoreError> {
    for key in unreadable(connection)? {
        connection.prepare_cached("DELETE FROM secret WHERE key = ?1")?.execute([key])?;
    }
    Ok(())
}
