//! Columns to rows and back, and the questions that readers ask.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::crypto::{Bytes32, Sealed};
use crate::domain::{Category, OrgId, OrgScope, SecretId, SecretName, Timestamp};
use crate::store::{AgentRow, ListQuery, Named, Remains, Row, StoreError, Stored, VersionRow};

/// The columns of a row, in the order in which [`row_of`] reads them.
macro_rules! row_columns {
    () => {
        "id, org, name, category, metadata, version, revision, created_by, created_at, updated_at, rotated_at, \
         expires_at, version_at, version_by, versions, digest, mac"
    };
}
const SEALED_AT: usize = 17;

mod filter;
mod whole;

use filter::Filter;
pub(super) use whole::{all, last_place, sum, unreadable, walk};

/// Takes a stored blob of a fixed length.
pub(super) fn array<const N: usize>(bytes: Vec<u8>, column: &'static str) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged(column))
}

/// Reads a 32-byte column; another length reads as zeros, which authenticate nothing.
pub(super) fn blob32(row: &rusqlite::Row<'_>, at: usize) -> Result<Bytes32, rusqlite::Error> {
    let bytes = row.get_ref(at)?.as_blob_or_null()?.unwrap_or_default();
    Ok(bytes.try_into().unwrap_or([0; 32]))
}

fn id_of(row: &rusqlite::Row<'_>, at: usize) -> Result<SecretId, StoreError> {
    let bytes = row.get_ref(at)?.as_blob().ok().and_then(|b| b.try_into().ok());
    bytes.map(SecretId::from_bytes).ok_or(StoreError::Damaged("secret.id"))
}

fn moment(row: &rusqlite::Row<'_>, at: usize) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millis(row.get(at)?))
}

fn optional_moment(row: &rusqlite::Row<'_>, at: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_millis))
}

fn number(row: &rusqlite::Row<'_>, at: usize) -> Result<u64, StoreError> {
    Ok(row.get::<_, i64>(at)?.cast_unsigned())
}

/// Reads the columns that every list has first.
fn named_of(row: &rusqlite::Row<'_>) -> Result<Named, StoreError> {
    let category: String = row.get(3)?;
    Ok(Named {
        id: id_of(row, 0)?,
        org: OrgId::try_from(row.get::<_, String>(1)?).map_err(|_| StoreError::Damaged("secret.org"))?,
        name: SecretName::try_from(row.get::<_, String>(2)?)
            .map_err(|_| StoreError::Damaged("secret.name"))?,
        category: Category::from_id(&category).ok_or(StoreError::Damaged("secret.category"))?,
    })
}

/// Reads a row; what cannot be one is named by its column.
pub(super) fn row_of(row: &rusqlite::Row<'_>) -> Result<Row, StoreError> {
    let Named { id, org, name, category } = named_of(row)?;
    Ok(Row {
        id,
        org,
        name,
        category,
        metadata: row.get(4)?,
        version: number(row, 5)?,
        revision: number(row, 6)?,
        created_by: row.get(7)?,
        created_at: moment(row, 8)?,
        updated_at: moment(row, 9)?,
        rotated_at: optional_moment(row, 10)?,
        expires_at: optional_moment(row, 11)?,
        version_at: moment(row, 12)?,
        version_by: row.get(13)?,
        versions: blob32(row, 14)?,
        digest: blob32(row, 15)?,
        mac: blob32(row, 16)?,
    })
}

/// Reads a row with its sealed value.
pub(super) fn stored_of(row: &rusqlite::Row<'_>) -> Result<Stored, StoreError> {
    Ok(Stored { row: row_of(row)?, sealed: Sealed::from_stored(row.get(SEALED_AT)?) })
}

/// Finds a secret by its org and name.
///
/// # Errors
/// [`StoreError::Damaged`] if the index leads to a secret of another name: rows are authenticated, indexes are not.
pub(super) fn find(
    connection: &Connection,
    org: &OrgId,
    name: &SecretName,
) -> Result<Option<Stored>, StoreError> {
    let sql = concat!("SELECT ", row_columns!(), ", sealed FROM secret WHERE org = ?1 AND name = ?2");
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([org.as_str(), name.as_str()])?;
    let found = rows.next()?.map(stored_of).transpose()?;
    as_asked(found, |row| row.org == *org && row.name == *name)
}

/// Reads a secret by its id.
///
/// # Errors
/// [`StoreError::Damaged`] if the index leads to a secret of another id.
pub(super) fn get(connection: &Connection, id: SecretId) -> Result<Option<Stored>, StoreError> {
    let sql = concat!("SELECT ", row_columns!(), ", sealed FROM secret WHERE id = ?1");
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([id.as_bytes().as_slice()])?;
    let found = rows.next()?.map(stored_of).transpose()?;
    as_asked(found, |row| row.id == id)
}

/// Reads a row by its secret's id, without the sealed value.
///
/// # Errors
/// [`StoreError::Damaged`] as for [`get`].
pub(super) fn row(connection: &Connection, id: SecretId) -> Result<Option<Row>, StoreError> {
    let sql = concat!("SELECT ", row_columns!(), " FROM secret WHERE id = ?1");
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([id.as_bytes().as_slice()])?;
    match rows.next()?.map(row_of).transpose()? {
        Some(row) if row.id != id => Err(StoreError::Damaged("an index of secrets")),
        found => Ok(found),
    }
}

