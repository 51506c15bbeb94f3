//! Items of password managers: a title, what is secret in it, and what is not.

use serde_json::Value;

use super::found::{Candidate, Found};

/// An item of a password manager.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// Its title.
    pub(super) title: String,
    /// Whose it is.
    pub(super) username: Option<String>,
    /// Where it is used.
    pub(super) url: Option<String>,
    /// What is secret in it, the main one first: labels and values.
    pub(super) values: Vec<(String, String)>,
    /// Its notes; a value where there is no other.
    pub(super) notes: Option<String>,
}

impl Item {
    /// Adds a secret, where it has a value.
    pub(super) fn secret(&mut self, label: impl Into<String>, value: impl Into<String>) {
        let (label, value) = (label.into(), value.into());
        if !value.is_empty() {
            self.values.push((label, value));
        }
    }
}

/// Takes items: the main value under the title, any other under the title, a slash and its label.
pub(super) fn take(items: Vec<Item>, found: &mut Found) {
    let mut empty = Vec::new();
    for (number, mut item) in (1..).zip(items) {
        let notes = item.notes.take();
        item.secret("notes", notes.unwrap_or_default());
        if item.values.is_empty() {
            empty.push(format!("`{}`", item.title));
            continue;
        }
        let title = free(item.title.trim(), found);
        let mut metadata = serde_json::Map::new();
        for (key, text) in [("username", item.username), ("url", item.url)] {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                metadata.insert(key.to_owned(), Value::String(text));
            }
        }
        for (place, (label, value)) in item.values.into_iter().enumerate() {
            let name = if place == 0 { title.clone() } else { free(&format!("{title}/{label}"), found) };
            let candidate = Candidate::new(format!("item {number}"), name, value);
            found.add(Candidate { metadata: metadata.clone(), ..candidate });
        }
    }
    if !empty.is_empty() {
        found.notes.push(format!("these items hold nothing secret: {}", empty.join(", ")));
    }
}

/// Gives the name, or the first of `name (2)`, `name (3)`, … that is free.
fn free(name: &str, found: &Found) -> String {
    let others = (2_u32..).map(|number| format!("{name} ({number})"));
    std::iter::once(name.to_owned()).chain(others).find(|name| !found.has(name)).unwrap_or_default()
}

/// Gives a member's text.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Gives a member's list.
pub(super) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Gives a member's text, where it has one.
pub(super) fn some(value: &Value, key: &str) -> Option<String> {
    Some(text(value, key).to_owned()).filter(|text| !text.is_empty())
}
