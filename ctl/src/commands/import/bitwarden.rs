//! Bitwarden's exports: JSON, not encrypted, or CSV.

use std::path::Path;

use serde_json::Value;

use super::found::{Found, json_of, named, text_of};
use super::items::{Item, holds, list, some, take, text, urls};
use super::layout::{self, BITWARDEN};
use crate::failure::Failure;

/// What an item has besides what is read of it: its place, its dates, its state.
const ITEM: [&str; 20] = [
    "id",
    "organizationId",
    "folderId",
    "collectionIds",
    "type",
    "reprompt",
    "favorite",
    "creationDate",
    "revisionDate",
    "deletedDate",
    "archivedDate",
    "name",
    "notes",
    "login",
    "card",
    "sshKey",
    "secureNote",
    "fields",
    "key",
    "object",
];
/// What a login has.
const LOGIN: [&str; 7] =
    ["username", "password", "totp", "uris", "uri", "passwordRevisionDate", "autofillOnPageLoad"];
/// What a card has.
const CARD: [&str; 2] = ["number", "code"];
/// What an SSH key has; all but the key follows from it.
const SSH_KEY: [&str; 4] = ["privateKey", "publicKey", "keyFingerprint", "fingerprint"];
/// Types of custom fields: text, text that is not shown, a link to a field of the item.
const TEXT: u64 = 0;
const HIDDEN: u64 = 1;
const LINKED: u64 = 3;

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Found, Failure> {
    let whole = text_of(path)?;
    if !whole.trim_start().starts_with(['{', '[']) {
        return layout::read(&BITWARDEN, path, &whole);
    }
    let export = json_of(path, &whole)?;
    if export.get("encrypted") == Some(&Value::Bool(true)) {
        let hint = "export it once more with the file format .json, and delete that file afterwards";
        return Err(Failure::usage(format!("{} is encrypted", named(path)), hint));
    }
    if !export.get("items").is_some_and(Value::is_array) {
        return Err(foreign(path, &export));
    }
    let mut found = Found::default();
    take(list(&export, "items").iter().map(of_json).collect(), &mut found);
    Ok(found)
}

/// Refuses JSON that is no export of Bitwarden, by the name of the program that it looks like.
fn foreign(path: &Path, export: &Value) -> Failure {
    let first = export.as_array().map_or(export, |items| items.first().unwrap_or(export));
    let of_onepassword = ["accounts", "vault", "categoryUuid"].iter().any(|key| first.get(key).is_some());
    let (whose, hint) = if of_onepassword {
        ("is of 1Password, and no export of Bitwarden", "bring it in with: vaultctl import 1password FILE")
    } else {
        ("is no export of Bitwarden: it has no list `items`", "export it again with the file format .json")
    };
    Failure::usage(format!("{} {whose}", named(path)), hint)
}

fn of_json(item: &Value) -> Item {
    let part = |key: &str| item.get(key).unwrap_or(&Value::Null);
    let (login, card, key) = (part("login"), part("card"), part("sshKey"));
    let mut read = Item {
        title: text(item, "name").to_owned(),
        username: some(login, "username"),
        urls: urls(login, "uris", "uri"),
        notes: some(item, "notes"),
        ..Item::default()
    };
    read.secret("password", text(login, "password"));
    read.secret("totp", text(login, "totp"));
    read.secret("number", text(card, "number"));
    read.secret("code", text(card, "code"));
    read.secret("privateKey", text(key, "privateKey"));
    for field in list(item, "fields") {
        add_field(field, &mut read);
    }
    read.leave_others("", item, &ITEM);
    read.leave_others("the login's ", login, &LOGIN);
    read.leave_others("the card's ", card, &CARD);
    read.leave_others("the key's ", key, &SSH_KEY);
    read
}

/// Takes a custom field, shown or not: people keep keys in either.
fn add_field(field: &Value, read: &mut Item) {
    let value = field.get("value").unwrap_or(&Value::Null);
    match (field.get("type").and_then(Value::as_u64), value) {
        (Some(TEXT | HIDDEN), Value::String(value)) => read.secret(text(field, "name"), value.as_str()),
        (Some(LINKED), _) => {}
        (_, Value::String(no)) if no == "false" => {}
        (_, value) if holds(value) => read.left.push(format!("the field `{}`", text(field, "name"))),
        _ => {}
    }
}
