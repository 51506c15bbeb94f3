//! Reading the table of secrets as a whole, whatever its indexes say.

use std::ops::RangeInclusive;

use rusqlite::{Connection, params};

use super::{SEALED_AT, blob32, id_of, row_of, stored_of};
use crate::crypto::MacKey;
use crate::domain::SecretId;
use crate::store::state::Leaf;
use crate::store::{Row, State, StoreError};

/// Gives the last place in the table.
pub(in crate::store::sqlite) fn last_place(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(key), 0) FROM secret";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Hands what the rows of some places in the table add to the sum to a function.
pub(in crate::store::sqlite) fn walk(
    connection: &Connection,
    places: RangeInclusive<i64>,
    each: &mut dyn FnMut(&Leaf),
) -> Result<(), StoreError> {
    // Rows are read from the table: an index that was left as it was would hide a row that was put back.
    let sql = "SELECT id, revision, mac FROM secret NOT INDEXED WHERE key BETWEEN ?1 AND ?2";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([places.start(), places.end()])?;
    while let Some(row) = rows.next()? {
        // A malformed id still counts as a row: it takes part in the sum as one that no caller wrote.
        let id = id_of(row, 0).unwrap_or(SecretId::from_bytes([0; 16]));
        let revision = row.get::<_, i64>(1).unwrap_or_default().cast_unsigned();
        each(&Leaf { id, revision, mac: blob32(row, 2).unwrap_or_default() });
    }
    Ok(())
}

/// Sums up the rows of some places in the table.
pub(in crate::store::sqlite) fn sum(
    connection: &Connection,
    places: RangeInclusive<i64>,
    key: &MacKey,
) -> Result<State, StoreError> {
    let mut sum = State::empty();
    walk(connection, places, &mut |leaf| sum.add_one_of_many(leaf, key))?;
    Ok(sum)
}

/// Reads every row from the table, without its sealed value, and counts those that cannot be read.
pub(in crate::store::sqlite) fn all(connection: &Connection) -> Result<(Vec<Row>, u64), StoreError> {
    let sql = concat!("SELECT ", row_columns!(), " FROM secret NOT INDEXED ORDER BY name, org");
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let (mut all, mut unreadable) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        match row_of(row) {
            Ok(row) => all.push(row),
            Err(StoreError::Damaged(_)) => unreadable += 1,
            Err(other) => return Err(other),
        }
    }
    Ok((all, unreadable))
}

/// Finds the rows that cannot be read, by their key.
pub(in crate::store::sqlite) fn unreadable(connection: &Connection) -> Result<Vec<i64>, StoreError> {
    let mut statement =
        connection.prepare(concat!("SELECT ", row_columns!(), ", sealed, key FROM secret"))?;
    let mut rows = statement.query(params![])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        match stored_of(row) {
            Ok(_) => {}
            Err(StoreError::Damaged(_)) => keys.push(row.get(SEALED_AT + 1)?),
            Err(other) => return Err(other),
        }
    }
    Ok(keys)
}
