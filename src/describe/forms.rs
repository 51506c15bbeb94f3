//! Schemas in the forms that makers of clients read.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// Makes a generator whose definitions are kept at a path.
pub(super) fn generator(path: &'static str) -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = path.into()).into_generator()
}

/// A query cannot carry null: an absent field is left out.
pub(super) fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let Some(fields) = schema.as_object_mut() else { return schema };
    if fields.get("default").is_some_and(Value::is_null) {
        fields.remove("default");
    }
    if let Some(Value::Array(mut any)) = fields.remove("anyOf") {
        any.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
        match any.as_slice() {
            [Value::Object(alone)] => fields.extend(alone.clone()),
            _ => drop(fields.insert("anyOf".to_owned(), Value::Array(any))),
        }
    }
    if let Some(Value::Array(kinds)) = fields.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [alone] = kinds.as_slice() {
            fields["type"] = alone.clone();
        }
    }
    schema
}

/// Writes each set of words as one `enum`: schemars makes an alternative of each word, to describe it, and most makers of
/// clients then make a type of each word, and take the first for all.
pub(super) fn with_closed_sets(mut description: Value) -> Value {
    close(&mut description);
    description
}

fn close(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            close_one(fields);
        }
        _ => {}
    }
}

fn close_one(fields: &mut Map<String, Value>) {
    let Some(alternatives) = fields.get("oneOf").and_then(Value::as_array) else { return };
    let Some(words) = alternatives.iter().map(words).collect::<Option<Vec<_>>>() else { return };
    let said: String = alternatives.iter().filter_map(said).collect();
    let before = fields.get("description").and_then(Value::as_str).unwrap_or_default();
    let whole = format!("{before}\n{said}");
    fields.remove("oneOf");
    fields.insert("type".to_owned(), json!("string"));
    fields.insert("enum".to_owned(), json!(words.concat()));
    fields.insert("description".to_owned(), json!(whole.trim()));
}

/// Returns the words of an alternative that is words and nothing else.
fn words(alternative: &Value) -> Option<Vec<Value>> {
    match (alternative.get("const"), alternative.get("enum")) {
        (Some(word @ Value::String(_)), _) => Some(vec![word.clone()]),
        (None, Some(Value::Array(words))) if words.iter().all(Value::is_string) => Some(words.clone()),
        _ => None,
    }
}

/// Writes what an alternative says of its word, as an item of a list.
fn said(alternative: &Value) -> Option<String> {
    let word = alternative.get("const")?.as_str()?;
    Some(format!("\n- `{word}`: {}", alternative.get("description")?.as_str()?))
}
