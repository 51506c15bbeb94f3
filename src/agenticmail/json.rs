//! Rows out of a JSON array, in the database's spelling or the API's.

use serde::Deserialize;
use serde_json::Value;

use super::{LegacyError, LegacyRow};

/// A row as JSON has it.
#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    id: Value,
    #[serde(default, alias = "orgId")]
    org_id: Value,
    #[serde(default)]
    name: Value,
    #[serde(default, alias = "encryptedValue")]
    encrypted_value: Value,
    #[serde(default)]
    category: Value,
    #[serde(default)]
    metadata: Value,
    #[serde(default, alias = "expiresAt")]
    expires_at: Value,
    #[serde(default, alias = "createdAt")]
    created_at: Value,
    #[serde(default, alias = "createdBy")]
    created_by: Value,
}

/// Reads an array of rows.
///
/// # Errors
/// [`LegacyError::Unreadable`] where it is none; the words repeat nothing of it.
pub fn rows_of_json(bytes: &[u8]) -> Result<Vec<LegacyRow>, LegacyError> {
    let rows: Vec<Wire> = serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        LegacyError::Unreadable(format!("it is no JSON array of rows: line {line}, column {column}"))
    })?;
    Ok(rows.into_iter().map(LegacyRow::from).collect())
}

impl From<Wire> for LegacyRow {
    fn from(row: Wire) -> Self {
        Self {
            id: text(&row.id).unwrap_or_default(),
            org: text(&row.org_id),
            name: text(&row.name).unwrap_or_default(),
            payload: text(&row.encrypted_value).unwrap_or_default(),
            category: text(&row.category),
            metadata: text(&row.metadata),
            expires_at: text(&row.expires_at),
            created_at: text(&row.created_at),
            created_by: text(&row.created_by),
        }
    }
}

/// Gives a text as it is and anything else as JSON; nothing for null and the empty text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}
