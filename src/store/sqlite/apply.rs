//! The statements of one unit: what each change does to the tables and to the sum over all rows.

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{agents, agents_of_table, blob32};
use super::labels::Labels;
use super::sum::leaf;
use super::writer::Stop;
use crate::audit::{Entry, Head};
use crate::crypto::Bytes32;
use crate::domain::{AgentId, Category, SecretId, SecretName};
use crate::keyring::Keys;
use crate::store::{
    AgentRow, Guard, Kept, Refusal, Row, State, StoreError, Stored, VERSIONS_KEPT, VersionRow,
};

pub(super) fn check(connection: &Connection, guard: &Guard) -> Result<(), Stop> {
    let (_, revision, _) = present(connection, guard.id)?;
    if revision == guard.revision { Ok(()) } else { Err(Stop::Refused(Refusal::Stale)) }
}

/// Reads where a secret stands; one that is gone is as stale as one that changed.
pub(super) fn present(connection: &Connection, id: SecretId) -> Result<(i64, u64, Bytes32), Stop> {
    let mut statement = connection.prepare_cached("SELECT key, revision, mac FROM secret WHERE id = ?1")?;
    let found = statement
        .query_row([id.as_bytes().as_slice()], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), blob32(row, 2)?))
        })
        .optional()?;
    found.ok_or(Stop::Refused(Refusal::Stale))
}

/// Takes a row out of the sum, if it is still at the revision that was seen, and gives its key.
pub(super) fn unlink(
    connection: &Connection,
    id: SecretId,
    seen: u64,
    sum: (&mut State, &Keys),
) -> Result<i64, Stop> {
    let (key, revision, mac) = present(connection, id)?;
    if revision != seen {
        return Err(Stop::Refused(Refusal::Stale));
    }
    let (state, keys) = sum;
    state.subtract(&leaf(keys, id, revision, &mac));
    Ok(key)
}

pub(super) fn insert(
    connection: &Connection,
    stored: &Stored,
    state: &mut State,
    keys: &Keys,
) -> Result<(), Stop> {
    let row = &stored.row;
    let mut taken = connection.prepare_cached("SELECT 1 FROM secret WHERE org = ?1 AND name = ?2")?;
    if taken.exists([row.org.as_str(), row.name.as_str()])? {
        return Err(Stop::Refused(Refusal::NameTaken));
    }
    if has_twin(connection, row)? {
        return Err(Stop::Refused(Refusal::PlaceTaken));
    }
    connection
        .prepare_cached(
            "INSERT INTO secret (id, org, name, category, metadata, version, revision, created_by, created_at,
                 updated_at, rotated_at, expires_at, version_at, version_by, versions, digest, mac, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            row.id.as_bytes().as_slice(),
            row.org.as_str(),
            row.name.as_str(),
            row.category.id(),
            row.metadata,
            row.version.cast_signed(),
            row.revision.cast_signed(),
            row.created_by,
            row.created_at.as_millis(),
            row.updated_at.as_millis(),
            row.rotated_at.map(crate::domain::Timestamp::as_millis),
            row.expires_at.map(crate::domain::Timestamp::as_millis),
            row.version_at.as_millis(),
            row.version_by,
            row.versions.as_slice(),
            row.digest.as_slice(),
            row.mac.as_slice(),
            stored.sealed.as_bytes(),
        ])?;
    tally(connection, row.org.as_str(), row.category.id(), 1)?;
    state.add(&leaf(keys, row.id, row.revision, &row.mac));
    Ok(())
}

/// Returns whether the platform of a new field has it in another spelling.
fn has_twin(connection: &Connection, row: &Row) -> Result<bool, Stop> {
    let Some((platform, Some(_))) = row.name.skill() else { return Ok(false) };
    // The index on org and name has all of it; `;` is the byte after `:`.
    let mut fields =
        connection.prepare_cached("SELECT name FROM secret WHERE org = ?1 AND name > ?2 AND name < ?3")?;
    let (first, end) = (format!("skill:{platform}:"), format!("skill:{platform};"));
    let mut names = fields.query([row.org.as_str(), &first, &end])?;
    let place = row.name.place();
    while let Some(found) = names.next()? {
        let name = found.get_ref(0)?.as_str().unwrap_or_default().to_owned();
        if SecretName::try_from(name).is_ok_and(|name| name.place() == place) {
            return Ok(true);
        }
    }
    Ok(false)
}

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

pub(super) fn update(
    connection: &Connection,
    key: i64,
    (stored, was): (&Stored, Category),
) -> Result<(), Stop> {
    let row = &stored.row;
    if was != row.category {
        tally(connection, row.org.as_str(), was.id(), -1)?;
        tally(connection, row.org.as_str(), row.category.id(), 1)?;
    }
    let updated = connection
        .prepare_cached(
            "UPDATE secret SET category = ?2, metadata = ?3, version = ?4, revision = ?5, updated_at = ?6,
                 rotated_at = ?7, expires_at = ?8, version_at = ?9, version_by = ?10, versions = ?11, digest = ?12,
                 mac = ?13, sealed = ?14 WHERE key = ?1 AND id = ?15",
        )?
        .execute(params![
            key,
            row.category.id(),
            row.metadata,
            row.version.cast_signed(),
            row.revision.cast_signed(),
            row.updated_at.as_millis(),
            row.rotated_at.map(crate::domain::Timestamp::as_millis),
            row.expires_at.map(crate::domain::Timestamp::as_millis),
            row.version_at.as_millis(),
            row.version_by,
            row.versions.as_slice(),
            row.digest.as_slice(),
            row.mac.as_slice(),
            stored.sealed.as_bytes(),
            row.id.as_bytes().as_slice(),
        ])?;
    the_one(updated)
}

