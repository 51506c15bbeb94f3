//! The order of a list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Invalid;
use crate::store::{Sort, SortKey};

/// The order of a list: `name`, `category`, `createdAt`, `updatedAt`, `rotatedAt`, `versionCreatedAt`, `expiresAt`; `-` before
/// it reverses. By `expiresAt`, secrets that do not expire come last in either direction.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^-?(name|category|createdAt|updatedAt|rotatedAt|versionCreatedAt|expiresAt)$"))]
pub struct SortBy(pub Sort);

const SORT_KEYS: [(&str, SortKey); 7] = [
    ("name", SortKey::Name),
    ("category", SortKey::Category),
    ("createdAt", SortKey::CreatedAt),
    ("updatedAt", SortKey::UpdatedAt),
    ("rotatedAt", SortKey::RotatedAt),
    ("versionCreatedAt", SortKey::VersionAt),
    ("expiresAt", SortKey::ExpiresAt),
];

impl TryFrom<String> for SortBy {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        let (word, descending) = text.strip_prefix('-').map_or((text.as_str(), false), |rest| (rest, true));
        let found = SORT_KEYS.iter().find(|(name, _)| *name == word);
        let (_, key) = found.ok_or(Invalid(
            "sort is name, category, createdAt, updatedAt, rotatedAt, versionCreatedAt or expiresAt, with - before it for descending",
        ))?;
        Ok(Self(Sort { key: *key, descending }))
    }
}

impl From<SortBy> for String {
    fn from(sort: SortBy) -> Self {
        let word = SORT_KEYS.iter().find(|(_, key)| *key == sort.0.key).map_or("name", |(word, _)| word);
        format!("{}{word}", if sort.0.descending { "-" } else { "" })
    }
}
