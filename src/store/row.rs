//! Rows as the store keeps them, and what authenticates each.

use crate::crypto::{Bytes32, Canon, SealContext, Sealed, mac_fits};
use crate::domain::{
    Category, FullName, OrgId, OrgScope, PlatformName, SecretId, SecretName, Timestamp, VaultId,
};
use crate::keyring::Keys;

/// A secret's row without its sealed value.
#[derive(Debug, Clone)]
pub struct Row {
    /// The secret's id.
    pub id: SecretId,
    /// Its org.
    pub org: OrgId,
    /// Its name.
    pub name: SecretName,
    /// Its category.
    pub category: Category,
    /// Its metadata as JSON.
    pub metadata: String,
    /// Which value this is, from 1.
    pub version: u64,
    /// Which write of the row this is, from 1.
    pub revision: u64,
    /// Who made the secret.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When the row was last written.
    pub updated_at: Timestamp,
    /// When it was last rotated.
    pub rotated_at: Option<Timestamp>,
    /// When it stops being handed out.
    pub expires_at: Option<Timestamp>,
    /// When the present value was stored.
    pub version_at: Timestamp,
    /// Who stored it.
    pub version_by: String,
    /// SHA-256 over the kept versions.
    pub versions: Bytes32,
    /// SHA-256 of the sealed value.
    pub digest: Bytes32,
    /// The row MAC.
    pub mac: Bytes32,
}

/// About what a secret takes in a list in addition to its name and metadata, in bytes.
const OVERHEAD: usize = 512;

/// What a list judges a secret by, before the rest of its row is read.
#[derive(Debug, Clone)]
pub struct Named {
    /// The secret's id.
    pub id: SecretId,
    /// Its org.
    pub org: OrgId,
    /// Its name.
    pub name: SecretName,
    /// Its category.
    pub category: Category,
}

impl Named {
    /// Returns about what it takes in an answer, in bytes.
    pub fn size(&self) -> usize {
        self.name.as_str().len() + OVERHEAD
    }
}

impl From<&Row> for Named {
    fn from(row: &Row) -> Self {
        Self { id: row.id, org: row.org.clone(), name: row.name.clone(), category: row.category }
    }
}

/// A row with its sealed value.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The row.
    pub row: Row,
    /// The sealed value.
    pub sealed: Sealed,
}

/// What can be read of a row that is damaged.
#[derive(Debug)]
pub struct Remains {
    /// Its revision.
    pub revision: u64,
    /// Its org, where that can be read.
    pub org: Option<OrgId>,
    /// Its name, where that can be read.
    pub name: Option<SecretName>,
}

/// An older value of a secret.
#[derive(Debug, Clone)]
pub struct VersionRow {
    /// Which value.
    pub version: u64,
    /// The revision that it was last sealed at.
    pub revision: u64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// Who stored it.
    pub created_by: String,
    /// The sealed value.
    pub sealed: Sealed,
}

impl Row {
    /// Returns about what it takes in an answer, in bytes.
    pub fn size(&self) -> usize {
        self.name.as_str().len() + self.metadata.len() + OVERHEAD
    }

    /// Builds the bytes that the row MAC covers: every clear column, the revision, SHA-256 of the sealed value.
    fn canonical(&self) -> Canon {
        let optional = |moment: Option<Timestamp>| moment.map(|m| m.as_millis().to_be_bytes());
        Canon::new()
            .fixed(self.id.as_bytes())
            .part(self.org.as_str().as_bytes())
            .part(self.name.as_str().as_bytes())
            .part(self.category.id().as_bytes())
            .part(self.metadata.as_bytes())
            .number(self.version)
            .number(self.revision)
            .part(self.created_by.as_bytes())
            .signed(self.created_at.as_millis())
            .signed(self.updated_at.as_millis())
            .optional(optional(self.rotated_at).as_ref().map(<[u8; 8]>::as_slice))
            .optional(optional(self.expires_at).as_ref().map(<[u8; 8]>::as_slice))
            .signed(self.version_at.as_millis())
            .part(self.version_by.as_bytes())
            .fixed(&self.versions)
            .fixed(&self.digest)
    }

    /// Computes the row MAC.
    pub fn compute_mac(&self, keys: &Keys) -> Bytes32 {
        keys.row_mac(self.canonical().bytes())
    }

    /// Tells whether the stored MAC fits the row.
    pub fn is_authentic(&self, keys: &Keys) -> bool {
        mac_fits(&self.compute_mac(keys), &self.mac)
    }

    /// Gives what the present value is bound to.
    pub fn seal_context(&self, vault: VaultId) -> SealContext<'_> {
        SealContext {
            vault,
            org: &self.org,
            id: self.id,
            name: &self.name,
            version: self.version,
            revision: self.revision,
        }
    }

    /// Gives what an older value is bound to.
    pub fn version_context(&self, vault: VaultId, version: &VersionRow) -> SealContext<'_> {
        SealContext { version: version.version, revision: version.revision, ..self.seal_context(vault) }
    }

    /// Tells whether the value may no longer be handed out at a moment.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

impl VersionRow {
    /// Computes SHA-256 over kept versions, oldest first, which the row MAC covers.
    pub fn digest_of(versions: &[Self]) -> Bytes32 {
        let mut canon = Canon::new().number(versions.len() as u64);
        for one in versions {
            canon = canon
                .number(one.version)
                .number(one.revision)
                .signed(one.created_at.as_millis())
                .part(one.created_by.as_bytes())
                .fixed(&one.sealed.digest());
        }
        crate::crypto::sha256(canon.bytes())
    }
}

/// Which rows are asked for.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Of these orgs.
    pub scope: OrgScope,
    /// This one alone.
    pub id: Option<SecretId>,
    /// Of exactly this name.
    pub name: Option<String>,
    /// Of this category.
    pub category: Option<Category>,
    /// Of one of these platforms; of any without one.
    pub platforms: Vec<PlatformName>,
    /// With this text in the name, whatever the case of A to Z.
    pub search: Option<String>,
    /// Whose expiry is one of these.
    pub expiry: Option<ExpiryRange>,
    /// After this one alone, in order of name, then org.
    pub after: Option<FullName>,
    /// In this order.
    pub sort: Sort,
    /// At most so many; all without it.
    pub limit: Option<u64>,
    /// After leaving out so many.
    pub offset: u64,
}

impl ListQuery {
    /// Asks for everything in a scope, by name.
    pub fn all(scope: OrgScope) -> Self {
        Self {
            scope,
            id: None,
            name: None,
            category: None,
            platforms: Vec::new(),
            search: None,
            expiry: None,
            after: None,
            sort: Sort { key: SortKey::Name, descending: false },
            limit: None,
            offset: 0,
        }
    }
}

/// Which expiries are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiryRange {
    /// Up to a moment.
    UpTo(Timestamp),
    /// After the first moment, up to the second.
    Between(Timestamp, Timestamp),
    /// Any moment.
    Set,
    /// None: the secret does not expire.
    Never,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Largest first.
    pub descending: bool,
}

/// What a list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// The name.
    Name,
    /// The category's id.
    Category,
    /// The moment of creation.
    CreatedAt,
    /// The moment of the last write.
    UpdatedAt,
    /// The moment of the last rotation.
    RotatedAt,
    /// The moment that the present value was stored.
    VersionAt,
    /// The expiry; rows without one come last, in either direction.
    ExpiresAt,
}
