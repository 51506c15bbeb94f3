//! What happens by the clock: the vault locks itself, the log's head goes beside the database.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use vault::audit::Head;
use vault::files;
use vault::vault::Vault;

use crate::access::InForce;
use crate::resident::Resident;

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(1);
/// How often the head is written to the log too.
const LOG_EVERY: u64 = 60;

/// The most bytes of the head's file that are read.
const HEAD_BYTES: u64 = 4096;

/// The head as it stands in its file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadFile {
    seq: u64,
    mac: String,
}

/// How often old entries are looked for.
const TRIM_EVERY: u64 = 3600;

/// Ticks for as long as the daemon runs.
pub(crate) async fn tick(vault: Vault, path: PathBuf, in_force: InForce) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut written = None;
    let mut logged = None;
    let mut resident = Resident::default();
    for count in 0_u64.. {
        ticks.tick().await;
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
        // What becomes of the files is logged, and in `status`, though nothing is asked of them meanwhile.
        vault.displaced();
        vault.record_folded_if_due().await;
        let (auto_lock, keep_days) = {
            let config = &in_force.borrow().config;
            (config.auto_lock, config.audit.keep_days)
        };
        vault.lock_if_idle(auto_lock).await;
        vault.erase_what_is_due().await;
        resident.look().await;
        if count.is_multiple_of(TRIM_EVERY) {
            vault.trim_log(keep_days).await;
        }
        let head = vault.head().filter(|head| head.seq > 0);
        if head != written && write_head(&vault, &path) {
            written = head;
        }
        if let Some(head) = head.filter(|_| count.is_multiple_of(LOG_EVERY) && head != logged) {
            tracing::info!(seq = head.seq, mac = %HEXLOWER.encode(&head.mac), "audit head");
            logged = Some(head);
        }
    }
}

/// Writes the head beside the database; one that cannot be written warns and refuses nothing.
pub(crate) fn write_head(vault: &Vault, path: &Path) -> bool {
    let Some(head) = vault.head_to_keep() else { return true };
    let file = HeadFile { seq: head.seq, mac: HEXLOWER.encode(&head.mac) };
    let text = serde_json::to_string(&file).unwrap_or_default() + "\n";
    match files::replace_private(path, text.as_bytes()) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, file = %path.display(), "the audit head could not be written");
            false
        }
    }
}

/// Reads the head that was written when the daemon last ran.
pub fn read_head(path: &Path) -> Option<Head> {
    let mut text = Vec::new();
    files::open_regular(path).ok()?.take(HEAD_BYTES).read_to_end(&mut text).ok()?;
    let file: HeadFile = serde_json::from_slice(&text).ok()?;
    let mac = HEXLOWER.decode(file.mac.as_bytes()).ok()?.try_into().ok()?;
    Some(Head { seq: file.seq, mac })
}
