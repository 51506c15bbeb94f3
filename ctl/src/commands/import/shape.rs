//! What a file is, by its shape: whose export, and which format brings it in.

use std::path::Path;

use serde_json::Value;
use vault::domain::strict_json;

use super::document;
use crate::dotenv;

/// A kind of file that people bring in, or try to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Lines of `NAME=value`.
    Dotenv,
    /// Values by name, or what `export` writes.
    Json,
    AgenticMail,
    Pass,
    OnePassword,
    Bitwarden,
    LastPass,
    Chrome,
    Firefox,
    KeePassXc,
    Dashlane,
    ProtonPass,
    /// A key or certificate.
    Key,
    /// A database of `SQLite`.
    Sqlite,
    /// A packed folder, as a .1pux is.
    Zip,
    /// A database of `KeePass`.
    KeePass,
}

/// What tells a program's CSV from all others, the more particular first.
const HEADINGS: [(&[&str], Shape); 8] = [
    (&["login_username", "login_password"], Shape::Bitwarden),
    (&["extra", "grouping"], Shape::LastPass),
    (&["httprealm", "formactionorigin"], Shape::Firefox),
    (&["group", "title", "last modified"], Shape::KeePassXc),
    (&["username2", "username3"], Shape::Dashlane),
    (&["createtime", "vault"], Shape::ProtonPass),
    (&["title", "otpauth"], Shape::OnePassword),
    (&["name", "url", "username", "password"], Shape::Chrome),
];

/// What files of some programs begin with.
const MAGIC: [(&[u8], Shape); 3] = [
    (b"SQLite format 3\0", Shape::Sqlite),
    (b"PK\x03\x04", Shape::Zip),
    (b"\x03\xd9\xa2\x9a", Shape::KeePass),
];

impl Shape {
    /// Recognises a CSV by the names of its columns, in lower case.
    pub(super) fn of_heading(columns: &[String]) -> Option<Self> {
        let has = |mark: &&str| columns.iter().any(|column| column == mark);
        HEADINGS.iter().find(|(marks, _)| marks.iter().all(has)).map(|(_, shape)| *shape)
    }

    /// Lists the columns that programs are recognised by.
    pub(super) fn columns() -> impl Iterator<Item = &'static str> {
        HEADINGS.iter().flat_map(|(marks, _)| marks.iter().copied())
    }

    /// Recognises a JSON document by its members.
    pub(super) fn of_json(document: &Value) -> Option<Self> {
        let first = document.as_array().map_or(document, |all| all.first().unwrap_or(document));
        let has = |member: &str| first.get(member).is_some();
        let has_object = |member: &str| first.get(member).is_some_and(Value::is_object);
        let is_list = |member: &str| first.get(member).is_some_and(Value::is_array);
        if has("encrypted_value") {
            Some(Self::AgenticMail)
        } else if is_list("accounts")
            || has("title") && (has("categoryUuid") || has_object("vault") || is_list("fields"))
        {
            Some(Self::OnePassword)
        } else if has("encrypted") && (is_list("items") || has("data")) {
            Some(Self::Bitwarden)
        } else if is_list("entries") || is_list("secrets") || has("name") && has("value") {
            Some(Self::Json)
        } else {
            None
        }
    }

    /// Recognises a text.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        if text.trim_start().starts_with(['{', '['])
            && let Ok(document) = strict_json(text)
        {
            return Some(Self::of_json(&document).unwrap_or(Self::Json));
        }
        let heading: Vec<_> = text.lines().next().unwrap_or_default().split(',').map(column).collect();
        let (assignments, malformed) = dotenv::read_each(text);
        let is_dotenv = !assignments.is_empty() && malformed.is_empty();
        let key = || text.lines().next().is_some_and(document::begins_key).then_some(Self::Key);
        Self::of_heading(&heading).or(is_dotenv.then_some(Self::Dotenv)).or_else(key)
    }

    /// Recognises a file that is no text.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, shape)| *shape)
    }

    /// Recognises a folder.
    pub(super) fn of_folder(path: &Path) -> Option<Self> {
        path.join(".gpg-id").exists().then_some(Self::Pass)
    }

    /// Says what it is.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Dotenv => "a .env file",
            Self::Json => "JSON of secrets by name",
            Self::AgenticMail => "an export of AgenticMail",
            Self::Pass => "a store of pass",
            Self::OnePassword => "an export of 1Password",
            Self::Bitwarden => "an export of Bitwarden",
            Self::LastPass => "an export of LastPass",
            Self::Chrome => "an export of Chrome",
            Self::Firefox => "an export of Firefox",
            Self::KeePassXc => "an export of KeePassXC",
            Self::Dashlane => "an export of Dashlane",
            Self::ProtonPass => "an export of Proton Pass",
            Self::Key => "a key or certificate",
            Self::Sqlite => "a database of SQLite",
            Self::Zip => "packed",
            Self::KeePass => "a database of KeePass",
        }
    }

    /// Says how it comes in.
    pub(super) fn way(self) -> &'static str {
        match self {
            Self::Dotenv => "bring it in with: vaultctl import dotenv FILE",
            Self::Json => "bring it in with: vaultctl import json FILE",
            Self::AgenticMail => "bring it in with: vaultctl import agenticmail FILE",
            Self::Pass => "bring it in with: vaultctl import pass FOLDER",
            Self::OnePassword => "bring it in with: vaultctl import 1password FILE",
            Self::Bitwarden => "bring it in with: vaultctl import bitwarden FILE",
            Self::LastPass => "bring it in with: vaultctl import lastpass FILE",
            Self::Chrome => "bring it in with: vaultctl import chrome FILE",
            Self::Firefox | Self::KeePassXc | Self::Dashlane | Self::ProtonPass => {
                "bring it in as JSON, {\"NAME\": \"VALUE\"}, with: vaultctl import json FILE"
            }
            Self::Key => "store it whole with: vaultctl set NAME --value-file FILE",
            Self::Sqlite => "if it is AgenticMail's, bring it in with: vaultctl import agenticmail FILE",
            Self::Zip => "a .1pux is a zip: unzip it, and name the export.data in it",
            Self::KeePass => {
                "export it as CSV, and bring that in as JSON, {\"NAME\": \"VALUE\"}, with: vaultctl import json FILE"
            }
        }
    }
}

/// Reads the name of a column as a heading has it.
pub(super) fn column(cell: &str) -> String {
    cell.trim().trim_matches('"').trim().to_lowercase()
}
