//! The header of a vault: its id, its slots, its sealed audit keys, and what authenticates them.

use super::{
    Bytes32, Canon, CryptoError, FORMAT, IV_BYTES, Slot, derive, mac, random, sha256, unwrap_key, wrap,
};
use crate::domain::{Timestamp, VaultId};
use crate::secret::KeyBytes;

/// Everything that is needed to unlock a vault, as stored.
#[derive(Debug, Clone)]
pub struct Header {
    /// The id of the vault.
    pub vault: VaultId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The slots, in their stored order.
    pub slots: Vec<Slot>,
    /// The audit keys, oldest first; the last one is in use.
    pub audit_keys: Vec<AuditKeySeal>,
    /// The header MAC under the vault key.
    pub mac: Bytes32,
    /// The unkeyed checksum, which tells damage from a wrong key.
    pub checksum: Bytes32,
}

impl Header {
    /// The most slots that are accepted: each may cost [`super::Iterations::CEILING`] rounds to try.
    pub const SLOTS_MOST: usize = 8;
}

fn canonical(vault: VaultId, slots: &[Slot], audit_keys: &[AuditKeySeal]) -> Canon {
    let mut canon = Canon::new().number(slots.len() as u64);
    for slot in slots {
        canon = canon.part(slot.as_bytes());
    }
    canon = canon.number(audit_keys.len() as u64);
    for key in audit_keys {
        canon = canon.number(key.from_seq).fixed(&key.iv).fixed(&key.sealed);
    }
    canon.fixed(&vault.0).fixed(&[FORMAT])
}

/// Computes `HMAC-SHA256(HKDF(VK, "vault/header/v1"), all slots ‖ audit keys ‖ vault id ‖ format)`.
pub fn header_mac(vk: &Bytes32, vault: VaultId, slots: &[Slot], audit_keys: &[AuditKeySeal]) -> Bytes32 {
    let key = derive(vk, None, "vault/header/v1");
    mac(key.expose(), &[canonical(vault, slots, audit_keys).bytes()])
}

/// Computes SHA-256 over the same bytes, so that damage is told from a wrong key without any key.
pub fn header_checksum(vault: VaultId, slots: &[Slot], audit_keys: &[AuditKeySeal]) -> Bytes32 {
    sha256(canonical(vault, slots, audit_keys).bytes())
}

/// An audit key sealed under the vault key, and the first entry that it authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditKeySeal {
    /// The first sequence number under this key.
    pub from_seq: u64,
    /// The IV.
    pub iv: [u8; IV_BYTES],
    /// The sealed key with its tag.
    pub sealed: [u8; 48],
}

impl AuditKeySeal {
    /// Seals an audit key: `AES-256-GCM(HKDF(VK, "vault/audit-key/v1"), IV, AK)`.
    pub fn seal(vk: &Bytes32, vault: VaultId, from_seq: u64, key: &KeyBytes) -> Result<Self, CryptoError> {
        let iv = random()?;
        let kek = derive(vk, None, "vault/audit-key/v1");
        let sealed = wrap(kek.expose(), &iv, aad(vault, from_seq).bytes(), key)?;
        Ok(Self { from_seq, iv, sealed })
    }

    /// Opens it again.
    pub fn open(&self, vk: &Bytes32, vault: VaultId) -> Result<KeyBytes, CryptoError> {
        let kek = derive(vk, None, "vault/audit-key/v1");
        unwrap_key(kek.expose(), &self.iv, aad(vault, self.from_seq).bytes(), &self.sealed)
    }
}

fn aad(vault: VaultId, from_seq: u64) -> Canon {
    Canon::new().fixed(&[FORMAT]).fixed(&vault.0).number(from_seq)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Iterations;

    const VAULT: VaultId = VaultId([3; 16]);
    const VK: Bytes32 = [6; 32];

    /// Makes a well-formed slot without deriving anything.
    fn slot(filling: u8) -> Slot {
        let mut bytes = [filling; 131];
        bytes[..3].copy_from_slice(&[FORMAT, 1, 1]);
        bytes[3..7].copy_from_slice(&Iterations::FLOOR.to_be_bytes());
        Slot::from_stored(&bytes).unwrap()
    }

    fn seal(from_seq: u64) -> AuditKeySeal {
        AuditKeySeal::seal(&VK, VAULT, from_seq, &KeyBytes::copied(&[7; 32])).unwrap()
    }

    fn opens(seal: &AuditKeySeal, vault: VaultId) -> bool {
        seal.open(&VK, vault).is_ok()
    }

    #[test]
    fn an_audit_key_opens_again() {
        assert_eq!(&[7; 32], seal(1).open(&VK, VAULT).unwrap().expose());
    }

    #[test]
    fn no_flipped_bit_opens_an_audit_key() {
        for bit in 0..48 * 8 {
            let mut hurt = seal(1);
            hurt.sealed[bit / 8] ^= 1 << (bit % 8);
            assert!(!opens(&hurt, VAULT), "bit {bit}");
        }
        for bit in 0..IV_BYTES * 8 {
            let mut hurt = seal(1);
            hurt.iv[bit / 8] ^= 1 << (bit % 8);
            assert!(!opens(&hurt, VAULT), "bit {bit} of the IV");
        }
    }

    #[test]
    fn an_audit_key_opens_at_no_other_place_and_in_no_other_vault() {
        let moved = AuditKeySeal { from_seq: 2, ..seal(1) };
        assert!(!opens(&moved, VAULT));
        assert!(!opens(&seal(1), VaultId([4; 16])));
    }

    #[test]
    fn any_changed_part_of_a_header_changes_its_mac_and_its_checksum() {
        let (one, two, keys) = (slot(1), slot(2), [seal(1), seal(9)]);
        let slots = [one.clone(), two.clone()];
        let swapped = [two, one];
        let later = [keys[0].clone(), AuditKeySeal { from_seq: 10, ..keys[1].clone() }];
        let others: [(VaultId, &[Slot], &[AuditKeySeal]); 5] = [
            (VaultId([4; 16]), &slots, &keys),
            (VAULT, &slots[..1], &keys),
            (VAULT, &swapped, &keys),
            (VAULT, &slots, &keys[..1]),
            (VAULT, &slots, &later),
        ];
        for (vault, other_slots, other_keys) in others {
            assert_ne!(
                header_mac(&VK, VAULT, &slots, &keys),
                header_mac(&VK, vault, other_slots, other_keys)
            );
            assert_ne!(
                header_checksum(VAULT, &slots, &keys),
                header_checksum(vault, other_slots, other_keys)
            );
        }
    }
}
