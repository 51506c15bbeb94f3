//! Which secrets need attention: those that have expired, those that expire soon, and those with the oldest values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Operation, Route, Secret};
use crate::domain::OrgScope;

/// Lists which secrets need attention, never a value: several lists that are recorded as one.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListUpkeep {
    /// The tenant; `*` for all; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgScope>,
    /// The most secrets of each list; 25 without it, and no more than 100 are given whatever it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The secrets that need attention.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Upkeep {
    /// Those that have expired, the earliest first.
    pub expired: UpkeepList,
    /// Those that expire within 30 days, the earliest first.
    pub expires_soon: UpkeepList,
    /// All of them, the one with the oldest value first.
    pub oldest: UpkeepList,
}

/// The first secrets of a list, and how many there are.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UpkeepList {
    /// The first of them; those whose rows do not authenticate are left out.
    pub secrets: Vec<Secret>,
    /// How many there are.
    pub total: u64,
}

impl Operation for ListUpkeep {
    type Answer = Upkeep;
    const METHOD: &'static str = "vault.listUpkeep";
    const ROUTE: Route = Route::get("/vault/upkeep");
    const SUMMARY: &'static str = "Lists which secrets have expired, expire soon, or have the oldest values.";
}
