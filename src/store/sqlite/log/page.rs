//! A page of the log: which entries a question is about, and how they are found.

use std::fmt::Write;

use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, Row, params_from_iter};

use super::{COLUMNS, Labels, readable};
use crate::audit::Entry;
use crate::domain::{Action, Timestamp};
use crate::store::{AuditPage, AuditQuery, StoreError};

/// Beyond this the number of matching entries is no longer counted.
const COUNT_LIMIT: u64 = 10_000;

/// So many labels are looked up in the indexes, one after the other. Each of more than are counted has an entry of its own,
/// or nearly: they are met soon.
const FEW: usize = 10_000;

/// What a text that is searched for is found in.
#[derive(Debug)]
pub(in crate::store::sqlite) struct Sought {
    /// The names and actors that hold it, in order.
    labels: Vec<i64>,
    /// The actions that hold it.
    actions: Vec<Action>,
}

impl Sought {
    /// Finds the actions that hold a text, in whatever case, to look for with the labels that do.
    pub(in crate::store::sqlite) fn new(text: &str, labels: Vec<i64>) -> Self {
        let text = text.to_ascii_lowercase();
        let holds = |action: &Action| action.as_str().contains(&text);
        Self { labels, actions: Action::ALL.iter().copied().filter(holds).collect() }
    }

    /// Returns whether the name, the actor or the action of an entry is sought, in columns 1 to 3; what cannot be read is not.
    fn is_in(&self, row: &Row<'_>) -> bool {
        let has = |column: usize| row.get(column).is_ok_and(|id| self.labels.binary_search(&id).is_ok());
        let is_done = |word: &str| self.actions.iter().any(|action| action.as_str() == word);
        has(1) || has(2) || row.get_ref(3).is_ok_and(|word| word.as_str().is_ok_and(is_done))
    }
}

/// Reads a page, newest first, or oldest first after a place; of the entries that a text is found in, if one is sought.
pub(in crate::store::sqlite) fn page(
    connection: &Connection,
    query: &AuditQuery,
    sought: Option<&Sought>,
) -> Result<AuditPage, StoreError> {
    let filter = Filter::of(connection, query)?;
    let Some(sought) = sought else {
        let counted = count(connection, &filter)?;
        return read(connection, query, &filter.between(query), counted);
    };
    let counted = if sought.labels.len() <= FEW {
        let narrowed = filter.with(sought);
        let counted = count(connection, &narrowed)?;
        if !counted.capped {
            return read(connection, query, &narrowed.between(query), counted);
        }
        counted
    } else {
        count_along(connection, &filter, sought)?
    };
    look_along(connection, query, (&filter.between(query), sought), counted)
}

/// How many entries fit a question, wherever its page begins and ends.
#[derive(Clone, Copy)]
struct Counted {
    total: u64,
    capped: bool,
}

impl Counted {
    /// Takes a number that was counted up to one more than the limit.
    const fn up_to_limit(number: u64) -> Self {
        let capped = number > COUNT_LIMIT;
        Self { total: if capped { COUNT_LIMIT } else { number }, capped }
    }

    const fn page(self, entries: Vec<Entry>) -> AuditPage {
        AuditPage { entries, total: self.total, capped: self.capped }
    }
}

/// Reads the entries of a page that `SQLite` finds and sorts.
fn read(
    connection: &Connection,
    query: &AuditQuery,
    filter: &Filter,
    counted: Counted,
) -> Result<AuditPage, StoreError> {
    let order = order(query);
    let sql = format!("SELECT {COLUMNS} FROM audit {} ORDER BY seq {order} LIMIT ? OFFSET ?", filter.sql);
    let page =
        [query.limit, query.offset].map(|number| Value::from(i64::try_from(number).unwrap_or(i64::MAX)));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(filter.values.iter().chain(&page)))?;
    let mut labels = Labels::new(connection)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(Entry::from(&readable(row, &mut labels)?));
    }
    drop(rows);
    filter.done_with(statement);
    Ok(counted.page(entries))
}

