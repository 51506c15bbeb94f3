//! Bitwarden's exports: JSON, not encrypted, or CSV.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::found::Found;
use super::items::{Item, holds, list, some, take, text, urls};
use super::layout::{self, BITWARDEN};
use super::shape::Shape;
use super::source::Source;
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
    let source = Source::new(path, Shape::Bitwarden);
    let whole = source.text()?;
    if !whole.trim_start().starts_with(['{', '[']) {
        return layout::read(&BITWARDEN, source, &whole);
    }
    let export = source.json(&whole)?;
    if export.get("encrypted") == Some(&Value::Bool(true)) {
        let hint = "export it once more with the file format .json, and delete that file afterwards";
        return Err(Failure::usage(format!("{} is encrypted", source.name()), hint));
    }
    if !export.get("items").is_some_and(Value::is_array) {
        let message = format!("{} is not an export of Bitwarden: it has no list `items`", source.name());
        return Err(Failure::usage(message, "export it again with the file format .json"));
    }
    let places = Places::of(&export);
    let mut found = Found::default();
    take(list(&export, "items").iter().map(|item| of_json(item, &places)).collect(), &mut found);
    Ok(found)
}

/// The names of folders and collections by their ids.
struct Places<'e>(HashMap<&'e str, &'e str>);

impl<'e> Places<'e> {
    fn of(export: &'e Value) -> Self {
        let all = ["folders", "collections"].into_iter().flat_map(|kind| list(export, kind));
        Self(all.map(|place| (text(place, "id"), text(place, "name"))).collect())
    }

    /// Names the folder and the collections of an item.
    fn of_item(&self, item: &Value) -> Vec<String> {
        let collections = list(item, "collectionIds").iter().filter_map(Value::as_str);
        let ids = some(item, "folderId").into_iter().chain(collections.map(str::to_owned));
        ids.filter_map(|id| self.0.get(&*id).map(|name| (*name).to_owned())).collect()
    }
}

fn of_json(item: &Value, places: &Places<'_>) -> Item {
    if item.get("deletedDate").is_some_and(holds) {
        let left = vec!["it is in the trash".to_owned()];
        return Item { title: text(item, "name").to_owned(), left, ..Item::default() };
    }
    let part = |key: &str| item.get(key).unwrap_or(&Value::Null);
    let (login, card, key) = (part("login"), part("card"), part("sshKey"));
    let mut read = Item {
        title: text(item, "name").to_owned(),
        username: some(login, "username"),
        urls: urls(login, "uris", "uri"),
        folders: places.of_item(item),
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
