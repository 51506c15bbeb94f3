//! Reading the audit log.

mod labels;

use std::fmt::Write;
use std::ops::RangeInclusive;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::columns::blob32;
use crate::audit::{Checkpoint, Entry, Head, Link, Process};
use crate::domain::{Action, AuditId, Outcome, SecretId, Timestamp};
use crate::store::{AuditPage, AuditQuery, StoreError};
use labels::Labels;

/// Beyond this the number of matching entries is no longer counted.
const COUNT_LIMIT: u64 = 10_000;

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

/// The condition that every entry meets.
const EVERYTHING: &str = "WHERE 1";

/// The conditions of a question and their parameters.
struct Filter {
    sql: String,
    values: Vec<Value>,
}

impl Filter {
    fn of(connection: &Connection, query: &AuditQuery, labels: Option<&[i64]>) -> Result<Self, StoreError> {
        let mut filter = Self { sql: EVERYTHING.to_owned(), values: Vec::new() };
        filter.equals("action", query.action.map(|a| Value::from(a.as_str().to_owned())));
        filter.equals("outcome", query.outcome.map(|o| Value::from(o.as_str().to_owned())));
        filter.equals("secret", query.secret.map(|id| Value::from(id.as_bytes().to_vec())));
        filter.bound("at >= ?", query.since);
        filter.bound("at <= ?", query.until);
        if let Some(after) = query.after {
            filter.sql.push_str(" AND seq > ?");
            filter.values.push(Value::from(after.cast_signed()));
        }
        if let Some(actor) = &query.actor {
            filter.equals("actor", Some(label(connection, actor)?));
        }
        if let Some(org) = &query.org {
            filter.sql.push_str(" AND (org IS NULL OR org = ?)");
            filter.values.push(label(connection, org.as_str())?);
        }
        if let Some(labels) = labels {
            filter.labelled(labels);
        }
        Ok(filter)
    }

    fn equals(&mut self, column: &str, value: Option<Value>) {
        if let Some(value) = value {
            let _ = write!(self.sql, " AND {column} = ?");
            self.values.push(value);
        }
    }

    fn bound(&mut self, condition: &str, moment: Option<Timestamp>) {
        if let Some(moment) = moment {
            let _ = write!(self.sql, " AND {condition}");
            self.values.push(Value::from(moment.as_millis()));
        }
    }

    /// Looks for entries whose name or actor is one of some labels.
    fn labelled(&mut self, labels: &[i64]) {
        let ids = labels.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let _ = write!(self.sql, " AND (name IN ({ids}) OR actor IN ({ids}))");
    }
}

/// Finds a label; one that was never used matches no entry.
fn label(connection: &Connection, text: &str) -> Result<Value, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM label WHERE text = ?1")?;
    let mut rows = statement.query([text])?;
    Ok(Value::from(rows.next()?.map_or(Ok(-1), |row| row.get::<_, i64>(0))?))
}

fn count(connection: &Connection, filter: &Filter) -> Result<u64, StoreError> {
    if filter.values.is_empty() && filter.sql == EVERYTHING {
        // Places have no gap: nobody has to count them.
        let sql = "SELECT coalesce((SELECT max(seq) FROM audit) - (SELECT min(seq) FROM audit) + 1, 0)";
        // Where somebody moved an entry out of all bounds, it is as good as endless.
        let counted = connection
            .prepare_cached(sql)?
            .query_row([], |row| Ok(row.get::<_, i64>(0).unwrap_or(i64::MAX)))?;
        return Ok(counted.cast_unsigned());
    }
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM audit {} LIMIT {})", filter.sql, COUNT_LIMIT + 1);
    let counted: i64 =
        connection.prepare_cached(&sql)?.query_row(params_from_iter(&filter.values), |row| row.get(0))?;
    Ok(counted.cast_unsigned())
}

/// Gives the last of the distinct names, actors, orgs and executables.
pub(super) fn last_label(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(id), 0) FROM label";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Finds the labels of some places that hold a text, in whatever case.
pub(super) fn labels_with(
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
    let sql = r"SELECT id FROM label WHERE id BETWEEN ?1 AND ?2 AND text LIKE ?3 ESCAPE '\'";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(params![places.start(), places.end(), pattern], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Reads a page, newest first, or oldest first after a place; of entries with some labels, where any are given.
pub(super) fn page(
    connection: &Connection,
    query: &AuditQuery,
    labels: Option<&[i64]>,
) -> Result<AuditPage, StoreError> {
    let mut filter = Filter::of(connection, query, labels)?;
    let counted = count(connection, &filter)?;
    let order = if query.after.is_some() { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM audit {} ORDER BY seq {order} LIMIT ? OFFSET ?", filter.sql);
    filter.values.push(Value::from(i64::try_from(query.limit).unwrap_or(i64::MAX)));
    filter.values.push(Value::from(i64::try_from(query.offset).unwrap_or(i64::MAX)));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(&filter.values))?;
    let mut labels = Labels::new(connection)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(Entry::from(&readable(row, &mut labels)?));
    }
    Ok(AuditPage { entries, total: counted.min(COUNT_LIMIT), capped: counted > COUNT_LIMIT })
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
