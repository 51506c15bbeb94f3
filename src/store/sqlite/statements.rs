//! The longer statements that write: each binds one row of one table.

use rusqlite::{Connection, OptionalExtension, Statement, ToSql, params};

use super::columns::blob32;
use super::labels::Labels;
use crate::audit::{Entry, Head};
use crate::crypto::Bytes32;
use crate::domain::{SecretId, Timestamp};
use crate::store::state::Leaf;
use crate::store::tables::Placed;
use crate::store::{AgentRow, Row, State, StoreError, Stored, VersionRow};

/// Finds where a secret's row stands, in an index that has all of it.
pub(super) fn placed(connection: &Connection, id: SecretId) -> Result<Option<Placed<i64>>, rusqlite::Error> {
    let mut statement = connection.prepare_cached("SELECT key, revision, mac FROM secret WHERE id = ?1")?;
    let found = statement.query_row([id.as_bytes().as_slice()], |row| {
        let leaf = Leaf { id, revision: row.get::<_, i64>(1)?.cast_unsigned(), mac: blob32(row, 2)? };
        Ok(Placed { key: row.get(0)?, leaf })
    });
    found.optional()
}

/// Writes a new row.
pub(super) fn insert(connection: &Connection, stored: &Stored) -> Result<(), rusqlite::Error> {
    let Row { org, name, created_by, created_at, .. } = &stored.row;
    let mut statement = connection.prepare_cached(
        "INSERT INTO secret (id, category, metadata, version, revision, updated_at, rotated_at, expires_at,
             version_at, version_by, versions, digest, mac, sealed, org, name, created_by, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    bind(&mut statement, stored)?;
    statement.raw_bind_parameter(15, org.as_str())?;
    statement.raw_bind_parameter(16, name.as_str())?;
    statement.raw_bind_parameter(17, created_by)?;
    statement.raw_bind_parameter(18, created_at.as_millis())?;
    statement.raw_execute().map(drop)
}

/// Writes what can change of a row.
pub(super) fn update(connection: &Connection, key: i64, stored: &Stored) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "UPDATE secret SET category = ?2, metadata = ?3, version = ?4, revision = ?5, updated_at = ?6,
             rotated_at = ?7, expires_at = ?8, version_at = ?9, version_by = ?10, versions = ?11, digest = ?12,
             mac = ?13, sealed = ?14 WHERE id = ?1 AND key = ?15",
    )?;
    bind(&mut statement, stored)?;
    statement.raw_bind_parameter(15, key)?;
    the_one(statement.raw_execute()?)
}

/// Binds a secret's id, and what can change of its row: the parameters 1 to 14.
fn bind(statement: &mut Statement<'_>, stored: &Stored) -> Result<(), rusqlite::Error> {
    let row = &stored.row;
    let values: [&dyn ToSql; 14] = [
        &row.id.as_bytes().as_slice(),
        &row.category.id(),
        &row.metadata,
        &row.version.cast_signed(),
        &row.revision.cast_signed(),
        &row.updated_at.as_millis(),
        &row.rotated_at.map(Timestamp::as_millis),
        &row.expires_at.map(Timestamp::as_millis),
        &row.version_at.as_millis(),
        &row.version_by,
        &row.versions.as_slice(),
        &row.digest.as_slice(),
        &row.mac.as_slice(),
        &stored.sealed.as_bytes(),
    ];
    (1..).zip(values).try_for_each(|(at, value)| statement.raw_bind_parameter(at, value))
}

/// Removes a row, and its versions with it.
pub(super) fn delete(connection: &Connection, key: i64, id: SecretId) -> Result<(), StoreError> {
    let mut delete = connection.prepare_cached("DELETE FROM secret WHERE key = ?1 AND id = ?2")?;
    the_one(delete.execute(params![key, id.as_bytes().as_slice()])?)
}

/// Refuses a change that met no row: the index that led to it names another one's place.
fn the_one(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Damaged("an index of secrets")) }
}

/// Hands a platform's `skill:` names to a function.
pub(super) fn skills(
    connection: &Connection,
    org: &str,
    platform: &str,
    each: &mut dyn FnMut(&str),
) -> Result<(), StoreError> {
    // The index on org and name has all of it; `;` is the byte after `:`.
    let mut skills = connection.prepare_cached(
        "SELECT name FROM secret WHERE org = ?1 AND (name = ?2 OR (name > ?3 AND name < ?4))",
    )?;
    let [bare, first, end] = ["", ":", ";"].map(|mark| format!("skill:{platform}{mark}"));
    let mut names = skills.query([org, &bare, &first, &end])?;
    while let Some(found) = names.next()? {
        each(found.get_ref(0)?.as_str().unwrap_or_default());
    }
    Ok(())
}