/// Looks at one entry after the other, in order, for what is much or what many entries have.
///
/// What is common is met soon, where sorting all of it would take seconds.
fn look_along(
    connection: &Connection,
    query: &AuditQuery,
    (filter, sought): (&Filter, &Sought),
    counted: Counted,
) -> Result<AuditPage, StoreError> {
    let sql =
        format!("SELECT seq, name, actor, action FROM audit {} ORDER BY seq {}", filter.sql, order(query));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(&filter.values))?;
    let wanted = query.offset..query.offset.saturating_add(query.limit);
    let (mut found, mut places) = (0, Vec::new());
    while found < wanted.end
        && let Some(row) = rows.next()?
    {
        if sought.is_in(row) {
            if wanted.contains(&found) {
                places.push(row.get(0)?);
            }
            found += 1;
        }
    }
    Ok(counted.page(at(connection, &places)?))
}

/// Counts the entries that are sought, one after the other, up to the limit.
fn count_along(connection: &Connection, filter: &Filter, sought: &Sought) -> Result<Counted, StoreError> {
    let sql = format!("SELECT seq, name, actor, action FROM audit {} ORDER BY seq DESC", filter.sql);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(&filter.values))?;
    let mut found = 0;
    while found <= COUNT_LIMIT
        && let Some(row) = rows.next()?
    {
        found += u64::from(sought.is_in(row));
    }
    Ok(Counted::up_to_limit(found))
}

/// Reads the entries at some places; one that was trimmed away meanwhile is left out.
fn at(connection: &Connection, places: &[i64]) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM audit WHERE seq = ?1"))?;
    let mut labels = Labels::new(connection)?;
    let mut entries = Vec::with_capacity(places.len());
    for place in places {
        let mut rows = statement.query([place])?;
        if let Some(row) = rows.next()? {
            entries.push(Entry::from(&readable(row, &mut labels)?));
        }
    }
    Ok(entries)
}

fn order(query: &AuditQuery) -> &'static str {
    if query.after.is_some() { "ASC" } else { "DESC" }
}

/// The condition that every entry meets.
const EVERYTHING: &str = "WHERE 1";

/// The condition that an entry is not one of an actor's looks with the dashboard, which says of itself that it is one; a look
/// that shows a value is a `decrypt`.
const NOT_LOOKED: &str = r#" AND NOT (action = 'read' AND outcome = 'ok' AND actor = ?
    AND instr(metadata, '"claimedClient":"dashboard"') > 0)"#;

/// The conditions of a question and their parameters.
#[derive(Clone)]
struct Filter {
    sql: String,
    values: Vec<Value>,
    /// Whether it names labels: such a statement is long, and hardly ever asked again.
    once: bool,
}

impl Filter {
    fn of(connection: &Connection, query: &AuditQuery) -> Result<Self, StoreError> {
        let mut filter = Self { sql: EVERYTHING.to_owned(), values: Vec::new(), once: false };
        filter.one_of("action", query.actions.iter().map(|action| action.as_str()));
        filter.equals("outcome", query.outcome.map(|o| Value::from(o.as_str().to_owned())));
        filter.equals("secret", query.secret.map(|id| Value::from(id.as_bytes().to_vec())));
        filter.bound("at >= ?", query.since);
        filter.bound("at <= ?", query.until);
        if let Some(actor) = &query.actor {
            filter.equals("actor", Some(label(connection, actor)?));
        }
        if let Some(org) = &query.org {
            filter.sql.push_str(" AND (org IS NULL OR org = ?)");
            filter.values.push(label(connection, org.as_str())?);
        }
        if let Some(looker) = &query.looker {
            filter.sql.push_str(NOT_LOOKED);
            filter.values.push(label(connection, looker)?);
        }
        if let Some(process) = query.without {
            filter.sql.push_str(" AND NOT (pid IS ? AND at >= ?)");
            filter.values.extend([Value::from(process.pid), Value::from(process.since.as_millis())]);
        }
        Ok(filter)
    }

    /// Adds between which places a page lies.
    fn between(&self, query: &AuditQuery) -> Self {
        let Self { mut sql, mut values, once } = self.clone();
        for (condition, place) in [(" AND seq > ?", query.after), (" AND seq < ?", query.before)] {
            if let Some(place) = place {
                sql.push_str(condition);
                values.push(Value::from(place.cast_signed()));
            }
        }
        Self { sql, values, once }
    }

