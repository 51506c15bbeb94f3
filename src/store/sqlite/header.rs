//! Reading and writing the vault's header: its id, its slots, its audit keys.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::columns::{array, blob32};
use super::connect::{Mode, connect};
use super::lineage;
use crate::audit::Head;
use crate::crypto::{AuditKeySeal, Header, Slot};
use crate::domain::{Timestamp, VaultId};
use crate::store::{State, StoreError};

impl SqliteStore {
    /// Returns whether a database has no vault in it, and leaves the file and its write-ahead log as they are.
    ///
    /// # Errors
    /// Those of reading it; a header that was taken away is damage.
    pub fn is_empty(path: &Path) -> Result<bool, StoreError> {
        lineage::check(path)?;
        let connection = connect(path, Mode::Read)?;
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
        let is_blank: bool = connection.query_row(sql, [], |row| row.get(0))?;
        Ok(is_blank || read_header(&connection)?.is_none())
    }
}

pub(super) fn read_header(connection: &Connection) -> Result<Option<Header>, StoreError> {
    let found = connection
        .query_row("SELECT vault_id, created_at, checksum, mac FROM vault WHERE id = 1", [], |row| {
            Ok((
                row.get::<_, Vec<u8>>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, Vec<u8>>(2)?,
                row.get::<_, Vec<u8>>(3)?,
            ))
        })
        .optional()?;
    let Some((vault, created_at, checksum, mac)) = found else { return no_header(connection) };
    Ok(Some(Header {
        vault: VaultId(array(vault, "vault.vault_id")?),
        created_at: Timestamp::from_millis(created_at),
        slots: read_slots(connection)?,
        audit_keys: read_audit_keys(connection)?,
        mac: array(mac, "vault.mac")?,
        checksum: array(checksum, "vault.checksum")?,
    }))
}

/// Tells a database without a vault from one whose header was taken away, which nothing may be founded over.
fn no_header(connection: &Connection) -> Result<Option<Header>, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM slot) OR EXISTS (SELECT 1 FROM state)
                   OR EXISTS (SELECT 1 FROM secret) OR EXISTS (SELECT 1 FROM audit)";
    let remains: bool = connection.query_row(sql, [], |row| row.get(0))?;
    if remains { Err(StoreError::Damaged("vault")) } else { Ok(None) }
}

fn read_slots(connection: &Connection) -> Result<Vec<Slot>, StoreError> {
    let mut statement = connection.prepare("SELECT bytes FROM slot ORDER BY ordinal")?;
    let blobs = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    blobs.map(|blob| Slot::from_stored(&blob?).map_err(|_| StoreError::Damaged("slot.bytes"))).collect()
}

fn read_audit_keys(connection: &Connection) -> Result<Vec<AuditKeySeal>, StoreError> {
    let mut statement = connection.prepare("SELECT from_seq, iv, sealed FROM audit_key ORDER BY from_seq")?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let from_seq =
            u64::try_from(row.get::<_, i64>(0)?).map_err(|_| StoreError::Damaged("audit_key.from_seq"))?;
        let iv = array(row.get(1)?, "audit_key.iv")?;
        keys.push(AuditKeySeal { from_seq, iv, sealed: array(row.get(2)?, "audit_key.sealed")? });
    }
    Ok(keys)
}

pub(super) fn write_header(connection: &Connection, header: &Header) -> Result<(), rusqlite::Error> {
    connection.execute("DELETE FROM slot", [])?;
    connection.execute("DELETE FROM audit_key", [])?;
    for (ordinal, slot) in (1_i64..).zip(&header.slots) {
        connection.execute(
            "INSERT INTO slot (ordinal, bytes) VALUES (?1, ?2)",
            params![ordinal, slot.as_bytes()],
        )?;
    }
    for key in &header.audit_keys {
        let from_seq = key.from_seq.cast_signed();
        connection.execute(
            "INSERT INTO audit_key (from_seq, iv, sealed) VALUES (?1, ?2, ?3)",
            params![from_seq, key.iv.as_slice(), key.sealed.as_slice()],
        )?;
    }
    connection.execute(
        "INSERT INTO vault (id, vault_id, created_at, checksum, mac) VALUES (1, ?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET checksum = excluded.checksum, mac = excluded.mac",
        params![
            header.vault.0.as_slice(),
            header.created_at.as_millis(),
            header.checksum.as_slice(),
            header.mac.as_slice()
        ],
    )?;
    Ok(())
}

/// Reads what the writer keeps of the whole.
pub(super) fn read_state(connection: &Connection) -> Result<State, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT seq, head, sum, count, agents, mac FROM state WHERE id = 1")?;
    let found = statement
        .query_row([], |row| {
            let numbers = (row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(3)?.cast_unsigned());
            Ok((numbers, [blob32(row, 1)?, blob32(row, 2)?, blob32(row, 4)?, blob32(row, 5)?]))
        })
        .optional()?;
    let ((seq, count), [head, sum, agents, mac]) = found.ok_or(StoreError::Damaged("state"))?;
    Ok(State { head: Head { seq, mac: head }, sum, count, agents, mac })
}
