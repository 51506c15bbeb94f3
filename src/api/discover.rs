//! Auto-discovery: what there is by platform, many values at once, the presets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Code, Operation, Route, Secret, Written};
use crate::domain::{Category, OrgId, PlatformName, SecretId, SecretName};
use crate::presets::Preset;
use crate::secret::Revealed;

/// Reads many values at once: all of them, or none.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolveMany {
    /// The tenant; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
    /// Names as `resolve` takes them, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// A platform, whose stored fields are read: those that its preset names, without a preset all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
}

/// One of many values.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ResolvedValue {
    /// The stored name.
    pub name: SecretName,
    /// The field, for a `skill:` name with one.
    pub field: Option<String>,
    /// The environment variable that it usually goes into.
    pub env: Option<String>,
    /// All of them; `env` is the first.
    #[serde(default)]
    pub variables: Vec<String>,
    /// The value.
    pub value: Revealed,
    /// The secret.
    pub entry: Secret,
}

/// A stored secret of a platform that is not among the values.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NotPassed {
    /// Its name.
    pub name: SecretName,
    /// `conflict` for one whose variable is another's, `invalid_request` for one without a variable, `not_found` for one that
    /// has expired, `forbidden` for one that the caller may not read.
    pub code: Code,
    /// Why.
    pub error: String,
}

/// Many values.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedMany {
    /// In the order in which they were asked for; a platform's in the preset's order.
    pub values: Vec<ResolvedValue>,
    /// What is stored for the platform and is not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<NotPassed>,
}

impl Operation for ResolveMany {
    type Answer = ResolvedMany;
    const METHOD: &'static str = "vault.resolveMany";
    const ROUTE: Route = Route::post("/vault/resolve");
    const SUMMARY: &'static str = "Reads many values at once: all of them, or none.";
}

/// Tells what there is by platform, never a value.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Discover {
    /// This platform alone, by name or alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The tenant; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
}

/// A platform with stored fields.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DiscoveredPlatform {
    /// The platform as stored.
    pub platform: PlatformName,
    /// Its label; the platform itself where no preset knows it.
    pub label: String,
    /// What is stored.
    pub fields: Vec<DiscoveredField>,
}

/// A stored field of a platform.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DiscoveredField {
    /// The field; empty for `skill:<platform>` itself.
    pub field: String,
    /// The stored name.
    pub name: SecretName,
    /// The secret's id.
    pub id: SecretId,
    /// The first environment variable that it usually goes into; empty if it goes into none unless one is named.
    pub env: String,
}

/// What there is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Discovered {
    /// By platform, in order of name.
    pub platforms: Vec<DiscoveredPlatform>,
    /// Of a platform that was asked for and has no key: the one field that its name finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone: Option<SecretName>,
}

impl Operation for Discover {
    type Answer = Discovered;
    const METHOD: &'static str = "vault.discover";
    const ROUTE: Route = Route::get("/vault/discover");
    const SUMMARY: &'static str = "Tells what there is by platform, never a value.";
}

/// Lists the presets and the categories.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPresets {}

/// A category as people see it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CategoryEntry {
    /// The id.
    pub id: Category,
    /// The label.
    pub label: String,
    /// The colour, as `#rrggbb`.
    pub color: String,
    /// What belongs into it.
    pub description: String,
}

/// The presets and the categories.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PresetList {
    /// The presets, in order of platform.
    pub presets: Vec<Preset>,
    /// The categories.
    pub categories: Vec<CategoryEntry>,
}

impl Operation for ListPresets {
    type Answer = Written<PresetList>;
    const METHOD: &'static str = "vault.presets";
    const ROUTE: Route = Route::get("/vault/presets");
    const SUMMARY: &'static str = "Lists the presets and the categories.";
}
