//! A sealed value and what it is bound to.

use super::{
    Bytes32, Canon, CryptoError, FORMAT, IV_BYTES, TAG_BYTES, derive, gcm_decrypt, gcm_encrypt, random,
    sha256,
};
use crate::domain::{OrgId, SecretId, SecretName, VaultId};
use crate::secret::SecretValue;

const SALT_AT: usize = 1;
const IV_AT: usize = SALT_AT + 32;
const BODY_AT: usize = IV_AT + IV_BYTES;

/// A sealed value as stored: `format 1 ‖ salt 32 ‖ IV 12 ‖ ciphertext ‖ tag 16`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes stored bytes; their form is checked when they are opened.
    pub fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Gives the bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Computes the SHA-256 that the row MAC covers.
    pub fn digest(&self) -> Bytes32 {
        sha256(&self.0)
    }
}

/// The salt and IV of one sealing; used once.
#[derive(Debug)]
pub struct Fresh {
    /// The salt of HKDF.
    pub salt: Bytes32,
    /// The IV of AES-GCM.
    pub iv: [u8; IV_BYTES],
}

impl Fresh {
    /// Draws both from the operating system.
    pub fn draw() -> Result<Self, CryptoError> {
        Ok(Self { salt: random()?, iv: random()? })
    }
}

/// What a sealed value is bound to: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct SealContext<'a> {
    /// The vault.
    pub vault: VaultId,
    /// The org of the secret.
    pub org: &'a OrgId,
    /// The id of the secret.
    pub id: SecretId,
    /// Its name.
    pub name: &'a SecretName,
    /// Which value of the secret this is, from 1.
    pub version: u64,
    /// Which write of the row this is, from 1.
    pub revision: u64,
}

impl SealContext<'_> {
    /// Builds the AAD: `format ‖ vault id ‖ org ‖ secret id ‖ name ‖ version ‖ revision`.
    fn aad(&self) -> Canon {
        Canon::new()
            .fixed(&[FORMAT])
            .fixed(&self.vault.0)
            .part(self.org.as_str().as_bytes())
            .fixed(self.id.as_bytes())
            .part(self.name.as_str().as_bytes())
            .number(self.version)
            .number(self.revision)
    }
}

/// Seals a value: `SK = HKDF-SHA256(VK, salt, "vault/secret/v1")`, then AES-256-GCM under `SK`.
pub fn seal_secret(
    vk: &Bytes32,
    context: &SealContext<'_>,
    fresh: &Fresh,
    value: &SecretValue,
) -> Result<Sealed, CryptoError> {
    let purpose = Purpose { info: "vault/secret/v1", aad: context.aad() };
    seal_bytes(vk, &purpose, fresh, value.expose().as_bytes()).map(Sealed)
}

/// Opens a sealed value; any other context, vault, key or byte is [`CryptoError::NotAuthentic`].
pub fn open_secret(
    vk: &Bytes32,
    context: &SealContext<'_>,
    sealed: &Sealed,
) -> Result<SecretValue, CryptoError> {
    let purpose = Purpose { info: "vault/secret/v1", aad: context.aad() };
    let text = String::from_utf8(open_bytes(vk, &purpose, sealed.as_bytes())?)
        .map_err(|_| CryptoError::Malformed)?;
    SecretValue::new(text).map_err(|_| CryptoError::Malformed)
}

/// Seals a record that is no secret's value: `HKDF-SHA256(VK, salt, "vault/agent/v1")`, AAD
/// `format ‖ vault id ‖ name ‖ revision`.
pub fn seal_agent(
    vk: &Bytes32,
    vault: VaultId,
    name: &str,
    revision: u64,
    plain: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    seal_bytes(vk, &Purpose::agent(vault, name, revision), &Fresh::draw()?, plain)
}

/// Opens what [`seal_agent`] made.
pub fn open_agent(
    vk: &Bytes32,
    vault: VaultId,
    name: &str,
    revision: u64,
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    open_bytes(vk, &Purpose::agent(vault, name, revision), sealed)
}

/// What a sealing is for: the name of its key, and what it is bound to.
struct Purpose {
    info: &'static str,
    aad: Canon,
}

impl Purpose {
    fn agent(vault: VaultId, name: &str, revision: u64) -> Self {
        let aad = Canon::new().fixed(&[FORMAT]).fixed(&vault.0).part(name.as_bytes()).number(revision);
        Self { info: "vault/agent/v1", aad }
    }
}

fn seal_bytes(vk: &Bytes32, purpose: &Purpose, fresh: &Fresh, plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::with_capacity(BODY_AT + plain.len() + TAG_BYTES);
    out.push(FORMAT);
    out.extend_from_slice(&fresh.salt);
    out.extend_from_slice(&fresh.iv);
    out.extend_from_slice(plain);
    let key = derive(vk, Some(&fresh.salt), purpose.info);
    let body = out.get_mut(BODY_AT..).ok_or(CryptoError::Malformed)?;
    let tag = gcm_encrypt(key.expose(), &fresh.iv, purpose.aad.bytes(), body)?;
    out.extend_from_slice(&tag);
    Ok(out)
}

fn open_bytes(vk: &Bytes32, purpose: &Purpose, bytes: &[u8]) -> Result<Vec<u8>, CryptoError> {
    if bytes.first() != Some(&FORMAT) {
        return Err(CryptoError::UnknownFormat);
    }
    let salt = field(bytes, SALT_AT)?;
    let iv = field(bytes, IV_AT)?;
    let mut body = bytes.get(BODY_AT..).ok_or(CryptoError::Malformed)?.to_vec();
    let key = derive(vk, Some(&salt), purpose.info);
    gcm_decrypt(key.expose(), &iv, purpose.aad.bytes(), &mut body)?;
    Ok(body)
}