/// Adds to a count.
pub(super) fn tally(
    connection: &Connection,
    org: &str,
    category: &str,
    by: i64,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO tally (org, category, count) VALUES (?1, ?2, ?3)
             ON CONFLICT (org, category) DO UPDATE SET count = count + excluded.count",
        )?
        .execute(params![org, category, by])?;
    Ok(())
}

/// Reads what a row is counted in.
pub(super) fn tallied(
    connection: &Connection,
    key: i64,
) -> Result<Option<(String, String)>, rusqlite::Error> {
    let mut statement = connection.prepare_cached("SELECT org, category FROM secret WHERE key = ?1")?;
    let text = |row: &rusqlite::Row<'_>, at| {
        row.get_ref(at).ok().and_then(|text| text.as_str().ok()).map(str::to_owned)
    };
    let found = statement.query_row([key], |row| Ok(text(row, 0).zip(text(row, 1)))).optional()?;
    Ok(found.flatten())
}

/// Writes an older version.
pub(super) fn insert_version(
    connection: &Connection,
    key: i64,
    version: &VersionRow,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO version (secret, version, revision, created_at, created_by, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            key,
            version.version.cast_signed(),
            version.revision.cast_signed(),
            version.created_at.as_millis(),
            version.created_by,
            version.sealed.as_bytes(),
        ])?;
    Ok(())
}

/// Removes the older versions but for the newest ones.
pub(super) fn delete_versions(connection: &Connection, key: i64, but: usize) -> Result<(), rusqlite::Error> {
    if but == 0 {
        connection.prepare_cached("DELETE FROM version WHERE secret = ?1")?.execute([key])?;
        return Ok(());
    }
    let sql = "DELETE FROM version WHERE secret = ?1 AND version NOT IN
               (SELECT version FROM version WHERE secret = ?1 ORDER BY version DESC LIMIT ?2)";
    connection.prepare_cached(sql)?.execute([key, i64::try_from(but).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// Writes an entry, its texts as labels.
pub(super) fn insert_entry(
    connection: &Connection,
    labels: &mut Labels,
    entry: &Entry,
) -> Result<(), rusqlite::Error> {
    let mut label_of = |text: Option<&str>| text.map(|text| labels.of(connection, text)).transpose();
    let peer = entry.peer.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO audit (seq, id, at, org, action, outcome, secret, name, actor, uid, gid, pid, exe, metadata, mac)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            entry.seq.cast_signed(),
            entry.id.as_bytes().as_slice(),
            entry.at.as_millis(),
            label_of(entry.org.as_deref())?,
            entry.action.as_str(),
            entry.outcome.as_str(),
            entry.secret.as_ref().map(|id| id.as_bytes().as_slice()),
            label_of(entry.name.as_deref())?,
            label_of(Some(&entry.actor))?,
            peer.map(|peer| peer.uid),
            peer.map(|peer| peer.gid),
            peer.and_then(|peer| peer.pid),
            label_of(peer.and_then(|peer| peer.exe.as_deref()))?,
            entry.metadata,
            entry.mac.as_slice(),
        ])?;
    Ok(())
}

/// Writes the state.
pub(super) fn write_state(
    connection: &Connection,
    state: &State,
    mac: &Bytes32,
) -> Result<(), rusqlite::Error> {
    let Head { seq, mac: head } = state.head;
    connection
        .prepare_cached(
            "INSERT INTO state (id, seq, head, sum, count, agents, mac) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, head = excluded.head, sum = excluded.sum,
                 count = excluded.count, agents = excluded.agents, mac = excluded.mac",
        )?
        .execute(params![
            seq.cast_signed(),
            head.as_slice(),
            state.sum.as_slice(),
            state.count.cast_signed(),
            state.agents.as_slice(),
            mac.as_slice(),
        ])?;
    Ok(())
}

/// Reads an agent's revision.
pub(super) fn agent_revision(connection: &Connection, name: &str) -> Result<Option<u64>, rusqlite::Error> {
    let mut statement = connection.prepare_cached("SELECT revision FROM agent WHERE name = ?1")?;
    let found = statement.query_row([name], |row| row.get::<_, i64>(0)).optional()?;
    Ok(found.map(i64::cast_unsigned))
}

/// Writes an agent, new or not.
pub(super) fn put_agent(connection: &Connection, row: &AgentRow) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO agent (name, revision, sealed) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed";
    connection.prepare_cached(sql)?.execute(params![row.name, row.revision.cast_signed(), row.sealed])?;
    Ok(())
}
