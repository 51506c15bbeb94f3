//! The life of the keys: lock, unlock, rekey, recovery.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Operation, Route, Success};
use crate::secret::Revealed;

/// The answer to what has nothing more to say.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// Always `true`.
    pub success: Success,
}

/// The answer to a lock.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Locked {
    /// Always `true`.
    pub success: Success,
    /// Present and true if the lock could not be marked on the disk: the next start of the daemon opens the vault.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restart_opens: bool,
}

/// Wipes the keys from memory.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockVault {}

impl Operation for LockVault {
    type Answer = Locked;
    const METHOD: &'static str = "vault.lock";
    const ROUTE: Route = Route::post("/vault/lock");
    const SUMMARY: &'static str = "Wipes the keys from memory.";
}

/// Brings the keys into memory.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlockVault {
    /// `AGENTICMAIL_VAULT_KEY`, or the recovery key.
    pub key: Revealed,
}

impl Operation for UnlockVault {
    type Answer = Done;
    const METHOD: &'static str = "vault.unlock";
    const ROUTE: Route = Route::post("/vault/unlock");
    const SUMMARY: &'static str = "Brings the keys into memory.";
}

/// Changes `AGENTICMAIL_VAULT_KEY` and the vault key, sealing everything afresh.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rekey {
    /// The new `AGENTICMAIL_VAULT_KEY`.
    pub new_key: Revealed,
}

/// The answer to a rekey.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rekeyed {
    /// Always `true`.
    pub success: Success,
    /// How many secrets were sealed afresh.
    pub rekeyed: u64,
    /// The new recovery key, shown this once; present where the vault had one, which no longer fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_key: Option<Revealed>,
    /// Names the source of the key that has to be changed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<String>,
    /// Present and true where a reader keeps the old pages in the write-ahead log for a while yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending_erase: bool,
}

impl Operation for Rekey {
    type Answer = Rekeyed;
    const METHOD: &'static str = "vault.rekey";
    const ROUTE: Route = Route::post("/vault/rekey");
    const SUMMARY: &'static str = "Changes the key, sealing everything afresh under a new vault key.";
}

/// Makes or replaces the recovery key.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeRecovery {}

/// A new recovery key.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryMade {
    /// Always `true`.
    pub success: Success,
    /// The recovery key, shown this once.
    pub recovery_key: Revealed,
}

impl Operation for MakeRecovery {
    type Answer = RecoveryMade;
    const METHOD: &'static str = "vault.recovery";
    const ROUTE: Route = Route::make("/vault/recovery");
    const SUMMARY: &'static str = "Makes or replaces the recovery key.";
}
