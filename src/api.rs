//! The operations: each is one type with its name, its route, its fields and its answer.
//!
//! HTTP, JSON-RPC, the client and the descriptions are folds over the one list in [`crate::vault::each`]; none
//! of them knows a secret from an audit entry. To add an operation, copy a neighbour.

mod address;
mod agents;
mod audit;
mod backup;
mod change;
mod decode;
mod discover;
mod fault;
mod keys;
mod length;
mod looks;
mod loss;
mod scan;
mod secrets;
mod sort;
mod status;
mod transfer;
mod upkeep;
mod written;

use std::fmt;

use schemars::JsonSchema;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};

pub use address::Address;
pub use agents::{
    AddAgent, AgentAdded, AgentChanged, AgentEntry, AgentList, AgentTested, DeleteAgent, ListAgents,
    RenewToken, TestAgent, UpdateAgent,
};
pub use audit::{
    Actions, ActorList, AuditAnswer, AuditEntry, AuditLog, ListActors, Verification, VerifyAudit,
};
pub use backup::{BackupMade, BackupPart, MakeBackup, PART_BYTES, ReadBackup};
pub use change::{
    AddPlatform, FieldValues, ListVersions, PlatformAdded, Rollback, RotateAll, RotateSecret, RotatedAll,
    RotationError, UpdateSecret, Version, Versions,
};
pub(crate) use decode::without_input;
pub use decode::{from_json, from_query};
pub use discover::{
    CategoryEntry, Discover, Discovered, DiscoveredField, DiscoveredPlatform, ListPresets, NotPassed,
    PresetList, ResolveMany, ResolvedMany, ResolvedValue,
};
pub use fault::{Body, Code, Details, Fault};
pub use keys::{Done, LockVault, Locked, MakeRecovery, RecoveryMade, Rekey, Rekeyed, UnlockVault};
pub use length::{REQUEST_BYTES, RequestLength, SENT_BYTES, json_bytes};
pub use looks::{FollowLog, FollowedFrom, Gauges, ReadMetrics};
pub use loss::{AcceptLoss, DamagedSecret, LossAccepted};
pub use scan::{SCAN_BYTES, SCAN_MATCHES, SCAN_TEXTS, Scan, ScanBytes, ScanMatch, ScanText, Scanned};
pub use secrets::{
    CreateSecret, Created, DeleteSecret, Deleted, Expiry, GetSecret, ListSecrets, RawMetadata, Resolve,
    Resolved, Secret, SecretList, SecretWithValue,
};
pub use sort::SortBy;
pub use status::{
    AuditStatus, Files, KdfStatus, ListOrgs, MemoryStatus, OrgEntry, OrgList, Status, StatusOf, Warning,
};
pub use transfer::{
    Export, Exported, ExportedSecret, IMPORT_ENTRIES, Import, ImportEntry, Imported, ImportedEntry, LeftOut,
    OnConflict, PortionLimit, Taken,
};
pub use upkeep::{ListUpkeep, Upkeep, UpkeepList};
pub use written::Written;

/// One thing that a caller can ask for.
pub trait Operation: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static {
    /// What it answers.
    type Answer: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    /// Its JSON-RPC method, and its name in counts and logs.
    const METHOD: &'static str;
    /// Its place in HTTP.
    const ROUTE: Route;
    /// Its second place in HTTP, for a secret that is addressed by its name instead of its id.
    const BY_NAME: Option<Route> = None;
    /// What it does, in one sentence.
    const SUMMARY: &'static str;

    /// Returns all of its places in HTTP.
    fn routes() -> impl Iterator<Item = Route> {
        std::iter::once(Self::ROUTE).chain(Self::BY_NAME)
    }
}

/// A verb of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Fields come in the query.
    Get,
    /// Fields come in a JSON body.
    Post,
    /// Fields come in a JSON body.
    Put,
    /// Fields come in the query.
    Delete,
}

impl Verb {
    /// Gives the method's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Tells whether fields come in a body.
    pub const fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put)
    }
}

/// The most bytes of an answer with many secrets; what takes more is asked for in parts.
pub const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// What a place in HTTP hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// No value of a secret.
    Facts,
    /// Values, sealed or not: an answer without its body would open and record what no caller gets.
    Values,
}

/// A place in HTTP: verb, path with `{field}` parts, and the status of success.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The verb.
    pub verb: Verb,
    /// The path; what stands in braces are fields of the operation.
    pub path: &'static str,
    /// The fields that stand in the query though others may stand in a body.
    pub query: &'static [&'static str],
    /// 200, or 201 where something is made.
    pub status: u16,
    /// What it hands out.
    pub gives: Gives,
}

impl Route {
    const fn new(verb: Verb, path: &'static str) -> Self {
        Self { verb, path, query: &[], status: 200, gives: Gives::Facts }
    }

    /// A route that is read from.
    pub const fn get(path: &'static str) -> Self {
        Self::new(Verb::Get, path)
    }

    /// A route that values are read from.
    pub const fn reveal(path: &'static str) -> Self {
        Self { gives: Gives::Values, ..Self::get(path) }
    }

    /// A route that something is done at.
    pub const fn post(path: &'static str) -> Self {
        Self::new(Verb::Post, path)
    }

    /// A route that something is made at.
    pub const fn make(path: &'static str) -> Self {
        Self { status: 201, ..Self::post(path) }
    }

    /// A route that something is changed at.
    pub const fn put(path: &'static str) -> Self {
        Self::new(Verb::Put, path)
    }

    /// A route that something is removed at.
    pub const fn delete(path: &'static str) -> Self {
        Self::new(Verb::Delete, path)
    }

    /// Tells whether it answers `HEAD` too (RFC 9110, section 9.3.2).
    pub const fn answers_head(self) -> bool {
        matches!((self.verb, self.gives), (Verb::Get, Gives::Facts))
    }

    /// The same place, with the fields of an address in its query.
    #[must_use]
    pub const fn with_address(self) -> Self {
        Self { query: &["name", "orgId"], ..self }
    }

    /// Lists the fields that stand in the path.
    pub fn path_fields(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb.as_str(), self.path)?;
        let query: Vec<_> = self.query.iter().map(|field| format!("{field}=")).collect();
        if query.is_empty() { Ok(()) } else { write!(f, "?{}", query.join("&")) }
    }
}

/// Tells `null` from nothing at all.
#[expect(clippy::option_option, reason = "absent, null and a value are three different things")]
fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Reads an empty text as nothing, as `AgenticMail`'s own server does.
fn unless_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    text.map(|text| T::deserialize(text.into_deserializer())).transpose()
}

/// The word `true`, as `AgenticMail`'s answers carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(try_from = "bool", into = "bool")]
pub struct Success;

impl From<Success> for bool {
    fn from(_: Success) -> Self {
        true
    }
}

impl TryFrom<bool> for Success {
    type Error = crate::domain::Invalid;
    fn try_from(value: bool) -> Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err(crate::domain::Invalid("success is true")) }
    }
}
