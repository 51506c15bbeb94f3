//! Names of secrets, orgs, platforms and fields, and the metadata beside a secret.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_general_category::{GeneralCategory, get_general_category};

use super::Invalid;
use super::strict::Strict;

/// The longest name of a secret or an org, in bytes of UTF-8.
const NAME_BYTES: usize = 256;
/// The most bytes that a secret's metadata takes as JSON.
const METADATA_BYTES: usize = 16 * 1024;

const SKILL: &str = "skill:";

fn plain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME_BYTES
        && !text.chars().any(char::is_control)
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace)
}

fn is_platform(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

fn is_field(text: &str) -> bool {
    is_platform(&text.to_ascii_lowercase())
}

/// Checks that each character of a new name or org is seen; what is stored already is read as it is.
///
/// # Errors
/// If one is not.
pub(crate) fn check_seen(text: &str) -> Result<(), Invalid> {
    if text.chars().any(is_unseen) {
        return Err(Invalid(
            "a name has no characters that are not seen, such as marks of direction and spaces without width",
        ));
    }
    Ok(())
}

/// Tells whether a character is not seen, and can make one name look like another.
fn is_unseen(char: char) -> bool {
    use GeneralCategory::{Format, LineSeparator, ParagraphSeparator};
    matches!(get_general_category(char), Format | LineSeparator | ParagraphSeparator)
}

macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// Gives the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = Invalid;
            fn try_from(text: String) -> Result<Self, Invalid> {
                Self::check(&text)?;
                Ok(Self(text))
            }
        }
        impl std::str::FromStr for $name {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::try_from(text.to_owned())
            }
        }
    };
}
pub(super) use text_type;

/// The name of a secret: 1 to 256 bytes of UTF-8 without control characters or space at either end.
///
/// A name that begins with `skill:` is `skill:<platform>:<field>` or `skill:<platform>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 256))]
pub struct SecretName(String);
text_type!(SecretName);

impl SecretName {
    fn check(text: &str) -> Result<(), Invalid> {
        if !plain(text) {
            return Err(Invalid(
                "a name has 1 to 256 bytes of UTF-8, no control characters and no space at either end",
            ));
        }
        let Some(rest) = text.strip_prefix(SKILL) else { return Ok(()) };
        let (platform, field) = rest.split_once(':').map_or((rest, None), |(p, f)| (p, Some(f)));
        if is_platform(platform) && field.is_none_or(is_field) {
            return Ok(());
        }
        Err(Invalid(
            "a name that begins with `skill:` is `skill:<platform>:<field>`, both of a-z, 0-9, `.`, `_`, `-`, the field of A-Z too",
        ))
    }

    /// Builds `skill:<platform>:<field>`.
    pub fn of_field(platform: &PlatformName, field: &FieldName) -> Result<Self, Invalid> {
        Self::try_from(format!("{SKILL}{platform}:{field}"))
    }

    /// Builds `skill:<platform>`.
    pub fn of_platform(platform: &PlatformName) -> Result<Self, Invalid> {
        Self::try_from(format!("{SKILL}{platform}"))
    }

    /// Returns the spelling that stands for all of a name's: a field's `-`, `.` and `camelCase` are its `_`.
    pub fn spelling(&self) -> Cow<'_, str> {
        let Some((platform, Some(field))) = self.skill() else { return Cow::Borrowed(&self.0) };
        match snake_case(field) {
            Cow::Borrowed(_) => Cow::Borrowed(&self.0),
            Cow::Owned(field) => Cow::Owned(format!("{SKILL}{platform}:{field}")),
        }
    }

    /// Splits a `skill:` name into its platform and, where it has one, its field.
    pub fn skill(&self) -> Option<(&str, Option<&str>)> {
        let rest = self.0.strip_prefix(SKILL)?;
        Some(rest.split_once(':').map_or((rest, None), |(p, f)| (p, Some(f))))
    }
}

/// The tenant a secret belongs to: 1 to 256 bytes, plain as a name is; `*` is kept for "all".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 256))]
pub struct OrgId(String);
text_type!(OrgId);

impl OrgId {
    fn check(text: &str) -> Result<(), Invalid> {
        if plain(text) && text != "*" {
            return Ok(());
        }
        Err(Invalid("an orgId has 1 to 256 bytes of UTF-8, no control characters, and is not `*` here"))
    }
}

impl Default for OrgId {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

/// What no two secrets have in common: an org and a name in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FullName {
    /// The tenant.
    pub org_id: OrgId,
    /// The name.
    pub name: SecretName,
}

/// One org, or all of them (`*`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("minLength" = 1, "maxLength" = 256))]
pub enum OrgScope {
    /// Every org.
    All,
    /// This org alone.
    One(OrgId),
}

impl OrgScope {
    /// Gives the org where the scope names one.
    pub fn one(&self) -> Option<&OrgId> {
        match self {
            Self::All => None,
            Self::One(org) => Some(org),
        }
    }

    /// Tells whether an org lies in the scope.
    pub fn covers(&self, org: &OrgId) -> bool {
        self.one().is_none_or(|one| one == org)
    }
}

