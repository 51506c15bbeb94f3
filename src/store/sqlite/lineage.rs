//! Which write-ahead log belongs to which database.
//!
//! `SQLite` plays any sound log that it finds next to a database into it, whatever database it was written for. So each log
//! has a name of its own, drawn when it is begun, and each commit to it carries this name and says on what the log was begun:
//! the name of the log before, and the place of the last entry then. A log is played into the file only if the file
//! was that state, or carries the name of the log already, since a part of it was moved there.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::connect::{Mode, connect, next_to};
use crate::store::{Displaced, StoreError};

/// The bytes of a write-ahead log before its first frame, and those of a frame without its page.
/// <https://www.sqlite.org/fileformat2.html#walformat>
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// The frames of the write-ahead log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frames {
    written: u64,
    moved: u64,
    page: u64,
}

impl Frames {
    /// Counts them. A connection that is in no transaction has to be asked.
    pub(super) fn count(connection: &Connection) -> Result<Self, StoreError> {
        let page =
            connection.prepare_cached("PRAGMA page_size")?.query_row([], |row| row.get::<_, u32>(0))?;
        let mut look = connection.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?;
        let (written, moved): (i64, i64) = look.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
        let count = |frames| u64::try_from(frames).unwrap_or_default();
        Ok(Self { written: count(written), moved: count(moved), page: page.into() })
    }

    /// Returns whether all of them are in the database, synced: the next commit may begin the log again.
    pub(super) fn are_moved(self) -> bool {
        self.written == self.moved
    }

    /// Returns the length that the log must have.
    pub(super) fn bytes(self) -> u64 {
        if self.written == 0 { 0 } else { LOG_HEADER + self.written * (FRAME_HEADER + self.page) }
    }
}

/// Names the log that the transaction under way may begin.
pub(super) fn begin(connection: &Connection) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE state SET base = hex(coalesce(wal, x'')) || ':' || seq, wal = randomblob(16)";
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Names the log that a new vault is written to, which was begun on nothing.
pub(super) fn found(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute("UPDATE state SET base = '', wal = randomblob(16)", []).map(drop)
}

/// Makes a copy a database of its own: its pages are in another order, and no log fits it.
pub(super) fn part(copy: &Path) -> Result<(), StoreError> {
    let connection = connect(copy, Mode::Copy)?;
    Ok(connection.execute("UPDATE state SET wal = randomblob(16)", []).map(drop)?)
}

/// Refuses a write-ahead log that does not belong to the database next to it, before anything of it is played.
///
/// # Errors
/// [`StoreError::Displaced`] with [`Displaced::ForeignLog`] or [`Displaced::LogAlone`]; the files are left as they are.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    let length = |path: &Path| path.symlink_metadata().map_or(0, |meta| meta.len());
    if length(&next_to(path, "-wal")) <= LOG_HEADER {
        return Ok(());
    }
    // SQLite would remove a log next to an empty file.
    if length(path) == 0 {
        return Err(Displaced::LogAlone.into());
    }
    if belongs(&View::of(path, Mode::Alone), &View::of(path, Mode::Read)) {
        return Ok(());
    }
    Err(Displaced::ForeignLog.into())
}

/// What is read of a database, with its log or without.
#[derive(Debug)]
enum View {
    /// No vault was founded in it.
    Blank,
    /// A vault.
    Vault(Lineage),
    /// Something else.
    Other,
    /// It cannot be read.
    Unreadable,
}

/// What the state of a vault says of the log that it was written to.
#[derive(Debug)]
struct Lineage {
    vault: Option<Vec<u8>>,
    seq: i64,
    /// The name of the log, in hex; empty if a program wrote it that named none.
    log: String,
    /// What the log was begun on; `None` if a program began it that did not say so.
    base: Option<String>,
}

impl View {
    fn of(path: &Path, mode: Mode) -> Self {
        connect(path, mode).and_then(|connection| Self::read(&connection)).unwrap_or(Self::Unreadable)
    }

    fn read(connection: &Connection) -> Result<Self, StoreError> {
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        if count("SELECT count(*) FROM sqlite_schema")? == 0 {
            return Ok(Self::Blank);
        }
        if count("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'state'")? == 0 {
            return Ok(Self::Other);
        }
        let named = count("SELECT count(*) FROM pragma_table_info('state') WHERE name = 'wal'")? > 0;
        let columns = if named { "hex(coalesce(wal, x'')), base" } else { "'', NULL" };
        let sql = format!("SELECT (SELECT vault_id FROM vault), seq, {columns} FROM state");
        let lineage = connection.query_row(&sql, [], |row| {
            Ok(Lineage { vault: row.get(0)?, seq: row.get(1)?, log: row.get(2)?, base: row.get(3)? })
        });
        Ok(lineage.optional()?.map_or(Self::Blank, Self::Vault))
    }
}