/// Refuses a row that is not the one that was asked for.
fn as_asked(found: Option<Stored>, is_asked: impl Fn(&Row) -> bool) -> Result<Option<Stored>, StoreError> {
    match found {
        Some(stored) if !is_asked(&stored.row) => Err(StoreError::Damaged("an index of secrets")),
        found => Ok(found),
    }
}

pub(super) fn versions(connection: &Connection, id: SecretId) -> Result<Vec<VersionRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT version.version, version.revision, version.created_at, version.created_by, version.sealed
         FROM version JOIN secret ON secret.key = version.secret WHERE secret.id = ?1 ORDER BY version.version",
    )?;
    let mut rows = statement.query([id.as_bytes().as_slice()])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        versions.push(VersionRow {
            version: number(row, 0)?,
            revision: number(row, 1)?,
            created_at: moment(row, 2)?,
            created_by: row.get(3)?,
            sealed: Sealed::from_stored(row.get(4)?),
        });
    }
    Ok(versions)
}

/// Reads where a secret stands though its row may be damaged: its revision, and its org and name as they can be read.
pub(super) fn remains(connection: &Connection, id: SecretId) -> Result<Option<Remains>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT revision, org, name FROM secret WHERE id = ?1")?;
    let found = statement.query_row([id.as_bytes().as_slice()], |row| {
        let text = |at| row.get_ref(at).ok().and_then(|text| text.as_str().ok()).map(str::to_owned);
        Ok(Remains {
            revision: row.get::<_, i64>(0)?.cast_unsigned(),
            org: text(1).and_then(|org| OrgId::try_from(org).ok()),
            name: text(2).and_then(|name| SecretName::try_from(name).ok()),
        })
    });
    Ok(found.optional()?)
}

/// Reads all agents in the order of their index, which keeps all of them out if it is damaged.
pub(super) fn agents(connection: &Connection) -> Result<Vec<AgentRow>, StoreError> {
    read_agents(connection, "SELECT name, revision, sealed FROM agent ORDER BY name")
}

/// Reads all agents in order, whatever their index says.
pub(super) fn agents_of_table(connection: &Connection) -> Result<Vec<AgentRow>, StoreError> {
    read_agents(connection, "SELECT name, revision, sealed FROM agent NOT INDEXED ORDER BY name")
}

fn read_agents(connection: &Connection, sql: &str) -> Result<Vec<AgentRow>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    // What cannot be read is an agent that nobody made, which keeps the others out, and the vault open.
    let rows = statement.query_map([], |row| {
        let bytes = |at| row.get_ref(at).map(|column| column.as_bytes().unwrap_or_default());
        Ok(AgentRow {
            name: String::from_utf8_lossy(bytes(0)?).into_owned(),
            revision: row.get::<_, i64>(1).unwrap_or_default().cast_unsigned(),
            sealed: bytes(2)?.to_vec(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Reads how many secrets there are in each category.
pub(super) fn totals(connection: &Connection, scope: &OrgScope) -> Result<Vec<(String, u64)>, StoreError> {
    let sql = "SELECT category, count FROM tally WHERE ?1 IS NULL OR org = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([scope.one().map(OrgId::as_str)])?;
    let mut totals = BTreeMap::<String, u64>::new();
    while let Some(row) = rows.next()? {
        // Nothing depends on these counts: one that cannot be read is not worth a refusal.
        let Ok(category) = row.get(0) else { continue };
        let count = u64::try_from(row.get::<_, i64>(1).unwrap_or_default()).unwrap_or_default();
        let total = totals.entry(category).or_default();
        *total = total.saturating_add(count);
    }
    Ok(totals.into_iter().collect())
}

/// Reads how many secrets there are in each org that has any.
pub(super) fn orgs(connection: &Connection) -> Result<Vec<(String, u64)>, StoreError> {
    let sql = "SELECT org, sum(count) FROM tally GROUP BY org HAVING sum(count) > 0 ORDER BY org";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Hands the name of each secret that fits to a function, in order, and counts those that cannot be read.
pub(super) fn walk_names(
    connection: &Connection,
    query: &ListQuery,
    each: &mut dyn FnMut(Named),
) -> Result<u64, StoreError> {
    let (sql, values) = Filter::of(query).selecting("id, org, name, category", query);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(&values))?;
    let mut unreadable = 0;
    while let Some(row) = rows.next()? {
        match named_of(row) {
            Ok(named) => each(named),
            Err(StoreError::Damaged(column)) => {
                tracing::warn!(column, "a stored row cannot be read");
                unreadable += 1;
            }
            Err(other) => return Err(other),
        }
    }
    Ok(unreadable)
}

/// Lists the rows that fit, and counts all that do.
///
/// # Errors
/// [`StoreError::TooLong`] for more than some bytes of rows.
pub(super) fn list(
    connection: &Connection,
    query: &ListQuery,
    bytes: usize,
) -> Result<(Vec<Row>, u64), StoreError> {
    let filter = Filter::of(query);
    let count = format!("SELECT count(*) FROM secret {}", filter.sql);
    let total: i64 =
        connection.prepare_cached(&count)?.query_row(params_from_iter(&filter.values), |row| row.get(0))?;
    let (sql, values) = filter.selecting(row_columns!(), query);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(&values))?;
    let (mut found, mut taken) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        match row_of(row) {
            Ok(one) => {
                taken += one.size();
                if taken > bytes {
                    return Err(StoreError::TooLong);
                }
                found.push(one);
            }
            Err(StoreError::Damaged(column)) => tracing::warn!(column, "a stored row cannot be read"),
            Err(other) => return Err(other),
        }
    }
    Ok((found, total.cast_unsigned()))
}
