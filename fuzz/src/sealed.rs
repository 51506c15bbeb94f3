//! Sealed things: what is changed opens nowhere, what is not opens to what it was.
//!
//! The data says how valid bytes are changed, one byte over the other; it is also read as it is.

use std::sync::{Arc, OnceLock};

use vault::backup::{Head, Unpacked};
use vault::crypto::{
    Fresh, Iterations, SealContext, Sealed, Slot, SlotKind, SlotSpec, open_secret, seal_secret, sha256,
};
use vault::domain::{OrgId, SecretId, SecretName, Timestamp, VaultId};
use vault::keyring::{KeySet, Keys};
use vault::secret::{KeyBytes, Passphrase, SecretValue};
use vault_platform::PagePolicy;

const VK: [u8; 32] = [6; 32];
const VAULT: VaultId = VaultId([3; 16]);

/// Lays the data over valid bytes; what is longer is added, and a first byte of 255 cuts off.
fn changed(valid: &[u8], data: &[u8]) -> Vec<u8> {
    if let [255, length, ..] = data {
        return valid.get(..usize::from(*length)).unwrap_or(valid).to_vec();
    }
    let mut bytes = valid.to_vec();
    bytes.resize(valid.len().max(data.len()), 0);
    bytes.iter_mut().zip(data).for_each(|(byte, other)| *byte ^= other);
    bytes
}

fn context<'a>(org: &'a OrgId, name: &'a SecretName) -> SealContext<'a> {
    SealContext { vault: VAULT, org, id: SecretId::from_bytes([1; 16]), name, version: 1, revision: 1 }
}

/// Opens a sealed value.
pub(crate) fn sealed(data: &[u8]) {
    static VALID: OnceLock<(OrgId, SecretName, Sealed)> = OnceLock::new();
    let (org, name, valid) = VALID.get_or_init(|| {
        let (org, name) = (OrgId::default(), SecretName::try_from("a".to_owned()).expect("a name"));
        let fresh = Fresh { salt: [1; 32], iv: [2; 12] };
        let value = SecretValue::new("a value".to_owned()).expect("a value");
        let sealed = seal_secret(&VK, &context(&org, &name), &fresh, &value).expect("it is sealed");
        (org, name, sealed)
    });
    for bytes in [changed(valid.as_bytes(), data), data.to_vec()] {
        let opened = open_secret(&VK, &context(org, name), &Sealed::from_stored(bytes.clone()));
        assert_eq!(opened.is_ok(), bytes == valid.as_bytes(), "changed bytes open, or unchanged ones do not");
    }
}

/// Opens a slot.
pub(crate) fn slot(data: &[u8]) {
    let (valid, master) = valid_slot();
    for bytes in [changed(valid.as_bytes(), data), data.to_vec()] {
        let Ok(slot) = Slot::from_stored(&bytes) else { continue };
        assert!((Iterations::FLOOR..=Iterations::CEILING).contains(&slot.iterations().get()));
        let opened = matches!(slot.open(VAULT, master), Ok(Some(_)));
        assert_eq!(opened, bytes == valid.as_bytes(), "a changed slot opens, or an unchanged one does not");
    }
}

fn valid_slot() -> &'static (Slot, KeyBytes) {
    static VALID: OnceLock<(Slot, KeyBytes)> = OnceLock::new();
    VALID.get_or_init(|| {
        let iterations = Iterations::new(Iterations::FLOOR).expect("the floor");
        let spec = SlotSpec { kind: SlotKind::Passphrase, iterations, vault: VAULT };
        let passphrase = Passphrase::new(b"a key of some length".to_vec()).expect("a key");
        Slot::make(spec, &passphrase, &KeyBytes::copied(&VK)).expect("a slot")
    })
}

/// Gives keys in a page of their own.
pub(crate) fn keys() -> &'static Arc<Keys> {
    static KEYS: OnceLock<Arc<Keys>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let set = KeySet {
            master: KeyBytes::copied(&[1; 32]),
            vault: KeyBytes::copied(&VK),
            audit: KeyBytes::copied(&[5; 32]),
        };
        let policy = PagePolicy { secretmem: false, require_lock: false };
        Keys::hold(&set, VAULT, valid_slot().0.clone(), policy).expect("a page")
    })
}

/// Unpacks a backup.
pub(crate) fn backup(data: &[u8]) {
    static VALID: OnceLock<Vec<u8>> = OnceLock::new();
    let valid = VALID.get_or_init(|| {
        let database = b"the database".as_slice();
        let head = Head { vault: VAULT, made_at: Timestamp::from_millis(0), length: database.len() as u64 };
        [&head.to_bytes(), database, &head.mac(keys(), &sha256(database))].concat()
    });
    for bytes in [changed(valid, data), data.to_vec()] {
        let unpacked = Unpacked::copy(&mut bytes.as_slice(), &mut std::io::sink());
        let sound = unpacked.is_ok_and(|unpacked| unpacked.check(keys()).is_ok());
        assert_eq!(sound, bytes == *valid, "a changed backup passes, or an unchanged one does not");
    }
}
