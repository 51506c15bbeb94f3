//! Connections to the database, each with the settings that it must have.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::store::StoreError;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Reads what was committed.
    Read,
    /// Reads the file of the database without its write-ahead log, as whole as it may be.
    Alone,
    /// Commits.
    Write,
    /// Writes to a copy that does not have to last.
    Copy,
}

impl Mode {
    fn flags(self) -> OpenFlags {
        let access = match self {
            Self::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Self::Alone => OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
            Self::Write | Self::Copy => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW
    }

    fn name(self, path: PathBuf) -> PathBuf {
        if self != Self::Alone {
            return path;
        }
        let encoded = percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC).to_string();
        // What is immutable has no write-ahead log: https://www.sqlite.org/uri.html
        format!("file:{}?immutable=1", encoded.replace("%2F", "/")).into()
    }
}

/// Opens a connection and sets what each must have; durability is set and read back.
pub(super) fn connect(path: &Path, mode: Mode) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(mode.name(absolute(path)?), mode.flags())?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    // Else some statements are planned anew with each parameter.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // The schema has neither: what somebody put into the file must not run with our statements.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;",
    )?;
    match mode {
        // Each commit makes what a reader has cached old.
        Mode::Read => connection.execute_batch("PRAGMA cache_size = -512;")?,
        // Else a file that was to grow would be refused.
        Mode::Alone => {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, true)?;
        }
        Mode::Write => make_durable(&connection)?,
        Mode::Copy => connection.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;")?,
    }
    Ok(connection)
}

fn make_durable(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -16384;",
    )?;
    let durable: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    if durable == 2 {
        Ok(())
    } else {
        Err(StoreError::Database("synchronous=FULL could not be set".to_owned()))
    }
}

/// Returns the path without links and dots, but for a link in the place of the file itself.
pub(super) fn absolute(path: &Path) -> io::Result<PathBuf> {
    Ok(std::fs::canonicalize(crate::files::parent(path))?.join(path.file_name().unwrap_or_default()))
}

/// Returns the path of a file next to the database.
pub(super) fn next_to(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