/// Copies a field of fixed length out of stored bytes.
pub(super) fn field<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], CryptoError> {
    bytes.get(at..at + N).and_then(|s| s.try_into().ok()).ok_or(CryptoError::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VK: Bytes32 = [9; 32];

    /// A context that owns its parts, so that each can be made and changed on its own.
    #[derive(Debug, Clone)]
    struct Place {
        vault: [u8; 16],
        org: String,
        id: [u8; 16],
        name: String,
        version: u64,
        revision: u64,
    }

    impl Place {
        fn seal(&self, value: &str) -> Sealed {
            self.with(|context| seal_secret(&VK, context, &Fresh::draw().unwrap(), &text(value)).unwrap())
        }

        fn open(&self, vk: &Bytes32, sealed: &Sealed) -> Result<String, CryptoError> {
            self.with(|context| open_secret(vk, context, sealed).map(|value| value.expose().to_owned()))
        }

        fn with<T>(&self, f: impl FnOnce(&SealContext<'_>) -> T) -> T {
            let (org, name) = (self.org.parse().unwrap(), self.name.parse().unwrap());
            let (vault, id) = (VaultId(self.vault), SecretId::from_bytes(self.id));
            f(&SealContext {
                vault,
                org: &org,
                id,
                name: &name,
                version: self.version,
                revision: self.revision,
            })
        }
    }

    fn text(value: &str) -> SecretValue {
        SecretValue::new(value.to_owned()).unwrap()
    }

    fn place() -> impl Strategy<Value = Place> {
        let name = || "[a-zß-ö漢🔑._/-]{1,24}";
        (any::<[u8; 16]>(), name(), any::<[u8; 16]>(), name(), 1..=u64::MAX, 1..=u64::MAX).prop_map(
            |(vault, org, id, name, version, revision)| Place { vault, org, id, name, version, revision },
        )
    }

    fn usual() -> Place {
        let (org, name) = ("default".to_owned(), "skill:openai:api_key".to_owned());
        Place { vault: [1; 16], org, id: [2; 16], name, version: 1, revision: 1 }
    }

    proptest! {
        #[test]
        fn sealing_then_opening_gives_the_value(place in place(), value in "\\PC{1,300}") {
            let sealed = place.seal(&value);
            prop_assert_eq!(1 + 32 + IV_BYTES + value.len() + TAG_BYTES, sealed.as_bytes().len());
            prop_assert_eq!(Ok(value), place.open(&VK, &sealed));
        }

        #[test]
        fn any_other_context_never_opens(place in place(), which in 0..6, bit in 0_u32..64) {
            let sealed = place.seal("value");
            let mut other = place.clone();
            let byte = usize::try_from(bit).unwrap() % 16;
            match which {
                0 => other.vault[byte] ^= 1 << (bit % 8),
                1 => other.org.push('x'),
                2 => other.id[byte] ^= 1 << (bit % 8),
                3 => other.name.push('x'),
                4 => other.version ^= 1 << bit,
                _ => other.revision ^= 1 << bit,
            }
            prop_assert_eq!(Err(CryptoError::NotAuthentic), other.open(&VK, &sealed));
        }

        #[test]
        fn a_byte_that_moves_from_name_to_org_never_opens(place in place()) {
            let sealed = place.seal("value");
            let mut other = place;
            let moved = other.name.remove(0);
            prop_assume!(!other.name.is_empty());
            other.org.push(moved);
            prop_assert_eq!(Err(CryptoError::NotAuthentic), other.open(&VK, &sealed));
        }

        #[test]
        fn any_other_vault_key_never_opens(bit in 0_usize..256) {
            let sealed = usual().seal("value");
            let mut other = VK;
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Err(CryptoError::NotAuthentic), usual().open(&other, &sealed));
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(usual().open(&VK, &Sealed::from_stored(bytes)).is_err());
        }
    }

    #[test]
    fn no_flipped_bit_opens() {
        let sealed = usual().seal("sk-test");
        for bit in 0..sealed.as_bytes().len() * 8 {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit < 8 { CryptoError::UnknownFormat } else { CryptoError::NotAuthentic };
            assert_eq!(Err(expected), usual().open(&VK, &Sealed::from_stored(bytes)), "bit {bit}");
        }
    }

    #[test]
    fn no_cut_or_lengthened_blob_opens() {
        let sealed = usual().seal("sk-test");
        for kept in 0..sealed.as_bytes().len() {
            let cut = Sealed::from_stored(sealed.as_bytes()[..kept].to_vec());
            assert!(usual().open(&VK, &cut).is_err(), "{kept} bytes");
        }
        let longer = Sealed::from_stored([sealed.as_bytes(), &[0]].concat());
        assert_eq!(Err(CryptoError::NotAuthentic), usual().open(&VK, &longer));
    }

    #[test]
    fn two_sealings_of_one_value_share_neither_salt_nor_iv_nor_ciphertext() {
        let (one, other) = (usual().seal("the same value"), usual().seal("the same value"));
        let (one, other) = (one.as_bytes(), other.as_bytes());
        assert_ne!(one[SALT_AT..IV_AT], other[SALT_AT..IV_AT]);
        assert_ne!(one[IV_AT..BODY_AT], other[IV_AT..BODY_AT]);
        assert_ne!(one[BODY_AT..], other[BODY_AT..]);
    }

    #[test]
    fn a_value_of_the_largest_size_opens_again() {
        let value = "v".repeat(crate::secret::VALUE_BYTES);
        assert_eq!(Ok(value.clone()), usual().open(&VK, &usual().seal(&value)));
    }
}
