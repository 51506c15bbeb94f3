//! Slots, as in LUKS: each seals the same vault key under a master key of its own.

use vault_platform::with_burned_stack;

use super::sealed::field;
use super::{
    Bytes32, CryptoError, FORMAT, IV_BYTES, Iterations, derive, derive_master, mac, mac_fits, random,
    unwrap_key, wrap,
};
use crate::domain::VaultId;
use crate::secret::{KeyBytes, Passphrase};

const KDF_PBKDF2_HMAC_SHA512: u8 = 1;
const CLEAR_BYTES: usize = 1 + 1 + 1 + 4 + 32 + IV_BYTES;
const SEALED_AT: usize = CLEAR_BYTES;
const COMMIT_AT: usize = SEALED_AT + 48;
const SLOT_BYTES: usize = COMMIT_AT + 32;

/// What opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// `AGENTICMAIL_VAULT_KEY`.
    Passphrase = 1,
    /// The recovery key.
    Recovery = 2,
}

/// One slot: `format 1 ‖ kind 1 ‖ kdf 1 ‖ iterations 4 ‖ salt 32 ‖ IV 12 ‖ sealed vault key 48 ‖ commitment 32`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    bytes: [u8; SLOT_BYTES],
    kind: SlotKind,
    iterations: Iterations,
}

/// How a slot is to be made.
#[derive(Debug, Clone, Copy)]
pub struct SlotSpec {
    /// What will open it.
    pub kind: SlotKind,
    /// How many rounds it costs.
    pub iterations: Iterations,
    /// The vault that it belongs to.
    pub vault: VaultId,
}

impl Slot {
    /// Makes a slot for a passphrase with a salt and IV of its own, and gives the master key with it.
    pub fn make(
        spec: SlotSpec,
        passphrase: &Passphrase,
        vault_key: &KeyBytes,
    ) -> Result<(Self, KeyBytes), CryptoError> {
        let salt = random()?;
        let master = with_burned_stack(|| derive_master(passphrase, &salt, spec.iterations));
        let slot = Self::seal(spec, &salt, &master, vault_key)?;
        Ok((slot, master))
    }

    /// Makes a slot again under a master key that is already derived, keeping salt and rounds (at rekey).
    pub fn renew(
        &self,
        vault: VaultId,
        master: &KeyBytes,
        vault_key: &KeyBytes,
    ) -> Result<Self, CryptoError> {
        let spec = SlotSpec { kind: self.kind, iterations: self.iterations, vault };
        Self::seal(spec, &self.salt(), master, vault_key)
    }

    fn seal(
        spec: SlotSpec,
        salt: &Bytes32,
        master: &KeyBytes,
        vault_key: &KeyBytes,
    ) -> Result<Self, CryptoError> {
        let iv: [u8; IV_BYTES] = random()?;
        let mut clear = Vec::with_capacity(SLOT_BYTES);
        clear.extend_from_slice(&[FORMAT, spec.kind as u8, KDF_PBKDF2_HMAC_SHA512]);
        clear.extend_from_slice(&spec.iterations.get().to_be_bytes());
        clear.extend_from_slice(salt);
        clear.extend_from_slice(&iv);
        let aad = [clear.as_slice(), &spec.vault.0].concat();
        clear.extend_from_slice(&wrap(master.expose(), &iv, &aad, vault_key)?);
        let commitment = commit(master.expose(), &clear, spec.vault);
        clear.extend_from_slice(&commitment);
        Self::from_stored(&clear)
    }

    /// Reads a stored slot and checks its form and the range of its rounds, before anything is derived.
    pub fn from_stored(stored: &[u8]) -> Result<Self, CryptoError> {
        let bytes: [u8; SLOT_BYTES] = stored.try_into().map_err(|_| CryptoError::Malformed)?;
        let [format, kind, kdf, i0, i1, i2, i3, ..] = bytes;
        if format != FORMAT || kdf != KDF_PBKDF2_HMAC_SHA512 {
            return Err(CryptoError::UnknownFormat);
        }
        let kind = match kind {
            1 => SlotKind::Passphrase,
            2 => SlotKind::Recovery,
            _ => return Err(CryptoError::UnknownFormat),
        };
        let rounds = u32::from_be_bytes([i0, i1, i2, i3]);
        let iterations = Iterations::new(rounds).map_err(|_| CryptoError::Malformed)?;
        Ok(Self { bytes, kind, iterations })
    }

    /// Gives the bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Tells what opens it.
    pub fn kind(&self) -> SlotKind {
        self.kind
    }

    /// Tells how many rounds it costs.
    pub fn iterations(&self) -> Iterations {
        self.iterations
    }

    fn salt(&self) -> Bytes32 {
        field(&self.bytes, 7).unwrap_or_default()
    }

    /// Derives the master key of a passphrase for this slot; the costly step.
    pub fn derive(&self, passphrase: &Passphrase) -> KeyBytes {
        with_burned_stack(|| derive_master(passphrase, &self.salt(), self.iterations))
    }

    /// Opens the slot: `None` where the commitment says that the key is another one.
    pub fn open(&self, vault: VaultId, master: &KeyBytes) -> Result<Option<KeyBytes>, CryptoError> {
        let (clear, commitment) = self.bytes.split_at(COMMIT_AT);
        if !mac_fits(&commit(master.expose(), clear, vault), commitment) {
            return Ok(None);
        }
        let (aad, sealed) = clear.split_at(SEALED_AT);
        let aad = [aad, &vault.0].concat();
        let iv = field(&self.bytes, CLEAR_BYTES - IV_BYTES)?;
        let wrapped: &[u8; 48] = sealed.try_into().map_err(|_| CryptoError::Malformed)?;
        unwrap_key(master.expose(), &iv, &aad, wrapped).map(Some)
    }
}

/// Computes `HMAC-SHA256(HKDF(MK, "vault/commit/v1"), slot without commitment ‖ vault id ‖ format)`.
fn commit(master: &Bytes32, clear: &[u8], vault: VaultId) -> Bytes32 {
    let key = derive(master, None, "vault/commit/v1");
    mac(key.expose(), &[clear, &vault.0, &[FORMAT]])
}
