//! Values and keys that cannot be printed and are wiped when dropped.

use std::fmt;

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::domain::Invalid;

/// The longest value, in bytes of UTF-8.
pub const VALUE_BYTES: usize = 1024 * 1024;

/// The value of a secret: 1 byte to 1 MiB of UTF-8.
pub struct SecretValue(SecretString);

impl SecretValue {
    /// Takes a text as a value; refuses an empty one and one over 1 MiB.
    pub fn new(text: String) -> Result<Self, Invalid> {
        let held = SecretString::from(text);
        match held.expose_secret().len() {
            0 => Err(Invalid("a value is not empty")),
            n if n > VALUE_BYTES => Err(Invalid(TOO_LONG)),
            _ => Ok(Self(held)),
        }
    }

    /// Shows the value; every use of it can be found by this name.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The refusal of a value over 1 MiB; the faces answer it with `too_large`.
pub const TOO_LONG: &str = "a value takes at most 1 MiB";

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// The bytes of `AGENTICMAIL_VAULT_KEY`, the input of PBKDF2.
pub struct Passphrase(SecretSlice<u8>);

impl Passphrase {
    /// Takes the bytes; refuses none at all.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Invalid> {
        if bytes.is_empty() {
            return Err(Invalid("the key is empty"));
        }
        Ok(Self(SecretSlice::from(bytes)))
    }

    /// Shows the bytes; every use of it can be found by this name.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// Tells whether the key looks weak: short, or of few different characters.
    pub fn is_weak(&self) -> bool {
        let bytes = self.expose();
        let mut seen = [false; 256];
        for byte in bytes {
            if let Some(slot) = seen.get_mut(usize::from(*byte)) {
                *slot = true;
            }
        }
        bytes.len() < 16 || seen.iter().filter(|s| **s).count() < 8
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// The one type that carries a value over the wire, in either direction.
#[derive(Debug)]
pub struct Revealed(SecretValue);

impl Revealed {
    /// Takes a value that may leave.
    pub fn new(value: SecretValue) -> Self {
        Self(value)
    }

    /// Gives the value.
    pub fn value(&self) -> &SecretValue {
        &self.0
    }

    /// Gives the bytes as a key.
    pub fn to_passphrase(&self) -> Result<Passphrase, Invalid> {
        Passphrase::new(self.0.expose().as_bytes().to_vec())
    }
}

impl From<SecretValue> for Revealed {
    fn from(value: SecretValue) -> Self {
        Self(value)
    }
}

impl Serialize for Revealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Revealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_string(ValueVisitor)
    }
}

struct ValueVisitor;

impl Visitor<'_> for ValueVisitor {
    type Value = Revealed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Revealed, E> {
        SecretValue::new(text.to_owned()).map(Revealed).map_err(E::custom)
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Revealed, E> {
        SecretValue::new(text).map(Revealed).map_err(E::custom)
    }
}

impl JsonSchema for Revealed {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": VALUE_BYTES })
    }
}

/// Thirty-two bytes of key material outside the key page, wiped when dropped.
///
/// They are on the heap, so that moving a key moves a pointer and leaves no copy behind.
pub struct KeyBytes(SecretBox<[u8; 32]>);

impl KeyBytes {
    /// Copies a key.
    pub fn copied(bytes: &[u8; 32]) -> Self {
        Self::filled(|out| out.copy_from_slice(bytes))
    }

    /// Makes a zeroed buffer and lets a function fill it in place.
    pub fn filled(fill: impl FnOnce(&mut [u8; 32])) -> Self {
        Self(SecretBox::init_with_mut(fill))
    }

    /// Shows the key; every use of it can be found by this name.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyBytes(…)")
    }
}
