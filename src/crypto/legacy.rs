//! What `AgenticMail` itself sealed, opened for import: nothing here seals.

use zeroize::Zeroizing;

use super::{CryptoError, IV_BYTES, gcm_decrypt};
use crate::secret::{KeyBytes, Passphrase};

/// The rounds that its versions have used, the present ones first.
pub const LEGACY_ROUNDS: [u32; 2] = [600_000, 100_000];

/// Opens a value: `AES-256-GCM(PBKDF2-HMAC-SHA512(key, salt, rounds, 32), iv, data ‖ tag)`, no additional data.
///
/// # Errors
/// `NotAuthentic` where the key, the rounds or a byte is another.
#[inline(never)]
pub fn open_legacy(
    key: &Passphrase,
    rounds: u32,
    (salt, iv): (&[u8; 16], &[u8; IV_BYTES]),
    tagged: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let master = KeyBytes::filled(|out| {
        vault_primitives::pbkdf2_hmac_sha512(key.expose(), salt, rounds, out);
    });
    let mut buffer = Zeroizing::new(tagged.to_vec());
    gcm_decrypt(master.expose(), iv, &[], &mut buffer)?;
    Ok(buffer)
}
