//! The recovery key as people write it down: a prefix, 32 bytes and a checksum in base32 (RFC 4648).

use std::fmt;

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use super::{CryptoError, random_key, sha256};
use crate::secret::{KeyBytes, Passphrase};

const PREFIX: &str = "AMVR1";
const GROUP: usize = 6;
const CHECK_BYTES: usize = 4;

/// A recovery key: 256 random bits that open the recovery slot.
pub struct RecoveryKey(KeyBytes);

/// Says what is wrong with a typed recovery key, before it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryKeyFault {
    /// It lacks characters, or has some that it cannot have.
    #[error("the recovery key is incomplete or has a character that it cannot have")]
    Malformed,
    /// The checksum does not fit.
    #[error("the recovery key has a typing error: its checksum does not fit")]
    Checksum,
}

impl RecoveryKey {
    /// Draws a new one.
    pub fn draw() -> Result<Self, CryptoError> {
        random_key().map(Self)
    }

    /// Tells whether a key looks like a recovery key, by its prefix.
    pub fn looks_like(text: &[u8]) -> bool {
        let head: Vec<u8> =
            text.iter().filter(|b| b.is_ascii_alphanumeric()).take(PREFIX.len()).copied().collect();
        head.eq_ignore_ascii_case(PREFIX.as_bytes())
    }

    /// Reads one as typed: case, spaces and dashes do not matter.
    pub fn parse(text: &[u8]) -> Result<Self, RecoveryKeyFault> {
        let kept: Zeroizing<Vec<u8>> = Zeroizing::new(
            text.iter()
                .filter(|b| !matches!(b, b'-' | b' ' | b'\n' | b'\r' | b'\t'))
                .map(u8::to_ascii_uppercase)
                .collect(),
        );
        let body = kept.strip_prefix(PREFIX.as_bytes()).ok_or(RecoveryKeyFault::Malformed)?;
        let bytes = Zeroizing::new(BASE32_NOPAD.decode(body).map_err(|_| RecoveryKeyFault::Malformed)?);
        let (key, check) = bytes.split_at_checked(32).ok_or(RecoveryKeyFault::Malformed)?;
        if check.len() != CHECK_BYTES {
            return Err(RecoveryKeyFault::Malformed);
        }
        if sha256(key).get(..CHECK_BYTES) != Some(check) {
            return Err(RecoveryKeyFault::Checksum);
        }
        Ok(Self(KeyBytes::filled(|out| out.copy_from_slice(key))))
    }

    /// Gives the bytes that PBKDF2 takes for the recovery slot.
    pub fn to_passphrase(&self) -> Result<Passphrase, CryptoError> {
        Passphrase::new(self.0.expose().to_vec()).map_err(|_| CryptoError::Malformed)
    }

    /// Writes it in groups, for a person to keep.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(self.0.expose().to_vec());
        let check = sha256(&bytes);
        bytes.extend(check.iter().take(CHECK_BYTES));
        let body = Zeroizing::new(BASE32_NOPAD.encode(&bytes));
        let mut out = Zeroizing::new(String::with_capacity(96));
        out.push_str(PREFIX);
        for (at, c) in body.chars().enumerate() {
            if at % GROUP == 0 {
                out.push('-');
            }
            out.push(c);
        }
        out
    }
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey(…)")
    }
}
