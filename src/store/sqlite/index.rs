//! Comparing indexes with their tables: rows are authenticated, the trees by which they are found are not.
//!
//! An index finds each row of its table if it has an entry for each, no other, and all of them in its order. So the
//! entries of both are summed up, in whatever order they come, under a key that is drawn for this one comparison; and
//! those of the index have to ascend.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::thread::ScopedJoinHandle;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::SqliteStore;
use crate::store::StoreError;

/// The tables that hold secrets, their older values and agents.
const TABLES: [&str; 3] = ["secret", "version", "agent"];

/// A table and the indexes on it.
struct Table {
    name: &'static str,
    indexes: Vec<Index>,
}

/// An index, as the schema has it.
struct Index {
    name: String,
    unique: bool,
    columns: Vec<String>,
}

/// The sum over entries, whatever their order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Print {
    sum: u64,
    count: u64,
}

impl Print {
    fn add(&mut self, hash: u64) {
        self.sum = self.sum.wrapping_add(hash);
        self.count += 1;
    }
}

impl SqliteStore {
    /// Names the tables and indexes of secrets, versions and agents that do not lead to each row.
    pub(super) fn compare_indexes(&self) -> Result<Vec<String>, StoreError> {
        let mut unsound = Vec::new();
        for table in TABLES {
            let table = self.read(|connection| table_of(connection, table))?;
            unsound.extend(self.compare_table(&table)?);
        }
        Ok(unsound)
    }

    /// Reads a table and each of its indexes, all at once.
    fn compare_table(&self, table: &Table) -> Result<Vec<String>, StoreError> {
        let hasher = &RandomState::new();
        let (rows, entries) = std::thread::scope(|scope| {
            let entries = |index| move || self.read(|connection| entries(connection, table, index, hasher));
            let reading: Vec<_> = table.indexes.iter().map(|index| scope.spawn(entries(index))).collect();
            let rows = self.read(|connection| rows(connection, table, hasher));
            let read: Vec<_> = reading.into_iter().map(ScopedJoinHandle::join).collect();
            (rows, read)
        });
        let Some(rows) = or_unsound(rows)? else { return Ok(vec![table.name.to_owned()]) };
        let mut unsound = Vec::new();
        for ((index, rows), entries) in table.indexes.iter().zip(rows).zip(entries) {
            let entries = entries.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            if or_unsound(entries)? != Some(rows) {
                unsound.push(index.name.clone());
            }
        }
        Ok(unsound)
    }
}

/// Returns nothing for pages that cannot be read: what they hold is not found either.
fn or_unsound<T>(read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Damaged(_)) => Ok(None),
        read => read,
    }
}

