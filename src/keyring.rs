//! The keys of an open vault, in one locked page, and how a passphrase opens them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vault_platform::{Backing, KeyPage, PageError, PagePolicy};

use crate::crypto::{
    AuditKeySeal, Bytes32, CryptoError, Header, MacKey, SealContext, Sealed, Slot, SlotKind, derive,
    header_checksum, header_mac, mac, mac_fits, open_agent, open_secret, seal_agent, seal_secret,
};
use crate::crypto::{Fresh, RecoveryKey, RecoveryKeyFault};
use crate::domain::{LockReason, VaultId};
use crate::secret::{KeyBytes, Passphrase, SecretValue};

const MASTER: usize = 0;
const VAULT: usize = 32;
const AUDIT: usize = 64;
const ROW: usize = 96;
const STATE: usize = 128;

static GENERATION: AtomicU64 = AtomicU64::new(1);

/// Whether the vault's keys are in memory, and if not, why.
#[derive(Debug, Clone)]
pub enum Keyring {
    /// No keys are held.
    Locked(LockReason),
    /// The keys are held.
    Open(Arc<Keys>),
}

/// Says why a vault did not open.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// The key opens no slot.
    #[error("the key does not fit this vault")]
    WrongKey,
    /// It is a recovery key that was not typed as it was given out.
    #[error(transparent)]
    Mistyped(#[from] RecoveryKeyFault),
    /// The header does not authenticate.
    #[error("the header of the vault is damaged")]
    Damaged,
    /// No page could be locked.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A sealed thing could not be made or read.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl UnlockError {
    /// Gives the reason that `status` shows.
    pub fn reason(&self) -> LockReason {
        match self {
            Self::WrongKey | Self::Mistyped(_) => LockReason::WrongKey,
            Self::Damaged | Self::Crypto(_) => LockReason::Damaged,
            Self::Page(_) => LockReason::NoLockedMemory,
        }
    }
}

/// The keys of an open vault; they live in one locked page, are wiped when the last user drops them.
pub struct Keys {
    page: KeyPage,
    vault: VaultId,
    generation: u64,
    slot: Slot,
}

/// The three keys that a page is filled from.
#[derive(Debug)]
pub struct KeySet {
    /// The master key, derived from the passphrase.
    pub master: KeyBytes,
    /// The vault key.
    pub vault: KeyBytes,
    /// The audit key in use.
    pub audit: KeyBytes,
}

