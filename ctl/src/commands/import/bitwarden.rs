//! Bitwarden's exports: JSON, not encrypted, or CSV.

use std::path::Path;

use serde_json::Value;

use super::csv::{self, Row};
use super::found::{Found, json_of, named, text_of};
use super::items::{Item, list, some, take, text};
use crate::failure::Failure;

/// A field of the type that is not shown.
const HIDDEN: u64 = 1;

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Found, Failure> {
    let whole = text_of(path)?;
    let mut found = Found::default();
    let items = if whole.trim_start().starts_with('{') {
        let export = json_of(path, &whole)?;
        if export.get("encrypted") == Some(&Value::Bool(true)) {
            let hint = "export it once more with the file format .json, and delete that file afterwards";
            return Err(Failure::usage(format!("{} is encrypted", named(path)), hint));
        }
        list(&export, "items").iter().map(of_json).collect()
    } else {
        csv::rows_of(path, &whole)?.iter().map(of_row).collect()
    };
    take(items, &mut found);
    Ok(found)
}

fn of_json(item: &Value) -> Item {
    let login = item.get("login").unwrap_or(&Value::Null);
    let mut read = Item {
        title: text(item, "name").to_owned(),
        username: some(login, "username"),
        url: list(login, "uris").first().and_then(|uri| some(uri, "uri")),
        notes: some(item, "notes"),
        ..Item::default()
    };
    read.secret("password", text(login, "password"));
    read.secret("totp", text(login, "totp"));
    let card = item.get("card").unwrap_or(&Value::Null);
    for (label, key) in [("number", "number"), ("code", "code")] {
        read.secret(label, text(card, key));
    }
    let key = item.get("sshKey").unwrap_or(&Value::Null);
    read.secret("privateKey", text(key, "privateKey"));
    for field in list(item, "fields") {
        if field.get("type").and_then(Value::as_u64) == Some(HIDDEN) {
            read.secret(text(field, "name"), text(field, "value"));
        }
    }
    read
}

fn of_row(row: &Row) -> Item {
    let get = |name: &str| row.get(name).cloned().unwrap_or_default();
    let mut read = Item {
        title: get("name"),
        username: Some(get("login_username")),
        url: Some(get("login_uri")),
        notes: Some(get("notes")),
        ..Item::default()
    };
    read.secret("password", get("login_password"));
    read.secret("totp", get("login_totp"));
    for line in get("fields").lines() {
        if let Some((label, value)) = line.split_once(": ") {
            read.secret(label, value);
        }
    }
    read
}
