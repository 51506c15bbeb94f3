//! What opens a vault that is locked, as things are with it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{SlotSource, Vault};
use crate::api::Fault;
use crate::domain::LockReason;

/// What opens a vault that was not made yet.
const UNMADE: &str = "there is no vault yet; stop vaultd and make one with: vaultctl init";
/// What opens a vault whose key file may fit, but was not tried.
const OUTRANKED: &str = "the key that vaultd was started with (AGENTICMAIL_VAULT_KEY in its environment, or a credential) goes \
                         before the key file: take it away and start vaultd again; or unlock it with: vaultctl unlock --key-file";

/// What is known of a vault besides the reason why it is locked.
#[derive(Debug, Default)]
pub(super) struct Circumstances {
    /// Whether a vault was here whose database is gone.
    pub(super) lost: AtomicBool,
    /// Whether the key that does not fit is that of the environment or a credential.
    outranked: AtomicBool,
}

impl Vault {
    /// Returns the refusal of a vault that is locked for a reason, with what opens this one.
    pub fn locked(&self, reason: LockReason) -> Fault {
        let fault = Fault::locked(reason);
        match reason {
            // A vault that cannot be looked for is no reason to make another.
            LockReason::NoKey if !self.exists().unwrap_or(true) => fault.hint(UNMADE),
            LockReason::WrongKey if self.0.circumstances.outranked.load(Ordering::Relaxed) => {
                fault.hint(OUTRANKED)
            }
            LockReason::Damaged => self.refuse_lost().err().unwrap_or(fault),
            _ => fault,
        }
    }

    /// Notes why the key of a source did not open the vault.
    pub fn refuse_key(&self, reason: LockReason, source: SlotSource) {
        self.0.circumstances.outranked.store(source == SlotSource::Elsewhere, Ordering::Relaxed);
        self.set_lock_reason(reason);
    }

    /// Says that there is no header: the database is gone, or no vault was made yet.
    pub(super) fn unmade(&self) -> Fault {
        self.locked(if self.is_lost() { LockReason::Damaged } else { LockReason::NoKey })
    }
}