    fn one_of<'w>(&mut self, column: &str, words: impl ExactSizeIterator<Item = &'w str>) {
        if words.len() > 0 {
            let marks = vec!["?"; words.len()].join(", ");
            let _ = write!(self.sql, " AND {column} IN ({marks})");
            self.values.extend(words.map(|word| Value::from(word.to_owned())));
        }
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

    /// Adds that the name, the actor or the action is one that is sought.
    fn with(&self, sought: &Sought) -> Self {
        let ids = sought.labels.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let words: Vec<_> = sought.actions.iter().map(|action| format!("'{}'", action.as_str())).collect();
        let words = words.join(",");
        let sql = format!("{} AND (name IN ({ids}) OR actor IN ({ids}) OR action IN ({words}))", self.sql);
        Self { sql, values: self.values.clone(), once: true }
    }

    /// Keeps a statement for the next time, or not.
    fn done_with(&self, statement: CachedStatement<'_>) {
        if self.once {
            statement.discard();
        }
    }
}

/// Finds a label; one that was never used matches no entry.
fn label(connection: &Connection, text: &str) -> Result<Value, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM label WHERE text = ?1")?;
    let mut rows = statement.query([text])?;
    Ok(Value::from(rows.next()?.map_or(Ok(-1), |row| row.get::<_, i64>(0))?))
}

fn count(connection: &Connection, filter: &Filter) -> Result<Counted, StoreError> {
    if filter.values.is_empty() && filter.sql == EVERYTHING {
        // Places have no gap: none of them has to be counted.
        let sql = "SELECT coalesce((SELECT max(seq) FROM audit) - (SELECT min(seq) FROM audit) + 1, 0)";
        let counted = connection.prepare_cached(sql)?.query_row([], |row| Ok(row.get::<_, u32>(0)))?;
        // An entry that was moved out of all bounds leaves nothing to count by.
        return Ok(counted.map_or(Counted::up_to_limit(u64::MAX), |number| Counted {
            total: number.into(),
            capped: false,
        }));
    }
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM audit {} LIMIT {})", filter.sql, COUNT_LIMIT + 1);
    let mut statement = connection.prepare_cached(&sql)?;
    let counted: i64 = statement.query_row(params_from_iter(&filter.values), |row| row.get(0))?;
    filter.done_with(statement);
    Ok(Counted::up_to_limit(counted.cast_unsigned()))
}

/// Lists the actors of the log, in order, up to a number; the index leads from each to the next.
pub(in crate::store::sqlite) fn actors(
    connection: &Connection,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let sql = "WITH RECURSIVE one(id) AS (SELECT min(actor) FROM audit UNION ALL
                   SELECT (SELECT min(actor) FROM audit WHERE actor > one.id) FROM one WHERE one.id IS NOT NULL)
               SELECT text FROM one JOIN label ON label.id = one.id ORDER BY text LIMIT ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([limit.cast_signed()], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SqliteStore, Store};

    /// Makes a log of so many entries, each of a name of its own.
    fn filled(folder: &tempfile::TempDir, entries: u64) -> SqliteStore {
        let path = folder.path().join("vault.db");
        drop(SqliteStore::open(&path).unwrap());
        let numbers =
            format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {entries})");
        Connection::open(&path)
            .unwrap()
            .execute_batch(&format!(
                "INSERT INTO label (id, text) {numbers} SELECT i, 'name ' || i FROM n;
                 INSERT INTO audit (seq, id, at, action, outcome, name, actor, metadata, mac)
                     {numbers} SELECT i, zeroblob(16), i, 'read', 'ok', i, 1, '{{}}', zeroblob(32) FROM n;"
            ))
            .unwrap();
        SqliteStore::open(&path).unwrap()
    }

    fn search(store: &SqliteStore, offset: u64) -> (Vec<u64>, u64, bool) {
        let query =
            AuditQuery { search: Some("NAME ".to_owned()), limit: 2, offset, ..AuditQuery::default() };
        let page = store.audit(&query).unwrap();
        (page.entries.iter().map(|entry| entry.seq).collect(), page.total, page.capped)
    }

    #[test]
    fn as_many_labels_as_are_looked_up_and_more_are_found_alike() {
        for entries in [FEW as u64, FEW as u64 + 1, 2 * COUNT_LIMIT] {
            let folder = tempfile::tempdir().unwrap();
            let store = filled(&folder, entries);
            let (total, capped) = (entries.min(COUNT_LIMIT), entries > COUNT_LIMIT);
            assert_eq!((vec![entries, entries - 1], total, capped), search(&store, 0));
            assert_eq!((vec![1], total, capped), search(&store, entries - 1));
        }
    }
}
