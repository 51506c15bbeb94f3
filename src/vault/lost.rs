//! A database that is gone while the head of its log is still there: no new vault takes its place.

use std::path::Path;
use std::sync::atomic::Ordering;

use super::Vault;
use crate::api::{Fault, Warning};
use crate::domain::LockReason;

/// The warning of a database that is gone.
const LOST: &str = "lost";

impl Vault {
    /// Notes that a vault was here, by the head of its log, and that its database is gone.
    pub fn mark_lost(&self, head: &Path) {
        let warning = lost(head);
        tracing::error!(hint = %warning.hint, "{}", warning.message);
        self.0.circumstances.lost.store(true, Ordering::Relaxed);
        self.set_lock_reason(LockReason::Damaged);
        self.warn(LOST, Some(warning));
    }

    /// Returns whether the database is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.0.circumstances.lost.load(Ordering::Relaxed)
    }

    /// Refuses every key to a vault whose database is gone.
    pub(super) fn refuse_lost(&self) -> Result<(), Fault> {
        if !self.is_lost() {
            return Ok(());
        }
        let hint = "the database is gone: stop vaultd and bring a backup back with: vaultctl restore";
        Err(Fault::locked(LockReason::Damaged).hint(hint))
    }
}

/// Says that the database is gone and the head of its log is not, and what to do.
pub fn lost(head: &Path) -> Warning {
    let head = head.display();
    let message = format!("the database is gone, and {head}, the head of its log, is not");
    let hint = format!(
        "stop vaultd and bring a backup back with: vaultctl restore; or begin again without what was stored, with: rm {head}"
    );
    Warning::new(LOST, message, hint)
}
