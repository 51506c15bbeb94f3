//! Secrets: create, list, get, delete, resolve.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::loss::DamagedSecret;
use super::sort::SortBy;
use super::{Address, Operation, Route, Success, Warning};
use crate::domain::{
    Category, Metadata, OrgId, OrgScope, PlatformName, SecretId, SecretName, SecretRef, Timestamp,
};
use crate::secret::Revealed;
use crate::store::Row;

/// A secret's metadata as stored, passed on as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RawMetadata(Box<serde_json::value::RawValue>);

impl RawMetadata {
    /// Takes stored JSON; what is none becomes an empty object.
    pub fn of(json: &str) -> Self {
        let raw = serde_json::from_str(json).or_else(|_| serde_json::from_str("{}"));
        Self(raw.unwrap_or_else(|_| serde_json::value::RawValue::NULL.to_owned()))
    }

    /// Gives the JSON.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
}

impl JsonSchema for RawMetadata {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Metadata".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "additionalProperties": true })
    }
}

/// A secret as everybody may see it who may list it: everything but the value.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// A `UUIDv7`.
    pub id: SecretId,
    /// The tenant.
    pub org_id: OrgId,
    /// The name, unique in its org.
    pub name: SecretName,
    /// What it is for.
    pub category: Category,
    /// Whatever its owner noted.
    pub metadata: RawMetadata,
    /// Which value this is, from 1.
    pub version: u64,
    /// Which write this is, from 1.
    pub revision: u64,
    /// The actor who made it, or `claimed:` and whom an import named.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// When it was last rotated.
    pub rotated_at: Option<Timestamp>,
    /// When the present value was stored, which a rotation does not change.
    pub version_created_at: Timestamp,
    /// When it stops being handed out.
    pub expires_at: Option<Timestamp>,
}

impl From<&Row> for Secret {
    fn from(row: &Row) -> Self {
        Self {
            id: row.id,
            org_id: row.org.clone(),
            name: row.name.clone(),
            category: row.category,
            metadata: RawMetadata::of(&row.metadata),
            version: row.version,
            revision: row.revision,
            created_by: row.created_by.clone(),
            created_at: row.created_at,
            updated_at: row.updated_at,
            rotated_at: row.rotated_at,
            version_created_at: row.version_at,
            expires_at: row.expires_at,
        }
    }
}

/// Stores a new secret.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateSecret {
    /// The tenant; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
    /// The name.
    pub name: SecretName,
    /// The value.
    pub value: Revealed,
    /// What it is for; the preset's, `skill_credential` or `custom` without it or if it is empty.
    #[serde(default, deserialize_with = "super::unless_empty", skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Whatever is to be noted; stored in clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// When it stops being handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Who the caller says made it: a claim, recorded beside the truth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

/// The answer to a stored secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// Always `true`.
    pub success: Success,
    /// The secret, without its value.
    pub entry: Secret,
    /// What may be wrong with the value that was given: it does not have the form that the preset knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

impl Created {
    /// Answers with a secret.
    pub fn of(row: &Row) -> Self {
        Self { success: Success, entry: row.into(), warnings: Vec::new() }
    }
}

impl Operation for CreateSecret {
    type Answer = Created;
    const METHOD: &'static str = "vault.create";
    const ROUTE: Route = Route::make("/vault/secrets");
    const SUMMARY: &'static str = "Stores a new secret.";
}

/// Which secrets a list has, by when they expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Expiry {
    /// Those that have expired.
    Expired,
    /// Those that expire within 30 days.
    Soon,
    /// Those that expire at some time, or have.
    Set,
    /// Those that never expire.
    Never,
}

impl Expiry {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Expired, Self::Soon, Self::Set, Self::Never];

    /// Returns the word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Soon => "soon",
            Self::Set => "set",
            Self::Never => "never",
        }
    }

    /// Finds the one of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|expiry| expiry.as_str() == word)
    }
}

/// Lists secrets, never a value.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListSecrets {
    /// The tenant; `*` for all; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgScope>,
    /// This secret alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<SecretRef>,
    /// Exactly this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// This category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// This platform, by any of its names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<PlatformName>,
    /// This text in the name; A to Z and a to z are the same, other letters are as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// These alone, by when they expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
    /// The order; by name without it. Names are compared byte by byte (`10`, `9`, `Zebra`, `apple`). What is equal is in the
    /// order of names, then of tenants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<SortBy>,
    /// The most secrets of this answer; all without it. An answer of more than 16 MiB is refused with `too_large`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// After leaving out so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
}

/// A list of secrets.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SecretList {
    /// The secrets of this page.
    pub secrets: Vec<Secret>,
    /// How many there are in all pages.
    pub total: u64,
    /// Secrets of this page whose rows do not authenticate; absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<DamagedSecret>,
}

impl Operation for ListSecrets {
    type Answer = SecretList;
    const METHOD: &'static str = "vault.list";
    const ROUTE: Route = Route::get("/vault/secrets");
    const SUMMARY: &'static str = "Lists secrets, never a value.";
}

/// Reads one secret with its value.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetSecret {
    /// The secret's id.
    pub id: SecretRef,
    /// An older version of it; the present one without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// A secret with its value.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SecretWithValue {
    /// The secret.
    pub entry: Secret,
    /// Its value.
    pub value: Revealed,
}

impl Operation for GetSecret {
    type Answer = SecretWithValue;
    const METHOD: &'static str = "vault.get";
    const ROUTE: Route = Route::reveal("/vault/secrets/{id}");
    const SUMMARY: &'static str = "Reads one secret with its value.";
}

/// Removes a secret for good.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteSecret {
    /// Which secret.
    #[serde(flatten)]
    pub secret: Address,
}

/// The answer to a removed secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// Always `true`.
    pub success: Success,
    /// Present and true where a reader keeps the old pages in the write-ahead log for a while yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending_erase: bool,
}

impl Operation for DeleteSecret {
    type Answer = Deleted;
    const METHOD: &'static str = "vault.delete";
    const ROUTE: Route = Route::delete("/vault/secrets/{id}");
    const BY_NAME: Option<Route> = Some(Route::delete("/vault/secrets").with_address());
    const SUMMARY: &'static str = "Removes a secret for good.";
}

/// Finds a secret by name or platform and reads its value.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resolve {
    /// A full name, or a platform alone.
    pub name: String,
    /// The tenant; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
}

/// What was found by name or platform.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Resolved {
    /// The stored name.
    pub name: SecretName,
    /// Its value.
    pub value: Revealed,
    /// The secret.
    pub entry: Secret,
}

impl Operation for Resolve {
    type Answer = Resolved;
    const METHOD: &'static str = "vault.resolve";
    const ROUTE: Route = Route::reveal("/vault/resolve/{name}");
    const SUMMARY: &'static str = "Finds a secret by name or platform and reads its value.";
}
