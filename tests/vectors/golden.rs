//! The golden vectors as they stand in the JSON files, and their way into the types of the library.

use std::path::PathBuf;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use vault::audit::Entry;
use vault::crypto::{AuditKeySeal, SealContext, Sealed, Slot};
use vault::domain::{
    Action, AuditId, Category, OrgId, Outcome, Peer, SecretId, SecretName, Timestamp, VaultId,
};
use vault::keyring::{KeySet, Keys};
use vault::secret::KeyBytes;
use vault::store::{AgentRow, Row, Stored, VersionRow};
use vault_platform::PagePolicy;

/// Bytes, in hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl Hex {
    /// Copies bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// Gives bytes of a fixed length.
    pub(crate) fn array<const N: usize>(&self) -> [u8; N] {
        self.0.as_slice().try_into().unwrap()
    }

    /// Gives them as a key.
    pub(crate) fn key(&self) -> KeyBytes {
        KeyBytes::copied(&self.array())
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        HEXLOWER.decode(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

/// Names the file of some vectors.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

/// Reads a file of vectors.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&std::fs::read(path(name)).unwrap()).unwrap()
}

/// `sealed.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SealedFile {
    pub(crate) vault_key: Hex,
    pub(crate) cases: Vec<SealedCase>,
}

/// A value, where it belongs, and its sealed form.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SealedCase {
    pub(crate) about: String,
    pub(crate) vault_id: Hex,
    pub(crate) org: OrgId,
    pub(crate) secret_id: Hex,
    pub(crate) name: SecretName,
    pub(crate) version: u64,
    pub(crate) revision: u64,
    pub(crate) salt: Hex,
    pub(crate) iv: Hex,
    pub(crate) value: String,
    pub(crate) sealed: Hex,
}

impl SealedCase {
    /// Gives what the value is bound to.
    pub(crate) fn context(&self) -> SealContext<'_> {
        SealContext {
            vault: VaultId(self.vault_id.array()),
            org: &self.org,
            id: SecretId::from_bytes(self.secret_id.array()),
            name: &self.name,
            version: self.version,
            revision: self.revision,
        }
    }
}

/// `recovery.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RecoveryFile {
    pub(crate) keys: Vec<RecoveryCase>,
}

/// A recovery key: the text that people keep and the bytes that PBKDF2 takes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RecoveryCase {
    pub(crate) text: String,
    pub(crate) key: Hex,
}

/// `vault.json`: a whole vault, as the store held it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct VaultFile {
    pub(crate) vault_id: Hex,
    pub(crate) vault_key: Hex,
    pub(crate) slots: Vec<SlotCase>,
    pub(crate) audit_keys: Vec<AuditKeyCase>,
    pub(crate) checksum: Hex,
    pub(crate) mac: Hex,
    pub(crate) rows: Vec<RowCase>,
    pub(crate) agents: Vec<AgentCase>,
    pub(crate) entries: Vec<EntryCase>,
    pub(crate) state: StateCase,
}

/// A slot, what opens it and the master key in between.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SlotCase {
    pub(crate) kind: String,
    /// A passphrase, or the text of a recovery key.
    pub(crate) opened_by: String,
    pub(crate) iterations: u32,
    pub(crate) master_key: Hex,
    pub(crate) bytes: Hex,
}

/// An audit key and its sealed form.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AuditKeyCase {
    pub(crate) from_seq: u64,
    pub(crate) iv: Hex,
    pub(crate) sealed: Hex,
    pub(crate) key: Hex,
}

/// A row with its value, its kept versions and what authenticates it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RowCase {
    pub(crate) id: Hex,
    pub(crate) org: OrgId,
    pub(crate) name: SecretName,
    pub(crate) category: Category,
    pub(crate) metadata: String,
    pub(crate) version: u64,
    pub(crate) revision: u64,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) rotated_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) version_at: i64,
    pub(crate) version_by: String,
    pub(crate) value: String,
    pub(crate) sealed: Hex,
    pub(crate) kept: Vec<VersionCase>,
    pub(crate) versions: Hex,
    pub(crate) digest: Hex,
    pub(crate) mac: Hex,
    pub(crate) leaf: Hex,
}

/// A kept older value of a row.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct VersionCase {
    pub(crate) version: u64,
    pub(crate) revision: u64,
    pub(crate) created_at: i64,
    pub(crate) created_by: String,
    pub(crate) value: String,
    pub(crate) sealed: Hex,
}

/// An agent's record and its sealed form.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AgentCase {
    pub(crate) name: String,
    pub(crate) revision: u64,
    pub(crate) record: String,
    pub(crate) sealed: Hex,
}