/// Returns whether a log belongs to the file that is read alone, by what the two are together.
fn belongs(alone: &View, both: &View) -> bool {
    match (alone, both) {
        // A checkpoint that the power ended may leave it so; whatever it was moving is in the log.
        (View::Unreadable, _) | (View::Blank, View::Blank) => true,
        (View::Blank, View::Vault(log)) => log.base.as_ref().is_none_or(String::is_empty),
        // What a checkpoint moved stands in the log still, so that the file alone is never ahead.
        (View::Vault(file), View::Vault(log)) if file.seq > log.seq => false,
        (View::Vault(file), View::Vault(log)) => match &log.base {
            None => file.vault == log.vault,
            Some(base) => file.log == log.log || *base == format!("{}:{}", file.log, file.seq),
        },
        (View::Other | View::Blank | View::Vault(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SqliteStore;
    use crate::store::sqlite::migrate::migrate;

    /// The state of a vault as one of the views shows it.
    fn view(log: &str, seq: i64, base: Option<&str>) -> View {
        View::Vault(Lineage {
            vault: Some(vec![7]),
            seq,
            log: log.to_owned(),
            base: base.map(ToOwned::to_owned),
        })
    }

    #[test]
    fn a_log_belongs_to_the_state_that_it_was_begun_on_and_to_what_came_of_that() {
        let both = view("B", 9, Some("A:5"));
        assert!(belongs(&view("A", 5, Some("x:1")), &both), "it was begun on this");
        assert!(belongs(&view("B", 7, Some("A:5")), &both), "a part of it was moved");
        assert!(belongs(&view("B", 9, Some("A:5")), &both), "all of it was moved");
        assert!(belongs(&View::Unreadable, &both), "what a power cut tore is in the log");
    }

    #[test]
    fn a_log_belongs_to_no_other_state_and_to_no_other_database() {
        let both = view("B", 9, Some("A:5"));
        for (file, why) in [
            (view("A", 4, Some("x:1")), "it is older"),
            (view("A", 6, Some("x:1")), "it went on otherwise"),
            (view("C", 5, Some("A:5")), "another log was begun on the same state"),
            (view("B", 10, Some("A:5")), "it is newer than what the log ends with"),
            (View::Blank, "it is new"),
            (View::Other, "it is no vault"),
        ] {
            assert!(!belongs(&file, &both), "{why}");
        }
        assert!(!belongs(&view("A", 5, None), &View::Blank), "the log is of no vault");
        assert!(!belongs(&view("A", 5, None), &View::Unreadable), "together they are not even read");
    }

    #[test]
    fn a_log_that_an_older_program_began_belongs_to_its_vault() {
        let both = |vault| View::Vault(Lineage { vault, seq: 9, log: String::new(), base: None });
        assert!(belongs(&view("", 5, None), &both(Some(vec![7]))));
        assert!(!belongs(&view("", 5, None), &both(Some(vec![8]))));
        assert!(belongs(&View::Blank, &both(Some(vec![7]))));
    }

    #[test]
    fn a_new_vault_may_stand_in_its_log_alone() {
        assert!(belongs(&View::Blank, &view("A", 3, Some(""))));
        assert!(!belongs(&View::Blank, &view("B", 3, Some("A:2"))));
    }

    #[test]
    fn the_state_is_on_the_same_page_of_every_database() {
        // Else the log of one vault would not cover the state of another, and the two would look like one.
        let folder = tempfile::tempdir().unwrap();
        let [made, copied] = ["made", "copied"].map(|name| folder.path().join(name));
        drop(crate::files::create_private(&made).unwrap());
        let mut connection = connect(&made, Mode::Copy).unwrap();
        migrate(&mut connection).unwrap();
        connection.execute("VACUUM INTO ?1", [copied.to_str().unwrap()]).unwrap();
        for path in [made, copied] {
            let connection = connect(&path, Mode::Read).unwrap();
            let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'state'";
            assert_eq!(5, connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap());
        }
    }

    #[test]
    fn a_path_of_any_bytes_is_read_without_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a?b#c%2F 'ü.db");
        drop(SqliteStore::open(&path).unwrap());
        assert!(matches!(View::of(&path, Mode::Alone), View::Blank));
    }
}
