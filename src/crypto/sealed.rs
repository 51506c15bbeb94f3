//! A sealed value and what it is bound to.

use vault_platform::with_burned_stack;

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
    with_burned_stack(|| {
        let plain = value.expose().as_bytes();
        let mut out = Vec::with_capacity(BODY_AT + plain.len() + TAG_BYTES);
        out.push(FORMAT);
        out.extend_from_slice(&fresh.salt);
        out.extend_from_slice(&fresh.iv);
        out.extend_from_slice(plain);
        let key = derive(vk, Some(&fresh.salt), "vault/secret/v1");
        let body = out.get_mut(BODY_AT..).ok_or(CryptoError::Malformed)?;
        let tag = gcm_encrypt(key.expose(), &fresh.iv, context.aad().bytes(), body)?;
        out.extend_from_slice(&tag);
        Ok(Sealed(out))
    })
}

/// Opens a sealed value; any other context, vault, key or byte is [`CryptoError::NotAuthentic`].
pub fn open_secret(
    vk: &Bytes32,
    context: &SealContext<'_>,
    sealed: &Sealed,
) -> Result<SecretValue, CryptoError> {
    with_burned_stack(|| {
        let bytes = sealed.as_bytes();
        if bytes.first() != Some(&FORMAT) {
            return Err(CryptoError::UnknownFormat);
        }
        let salt = field(bytes, SALT_AT)?;
        let iv = field(bytes, IV_AT)?;
        let mut body = bytes.get(BODY_AT..).ok_or(CryptoError::Malformed)?.to_vec();
        let key = derive(vk, Some(&salt), "vault/secret/v1");
        gcm_decrypt(key.expose(), &iv, context.aad().bytes(), &mut body)?;
        let text = String::from_utf8(body).map_err(|_| CryptoError::Malformed)?;
        SecretValue::new(text).map_err(|_| CryptoError::Malformed)
    })
}

/// Copies a field of fixed length out of stored bytes.
pub(super) fn field<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], CryptoError> {
    bytes.get(at..at + N).and_then(|s| s.try_into().ok()).ok_or(CryptoError::Malformed)
}
