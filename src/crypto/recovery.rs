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
        // With room for all, so that no growth leaves a copy behind.
        let mut kept = Zeroizing::new(Vec::with_capacity(text.len()));
        let letters = text.iter().filter(|b| !matches!(b, b'-' | b' ' | b'\n' | b'\r' | b'\t'));
        kept.extend(letters.map(u8::to_ascii_uppercase));
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
        let mut bytes = Zeroizing::new([0; 32 + CHECK_BYTES]);
        for (to, from) in bytes.iter_mut().zip(self.0.expose().iter().chain(&sha256(self.0.expose()))) {
            *to = *from;
        }
        let body = Zeroizing::new(BASE32_NOPAD.encode(&*bytes));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    fn key(bytes: [u8; 32]) -> RecoveryKey {
        RecoveryKey(KeyBytes::copied(&bytes))
    }

    fn read(text: &[u8]) -> Result<[u8; 32], RecoveryKeyFault> {
        RecoveryKey::parse(text).map(|key| *key.0.expose())
    }

    /// Writes a text as a careless person would: by each number, case changes and gaps come or go.
    fn retyped(text: &str, habits: &[u8]) -> Vec<u8> {
        let gaps: [&[u8]; 6] = [b"", b"-", b" ", b"--", b"\t", b"\r\n"];
        let kept = text.bytes().filter(|byte| *byte != b'-');
        let typed = kept.zip(habits.iter().cycle()).flat_map(|(byte, habit)| {
            let byte = if habit & 1 == 0 { byte } else { byte.to_ascii_lowercase() };
            let gap = gaps[usize::from(habit >> 1) % gaps.len()];
            [gap, &[byte]].concat()
        });
        typed.collect()
    }

    proptest! {
        #[test]
        fn a_recovery_key_survives_case_dashes_and_spaces(
            bytes: [u8; 32],
            habits in proptest::collection::vec(any::<u8>(), 1..80),
        ) {
            let typed = retyped(&key(bytes).to_text(), &habits);
            prop_assert!(RecoveryKey::looks_like(&typed));
            prop_assert_eq!(Ok(bytes), read(&typed));
        }

        #[test]
        fn any_single_wrong_character_is_told(bytes: [u8; 32], at in 0_usize..63, letter in 0_usize..32) {
            let text = key(bytes).to_text();
            let mut typed: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
            prop_assume!(typed[at] != LETTERS[letter]);
            typed[at] = LETTERS[letter];
            let found = read(&typed);
            prop_assert!(matches!(found, Err(RecoveryKeyFault::Checksum | RecoveryKeyFault::Malformed)), "{:?}", found);
        }

        #[test]
        fn two_swapped_characters_are_told(bytes: [u8; 32], at in 5_usize..62) {
            let text = key(bytes).to_text();
            let mut typed: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
            prop_assume!(typed[at] != typed[at + 1]);
            typed.swap(at, at + 1);
            prop_assert!(read(&typed).is_err());
        }

        #[test]
        fn a_missing_or_added_character_is_malformed(bytes: [u8; 32], at in 5_usize..63) {
            let text = key(bytes).to_text();
            let mut less: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
            let mut more = less.clone();
            less.remove(at);
            more.insert(at, b'A');
            prop_assert_eq!(Err(RecoveryKeyFault::Malformed), read(&less));
            prop_assert_eq!(Err(RecoveryKeyFault::Malformed), read(&more));
        }

        #[test]
        fn no_typed_text_is_a_key_by_chance(text in "(AMVR1)?[ -~]{0,80}") {
            prop_assert!(read(text.as_bytes()).is_err());
        }
    }

    #[test]
    fn characters_outside_base32_are_malformed() {
        for odd in *b"0189!\0\xff" {
            let text = key([7; 32]).to_text();
            let mut typed = text.as_bytes().to_vec();
            typed[10] = odd;
            assert_eq!(Err(RecoveryKeyFault::Malformed), read(&typed));
        }
    }

    #[test]
    fn the_text_is_ten_groups_after_the_prefix() {
        let text = key([0xff; 32]).to_text();
        let groups: Vec<_> = text.split('-').map(str::len).collect();
        assert_eq!([5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 4].as_slice(), groups);
    }

    #[test]
    fn a_usual_passphrase_does_not_look_like_a_recovery_key() {
        for usual in ["", "AMVR", "correct horse battery staple", "6f1d7f0e-AMVR1"] {
            assert!(!RecoveryKey::looks_like(usual.as_bytes()), "{usual}");
        }
    }
}
