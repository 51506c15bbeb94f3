//! Accepting a loss: what to do when there is no backup to restore.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Operation, Route, Success};
use crate::domain::{OrgId, SecretId};

/// Accepts that what is damaged or gone is lost, so that all that is left is sound again.
///
/// A value that still opens is kept, under a new revision; what does not open is removed. Both are recorded.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptLoss {}

/// A secret that was damaged.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DamagedSecret {
    /// Its id.
    pub id: SecretId,
    /// Its org.
    pub org_id: OrgId,
    /// Its name, as the log or the row has it.
    pub name: String,
}

/// What became of the damaged secrets.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LossAccepted {
    /// Always `true`.
    pub success: Success,
    /// Those that are gone: their rows had vanished, or nothing in them opened.
    pub lost: Vec<DamagedSecret>,
    /// Those whose stored value still opened and was kept.
    pub kept: Vec<DamagedSecret>,
    /// Those that a damaged index hid, and that are found again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<DamagedSecret>,
    /// The names of the agents that are gone, as the log or their table has them: they have to be added again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<String>,
    /// The tables and indexes of the database that did not lead to all that is stored, and were rebuilt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rebuilt: Vec<String>,
}

impl Operation for AcceptLoss {
    type Answer = LossAccepted;
    const METHOD: &'static str = "vault.acceptLoss";
    const ROUTE: Route = Route::post("/vault/accept-loss");
    const SUMMARY: &'static str =
        "Keeps what still opens of damaged secrets, removes the rest, records both.";
}
