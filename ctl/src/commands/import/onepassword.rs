//! 1Password's exports: CSV, the JSON of `op item get`, and the export.data inside a .1pux.

use std::path::Path;

use serde_json::Value;

use super::found::Found;
use super::items::{Item, holds, list, some, take, text, urls};
use super::layout::{self, ONEPASSWORD};
use super::shape::Shape;
use super::source::Source;
use crate::failure::Failure;

/// What `op item get` prints of an item besides what is read of it: its place, its dates, its state.
const ITEM: [&str; 15] = [
    "id",
    "title",
    "favorite",
    "tags",
    "version",
    "vault",
    "category",
    "last_edited_by",
    "created_at",
    "updated_at",
    "additional_information",
    "urls",
    "sections",
    "fields",
    "state",
];
/// What follows from an SSH key.
const OF_KEY: [&str; 3] = ["public_key", "fingerprint", "key_type"];
/// What an item of export.data has in its details.
const DETAILS: [&str; 4] = ["loginFields", "notesPlain", "sections", "password"];

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Found, Failure> {
    let source = Source::new(path, Shape::OnePassword);
    let whole = source.text()?;
    if !whole.trim_start().starts_with(['{', '[']) {
        return layout::read(&ONEPASSWORD, source, &whole);
    }
    let export = source.json(&whole)?;
    let mut found = Found::default();
    take(of_json(source, &export)?, &mut found);
    Ok(found)
}

fn of_json(source: Source<'_>, export: &Value) -> Result<Vec<Item>, Failure> {
    if export.get("accounts").is_some_and(Value::is_array) {
        let vaults = list(export, "accounts").iter().flat_map(|account| list(account, "vaults"));
        let items = vaults.flat_map(|vault| list(vault, "items").iter().map(move |item| (vault, item)));
        return Ok(items.map(|(vault, item)| of_export(vault, item)).collect());
    }
    let items = export.as_array().map_or(std::slice::from_ref(export), Vec::as_slice);
    let has_fields = |item: &Value| item.get("fields").is_some_and(Value::is_array);
    if items.iter().any(has_fields) || items.is_empty() {
        return Ok(items.iter().map(of_item).collect());
    }
    let (what, hint) = if items.iter().all(|item| item.get("category").is_some()) {
        (
            "is a list of items without their fields, as `op item list` prints it",
            "read the fields too: op item list --format json | op item get - --format json",
        )
    } else {
        (
            "is not an export of 1Password: it has neither `accounts` nor an item with `fields`",
            "it takes what `op item get --format json` prints, or the export.data of a .1pux",
        )
    };
    Err(Failure::usage(format!("{} {what}", source.name()), hint))
}

/// Reads what `op item get --format json` prints.
fn of_item(item: &Value) -> Item {
    let mut read = Item {
        title: text(item, "title").to_owned(),
        urls: urls(item, "urls", "href"),
        folders: item.get("vault").and_then(|vault| some(vault, "name")).into_iter().collect(),
        ..Item::default()
    };
    let mut others = Vec::new();
    for field in list(item, "fields") {
        let value = text(field, "value");
        match Kind::of(field) {
            Kind::Main => read.secret(text(field, "label"), value),
            Kind::Secret => others.push((text(field, "label"), value)),
            Kind::Username => read.username = some(field, "value"),
            Kind::Notes => read.notes = some(field, "value"),
            Kind::Shown if holds(field.get("value").unwrap_or(&Value::Null)) => {
                read.left.push(format!("the field `{}`", text(field, "label")));
            }
            Kind::Derived | Kind::Shown => {}
        }
        if field.get("password_details").and_then(|details| details.get("history")).is_some_and(holds) {
            read.left.push("earlier passwords".to_owned());
        }
    }
    for (label, value) in others {
        read.secret(label, value);
    }
    read.leave_others("", item, &ITEM);
    read
}

/// What a field of `op item get` is.
enum Kind {
    /// The item's password or credential.
    Main,
    /// Another value that is not shown.
    Secret,
    Username,
    Notes,
    /// What follows from the item's SSH key.
    Derived,
    /// A value that is shown.
    Shown,
}

impl Kind {
    fn of(field: &Value) -> Self {
        match (text(field, "purpose"), text(field, "id"), text(field, "type")) {
            ("PASSWORD", ..) | (_, "credential" | "password", _) => Self::Main,
            (_, _, "CONCEALED" | "OTP" | "SSHKEY") => Self::Secret,
            ("USERNAME", ..) | ("", "username", _) => Self::Username,
            ("NOTES", ..) => Self::Notes,
            (_, id, _) if OF_KEY.contains(&id) => Self::Derived,
            _ => Self::Shown,
        }
    }
}

/// Reads an item of a vault of export.data.
fn of_export(vault: &Value, item: &Value) -> Item {
    let (overview, details) = (item.get("overview").unwrap_or(item), item.get("details").unwrap_or(item));
    let mut read = Item {
        title: text(overview, "title").to_owned(),
        urls: urls(overview, "urls", "url"),
        notes: some(details, "notesPlain"),
        folders: vault.get("attrs").and_then(|attributes| some(attributes, "name")).into_iter().collect(),
        ..Item::default()
    };
    if let Some(main) = some(overview, "url").filter(|url| !read.urls.contains(url)) {
        read.urls.insert(0, main);
    }
    for field in list(details, "loginFields") {
        match (text(field, "designation"), text(field, "fieldType")) {
            ("username", _) => read.username = some(field, "value"),
            ("password", _) => read.secret("password", text(field, "value")),
            (_, "P") => read.secret(text(field, "name"), text(field, "value")),
            _ if holds(field.get("value").unwrap_or(&Value::Null)) => {
                read.left.push(format!("the field `{}`", text(field, "name")));
            }
            _ => {}
        }
    }
    read.secret("password", text(details, "password"));
    for field in list(details, "sections").iter().flat_map(|section| list(section, "fields")) {
        add_field(field, &mut read);
    }
    read.leave_others("", details, &DETAILS);
    read
}

/// Takes a field of a section of export.data, whose value is an object with one member: its kind.
fn add_field(field: &Value, read: &mut Item) {
    let label = text(field, "title");
    for (kind, value) in field.get("value").and_then(Value::as_object).into_iter().flatten() {
        let secret = match kind.as_str() {
            "concealed" | "totp" | "creditCardNumber" => value.as_str(),
            "sshKey" => value.get("privateKey").and_then(Value::as_str),
            _ => None,
        };
        match secret {
            Some(secret) => read.secret(label, secret),
            None if holds(value) => read.left.push(format!("the field `{label}`")),
            None => {}
        }
    }
}
