//! Every use of a key: the primitives that take one, each on a stack that is overwritten afterwards.
//!
//! Keys come in and go out by reference: a key is derived into the caller's buffer and never returned, so that no
//! move leaves a copy behind. What a primitive itself leaves on the stack (key schedules, padded keys, spilled
//! registers) lies within the bytes that its burn overwrites; the tests measure how deep each one goes on the processor
//! that they run on. This crate is optimised in development builds too: generic code is compiled in
//! the crate that uses it, and unoptimised frames are several times larger than those that ship.

mod bare;
#[cfg(test)]
mod tests;

use vault_platform::with_burned_stack;

/// A key, a MAC, a salt or a digest: 32 bytes.
pub type Bytes32 = [u8; 32];
/// The length of an AES-GCM IV in bytes (NIST SP 800-38D, 8.2.2).
pub const IV_BYTES: usize = 12;
/// The length of an AES-GCM tag in bytes.
pub const TAG_BYTES: usize = 16;

/// An IV of AES-GCM.
pub type Iv = [u8; IV_BYTES];

/// How many bytes of stack are overwritten after a key was used with AES-GCM or PBKDF2.
///
/// AES-GCM goes deepest with AVX-512, where it takes 64 blocks at once: 7,850 bytes in a release build.
const DEEP_BURN: usize = 12 * 1024;
/// How many bytes of stack are overwritten after a key was used with HMAC or HKDF.
const HASH_BURN: usize = 4 * 1024;

/// The text is longer than AES-GCM allows for one IV, 2³⁶ − 32 bytes (NIST SP 800-38D, 5.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// The tag does not fit the key, the IV, the additional data and the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAuthentic;

/// Computes `PBKDF2-HMAC-SHA512(password, salt, rounds, 32)` (RFC 8018, 5.2) into a buffer.
pub fn pbkdf2_hmac_sha512(password: &[u8], salt: &[u8], rounds: u32, out: &mut Bytes32) {
    with_burned_stack::<DEEP_BURN, _>(|| bare::pbkdf2_hmac_sha512(password, salt, rounds, out));
}

/// Computes `HKDF-SHA256(ikm, salt, info, 32)` (RFC 5869) into a buffer.
pub fn hkdf_sha256(ikm: &Bytes32, salt: Option<&Bytes32>, info: &str, out: &mut Bytes32) {
    with_burned_stack::<HASH_BURN, _>(|| bare::hkdf_sha256(ikm, salt, info, out));
}

/// Computes `HMAC-SHA256(key, parts…)` (RFC 2104) over the parts in order.
pub fn hmac_sha256(key: &Bytes32, parts: &[&[u8]]) -> Bytes32 {
    with_burned_stack::<HASH_BURN, _>(|| bare::hmac_sha256(key, parts))
}

/// Encrypts in place with AES-256-GCM (NIST SP 800-38D) and returns the tag.
///
/// # Errors
/// [`TooLong`] for a text that AES-GCM does not take.
pub fn aes_256_gcm_encrypt(
    key: &Bytes32,
    iv: &Iv,
    aad: &[u8],
    text: &mut [u8],
) -> Result<[u8; TAG_BYTES], TooLong> {
    with_burned_stack::<DEEP_BURN, _>(|| bare::aes_256_gcm_encrypt(key, iv, aad, text))
}

/// Decrypts in place what ends with a tag of AES-256-GCM, and removes the tag; a text that does not fit stays encrypted.
///
/// # Errors
/// [`NotAuthentic`] if the tag does not fit or is missing.
pub fn aes_256_gcm_decrypt(
    key: &Bytes32,
    iv: &Iv,
    aad: &[u8],
    tagged: &mut Vec<u8>,
) -> Result<(), NotAuthentic> {
    with_burned_stack::<DEEP_BURN, _>(|| bare::aes_256_gcm_decrypt(key, iv, aad, tagged))
}

/// A key of HMAC-SHA256 that is expanded once, to compute many MACs with; wiped when dropped.
pub struct MacKey(Box<bare::Hmac256>);

impl MacKey {
    /// Expands a key.
    pub fn new(key: &Bytes32) -> Self {
        with_burned_stack::<HASH_BURN, _>(|| Self(Box::new(bare::keyed(key))))
    }

    /// Computes what [`hmac_sha256`] does.
    pub fn mac(&self, parts: &[&[u8]]) -> Bytes32 {
        with_burned_stack::<HASH_BURN, _>(|| bare::finished((*self.0).clone(), parts))
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey(…)")
    }
}