/// An audit entry.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EntryCase {
    pub(crate) seq: u64,
    pub(crate) id: Hex,
    pub(crate) org: Option<String>,
    pub(crate) action: Action,
    pub(crate) outcome: Outcome,
    pub(crate) secret: Option<Hex>,
    pub(crate) name: Option<String>,
    pub(crate) actor: String,
    pub(crate) peer: Option<Peer>,
    pub(crate) metadata: String,
    pub(crate) at: i64,
    pub(crate) mac: Hex,
}

/// The state row.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StateCase {
    pub(crate) seq: u64,
    pub(crate) head: Hex,
    pub(crate) sum: Hex,
    pub(crate) count: u64,
    pub(crate) agents: Hex,
    pub(crate) mac: Hex,
}

impl VaultFile {
    /// Gives the vault's id.
    pub(crate) fn id(&self) -> VaultId {
        VaultId(self.vault_id.array())
    }

    /// Gives the slots in order.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        self.slots.iter().map(|slot| Slot::from_stored(&slot.bytes.0).unwrap()).collect()
    }

    /// Gives the sealed audit keys in order.
    pub(crate) fn audit_keys(&self) -> Vec<AuditKeySeal> {
        let seal = |key: &AuditKeyCase| AuditKeySeal {
            from_seq: key.from_seq,
            iv: key.iv.array(),
            sealed: key.sealed.array(),
        };
        self.audit_keys.iter().map(seal).collect()
    }

    /// Puts the keys into a page, with the audit key in use.
    pub(crate) fn hold(&self) -> Arc<Keys> {
        self.hold_with(self.audit_keys.last().unwrap())
    }

    /// Puts the keys into a page, locked where the machine allows it, with an audit key.
    pub(crate) fn hold_with(&self, audit: &AuditKeyCase) -> Arc<Keys> {
        let (master, vault) = (self.slots[0].master_key.key(), self.vault_key.key());
        let set = KeySet { master, vault, audit: audit.key.key() };
        let page = PagePolicy { secretmem: false, require_lock: false };
        Keys::hold(&set, self.id(), self.slots().remove(0), page).unwrap()
    }
}

impl RowCase {
    /// Gives the row with its sealed value, as the store keeps it.
    pub(crate) fn stored(&self) -> Stored {
        let row = Row {
            id: SecretId::from_bytes(self.id.array()),
            org: self.org.clone(),
            name: self.name.clone(),
            category: self.category,
            metadata: self.metadata.clone(),
            version: self.version,
            revision: self.revision,
            created_by: self.created_by.clone(),
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            rotated_at: self.rotated_at.map(Timestamp::from_millis),
            expires_at: self.expires_at.map(Timestamp::from_millis),
            version_at: Timestamp::from_millis(self.version_at),
            version_by: self.version_by.clone(),
            versions: self.versions.array(),
            digest: self.digest.array(),
            mac: self.mac.array(),
        };
        Stored { row, sealed: Sealed::from_stored(self.sealed.0.clone()) }
    }

    /// Gives the kept versions, oldest first.
    pub(crate) fn kept(&self) -> Vec<VersionRow> {
        let row = |kept: &VersionCase| VersionRow {
            version: kept.version,
            revision: kept.revision,
            created_at: Timestamp::from_millis(kept.created_at),
            created_by: kept.created_by.clone(),
            sealed: Sealed::from_stored(kept.sealed.0.clone()),
        };
        self.kept.iter().map(row).collect()
    }
}

impl AgentCase {
    /// Gives the row, as the store keeps it.
    pub(crate) fn row(&self) -> AgentRow {
        AgentRow { name: self.name.clone(), revision: self.revision, sealed: self.sealed.0.clone() }
    }
}

impl EntryCase {
    /// Gives the entry, as the store keeps it.
    pub(crate) fn entry(&self) -> Entry {
        Entry {
            seq: self.seq,
            id: AuditId::from_bytes(self.id.array()),
            org: self.org.clone(),
            action: self.action,
            outcome: self.outcome,
            secret: self.secret.as_ref().map(|id| SecretId::from_bytes(id.array())),
            name: self.name.clone(),
            actor: self.actor.clone(),
            peer: self.peer.clone(),
            metadata: self.metadata.clone(),
            at: Timestamp::from_millis(self.at),
            mac: self.mac.array(),
        }
    }
}

impl From<&Entry> for EntryCase {
    fn from(entry: &Entry) -> Self {
        Self {
            seq: entry.seq,
            id: Hex::of(entry.id.as_bytes()),
            org: entry.org.clone(),
            action: entry.action,
            outcome: entry.outcome,
            secret: entry.secret.as_ref().map(|id| Hex::of(id.as_bytes())),
            name: entry.name.clone(),
            actor: entry.actor.clone(),
            peer: entry.peer.clone(),
            metadata: entry.metadata.clone(),
            at: entry.at.as_millis(),
            mac: Hex::of(&entry.mac),
        }
    }
}