impl Default for OrgScope {
    fn default() -> Self {
        Self::One(OrgId::default())
    }
}

impl TryFrom<String> for OrgScope {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        if text == "*" { Ok(Self::All) } else { OrgId::try_from(text).map(Self::One) }
    }
}

impl From<OrgScope> for String {
    fn from(scope: OrgScope) -> Self {
        match scope {
            OrgScope::All => "*".to_owned(),
            OrgScope::One(org) => org.0,
        }
    }
}

/// A platform, the first variable part of `skill:<platform>:<field>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 256))]
pub struct PlatformName(String);
text_type!(PlatformName);

impl PlatformName {
    fn check(text: &str) -> Result<(), Invalid> {
        if text.len() <= NAME_BYTES && is_platform(text) {
            return Ok(());
        }
        Err(Invalid("a platform is 1 to 256 of a-z, 0-9, `.`, `_`, `-`"))
    }
}

/// A field, the second variable part of `skill:<platform>:<field>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 256))]
pub struct FieldName(String);
text_type!(FieldName);

impl FieldName {
    fn check(text: &str) -> Result<(), Invalid> {
        if text.len() <= NAME_BYTES && is_field(text) {
            return Ok(());
        }
        Err(Invalid("a field is 1 to 256 of a-z, A-Z, 0-9, `.`, `_`, `-`"))
    }
}

/// The metadata beside a secret: a JSON object of at most 16 KiB, kept in clear and authenticated.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Strict")]
#[schemars(with = "serde_json::Map<String, serde_json::Value>")]
pub struct Metadata(serde_json::Map<String, serde_json::Value>);

impl Metadata {
    /// Gives the object as compact JSON, the form that is stored and authenticated.
    pub fn to_json(&self) -> String {
        serde_json::Value::Object(self.0.clone()).to_string()
    }

    /// Reads the stored form back.
    pub fn from_json(text: &str) -> Result<Self, Invalid> {
        serde_json::from_str(text).map_err(|_| Invalid("stored metadata is no JSON object"))
    }

    /// Gives the object.
    pub fn as_map(&self) -> &serde_json::Map<String, serde_json::Value> {
        &self.0
    }
}

impl TryFrom<Strict> for Metadata {
    type Error = Invalid;
    fn try_from(Strict(json): Strict) -> Result<Self, Invalid> {
        let serde_json::Value::Object(map) = json else {
            return Err(Invalid("metadata is a JSON object"));
        };
        map.try_into()
    }
}

impl TryFrom<serde_json::Map<String, serde_json::Value>> for Metadata {
    type Error = Invalid;
    fn try_from(map: serde_json::Map<String, serde_json::Value>) -> Result<Self, Invalid> {
        let metadata = Self(map);
        if metadata.to_json().len() > METADATA_BYTES {
            return Err(Invalid("metadata takes at most 16 KiB as JSON"));
        }
        Ok(metadata)
    }
}

/// Turns `camelCase`, `kebab-case` and `dotted.words` into `snake_case`, the form that presets use; `apiURL` and `APIKey` are two
/// words each.
pub fn snake_case(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| matches!(c, '-' | '.') || c.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 4);
    let mut characters = text.chars().peekable();
    let mut last = '_';
    while let Some(c) = characters.next() {
        let ends_capitals =
            last.is_ascii_uppercase() && characters.peek().is_some_and(char::is_ascii_lowercase);
        let begins_word = last.is_ascii_lowercase() || last.is_ascii_digit() || ends_capitals;
        if c.is_ascii_uppercase() && begins_word {
            out.push('_');
        }
        out.push(if matches!(c, '-' | '.') { '_' } else { c.to_ascii_lowercase() });
        last = c;
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_by_their_capitals() {
        for (text, snake) in [
            ("accessKeyId", "access_key_id"),
            ("api-key", "api_key"),
            ("apiURL", "api_url"),
            ("APIKey", "api_key"),
            ("accountSID", "account_sid"),
            ("oauth2Token", "oauth2_token"),
            ("Token", "token"),
            ("TOKEN", "token"),
            ("x-Api-Key", "x_api_key"),
            ("already_snake", "already_snake"),
            ("a.B", "a_b"),
        ] {
            assert_eq!(snake, snake_case(text));
        }
    }

    #[test]
    fn a_field_has_capitals_and_a_platform_has_none() {
        let is_name = |name: &str| SecretName::try_from(name.to_owned()).is_ok();
        for name in ["skill:aws:accessKeyId", "skill:mailchimp:apiKey", "skill:x:API", "skill:x:B.c-D"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "skill:UPPER:x",
            "skill:Aws:accessKeyId",
            "skill:AWS",
            "skill:x:\u{e4}",
            "skill:x:a b",
            "skill:x:A:b",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn every_spelling_of_a_field_is_one() {
        for name in [
            "skill:aws:accessKeyId",
            "skill:aws:access-key-id",
            "skill:aws:access.keyId",
            "skill:aws:AccessKeyID",
        ] {
            let name = SecretName::try_from(name.to_owned()).unwrap();
            assert_eq!("skill:aws:access_key_id", name.spelling());
        }
    }
}
