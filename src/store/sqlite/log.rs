//! Reading the audit log.

mod labels;
mod page;

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::columns::blob32;
use crate::audit::{Checkpoint, Head, Link, Process};
use crate::domain::{Action, AuditId, Outcome, SecretId, Timestamp};
use crate::store::StoreError;
use labels::Labels;
pub(super) use page::{Sought, actors, page};

const COLUMNS: &str =
    "seq, id, at, org, action, outcome, secret, name, actor, uid, gid, pid, exe, metadata, mac";

/// More bytes than any label has.
const LONGEST: usize = 20_000;

fn link_of<'r>(row: &'r rusqlite::Row<'_>, labels: &'r mut Labels<'_>) -> Result<Link<'r>, StoreError> {
    labels.meet(row)?;
    let id = row.get_ref(1)?.as_blob().ok().and_then(|id| id.try_into().ok());
    let secret = row.get_ref(6)?.as_blob_or_null()?;
    let action = Action::from_word(row.get_ref(4)?.as_str()?);
    let outcome = Outcome::from_word(row.get_ref(5)?.as_str()?);
    Ok(Link {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        id: id.map(AuditId::from_bytes).ok_or(StoreError::Damaged("audit.id"))?,
        at: Timestamp::from_millis(row.get(2)?),
        org: labels.text(3),
        action: action.ok_or(StoreError::Damaged("audit.action"))?,
        outcome: outcome.ok_or(StoreError::Damaged("audit.outcome"))?,
        secret: secret.and_then(|bytes| bytes.try_into().ok()).map(SecretId::from_bytes),
        name: labels.text(7),
        actor: labels.text(8).unwrap_or_default(),
        peer: process_of(row, labels)?,
        metadata: row.get_ref(13)?.as_str()?,
        mac: blob32(row, 14)?,
    })
}

fn process_of<'r>(
    row: &rusqlite::Row<'_>,
    labels: &'r Labels<'_>,
) -> Result<Option<Process<'r>>, StoreError> {
    let Some(uid) = row.get::<_, Option<u32>>(9)? else { return Ok(None) };
    let gid = row.get::<_, Option<u32>>(10)?.unwrap_or_default();
    Ok(Some(Process { uid, gid, pid: row.get(11)?, exe: labels.text(12) }))
}

/// Gives the last of the distinct names, actors, orgs and executables.
fn last_label(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(id), 0) FROM label";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

impl SqliteStore {
    /// Finds the labels that hold a text, in whatever case; in order.
    pub(super) fn labels_with(&self, text: &str) -> Result<Vec<i64>, StoreError> {
        let last = self.read(last_label)?;
        Ok(self.read_parts(last, |connection, places| labels_with(connection, places, text))?.concat())
    }
}

/// Finds the labels of some places that hold a text, in whatever case; in order.
fn labels_with(
    connection: &Connection,
    places: RangeInclusive<i64>,
    text: &str,
) -> Result<Vec<i64>, StoreError> {
    // SQLite's pattern ends at a zero, and one of more than 50,000 bytes is refused; no label has the one or the other.
    if text.contains('\0') || text.len() > LONGEST {
        return Ok(Vec::new());
    }
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    let sql = r"SELECT id FROM label WHERE id BETWEEN ?1 AND ?2 AND text LIKE ?3 ESCAPE '\' ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(params![places.start(), places.end(), pattern], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Hands every entry of some places to a function, oldest first; one that cannot be read ends as unverifiable.
pub(super) fn walk(
    connection: &Connection,
    places: RangeInclusive<u64>,
    each: &mut dyn FnMut(&Link<'_>),
) -> Result<(), StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql)?;
    let ends = [*places.start(), *places.end()].map(|place| i64::try_from(place).unwrap_or(i64::MAX));
    let mut rows = statement.query(ends)?;
    let mut labels = Labels::new(connection)?;
    while let Some(row) = rows.next()? {
        each(&readable(row, &mut labels)?);
    }
    Ok(())
}

/// Reads where the log begins.
pub(super) fn checkpoint(connection: &Connection) -> Result<Option<Checkpoint>, StoreError> {
    let sql = "SELECT seq, head, known, mac FROM log_checkpoint WHERE id = 1";
    let found = connection.prepare_cached(sql)?.query_row([], |row| {
        // What cannot be read is not authentic, which hides nothing and locks nothing.
        let seq = row.get::<_, i64>(0).unwrap_or_default().cast_unsigned();
        let head = Head { seq, mac: blob32(row, 1).unwrap_or_default() };
        let known = row.get_ref(2)?.as_bytes().unwrap_or_default().to_vec();
        Ok(Checkpoint { head, known, mac: blob32(row, 3).unwrap_or_default() })
    });
    Ok(found.optional()?)
}

/// Writes where the log begins.
pub(super) fn write_checkpoint(
    connection: &Connection,
    checkpoint: &Checkpoint,
) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO log_checkpoint (id, seq, head, known, mac) VALUES (1, ?1, ?2, ?3, ?4)
               ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, head = excluded.head, known = excluded.known,
                   mac = excluded.mac";
    let Checkpoint { head, known, mac } = checkpoint;
    connection.prepare_cached(sql)?.execute(params![
        head.seq.cast_signed(),
        head.mac.as_slice(),
        known,
        mac.as_slice()
    ])?;
    Ok(())
}

/// Removes the entries up to a checkpoint, and the texts that no entry holds any more.
pub(super) fn trim(connection: &Connection, checkpoint: &Checkpoint) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("DELETE FROM audit WHERE seq <= ?1")?
        .execute([checkpoint.head.seq.cast_signed()])?;
    connection.execute_batch(
        "DELETE FROM label WHERE id NOT IN (SELECT org FROM audit WHERE org IS NOT NULL
             UNION SELECT name FROM audit WHERE name IS NOT NULL
             UNION SELECT actor FROM audit UNION SELECT exe FROM audit WHERE exe IS NOT NULL)",
    )?;
    write_checkpoint(connection, checkpoint)
}

/// Reads an entry; one that cannot be read hides no other.
fn readable<'r>(row: &'r rusqlite::Row<'_>, labels: &'r mut Labels<'_>) -> Result<Link<'r>, StoreError> {
    match link_of(row, labels) {
        Err(StoreError::Damaged(_)) => Ok(Link::unreadable(row.get::<_, i64>(0)?.cast_unsigned())),
        other => other,
    }
}

/// Reads where the log ends.
pub(super) fn last_entry(connection: &Connection) -> Result<Head, StoreError> {
    let mut statement = connection.prepare_cached("SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1")?;
    let last = statement
        .query_row([], |row| {
            Ok(Head { seq: row.get::<_, i64>(0)?.cast_unsigned(), mac: super::blob32(row, 1)? })
        })
        .optional()?;
    Ok(last.unwrap_or(Head::START))
}
