//! Backups, over the socket in parts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Operation, Route, Success};
use crate::domain::Timestamp;

/// The most bytes of one part.
pub const PART_BYTES: usize = 512 * 1024;

/// Makes a consistent copy of the vault, as sealed as the original; it is read by `vault.backupPart`.
///
/// There is one at a time: a new one replaces the one before, and it goes when it was read to its end.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeBackup {}

/// A backup that waits to be read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupMade {
    /// Always `true`.
    pub success: Success,
    /// Names it for `vault.backupPart`.
    pub backup: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Operation for MakeBackup {
    type Answer = BackupMade;
    const METHOD: &'static str = "vault.backup";
    const ROUTE: Route = Route::make("/vault/backup");
    const SUMMARY: &'static str = "Makes a consistent, sealed copy of the vault.";
}

/// Reads a part of a backup.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadBackup {
    /// Which one, as `vault.backup` named it.
    pub backup: String,
    /// From which byte on.
    pub offset: u64,
}

/// A part of a backup.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BackupPart {
    /// At most 512 KiB of it, in base64 (RFC 4648, section 4).
    pub data: String,
    /// Where the next part begins; null after the last.
    pub next: Option<u64>,
}

impl Operation for ReadBackup {
    type Answer = BackupPart;
    const METHOD: &'static str = "vault.backupPart";
    const ROUTE: Route = Route::reveal("/vault/backup/{backup}");
    const SUMMARY: &'static str = "Reads a part of a backup.";
}
