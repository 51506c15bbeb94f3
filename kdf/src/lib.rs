//! PBKDF2, built optimised even where nothing else is: generic code is compiled in the crate that uses it, and
//! 600,000 rounds take seconds unoptimised.

use sha2::Sha512;

/// Computes `PBKDF2-HMAC-SHA512(password, salt, rounds, 32)` (RFC 8018, 5.2) into a buffer.
pub fn pbkdf2_hmac_sha512(password: &[u8], salt: &[u8], rounds: u32, out: &mut [u8; 32]) {
    pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, rounds, out);
}