/// Removes a secret with its versions, and takes it out of the counts.
pub(super) fn remove(connection: &Connection, key: i64, id: SecretId) -> Result<(), Stop> {
    let tally = "UPDATE tally SET count = count - 1 WHERE (org, category) =
                 (SELECT org, category FROM secret WHERE key = ?1)";
    connection.prepare_cached(tally)?.execute([key])?;
    let mut delete = connection.prepare_cached("DELETE FROM secret WHERE key = ?1 AND id = ?2")?;
    the_one(delete.execute(params![key, id.as_bytes().as_slice()])?)
}

/// Refuses a change that met no row: the index that led to it names another one's place.
fn the_one(changed: usize) -> Result<(), Stop> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Damaged("an index of secrets").into()) }
}

pub(super) fn keep(connection: &Connection, key: i64, kept: Kept) -> Result<(), Stop> {
    match kept {
        Kept::Same => Ok(()),
        Kept::Push(version) => {
            insert_version(connection, key, &version)?;
            // The present value is one of those that are kept.
            let older = i64::try_from(VERSIONS_KEPT - 1).unwrap_or(i64::MAX);
            let sql = "DELETE FROM version WHERE secret = ?1 AND version NOT IN
                       (SELECT version FROM version WHERE secret = ?1 ORDER BY version DESC LIMIT ?2)";
            connection.prepare_cached(sql)?.execute([key, older])?;
            Ok(())
        }
        Kept::All(versions) => {
            connection.prepare_cached("DELETE FROM version WHERE secret = ?1")?.execute([key])?;
            Ok(versions.iter().try_for_each(|version| insert_version(connection, key, version))?)
        }
    }
}

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

/// Writes the state with its MAC.
pub(super) fn write_state(connection: &Connection, state: &State, keys: &Keys) -> Result<(), StoreError> {
    let Head { seq, mac } = state.head;
    connection
        .prepare_cached(
            "INSERT INTO state (id, seq, head, sum, count, agents, mac) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, head = excluded.head, sum = excluded.sum,
                 count = excluded.count, agents = excluded.agents, mac = excluded.mac",
        )?
        .execute(params![
            seq.cast_signed(),
            mac.as_slice(),
            state.sum.as_slice(),
            state.count.cast_signed(),
            state.agents.as_slice(),
            state.mac_to_store(keys).as_slice(),
        ])?;
    Ok(())
}

/// Refuses where the acting agent is not as it was judged: changed, or gone.
pub(super) fn check_agent(connection: &Connection, agent: Option<&(AgentId, u64)>) -> Result<(), Stop> {
    let Some((name, seen)) = agent else { return Ok(()) };
    match agent_revision(connection, name.as_str())? {
        Some(revision) if revision == *seen => Ok(()),
        _ => Err(Stop::Refused(Refusal::Revoked)),
    }
}

fn agent_revision(connection: &Connection, name: &str) -> Result<Option<u64>, rusqlite::Error> {
    let mut statement = connection.prepare_cached("SELECT revision FROM agent WHERE name = ?1")?;
    statement
        .query_row([name], |row| row.get::<_, i64>(0))
        .optional()
        .map(|found| found.map(i64::cast_unsigned))
}

/// Computes the MAC over all agents as they stand now.
pub(super) fn agents_digest(connection: &Connection, keys: &Keys) -> Result<Bytes32, StoreError> {
    Ok(AgentRow::digest_of(keys, &agents(connection)?))
}

/// Empties the table where it was changed from outside: a new MAC over all of it would let those in that were put
/// there, or put back.
pub(super) fn drop_unknown_agents(connection: &Connection, sum: (&State, &Keys)) -> Result<(), Stop> {
    if AgentRow::are_those_of(&agents_of_table(connection)?, sum.0, sum.1) {
        return Ok(());
    }
    tracing::warn!("the stored agents were changed from outside; all of them are dropped");
    connection.prepare_cached("DELETE FROM agent")?.execute([])?;
    Ok(())
}

/// Removes the agents that are not sealed under new keys, which none that is let in is.
pub(super) fn drop_old_agents(connection: &Connection, new: &Keys) -> Result<(), StoreError> {
    for row in agents(connection)?.iter().filter(|row| row.open(new).is_err()) {
        let mut delete = connection.prepare_cached("DELETE FROM agent WHERE name = ?1 OR sealed = ?2")?;
        delete.execute(params![row.name, row.sealed])?;
    }
    Ok(())
}

pub(super) fn put_agent(
    connection: &Connection,
    row: &AgentRow,
    seen: Option<u64>,
    sum: (&mut State, &Keys),
) -> Result<(), Stop> {
    let (state, keys) = sum;
    drop_unknown_agents(connection, (state, keys))?;
    if agent_revision(connection, &row.name)? != seen {
        return Err(Stop::Refused(if seen.is_none() { Refusal::NameTaken } else { Refusal::Stale }));
    }
    let sql = "INSERT INTO agent (name, revision, sealed) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed";
    connection.prepare_cached(sql)?.execute(params![row.name, row.revision.cast_signed(), row.sealed])?;
    state.agents = agents_digest(connection, keys)?;
    Ok(())
}

pub(super) fn drop_agent(
    connection: &Connection,
    name: &AgentId,
    sum: (&mut State, &Keys),
) -> Result<(), Stop> {
    let (state, keys) = sum;
    drop_unknown_agents(connection, (state, keys))?;
    // It may have gone with all others just now: what was asked for holds.
    connection.prepare_cached("DELETE FROM agent WHERE name = ?1")?.execute([name.as_str()])?;
    state.agents = agents_digest(connection, keys)?;
    Ok(())
}