impl Keys {
    /// Puts keys into a page of their own and derives what rows and state are authenticated with.
    pub fn hold(
        set: &KeySet,
        vault: VaultId,
        slot: Slot,
        policy: PagePolicy,
    ) -> Result<Arc<Self>, PageError> {
        let mut page = KeyPage::new(policy)?;
        let row = derive(set.vault.expose(), None, "vault/row/v1");
        let state = derive(set.vault.expose(), None, "vault/state/v1");
        let keys =
            [(MASTER, &set.master), (VAULT, &set.vault), (AUDIT, &set.audit), (ROW, &row), (STATE, &state)];
        let bytes = page.bytes_mut();
        for (at, key) in keys {
            if let Some(place) = bytes.get_mut(at..at + 32) {
                place.copy_from_slice(key.expose());
            }
        }
        let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(Self { page, vault, generation, slot }))
    }

    fn key(&self, at: usize) -> &Bytes32 {
        const ABSENT: &Bytes32 = &[0; 32];
        self.page.bytes().get(at..).and_then(|b| b.first_chunk()).unwrap_or(ABSENT)
    }

    /// Gives the vault's id.
    pub fn vault(&self) -> VaultId {
        self.vault
    }

    /// Numbers this set of keys; a unit made under older keys is refused by the writer.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Gives the slot that the keys were opened with.
    pub fn slot(&self) -> &Slot {
        &self.slot
    }

    /// Copies the master key, to make slots at rekey.
    pub fn master(&self) -> KeyBytes {
        KeyBytes::copied(self.key(MASTER))
    }

    /// Copies the vault key, to make slots.
    pub fn vault_key(&self) -> KeyBytes {
        KeyBytes::copied(self.key(VAULT))
    }

    /// Copies the audit key, to seal it.
    pub fn audit_key(&self) -> KeyBytes {
        KeyBytes::copied(self.key(AUDIT))
    }

    /// Tells how the page is locked.
    pub fn backing(&self) -> Backing {
        self.page.backing()
    }

    /// Tells how many bytes are locked.
    pub fn locked_bytes(&self) -> usize {
        self.page.locked_bytes()
    }

    /// Seals a value under a fresh salt and IV.
    pub fn seal(&self, context: &SealContext<'_>, value: &SecretValue) -> Result<Sealed, CryptoError> {
        seal_secret(self.key(VAULT), context, &Fresh::draw()?, value)
    }

    /// Opens a sealed value.
    pub fn open(&self, context: &SealContext<'_>, sealed: &Sealed) -> Result<SecretValue, CryptoError> {
        open_secret(self.key(VAULT), context, sealed)
    }

    /// Seals an agent's record.
    pub fn seal_agent(&self, name: &str, revision: u64, plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
        seal_agent(self.key(VAULT), self.vault, name, revision, plain)
    }

    /// Opens an agent's record.
    pub fn open_agent(&self, name: &str, revision: u64, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        open_agent(self.key(VAULT), self.vault, name, revision, sealed)
    }

    /// Computes a MAC under the row key.
    pub fn row_mac(&self, canonical: &[u8]) -> Bytes32 {
        mac(self.key(ROW), &[canonical])
    }

    /// Computes a MAC under the state key.
    pub fn state_mac(&self, parts: &[&[u8]]) -> Bytes32 {
        mac(self.key(STATE), parts)
    }

    /// Takes the state key in, for many MACs.
    pub(crate) fn state_mac_key(&self) -> MacKey {
        MacKey::new(self.key(STATE))
    }

    /// Computes the MAC over a backup, under a key of its own.
    pub fn backup_mac(&self, parts: &[&[u8]]) -> Bytes32 {
        mac(derive(self.key(VAULT), None, "vault/backup/v1").expose(), parts)
    }

    /// Computes a link of the audit chain: `HMAC-SHA256(AK, previous mac ‖ canonical entry)`.
    pub fn audit_mac(&self, previous: &Bytes32, canonical: &[u8]) -> Bytes32 {
        mac(self.key(AUDIT), &[previous, canonical])
    }

    /// Opens an audit key of this vault, to verify with.
    pub fn open_audit_key(&self, sealed: &AuditKeySeal) -> Result<KeyBytes, CryptoError> {
        sealed.open(self.key(VAULT), self.vault)
    }

    /// Seals an audit key under this vault's key.
    pub fn seal_audit_key(&self, from_seq: u64, key: &KeyBytes) -> Result<AuditKeySeal, CryptoError> {
        AuditKeySeal::seal(self.key(VAULT), self.vault, from_seq, key)
    }

    /// Builds a header around slots and audit keys.
    pub fn header(
        &self,
        created_at: crate::domain::Timestamp,
        slots: Vec<Slot>,
        audit_keys: Vec<AuditKeySeal>,
    ) -> Header {
        let mac = header_mac(self.key(VAULT), self.vault, &slots, &audit_keys);
        let checksum = header_checksum(self.vault, &slots, &audit_keys);
        Header { vault: self.vault, created_at, slots, audit_keys, mac, checksum }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("page", &self.page)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Opens a vault with a key: a recovery key tries the recovery slots, any other the passphrase slots.
pub fn unlock(
    header: &Header,
    passphrase: &Passphrase,
    policy: PagePolicy,
) -> Result<Arc<Keys>, UnlockError> {
    check_sum(header)?;
    let (kind, recovery) = recovery_of(passphrase)?;
    let passphrase = recovery.as_ref().unwrap_or(passphrase);
    try_slots(header, kind, policy, |slot| slot.derive(passphrase))
}

/// Opens a vault with a master key that was derived before, for those who open thousands of copies of one vault.
#[doc(hidden)]
pub fn unlock_derived(
    header: &Header,
    master: &KeyBytes,
    policy: PagePolicy,
) -> Result<Arc<Keys>, UnlockError> {
    let copied = |_: &Slot| KeyBytes::copied(master.expose());
    check_sum(header)?;
    try_slots(header, SlotKind::Passphrase, policy, copied)
}

/// Refuses a header that is not as it was written, before anything is derived from it.
fn check_sum(header: &Header) -> Result<(), UnlockError> {
    let found = header_checksum(header.vault, &header.slots, &header.audit_keys);
    let sound = found == header.checksum && header.slots.len() <= Header::SLOTS_MOST;
    if sound { Ok(()) } else { Err(UnlockError::Damaged) }
}

fn try_slots(
    header: &Header,
    kind: SlotKind,
    policy: PagePolicy,
    derive: impl Fn(&Slot) -> KeyBytes,
) -> Result<Arc<Keys>, UnlockError> {
    for slot in header.slots.iter().filter(|slot| slot.kind() == kind) {
        let master = derive(slot);
        if let Some(vault_key) = slot.open(header.vault, &master)? {
            return hold(header, slot, KeyPair { master, vault_key }, policy);
        }
    }
    Err(UnlockError::WrongKey)
}

struct KeyPair {
    master: KeyBytes,
    vault_key: KeyBytes,
}

fn hold(header: &Header, slot: &Slot, pair: KeyPair, policy: PagePolicy) -> Result<Arc<Keys>, UnlockError> {
    let expected = header_mac(pair.vault_key.expose(), header.vault, &header.slots, &header.audit_keys);
    if !mac_fits(&expected, &header.mac) {
        return Err(UnlockError::Damaged);
    }
    let sealed = header.audit_keys.last().ok_or(UnlockError::Damaged)?;
    let audit = sealed.open(pair.vault_key.expose(), header.vault)?;
    let set = KeySet { master: pair.master, vault: pair.vault_key, audit };
    Ok(Keys::hold(&set, header.vault, slot.clone(), policy)?)
}

fn recovery_of(passphrase: &Passphrase) -> Result<(SlotKind, Option<Passphrase>), UnlockError> {
    if !RecoveryKey::looks_like(passphrase.expose()) {
        return Ok((SlotKind::Passphrase, None));
    }
    let key = RecoveryKey::parse(passphrase.expose())?;
    Ok((SlotKind::Recovery, Some(key.to_passphrase()?)))
}
