//! Items of password managers: a title, what is secret in it, what is not, and what of it is not taken.

use serde_json::Value;

use super::found::{Candidate, Found};

/// An item of a password manager.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// Its title.
    pub(super) title: String,
    /// Whose it is.
    pub(super) username: Option<String>,
    /// Where it is used, the main place first.
    pub(super) urls: Vec<String>,
    /// What it is kept in there: folders, collections, a vault.
    pub(super) folders: Vec<String>,
    /// What is secret in it, the main one first: labels and values.
    pub(super) values: Vec<(String, String)>,
    /// Its notes; a value if there is no other.
    pub(super) notes: Option<String>,
    /// What of it is not taken.
    pub(super) left: Vec<String>,
}

impl Item {
    /// Adds a secret, if it has a value.
    pub(super) fn secret(&mut self, label: impl Into<String>, value: impl Into<String>) {
        let (label, value) = (label.into(), value.into());
        if !value.is_empty() {
            self.values.push((label, value));
        }
    }

    /// Names the members of an object that hold something and are neither read nor of no use here.
    pub(super) fn leave_others(&mut self, of: &str, object: &Value, known: &[&str]) {
        let members = object.as_object().into_iter().flatten();
        let others = members.filter(|(key, value)| holds(value) && !known.contains(&key.as_str()));
        self.left.extend(others.map(|(key, _)| format!("{of}`{key}`")));
    }

    fn metadata(&mut self) -> serde_json::Map<String, Value> {
        let mut metadata = serde_json::Map::new();
        if let Some(username) = self.username.take().filter(|text| !text.is_empty()) {
            metadata.insert("username".to_owned(), username.into());
        }
        self.urls.retain(|url| !url.is_empty());
        if let Some(first) = self.urls.first() {
            metadata.insert("url".to_owned(), first.clone().into());
        }
        if self.urls.len() > 1 {
            metadata.insert("urls".to_owned(), std::mem::take(&mut self.urls).into());
        }
        self.folders.retain(|folder| !folder.is_empty());
        if !self.folders.is_empty() {
            metadata.insert("folder".to_owned(), std::mem::take(&mut self.folders).join(", ").into());
        }
        metadata
    }
}

/// Takes items: the main value under the title, any other under the title, a slash and its label.
pub(super) fn take(items: Vec<Item>, found: &mut Found) {
    let mut empty = Vec::new();
    for (number, mut item) in (1..).zip(items) {
        let notes = item.notes.take();
        item.secret("notes", notes.unwrap_or_default());
        let origin = format!("item {number}");
        let is_whole = item.left.is_empty();
        if !is_whole {
            let left = std::mem::take(&mut item.left).join(", ");
            found.bad.push(format!("{origin} (`{}`): {left}", item.title));
        }
        if item.values.is_empty() && is_whole {
            empty.push(format!("`{}`", item.title));
        }
        if item.values.is_empty() {
            continue;
        }
        let metadata = item.metadata();
        let title = free(name_of(&item, metadata.get("url"), &origin), found);
        for (place, (label, value)) in item.values.into_iter().enumerate() {
            let label = if label.is_empty() { "field" } else { &label };
            let name = if place == 0 { title.clone() } else { free(&format!("{title}/{label}"), found) };
            let candidate = Candidate::new(origin.clone(), name, value);
            found.add(Candidate { metadata: metadata.clone(), ..candidate });
        }
    }
    if !empty.is_empty() {
        found.notes.push(format!("these items hold nothing secret: {}", empty.join(", ")));
    }
}

/// Returns the title; without one, the address, or the item's place.
fn name_of<'i>(item: &'i Item, url: Option<&'i Value>, origin: &'i str) -> &'i str {
    let title = item.title.trim();
    if title.is_empty() { url.and_then(Value::as_str).unwrap_or(origin) } else { title }
}

/// Gives the name, or the first of `name (2)`, `name (3)`, … that is free.
fn free(name: &str, found: &Found) -> String {
    let others = (2_u32..).map(|number| format!("{name} ({number})"));
    std::iter::once(name.to_owned()).chain(others).find(|name| !found.has(name)).unwrap_or_default()
}

/// Returns whether there is anything in a value: `false`, 0 and what is empty hold nothing.
pub(super) fn holds(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => all.iter().any(holds),
        Value::Object(members) => members.values().any(holds),
    }
}

/// Gives a member's text.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Gives a member's list.
pub(super) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Gives a member's text, if it has one.
pub(super) fn some(value: &Value, key: &str) -> Option<String> {
    Some(text(value, key).to_owned()).filter(|text| !text.is_empty())
}

/// Lists the addresses in a list of objects that call them so.
pub(super) fn urls(value: &Value, key: &str, member: &str) -> Vec<String> {
    list(value, key).iter().filter_map(|url| some(url, member)).collect()
}
