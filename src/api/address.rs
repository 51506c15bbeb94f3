//! Which stored secret a request means: the one of an id, or the one of a name in an org.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use super::decode::{Place, without_input};
use crate::domain::{OrgId, SecretId, SecretName, SecretRef};

/// Which stored secret is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Address {
    /// The one of an id.
    #[serde(rename_all = "camelCase")]
    Id {
        /// The id.
        id: SecretRef,
        /// If given, the org that it has to be in.
        #[serde(skip_serializing_if = "Option::is_none")]
        org_id: Option<OrgId>,
    },
    /// The one in this name's place: under this name, another spelling of its field, or another alias of its platform or field.
    /// No platform's word finds it, and no field that would stand in for it.
    #[serde(rename_all = "camelCase")]
    Name {
        /// The name.
        name: SecretName,
        /// The tenant; `default` without it.
        #[serde(skip_serializing_if = "Option::is_none")]
        org_id: Option<OrgId>,
    },
}

impl From<SecretId> for Address {
    fn from(id: SecretId) -> Self {
        Self::Id { id: id.into(), org_id: None }
    }
}

/// The fields of an address, as they come.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Fields {
    /// The secret's id.
    #[serde(default)]
    id: Option<SecretRef>,
    /// In place of the id: the secret's full name, in any spelling of its field and by any alias of its platform and field.
    #[serde(default)]
    name: Option<SecretName>,
    /// The tenant of the name, `default` without it; with an id, the tenant that the secret has to be in.
    #[serde(default)]
    org_id: Option<OrgId>,
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What is flattened has lost its place in the whole, so an error names its field here.
        let fields = serde_path_to_error::deserialize(deserializer).map_err(|error| {
            let words = without_input(&error.inner().to_string());
            D::Error::custom(
                Place::of(error.path()).map_or(words.clone(), |at| format!("field `{at}`: {words}")),
            )
        })?;
        match fields {
            Fields { id: Some(id), name: None, org_id } => Ok(Self::Id { id, org_id }),
            Fields { id: None, name: Some(name), org_id } => Ok(Self::Name { name, org_id }),
            Fields { id: None, name: None, .. } => Err(D::Error::custom(
                "field `name`: it is missing, and so is `id`; one of them says which secret",
            )),
            Fields { id: Some(_), name: Some(_), .. } => {
                Err(D::Error::custom("field `name`: `id` says already which secret; leave one of them out"))
            }
        }
    }
}

impl JsonSchema for Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Fields::json_schema(generator)
    }
}
