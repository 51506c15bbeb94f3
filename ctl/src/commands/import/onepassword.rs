//! 1Password's exports: CSV, the JSON of `op item get`, and the export.data inside a .1pux.

use std::path::Path;

use serde_json::Value;

use super::csv::{self, Row};
use super::found::{Found, json_of, text_of};
use super::items::{Item, list, some, take, text};
use crate::failure::Failure;

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Found, Failure> {
    if path.extension().is_some_and(|kind| kind == "1pux") {
        let hint = "a .1pux is a zip: unzip it, and name the export.data in it";
        return Err(Failure::usage(format!("{} is packed", path.display()), hint));
    }
    let whole = text_of(path)?;
    let mut found = Found::default();
    let items = if whole.trim_start().starts_with(['{', '[']) {
        of_json(&json_of(path, &whole)?)
    } else {
        csv::rows_of(path, &whole)?.iter().map(of_row).collect()
    };
    take(items, &mut found);
    Ok(found)
}

fn of_json(export: &Value) -> Vec<Item> {
    if let Some(items) = export.as_array() {
        return items.iter().map(of_item).collect();
    }
    let vaults = list(export, "accounts").iter().flat_map(|account| list(account, "vaults"));
    let exported: Vec<Item> = vaults.flat_map(|vault| list(vault, "items")).map(of_export).collect();
    if exported.is_empty() { vec![of_item(export)] } else { exported }
}

/// Reads what `op item get --format json` prints.
fn of_item(item: &Value) -> Item {
    let fields = list(item, "fields");
    let of_purpose = |purpose: &str| fields.iter().find(|field| text(field, "purpose") == purpose);
    let mut read = Item {
        title: text(item, "title").to_owned(),
        username: of_purpose("USERNAME").and_then(|field| some(field, "value")),
        url: list(item, "urls").first().and_then(|url| some(url, "href")),
        notes: of_purpose("NOTES").and_then(|field| some(field, "value")),
        ..Item::default()
    };
    let is_main = |field: &Value| {
        text(field, "purpose") == "PASSWORD" || ["credential", "password"].contains(&text(field, "id"))
    };
    let is_secret = |field: &Value| ["CONCEALED", "OTP", "SSHKEY"].contains(&text(field, "type"));
    let (main, other): (Vec<_>, Vec<_>) =
        fields.iter().filter(|field| is_main(field) || is_secret(field)).partition(|field| is_main(field));
    for field in main.into_iter().chain(other) {
        read.secret(text(field, "label"), text(field, "value"));
    }
    read
}

/// Reads an item of export.data.
fn of_export(item: &Value) -> Item {
    let (overview, details) = (item.get("overview").unwrap_or(item), item.get("details").unwrap_or(item));
    let of_login = |designation: &str| {
        let field =
            list(details, "loginFields").iter().find(|field| text(field, "designation") == designation);
        field.and_then(|field| some(field, "value"))
    };
    let mut read = Item {
        title: text(overview, "title").to_owned(),
        username: of_login("username"),
        url: some(overview, "url"),
        notes: some(details, "notesPlain"),
        ..Item::default()
    };
    read.secret("password", of_login("password").unwrap_or_default());
    read.secret("password", text(details, "password"));
    for field in list(details, "sections").iter().flat_map(|section| list(section, "fields")) {
        let value = field.get("value").unwrap_or(&Value::Null);
        for kind in ["concealed", "totp"] {
            read.secret(text(field, "title"), text(value, kind));
        }
    }
    read
}

fn of_row(row: &Row) -> Item {
    let get = |names: &[&str]| names.iter().find_map(|name| row.get(*name)).cloned().unwrap_or_default();
    let mut read = Item {
        title: get(&["title"]),
        username: Some(get(&["username"])),
        url: Some(get(&["url", "website", "urls"])),
        notes: Some(get(&["notes", "notesplain"])),
        ..Item::default()
    };
    read.secret("password", get(&["password"]));
    read.secret("totp", get(&["otpauth", "one-time password"]));
    read
}
