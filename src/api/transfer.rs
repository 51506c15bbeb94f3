//! Many secrets at once: in from elsewhere, and out.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Code, Fault, Operation, RawMetadata, Route, Success};
use crate::discovery::Place;
use crate::domain::{
    Category, Claim, FullName, Invalid, Metadata, OrgId, OrgScope, SecretId, SecretName, Timestamp,
};
use crate::secret::Revealed;

/// The most secrets of one import.
pub const IMPORT_ENTRIES: usize = 10_000;
/// The most names that a refusal names.
const NAMED: usize = 10;

/// Stores many secrets from elsewhere, all of them or none.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Import {
    /// The secrets, 1 to 10,000; no two of one name in one org.
    pub entries: Vec<ImportEntry>,
    /// What to do about names that are there already; `fail` without it.
    #[serde(default)]
    pub on_conflict: OnConflict,
    /// Tell what would be done, and do nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// A secret from elsewhere.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportEntry {
    /// The tenant; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
    /// The name.
    pub name: SecretName,
    /// The value.
    pub value: Revealed,
    /// What it is for; the preset's, `skill_credential` or `custom` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Whatever is to be noted; stored in clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// When it stops being handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was made; now without it, and where it is later than that. One that is there already keeps its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Who made it: a claim, kept as `claimed:NAME`; the log has who imported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Claim>,
}

impl ImportEntry {
    /// An entry of a name and a value alone.
    pub fn new(name: SecretName, value: Revealed) -> Self {
        Self {
            org_id: None,
            name,
            value,
            category: None,
            metadata: None,
            expires_at: None,
            created_at: None,
            created_by: None,
        }
    }

    /// Returns the tenant, which is `default` if none is named.
    pub fn org(&self) -> OrgId {
        self.org_id.clone().unwrap_or_default()
    }

    /// Refuses entries of which two are one secret: of one name in one org, or of two spellings of it.
    ///
    /// # Errors
    /// `invalid_request`, with the names of the first two.
    pub fn refuse_twice(entries: &[Self]) -> Result<(), Fault> {
        let mut seen = HashMap::new();
        let twice = entries.iter().find_map(|entry| {
            let place = (entry.org(), Place::of(&entry.name));
            seen.insert(place, &entry.name).map(|other| (other, &entry.name))
        });
        let Some((other, name)) = twice else { return Ok(()) };
        let message = if other == name {
            format!("two entries of the import have the name `{name}` in one org")
        } else {
            format!("the import has `{other}` and `{name}` in one org, which are two names of one secret")
        };
        Err(Fault::new(Code::InvalidRequest, message))
    }
}

/// What to do about a name that is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// Store nothing at all.
    #[default]
    Fail,
    /// Leave what is there.
    Skip,
    /// Give it the new value, as a new version.
    Overwrite,
}

/// What became of one secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// It is new.
    Created,
    /// It has a new value.
    Overwritten,
    /// It was there, and was left.
    Skipped,
    /// It was there; only a dry run tells so.
    Conflict,
}

/// One secret of an import.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedEntry {
    /// The tenant.
    pub org_id: OrgId,
    /// The name.
    pub name: SecretName,
    /// What became, or would become, of it.
    pub outcome: Taken,
    /// Its id; null for one that a dry run would make.
    pub id: Option<SecretId>,
}

/// What was stored, or would be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Always `true`.
    pub success: Success,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// How many are new.
    pub created: u64,
    /// How many have a new value.
    pub overwritten: u64,
    /// How many were left.
    pub skipped: u64,
    /// How many would keep the import from being done.
    pub conflicts: u64,
    /// Each of them, as they came.
    pub entries: Vec<ImportedEntry>,
}

impl Imported {
    /// Returns what becomes of an import without entries.
    pub fn none() -> Self {
        let (created, overwritten, skipped, conflicts) = (0, 0, 0, 0);
        Self {
            success: Success,
            dry_run: false,
            created,
            overwritten,
            skipped,
            conflicts,
            entries: Vec::new(),
        }
    }

    /// Adds what became, or would become, of a later part of the same import.
    pub fn add(&mut self, later: Self) {
        self.created += later.created;
        self.overwritten += later.overwritten;
        self.skipped += later.skipped;
        self.conflicts += later.conflicts;
        self.entries.extend(later.entries);
    }

    /// The refusal of an import that has names which are there already; at most ten of them are named.
    pub fn refusal<'n>(taken: impl IntoIterator<Item = &'n SecretName>) -> Fault {
        let mut names: Vec<_> = taken.into_iter().map(|name| format!("`{name}`")).collect();
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let message = format!("nothing was stored: there is already {}{more}", names.join(", "));
        let hint = "leave them with onConflict `skip`, or give them the new values with `overwrite`";
        Fault::new(Code::Conflict, message).hint(hint)
    }
}

impl Operation for Import {
    type Answer = Imported;
    const METHOD: &'static str = "vault.import";
    const ROUTE: Route = Route::post("/vault/import");
    const SUMMARY: &'static str = "Stores many secrets from elsewhere, all of them or none.";
}

/// Writes out all secrets with their values.
///
/// Without `limit` the answer has all secrets, in at most 16 MiB, or is refused with `too_large`; with `limit` it may have a
/// portion of them, of about 4 MiB at most, which `next` says.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Export {
    /// The tenant; `*` for all; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgScope>,
    /// The most secrets of this portion, 1 to 10,000; all in one answer without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<PortionLimit>,
    /// Those after this one alone: the `next` of the portion before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<FullName>,
}

/// The most secrets of a portion: 1 to 10,000.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(inline, extend("minimum" = 1, "maximum" = 10_000))]
pub struct PortionLimit(u32);

impl PortionLimit {
    /// The largest.
    pub const MOST: Self = Self(10_000);

    /// Returns the number.
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl TryFrom<u32> for PortionLimit {
    type Error = Invalid;
    fn try_from(number: u32) -> Result<Self, Invalid> {
        if (1..=Self::MOST.0).contains(&number) {
            return Ok(Self(number));
        }
        Err(Invalid("a portion has 1 to 10000 secrets"))
    }
}

impl From<PortionLimit> for u32 {
    fn from(limit: PortionLimit) -> Self {
        limit.0
    }
}

/// A secret with its value and what is kept beside it; an import takes it as it is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedSecret {
    /// The tenant.
    pub org_id: OrgId,
    /// The name.
    pub name: SecretName,
    /// The value.
    pub value: Revealed,
    /// What it is for.
    pub category: Category,
    /// Whatever its owner noted.
    pub metadata: RawMetadata,
    /// When it stops being handed out.
    pub expires_at: Option<Timestamp>,
}

/// A secret that is not among those written out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// The tenant.
    pub org_id: OrgId,
    /// The name.
    pub name: SecretName,
    /// `not_found` for one that has expired, `integrity` for one that does not authenticate.
    pub code: Code,
    /// Why.
    pub error: String,
}

/// Secrets with their values: all of them, or a portion.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// In order of name, then org.
    pub entries: Vec<ExportedSecret>,
    /// Those that could not be handed out.
    pub left_out: Vec<LeftOut>,
    /// Present if there are more: the `after` of the next portion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<FullName>,
    /// Present with `limit`: names what was stored at the moment of this answer. If that of the portion before is another one,
    /// secrets were changed in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl Operation for Export {
    type Answer = Exported;
    const METHOD: &'static str = "vault.export";
    const ROUTE: Route = Route::post("/vault/export");
    const SUMMARY: &'static str = "Writes out all secrets with their values.";
}
