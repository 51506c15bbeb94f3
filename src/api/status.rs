//! The vault's own state.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Operation, Route};
use crate::domain::{LockReason, OrgId, OrgScope};

/// Says how the vault is; answers while it is locked too.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusOf {
    /// The tenant to count; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgScope>,
}

/// How the vault is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whether there is a vault and a key that opens it.
    pub configured: bool,
    /// Whether the keys are out of memory.
    pub locked: bool,
    /// Why, where it is.
    pub lock_reason: Option<LockReason>,
    /// What opens it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_hint: Option<String>,
    /// How many secrets there are.
    pub total_entries: u64,
    /// How many in each category; those that are offered are named even if nothing is in them.
    pub entries_by_category: BTreeMap<String, u64>,
    /// How values are sealed.
    pub algorithm: String,
    /// How the master key is derived.
    pub kdf: KdfStatus,
    /// How keys are kept in memory.
    pub memory: MemoryStatus,
    /// The log.
    pub audit: AuditStatus,
    /// Seconds since the daemon started.
    pub uptime_seconds: u64,
    /// The daemon's version.
    pub version: String,
    /// Where the daemon's files are, for owners alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Files>,
    /// What should be mended.
    pub warnings: Vec<Warning>,
}

impl Status {
    /// Returns what the vault refuses requests with while it is locked.
    pub fn refusal(&self) -> Option<Fault> {
        let fault = Fault::locked(self.lock_reason?);
        Some(match &self.lock_hint {
            Some(hint) => fault.hint(hint),
            None => fault,
        })
    }
}

/// Where the daemon's files are; what a path has that is not UTF-8 is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Files {
    /// The home, a folder.
    pub home: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// The key file.
    pub key_file: PathBuf,
    /// The configuration.
    pub config: PathBuf,
}

/// How the master key is derived.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KdfStatus {
    /// `PBKDF2`.
    pub name: String,
    /// `SHA-512`.
    pub hash: String,
    /// The rounds of the slot in use.
    pub iterations: u32,
}

/// How keys are kept in memory, and what the process gives away.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryStatus {
    /// `secretmem`, `mlock` or `none`.
    pub locked: String,
    /// How many bytes are locked.
    pub bytes: u64,
    /// Whether another process of the same user may read this one's memory.
    pub dumpable: bool,
    /// Whether a crash leaves a core file.
    pub core_dumps: bool,
    /// Whether the machine swaps: `none`, `active` or `unknown`.
    pub swap: String,
}

/// The log's end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditStatus {
    /// How many entries there are.
    pub entries: u64,
    /// The last one's MAC in hex; null for an empty log.
    pub head: Option<String>,
}

/// Something that should be mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// A word for programs.
    pub code: String,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Warning {
    /// Makes a warning.
    pub fn new(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), hint: hint.into() }
    }
}

impl Operation for StatusOf {
    type Answer = Status;
    const METHOD: &'static str = "vault.status";
    const ROUTE: Route = Route::get("/vault/status");
    const SUMMARY: &'static str = "Says how the vault is.";
}

/// Lists the orgs that hold secrets.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOrgs {}

/// The orgs that hold secrets which the caller may list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OrgList {
    /// In order of their names.
    pub orgs: Vec<OrgEntry>,
}

/// An org and how much is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrgEntry {
    /// The tenant.
    pub org_id: OrgId,
    /// How many secrets it holds.
    pub secrets: u64,
}

impl Operation for ListOrgs {
    type Answer = OrgList;
    const METHOD: &'static str = "vault.listOrgs";
    const ROUTE: Route = Route::get("/vault/orgs");
    const SUMMARY: &'static str = "Lists the orgs that hold secrets, with how many.";
}
