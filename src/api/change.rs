//! Changes of stored secrets: update, versions, rollback, a platform's fields together, rotation.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::{Address, Created, Operation, Route, Secret, Success, Warning};
use crate::domain::{Category, Metadata, OrgId, OrgScope, SecretId, SecretRef, Timestamp};
use crate::secret::Revealed;

/// Gives a secret a new value or new metadata; what is not named stays.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateSecret {
    /// Which secret.
    #[serde(flatten)]
    pub secret: Address,
    /// The new value; it becomes a new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Revealed>,
    /// The new category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// The new metadata, replacing the old whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The new expiry; null removes it.
    #[serde(default, deserialize_with = "super::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<Option<Timestamp>>,
    /// Refuses where the present version is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<u64>,
    /// Refuses where the present revision is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_revision: Option<u64>,
}

impl Operation for UpdateSecret {
    type Answer = Created;
    const METHOD: &'static str = "vault.update";
    const ROUTE: Route = Route::put("/vault/secrets/{id}");
    const BY_NAME: Option<Route> = Some(Route::put("/vault/secrets").with_address());
    const SUMMARY: &'static str = "Gives a secret a new value or new metadata.";
}

/// Lists the versions of a secret that are kept.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListVersions {
    /// The secret's id.
    pub id: SecretRef,
}

/// One value that a secret has or had.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its number, from 1.
    pub version: u64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The actor who stored it.
    pub created_by: String,
}

/// The versions of a secret, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Versions {
    /// At most ten, the present one first.
    pub versions: Vec<Version>,
}

impl Operation for ListVersions {
    type Answer = Versions;
    const METHOD: &'static str = "vault.versions";
    const ROUTE: Route = Route::get("/vault/secrets/{id}/versions");
    const SUMMARY: &'static str = "Lists the versions of a secret that are kept.";
}

/// Makes an older value the newest version.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollback {
    /// Which secret.
    #[serde(flatten)]
    pub secret: Address,
    /// The version to bring back.
    pub version: u64,
}

impl Operation for Rollback {
    type Answer = Created;
    const METHOD: &'static str = "vault.rollback";
    const ROUTE: Route = Route::post("/vault/secrets/{id}/rollback");
    const BY_NAME: Option<Route> = Some(Route::post("/vault/secrets/rollback"));
    const SUMMARY: &'static str = "Makes an older value the newest version.";
}

/// Values by field; a field that occurs twice is refused.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct FieldValues(pub BTreeMap<String, Revealed>);

impl<'de> Deserialize<'de> for FieldValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = FieldValues;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of values by field")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldValues, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((field, value)) = map.next_entry::<String, Revealed>()? {
            if fields.insert(field, value).is_some() {
                return Err(de::Error::custom("a field occurs twice"));
            }
        }
        Ok(FieldValues(fields))
    }
}

impl JsonSchema for FieldValues {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FieldValues".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let value = generator.subschema_for::<Revealed>();
        schemars::json_schema!({ "type": "object", "minProperties": 1, "additionalProperties": value })
    }
}

/// Stores a preset's fields together, or none of them.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddPlatform {
    /// The platform, by its name or an alias.
    pub platform: String,
    /// The tenant; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
    /// The values by field.
    pub fields: FieldValues,
}

/// The secrets of a platform.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PlatformAdded {
    /// Always `true`.
    pub success: Success,
    /// The secrets, in the preset's order.
    pub entries: Vec<Secret>,
    /// What may be wrong with the values: they do not have the form that the preset knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

impl Operation for AddPlatform {
    type Answer = PlatformAdded;
    const METHOD: &'static str = "vault.addPlatform";
    const ROUTE: Route = Route::make("/vault/platforms/{platform}");
    const SUMMARY: &'static str = "Stores a preset's fields together, or none of them.";
}

/// Seals a secret afresh: the same value under a new salt and IV.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateSecret {
    /// Which secret.
    #[serde(flatten)]
    pub secret: Address,
}

impl Operation for RotateSecret {
    type Answer = Created;
    const METHOD: &'static str = "vault.rotate";
    const ROUTE: Route = Route::post("/vault/secrets/{id}/rotate");
    const BY_NAME: Option<Route> = Some(Route::post("/vault/secrets/rotate"));
    const SUMMARY: &'static str = "Seals a secret afresh under a new salt and IV; its value stays.";
}

/// Seals every secret afresh, in one transaction.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateAll {
    /// The tenant; `*` for all; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgScope>,
}

/// What was rotated, and what could not be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RotatedAll {
    /// Always `true`.
    pub success: Success,
    /// How many secrets.
    pub rotated: u64,
    /// Secrets that do not authenticate; they were left as they are.
    pub errors: Vec<RotationError>,
}

/// A secret that could not be rotated.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RotationError {
    /// Its id.
    pub id: SecretId,
    /// Its name.
    pub name: String,
    /// The code of the error.
    pub code: super::Code,
    /// What is wrong with it.
    pub error: String,
}

impl Operation for RotateAll {
    type Answer = RotatedAll;
    const METHOD: &'static str = "vault.rotateAll";
    const ROUTE: Route = Route::post("/vault/rotate-all");
    const SUMMARY: &'static str = "Seals every secret afresh, in one transaction.";
}
