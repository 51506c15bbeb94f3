//! Slots, as in LUKS: each seals the same vault key under a master key of its own.

use super::sealed::field;
use super::{
    Bytes32, CryptoError, FORMAT, IV_BYTES, Iterations, RecoveryKey, derive, derive_master, mac, mac_fits,
    random, unwrap_key, wrap,
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
    ///
    /// # Errors
    /// [`CryptoError::ReadsAsRecoveryKey`] for a passphrase that no unlock would try on this slot.
    pub fn make(
        spec: SlotSpec,
        passphrase: &Passphrase,
        vault_key: &KeyBytes,
    ) -> Result<(Self, KeyBytes), CryptoError> {
        if spec.kind == SlotKind::Passphrase && RecoveryKey::looks_like(passphrase.expose()) {
            return Err(CryptoError::ReadsAsRecoveryKey);
        }
        let salt = random()?;
        let master = derive_master(passphrase, &salt, spec.iterations);
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
        derive_master(passphrase, &self.salt(), self.iterations)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VAULT: VaultId = VaultId([3; 16]);

    fn master() -> KeyBytes {
        KeyBytes::copied(&[5; 32])
    }

    fn vault_key() -> KeyBytes {
        KeyBytes::copied(&[6; 32])
    }

    fn slot() -> Slot {
        let iterations = Iterations::new(Iterations::FLOOR).unwrap();
        let spec = SlotSpec { kind: SlotKind::Passphrase, iterations, vault: VAULT };
        Slot::seal(spec, &[4; 32], &master(), &vault_key()).unwrap()
    }

    fn opens(slot: &Slot, vault: VaultId, master: &KeyBytes) -> bool {
        matches!(slot.open(vault, master), Ok(Some(_)))
    }

    fn with_rounds(rounds: u32) -> Result<Slot, CryptoError> {
        let mut bytes = slot().bytes;
        bytes[3..7].copy_from_slice(&rounds.to_be_bytes());
        Slot::from_stored(&bytes)
    }

    #[test]
    fn a_slot_gives_back_the_vault_key() {
        let opened = Slot::from_stored(slot().as_bytes()).unwrap().open(VAULT, &master()).unwrap().unwrap();
        assert_eq!(vault_key().expose(), opened.expose());
    }

    #[test]
    fn a_made_slot_opens_with_its_passphrase_alone() {
        let iterations = Iterations::new(Iterations::FLOOR).unwrap();
        let spec = SlotSpec { kind: SlotKind::Passphrase, iterations, vault: VAULT };
        let passphrase = |text: &str| Passphrase::new(text.as_bytes().to_vec()).unwrap();
        let (slot, master) = Slot::make(spec, &passphrase("one"), &vault_key()).unwrap();
        assert_eq!(master.expose(), slot.derive(&passphrase("one")).expose());
        assert!(opens(&slot, VAULT, &master));
        assert!(slot.open(VAULT, &slot.derive(&passphrase("two"))).unwrap().is_none());
    }

    #[test]
    fn no_flipped_bit_opens_a_slot() {
        for bit in 0..SLOT_BYTES * 8 {
            let mut bytes = slot().bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let opened = Slot::from_stored(&bytes).is_ok_and(|slot| opens(&slot, VAULT, &master()));
            assert!(!opened, "bit {bit}");
        }
    }

    #[test]
    fn a_slot_opens_in_no_other_vault() {
        for bit in 0..128 {
            let mut other = VAULT;
            other.0[bit / 8] ^= 1 << (bit % 8);
            assert!(slot().open(other, &master()).unwrap().is_none());
        }
    }

    #[test]
    fn the_commitment_tells_a_wrong_key_from_damage_behind_it() {
        let mut bytes = slot().bytes;
        bytes[SEALED_AT] ^= 1;
        let commitment = commit(master().expose(), &bytes[..COMMIT_AT], VAULT);
        bytes[COMMIT_AT..].copy_from_slice(&commitment);
        let damaged = Slot::from_stored(&bytes).unwrap();
        assert_eq!(Some(CryptoError::NotAuthentic), damaged.open(VAULT, &master()).err());
        assert!(slot().open(VAULT, &KeyBytes::copied(&[0; 32])).unwrap().is_none());
    }

    #[test]
    fn rounds_below_the_floor_or_above_the_ceiling_are_refused_before_anything_is_derived() {
        for rounds in [0, 1, Iterations::FLOOR - 1, Iterations::CEILING + 1, u32::MAX] {
            assert_eq!(Some(CryptoError::Malformed), with_rounds(rounds).err());
        }
        assert!(with_rounds(Iterations::CEILING).is_ok());
    }

    #[test]
    fn a_renewed_slot_keeps_salt_and_rounds_and_opens_another_vault_key() {
        let (other, old) = (KeyBytes::copied(&[8; 32]), slot());
        let renewed = old.renew(VAULT, &master(), &other).unwrap();
        assert_eq!(
            (old.salt(), old.iterations(), old.kind()),
            (renewed.salt(), renewed.iterations(), renewed.kind())
        );
        assert_ne!(old.bytes[39..SEALED_AT], renewed.bytes[39..SEALED_AT]);
        assert_eq!(other.expose(), renewed.open(VAULT, &master()).unwrap().unwrap().expose());
    }

    proptest! {
        #[test]
        fn any_other_master_key_opens_no_slot(bytes: [u8; 32]) {
            prop_assume!(bytes != *master().expose());
            prop_assert!(matches!(slot().open(VAULT, &KeyBytes::copied(&bytes)), Ok(None)));
        }

        #[test]
        fn any_bytes_are_no_slot(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let opened = Slot::from_stored(&bytes).is_ok_and(|slot| opens(&slot, VAULT, &master()));
            prop_assert!(!opened);
        }
    }
}
