//! The primitives themselves, which leave on the stack what they used.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use crate::{Bytes32, Iv, NotAuthentic, TAG_BYTES, TooLong};

pub(crate) type Hmac256 = Hmac<Sha256>;

pub(crate) fn pbkdf2_hmac_sha512(password: &[u8], salt: &[u8], rounds: u32, out: &mut Bytes32) {
    pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, rounds, out);
}

pub(crate) fn hkdf_sha256(ikm: &Bytes32, salt: Option<&Bytes32>, info: &str, out: &mut Bytes32) {
    let hkdf = Hkdf::<Sha256>::new(salt.map(Bytes32::as_slice), ikm);
    // Expanding 32 bytes cannot fail: RFC 5869 allows up to 255 × 32.
    let _ = hkdf.expand(info.as_bytes(), out);
}

pub(crate) fn hmac_sha256(key: &Bytes32, parts: &[&[u8]]) -> Bytes32 {
    finished(keyed(key), parts)
}

pub(crate) fn keyed(key: &Bytes32) -> Hmac256 {
    // RFC 2104 pads a shorter key with zeros to the block of 64 bytes; doing so here leaves nothing to fail.
    let mut block = Zeroizing::new([0; 64]);
    let (head, _) = block.split_at_mut(32);
    head.copy_from_slice(key);
    <Hmac256 as KeyInit>::new((&*block).into())
}

pub(crate) fn finished(mut hmac: Hmac256, parts: &[&[u8]]) -> Bytes32 {
    for part in parts {
        hmac.update(part);
    }
    hmac.finalize().into_bytes().into()
}

pub(crate) fn aes_256_gcm_encrypt(
    key: &Bytes32,
    iv: &Iv,
    aad: &[u8],
    text: &mut [u8],
) -> Result<[u8; TAG_BYTES], TooLong> {
    let cipher = Aes256Gcm::new(key.into());
    let tag = cipher.encrypt_inout_detached(&Nonce::from(*iv), aad, text.into());
    tag.map(Into::into).map_err(|_| TooLong)
}

pub(crate) fn aes_256_gcm_decrypt(
    key: &Bytes32,
    iv: &Iv,
    aad: &[u8],
    tagged: &mut Vec<u8>,
) -> Result<(), NotAuthentic> {
    let (text, tag) = tagged.split_last_chunk_mut::<TAG_BYTES>().ok_or(NotAuthentic)?;
    let cipher = Aes256Gcm::new(key.into());
    let opened = cipher.decrypt_inout_detached(&Nonce::from(*iv), aad, text.into(), &Tag::from(*tag));
    opened.map_err(|_| NotAuthentic)?;
    tagged.truncate(tagged.len() - TAG_BYTES);
    Ok(())
}
