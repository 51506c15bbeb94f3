//! The audit log: query and verify.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Operation, RawMetadata, Route};
use crate::audit::Entry;
use crate::domain::{Action, AuditId, Invalid, OrgScope, Outcome, Peer, SecretId, SecretRef, Timestamp};

/// One entry of the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// A `UUIDv7`.
    pub id: AuditId,
    /// Its place in the log, from 1, without gaps.
    pub seq: u64,
    /// The tenant; null for acts on the whole vault.
    pub org_id: Option<String>,
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// The secret's id.
    pub vault_entry_id: Option<SecretId>,
    /// The secret's name, kept after the secret is deleted.
    pub entry_name: Option<String>,
    /// `uid:1000`, `agent:bot` or `system`.
    pub actor: String,
    /// The process, as the kernel reported it.
    pub peer: Option<Peer>,
    /// More: what the caller claimed, why it failed.
    pub metadata: RawMetadata,
    /// When.
    pub created_at: Timestamp,
    /// The link of the chain, in hex.
    pub mac: String,
}

impl From<&Entry> for AuditEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            seq: entry.seq,
            org_id: entry.org.clone(),
            action: entry.action,
            outcome: entry.outcome,
            vault_entry_id: entry.secret,
            entry_name: entry.name.clone(),
            actor: entry.actor.clone(),
            peer: entry.peer.clone(),
            metadata: RawMetadata::of(&entry.metadata),
            created_at: entry.at,
            mac: data_encoding::HEXLOWER.encode(&entry.mac),
        }
    }
}

/// Reads the audit log, newest first.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditLog {
    /// The tenant; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgScope>,
    /// This text in the secret's name, the actor or the action, whatever the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// This action, or any of several with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Actions>,
    /// This actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// This secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_id: Option<SecretRef>,
    /// This outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Not after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Entries after this place alone, and oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Entries before this place alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Leaves out what the caller itself listed with the dashboard: secrets, platforms, versions; never what showed a value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_own_looks: bool,
    /// Leaves out what the caller's own process did from this moment on, by the process id that the kernel reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_own_since: Option<Timestamp>,
    /// At most so many; 25 without it, and no more than 1,000 are given whatever it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// After leaving out so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
}

/// One action or several, with commas between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[a-z]+(,[a-z]+)*$"))]
pub struct Actions(pub Vec<Action>);

impl TryFrom<String> for Actions {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        let known = text.split(',').map(Action::from_word).collect::<Option<_>>();
        known.map(Self).ok_or(Invalid(
            "an action is create, encrypt, read, decrypt, rotate, delete, migrate, lock, unlock, rekey, grant, revoke, backup, \
             export, audit or metrics, or several of them with commas between",
        ))
    }
}

impl From<Actions> for String {
    fn from(actions: Actions) -> Self {
        actions.0.iter().map(|action| action.as_str()).collect::<Vec<_>>().join(",")
    }
}

impl From<Action> for Actions {
    fn from(action: Action) -> Self {
        Self(vec![action])
    }
}

/// A page of the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditAnswer {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// How many fit, on this page and all others; exact up to 10,000, and for the whole log.
    pub total: u64,
    /// Present and true where more fit than were counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub total_capped: bool,
}

impl Operation for AuditLog {
    type Answer = AuditAnswer;
    const METHOD: &'static str = "vault.auditLog";
    const ROUTE: Route = Route::get("/vault/audit-log");
    const SUMMARY: &'static str = "Reads the audit log, newest first.";
}

/// Lists who has acted: the actors of the log.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListActors {}

/// The actors of the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ActorList {
    /// Each once, in order: `agent:bot`, `system`, `uid:1000`; the first 1,000.
    pub actors: Vec<String>,
}

impl Operation for ListActors {
    type Answer = ActorList;
    const METHOD: &'static str = "vault.listActors";
    const ROUTE: Route = Route::get("/vault/audit-log/actors");
    const SUMMARY: &'static str = "Lists the actors of the audit log.";
}

/// Checks the chain of the whole log, and whether the indexes of the database lead to all that is stored.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyAudit {
    /// Also checks every page of the database, which takes seconds for each gigabyte.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pages: bool,
}

/// What the check found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether every entry is as it was written, and none is missing.
    pub intact: bool,
    /// How many entries were read.
    pub entries: u64,
    /// The last entry's MAC in hex; null for an empty log.
    pub head: Option<String>,
    /// The place of the first entry that is not as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_broken: Option<u64>,
    /// `edited`, `missing` or `cut`, where something is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is wrong with the indexes and pages of the database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flaws: Vec<String>,
}

impl Operation for VerifyAudit {
    type Answer = Verification;
    const METHOD: &'static str = "vault.verifyAudit";
    const ROUTE: Route = Route::get("/vault/audit-log/verify");
    const SUMMARY: &'static str = "Checks the chain of the whole log, and the indexes of the database.";
}