/// Reads which indexes a table has.
fn table_of(connection: &Connection, name: &'static str) -> Result<Table, StoreError> {
    let sql = "SELECT list.name, list.\"unique\", info.name FROM pragma_index_list(?1) list
               JOIN pragma_index_info(list.name) info ORDER BY list.seq, info.seqno";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([name])?;
    let mut indexes: Vec<Index> = Vec::new();
    while let Some(row) = rows.next()? {
        let (index, unique, column): (String, bool, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        match indexes.last_mut() {
            Some(last) if last.name == index => last.columns.push(column),
            _ => indexes.push(Index { name: index, unique, columns: vec![column] }),
        }
    }
    Ok(Table { name, indexes })
}

/// Sums up the rows of a table as each of its indexes should have them; nothing if they do not ascend.
fn rows(
    connection: &Connection,
    table: &Table,
    hasher: &RandomState,
) -> Result<Option<Vec<Print>>, StoreError> {
    let mut columns = vec!["rowid"];
    columns.extend(table.indexes.iter().flat_map(|index| index.columns.iter().map(String::as_str)));
    let sql = format!("SELECT {} FROM {} NOT INDEXED", columns.join(", "), table.name);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut prints = vec![Print::default(); table.indexes.len()];
    let (mut last, mut entry) = (None, Entry::default());
    while let Some(row) = rows.next()? {
        let place: i64 = row.get(0)?;
        if last.replace(place).is_some_and(|last| last >= place) {
            return Ok(None);
        }
        let mut from = 1;
        for (index, print) in table.indexes.iter().zip(&mut prints) {
            let to = from + index.columns.len();
            entry.read(row, from..to)?;
            print.add(hasher.hash_one(&entry));
            from = to;
        }
    }
    Ok(Some(prints))
}

/// Sums up the entries of an index; nothing if they do not ascend.
fn entries(
    connection: &Connection,
    table: &Table,
    index: &Index,
    hasher: &RandomState,
) -> Result<Option<Print>, StoreError> {
    let Index { name, unique, columns } = index;
    let sql = format!("SELECT rowid, {} FROM {} INDEXED BY {name}", columns.join(", "), table.name);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut print = Print::default();
    let (mut last, mut entry) = (Entry::default(), Entry::default());
    while let Some(row) = rows.next()? {
        entry.read(row, 1..columns.len() + 1)?;
        let ascends = if *unique { last.key < entry.key } else { last < entry };
        if print.count > 0 && !ascends {
            return Ok(None);
        }
        print.add(hasher.hash_one(&entry));
        std::mem::swap(&mut last, &mut entry);
    }
    Ok(Some(print))
}

/// An entry of an index: the columns, written so that bytes compare as the columns do, and the row's place.
#[derive(Debug, Default, Hash, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: Vec<u8>,
    place: i64,
}

impl Entry {
    /// Reads some columns of a row whose first one is its place.
    fn read(&mut self, row: &Row<'_>, columns: Range<usize>) -> Result<(), StoreError> {
        self.key.clear();
        for at in columns {
            self.push(row.get_ref(at)?);
        }
        self.place = row.get(0)?;
        Ok(())
    }

    /// Adds a column, after a byte for its type: NULL, numbers, text, blobs.
    fn push(&mut self, column: ValueRef<'_>) {
        match column {
            ValueRef::Null => self.key.push(0),
            ValueRef::Integer(number) => {
                self.key.push(1);
                self.key.extend((number ^ i64::MIN).to_be_bytes());
            }
            // No column of these tables holds any: in what order they come matters to nothing.
            ValueRef::Real(number) => {
                self.key.push(2);
                self.key.extend(number.to_be_bytes());
            }
            ValueRef::Text(bytes) => self.push_bytes(3, bytes),
            ValueRef::Blob(bytes) => self.push_bytes(4, bytes),
        }
    }

    /// Adds bytes that end at two zeros, so that what is shorter comes first.
    fn push_bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.key.push(kind);
        for (at, part) in bytes.split(|byte| *byte == 0).enumerate() {
            if at > 0 {
                self.key.extend([0, 0xff]);
            }
            self.key.extend(part);
        }
        self.key.extend([0, 0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes columns as an entry has them.
    fn key(columns: &[ValueRef<'_>]) -> Vec<u8> {
        let mut entry = Entry::default();
        for column in columns {
            entry.push(*column);
        }
        entry.key
    }

    #[test]
    fn entries_compare_as_their_columns_do() {
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        let ascending: Vec<Vec<u8>> = vec![
            key(&[ValueRef::Null]),
            key(&[ValueRef::Integer(i64::MIN)]),
            key(&[ValueRef::Integer(-1)]),
            key(&[ValueRef::Integer(0)]),
            key(&[ValueRef::Integer(256)]),
            key(&[text("")]),
            key(&[text("a")]),
            key(&[text("a"), text("z")]),
            key(&[text("a\0")]),
            key(&[text("a\0b")]),
            key(&[text("a\x01")]),
            key(&[text("ab"), text("a")]),
            key(&[ValueRef::Blob(&[0])]),
            key(&[ValueRef::Blob(&[0, 0])]),
            key(&[ValueRef::Blob(&[0xff])]),
        ];
        assert!(ascending.is_sorted_by(|a, b| a < b), "{ascending:?}");
    }
}
