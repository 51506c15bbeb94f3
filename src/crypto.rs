//! Sealing and opening: the primitives, each a function with its formula.
//!
//! Formats byte by byte are in `docs/crypto.md`; `tests/vectors/` holds golden vectors that an independent
//! implementation opens too. All integers are big-endian; every part of variable length is preceded by its
//! length as a `u32`.

mod canon;
mod header;
mod legacy;
mod recovery;
mod sealed;
mod slot;
#[cfg(test)]
mod tests;

use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};

pub use canon::Canon;
pub use header::{AuditKeySeal, Header, header_checksum, header_mac};
pub use legacy::{LEGACY_ROUNDS, open_legacy};
pub use recovery::{RecoveryKey, RecoveryKeyFault};
pub use sealed::{Fresh, SealContext, Sealed, open_agent, open_secret, seal_agent, seal_secret};
pub use slot::{Slot, SlotKind, SlotSpec};
/// Computes `HMAC-SHA256(key, parts…)` (RFC 2104) over the parts in order.
pub use vault_primitives::hmac_sha256 as mac;
pub use vault_primitives::{Bytes32, IV_BYTES, Iv, MacKey, TAG_BYTES};

use crate::domain::Invalid;
use crate::secret::{KeyBytes, Passphrase};

/// The version of every format that this program writes, and the only one it reads.
pub const FORMAT: u8 = 1;

/// Says why a sealed thing was not made or not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The first byte names a format that this program does not know.
    #[error("the format of the stored data is newer than this program, or damaged")]
    UnknownFormat,
    /// The bytes are cut or malformed.
    #[error("the stored data is cut or malformed")]
    Malformed,
    /// The tag or the MAC does not fit: changed, moved, or of another vault.
    #[error("the stored data does not authenticate")]
    NotAuthentic,
    /// A passphrase that would be taken for a recovery key when the vault is opened.
    #[error("a key may not begin as a recovery key does (AMVR1)")]
    ReadsAsRecoveryKey,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandom,
}

/// The rounds of PBKDF2: at least 100,000, at most 10,000,000 (more would be a trap in a stolen file).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Iterations(u32);

impl Iterations {
    /// The fewest rounds that are accepted.
    pub const FLOOR: u32 = 100_000;
    /// The rounds of a new slot where nothing else is configured.
    pub const DEFAULT: Self = Self(600_000);
    /// The most rounds that are accepted.
    pub const CEILING: u32 = 10_000_000;

    /// Checks a number of rounds.
    pub fn new(rounds: u32) -> Result<Self, Invalid> {
        if (Self::FLOOR..=Self::CEILING).contains(&rounds) {
            return Ok(Self(rounds));
        }
        Err(Invalid("iterations are 100000 to 10000000"))
    }

    /// Gives the number.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// Derives the master key: `PBKDF2-HMAC-SHA512(passphrase, salt, iterations, 32)` (RFC 8018, 5.2).
pub fn derive_master(passphrase: &Passphrase, salt: &Bytes32, iterations: Iterations) -> KeyBytes {
    KeyBytes::filled(|out| {
        vault_primitives::pbkdf2_hmac_sha512(passphrase.expose(), salt, iterations.get(), out);
    })
}

/// Derives a key of a purpose: `HKDF-SHA256(ikm, salt, info, 32)` (RFC 5869).
pub fn derive(ikm: &Bytes32, salt: Option<&Bytes32>, info: &str) -> KeyBytes {
    KeyBytes::filled(|out| vault_primitives::hkdf_sha256(ikm, salt, info, out))
}

/// Compares a MAC in constant time.
pub fn mac_fits(expected: &Bytes32, found: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    expected.as_slice().ct_eq(found).into()
}

/// Computes SHA-256 (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> Bytes32 {
    Sha256::digest(bytes).into()
}

/// Fills a buffer from the operating system's generator (`getrandom(2)`).
pub fn random<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| CryptoError::NoRandom)?;
    Ok(bytes)
}

/// Draws a fresh 256-bit key.
pub fn random_key() -> Result<KeyBytes, CryptoError> {
    let mut failed = false;
    let key = KeyBytes::filled(|out| failed = SysRng.try_fill_bytes(out).is_err());
    if failed { Err(CryptoError::NoRandom) } else { Ok(key) }
}

/// Encrypts in place with AES-256-GCM and returns the tag.
fn gcm_encrypt(
    key: &Bytes32,
    iv: &Iv,
    aad: &[u8],
    buffer: &mut [u8],
) -> Result<[u8; TAG_BYTES], CryptoError> {
    vault_primitives::aes_256_gcm_encrypt(key, iv, aad, buffer).map_err(|_| CryptoError::Malformed)
}

/// Decrypts in place, and removes the tag; if it is wrong, the buffer holds no plaintext.
fn gcm_decrypt(key: &Bytes32, iv: &Iv, aad: &[u8], tagged: &mut Vec<u8>) -> Result<(), CryptoError> {
    if tagged.len() < TAG_BYTES {
        return Err(CryptoError::Malformed);
    }
    vault_primitives::aes_256_gcm_decrypt(key, iv, aad, tagged).map_err(|_| CryptoError::NotAuthentic)
}

/// Wraps a key under another: `AES-256-GCM(kek, iv, key, aad)`, 48 bytes with the tag.
fn wrap(kek: &Bytes32, iv: &Iv, aad: &[u8], key: &KeyBytes) -> Result<[u8; 48], CryptoError> {
    let mut out = [0; 48];
    let (body, tail) = out.split_at_mut(32);
    body.copy_from_slice(key.expose());
    let tag = gcm_encrypt(kek, iv, aad, body)?;
    tail.copy_from_slice(&tag);
    Ok(out)
}

/// Unwraps what [`wrap`] made.
fn unwrap_key(kek: &Bytes32, iv: &Iv, aad: &[u8], wrapped: &[u8; 48]) -> Result<KeyBytes, CryptoError> {
    let mut buffer = zeroize::Zeroizing::new(wrapped.to_vec());
    gcm_decrypt(kek, iv, aad, &mut buffer)?;
    let key: &[u8; 32] = buffer.as_slice().try_into().map_err(|_| CryptoError::Malformed)?;
    Ok(KeyBytes::copied(key))
}

/// Computes the SHA-256 of a file's content in lower-case hex.
///
/// # Errors
/// Where it cannot be read.
pub fn sha256_of_file(mut file: impl std::io::Read) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(data_encoding::HEXLOWER.encode(&hash.finalize()));
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
}
