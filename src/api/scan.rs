//! Looking for stored values in texts: the texts come to the daemon, so that no value leaves it.

use data_encoding::BASE64;
use schemars::JsonSchema;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{Operation, Route};
use crate::domain::{OrgId, OrgScope, SecretId, SecretName};

/// The most texts of one request.
pub const SCAN_TEXTS: usize = 4096;
/// The most bytes of all texts of one request: in base64 they fit in a request.
pub const SCAN_BYTES: usize = 1024 * 1024;
/// The most places of one text that are told.
pub const SCAN_MATCHES: usize = 100;

/// Looks for the stored values, present and kept, in texts.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scan {
    /// The tenant whose values are looked for; `*` for all; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgScope>,
    /// The texts, 1 to 4,096, of 1 MiB together.
    pub texts: Vec<ScanText>,
}

/// A text, or a piece of one.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScanText {
    /// Its bytes, in base64 (RFC 4648, section 4).
    pub data: ScanBytes,
    /// Whether more of the same text follows in another request.
    #[serde(default)]
    pub open: bool,
}

/// Bytes of a text that may hold anything: never printed, and wiped when dropped.
pub struct ScanBytes(Zeroizing<Vec<u8>>);

impl ScanBytes {
    /// Takes the bytes of a text.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Shows the bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for ScanBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScanBytes(…)")
    }
}

impl Serialize for ScanBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64.encode(&self.0)))
    }
}

impl<'de> Deserialize<'de> for ScanBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = BASE64.decode(text.as_bytes());
        bytes.map(Self::new).map_err(|_| de::Error::custom("a text is given in base64"))
    }
}

impl JsonSchema for ScanBytes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ScanBytes".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "contentEncoding": "base64" })
    }
}

/// A place where a stored value stands; what stands there is not told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScanMatch {
    /// Which text, counted from 0.
    pub text: u64,
    /// The first byte of the place.
    pub offset: u64,
    /// The bytes that the value takes there, in whatever form.
    pub length: u64,
    /// The secret's id.
    pub id: SecretId,
    /// The secret's org.
    pub org_id: OrgId,
    /// The secret's name.
    pub name: SecretName,
    /// Which of its values.
    pub version: u64,
    /// Whether that is the present one.
    pub current: bool,
}

/// Where stored values stand in texts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scanned {
    /// The places, in order; at most 100 of one text.
    pub matches: Vec<ScanMatch>,
    /// How many places there are, told or not.
    pub total: u64,
    /// For each text up to which byte it could be judged: what is after it comes first in the next piece.
    pub judged: Vec<u64>,
    /// How many values were looked for.
    pub values: u64,
    /// How many were not: they are under 6 bytes, or a preset says that they are no secret.
    pub left_out: u64,
    /// The names of secrets that could not be looked for, as their stored values do not authenticate.
    pub damaged: Vec<SecretName>,
}

impl Operation for Scan {
    type Answer = Scanned;
    const METHOD: &'static str = "vault.scan";
    const ROUTE: Route = Route::post("/vault/scan");
    const SUMMARY: &'static str = "Looks for stored values in texts; tells where, never what.";
}
