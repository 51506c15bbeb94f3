//! Making a new vault: its key, its slots, its first header.

use vault_platform::PagePolicy;
use zeroize::Zeroizing;

use crate::crypto::{AuditKeySeal, Iterations, RecoveryKey, Slot, SlotKind, SlotSpec, random, random_key};
use crate::domain::{Timestamp, VaultId};
use crate::keyring::{KeySet, Keys, UnlockError};
use crate::secret::Passphrase;
use crate::store::{Store, StoreError};

/// Whether a new vault gets a recovery key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Founding {
    /// It does; the key is shown once.
    WithRecovery,
    /// It does not, until somebody asks for one.
    WithoutRecovery,
}

/// How a new vault is made.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// With a recovery key or without.
    pub founding: Founding,
    /// The rounds of its slots.
    pub iterations: Iterations,
    /// How its keys are held meanwhile.
    pub page: PagePolicy,
    /// The moment.
    pub now: Timestamp,
}

/// A vault that was just made.
#[derive(Debug)]
pub struct Founded {
    /// The recovery key to show once.
    pub recovery_key: Option<Zeroizing<String>>,
}

/// Says why a vault was not made.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    /// There is one already.
    #[error("there is a vault already")]
    Exists,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Keys could not be made or held.
    #[error(transparent)]
    Keys(#[from] UnlockError),
}

impl From<crate::crypto::CryptoError> for FoundError {
    fn from(error: crate::crypto::CryptoError) -> Self {
        Self::Keys(error.into())
    }
}

/// Makes a new vault in an empty store.
///
/// # Errors
/// [`FoundError::Exists`] where the store holds one.
pub fn found(store: &dyn Store, passphrase: &Passphrase, plan: Plan) -> Result<Founded, FoundError> {
    if store.header()?.is_some() {
        return Err(FoundError::Exists);
    }
    let vault = VaultId(random()?);
    let (vault_key, audit) = (random_key()?, random_key()?);
    let spec = |kind| SlotSpec { kind, iterations: plan.iterations, vault };
    let (slot, master) = Slot::make(spec(SlotKind::Passphrase), passphrase, &vault_key)?;
    let mut slots = vec![slot.clone()];
    let mut recovery_key = None;
    if plan.founding == Founding::WithRecovery {
        let recovery = RecoveryKey::draw()?;
        let (slot, _) = Slot::make(spec(SlotKind::Recovery), &recovery.to_passphrase()?, &vault_key)?;
        slots.push(slot);
        recovery_key = Some(recovery.to_text());
    }
    let sealed = AuditKeySeal::seal(vault_key.expose(), vault, 1, &audit)?;
    let set = KeySet { master, vault: vault_key, audit };
    let keys = Keys::hold(&set, vault, slot, plan.page).map_err(UnlockError::Page)?;
    store.found(&keys.header(plan.now, slots, vec![sealed]), &keys)?;
    Ok(Founded { recovery_key })
}
