//! Ids: of secrets and audit entries (`UUIDv7`, RFC 9562) and of a vault (16 random bytes).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Invalid, Timestamp};

macro_rules! uuid_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String", extend("format" = "uuid"))]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a `UUIDv7` of a time and ten random bytes.
            pub fn at(now: Timestamp, random: &[u8; 10]) -> Self {
                let millis = u64::try_from(now.as_millis()).unwrap_or_default();
                Self(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
            }

            /// Gives the sixteen bytes, as stored.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// Reads sixteen stored bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;
            fn try_from(text: String) -> Result<Self, Invalid> {
                Uuid::try_parse(&text).map(Self).map_err(|_| Invalid("an id is a UUID"))
            }
        }
    };
}

uuid_type!(
    /// The id of a secret.
    SecretId
);
uuid_type!(
    /// The id of an audit entry.
    AuditId
);

/// What a caller names a secret by: an id, or a text that can be no secret's id.
///
/// A text that is no UUID is a secret that does not exist, not a malformed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub struct SecretRef(Option<SecretId>);

impl SecretRef {
    /// Gives the id, if the text was one.
    pub fn id(self) -> Option<SecretId> {
        self.0
    }

    /// Returns the id; one that no secret has, if the text was none.
    pub fn or_absent(self) -> SecretId {
        self.0.unwrap_or(SecretId::from_bytes([0; 16]))
    }
}

impl From<SecretId> for SecretRef {
    fn from(id: SecretId) -> Self {
        Self(Some(id))
    }
}

impl From<String> for SecretRef {
    fn from(text: String) -> Self {
        Self(SecretId::try_from(text).ok())
    }
}

impl From<SecretRef> for String {
    fn from(secret: SecretRef) -> Self {
        secret.0.map_or_else(|| "none".to_owned(), String::from)
    }
}

/// The id of a vault: 16 random bytes that every seal and commitment is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VaultId(pub [u8; 16]);
