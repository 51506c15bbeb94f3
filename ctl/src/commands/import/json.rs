//! JSON: an object of values by name, or entries as `export` writes them.

use std::path::Path;

use serde_json::{Map, Value};
use vault::domain::{Category, Claim};

use super::found::{Candidate, Found, moment};
use super::items::holds;
use super::shape::Shape;
use super::source::Source;
use crate::failure::Failure;

/// The fields of an entry.
const FIELDS: [&str; 8] =
    ["orgId", "name", "value", "category", "metadata", "expiresAt", "createdAt", "createdBy"];

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Found, Failure> {
    let source = Source::new(path, Shape::Json);
    let text = source.text()?;
    let mut found = Found::default();
    match source.json(&text)? {
        Value::Array(entries) => all(entries, Found::add, &mut found),
        Value::Object(mut object) => match list_in(&mut object) {
            Some(entries) => {
                // What an export could not write out is no part of it.
                let is_export = object.remove("leftOut").is_some();
                all(entries, if is_export { Found::add_exact } else { Found::add }, &mut found);
                let others = object.iter().filter(|(_, value)| holds(value));
                found.bad.extend(
                    others.map(|(name, _)| format!("member `{name}`: it is next to a list of entries")),
                );
            }
            None => object.into_iter().for_each(|(name, value)| by_name(&name, value, &mut found)),
        },
        _ => {
            let hint = "it is an object of values by name, or a list of entries with name and value";
            return Err(Failure::usage(format!("{} has no secrets", source.name()), hint));
        }
    }
    Ok(found)
}

fn list_in(object: &mut Map<String, Value>) -> Option<Vec<Value>> {
    ["entries", "secrets"].into_iter().find_map(|key| match object.get_mut(key) {
        Some(Value::Array(entries)) => Some(std::mem::take(entries)),
        _ => None,
    })
}

fn by_name(name: &str, value: Value, found: &mut Found) {
    match value {
        Value::String(text) => found.add(Candidate::new("member", name, text)),
        Value::Number(number) => found.add(Candidate::new("member", name, number.to_string())),
        Value::Bool(yes) => found.add(Candidate::new("member", name, yes.to_string())),
        _ => found.bad.push(format!("member `{name}`: its value is no text")),
    }
}

fn all(entries: Vec<Value>, add: fn(&mut Found, Candidate), found: &mut Found) {
    for (number, entry) in (1..).zip(entries) {
        let origin = format!("entry {number}");
        match candidate(&origin, entry) {
            Ok(candidate) => add(found, candidate),
            Err(why) => found.bad.push(format!("{origin}: {why}")),
        }
    }
}

fn candidate(origin: &str, entry: Value) -> Result<Candidate, String> {
    let Value::Object(mut fields) = entry else { return Err("it is no object".to_owned()) };
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(format!("there is no field `{unknown}` in an entry"));
    }
    let mut text = |field: &str| match fields.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("its {field} is no text")),
    };
    let name = text("name")?.ok_or("it has no name")?;
    let value = text("value")?.ok_or_else(|| format!("`{name}` has no value"))?;
    let (org, category, expires) = (text("orgId")?, text("category")?, text("expiresAt")?);
    let (created, maker) = (text("createdAt")?, text("createdBy")?);
    let mut candidate = Candidate::new(origin, name, value);
    candidate.org = org;
    candidate.category =
        category.map(|id| Category::from_id(&id).ok_or("its category is none of the vault's")).transpose()?;
    candidate.expires_at = expires.map(|text| moment(&text).ok_or("its expiresAt is no time")).transpose()?;
    candidate.created_at = created.map(|text| moment(&text).ok_or("its createdAt is no time")).transpose()?;
    candidate.created_by = maker.map(Claim::try_from).transpose().map_err(|rule| rule.0)?;
    match fields.remove("metadata") {
        None | Some(Value::Null) => {}
        Some(Value::Object(metadata)) => candidate.metadata = metadata,
        Some(_) => return Err("its metadata is no object".to_owned()),
    }
    Ok(candidate)
}
