//! CSV exports of password managers and browsers: how each calls its columns, and which program a heading belongs to.

use std::path::Path;

use super::csv::{self, Row, Table};
use super::found::{Found, named, text_of};
use super::items::{Item, take};
use crate::failure::Failure;

/// How a program's CSV export calls what it holds, in lower case.
#[derive(Debug)]
pub(super) struct Layout {
    /// The program.
    pub(super) program: &'static str,
    /// The columns that every export of it has.
    required: &'static [&'static str],
    title: &'static [&'static str],
    username: &'static [&'static str],
    url: &'static [&'static str],
    password: &'static [&'static str],
    totp: &'static [&'static str],
    notes: &'static [&'static str],
    /// Lines of `LABEL: VALUE`.
    fields: &'static [&'static str],
    /// What sorts and marks items, and stays behind.
    aside: &'static [&'static str],
}

/// Bitwarden's CSV.
pub(super) const BITWARDEN: Layout = Layout {
    program: "Bitwarden",
    required: &["name", "login_password"],
    title: &["name"],
    username: &["login_username"],
    url: &["login_uri"],
    password: &["login_password"],
    totp: &["login_totp"],
    notes: &["notes"],
    fields: &["fields"],
    aside: &["folder", "collections", "favorite", "type", "reprompt", "archiveddate"],
};

/// 1Password's CSV.
pub(super) const ONEPASSWORD: Layout = Layout {
    program: "1Password",
    required: &["title", "password"],
    title: &["title"],
    username: &["username"],
    url: &["url", "website", "urls"],
    password: &["password"],
    totp: &["otpauth", "one-time password"],
    notes: &["notes", "notesplain"],
    fields: &[],
    aside: &["favorite", "archived", "tags", "type", "uuid", "vault"],
};

/// `LastPass`'s CSV.
pub(super) const LASTPASS: Layout = Layout {
    program: "LastPass",
    required: &["name", "password", "extra", "grouping"],
    title: &["name"],
    username: &["username"],
    url: &["url"],
    password: &["password"],
    totp: &["totp"],
    notes: &["extra"],
    fields: &[],
    aside: &["grouping", "fav"],
};

/// The CSV of Chrome, and of Edge, Brave and the others that are made of it.
pub(super) const CHROME: Layout = Layout {
    program: "Chrome",
    required: &["name", "url", "username", "password"],
    title: &["name"],
    username: &["username"],
    url: &["url"],
    password: &["password"],
    totp: &[],
    notes: &["note"],
    fields: &[],
    aside: &[],
};

/// What tells the exports of a program from all others: its columns, and the format that reads it, if any does.
const MARKS: [(&str, &[&str], Option<&str>); 8] = [
    ("Bitwarden", &["login_username", "login_password"], Some("bitwarden")),
    ("LastPass", &["extra", "grouping"], Some("lastpass")),
    ("Firefox", &["httprealm", "formactionorigin"], None),
    ("KeePassXC", &["group", "title", "last modified"], None),
    ("Dashlane", &["username2", "username3"], None),
    ("Proton Pass", &["createtime", "vault"], None),
    ("1Password", &["title", "otpauth"], Some("1password")),
    ("Chrome", &["name", "url", "username", "password"], Some("chrome")),
];

/// Column names besides those of the layouts and marks: a heading of others may be no heading, but a line of secrets.
const OTHERS: [&str; 22] = [
    "account",
    "category",
    "comment",
    "comments",
    "created",
    "description",
    "email",
    "folder",
    "id",
    "key",
    "label",
    "login",
    "modified",
    "otpurl",
    "pass",
    "secret",
    "service",
    "site",
    "timecreated",
    "token",
    "user",
    "value",
];

/// Reads the file of a program whose exports are CSV alone.
///
/// # Errors
/// Those of [`read`].
pub(super) fn read_file(layout: &Layout, path: &Path) -> Result<Found, Failure> {
    read(layout, path, &text_of(path)?)
}

/// Reads a program's CSV export.
///
/// # Errors
/// Which column is missing, which are there, and whose export it looks like.
pub(super) fn read(layout: &Layout, path: &Path, text: &str) -> Result<Found, Failure> {
    let table = csv::table_of(path, text)?;
    layout.check(path, &table)?;
    let mut found = Found::default();
    take(table.rows.iter().map(|row| layout.item(row)).collect(), &mut found);
    Ok(found)
}

impl Layout {
    /// Refuses what lacks a column that every export of the program has.
    fn check(&self, path: &Path, table: &Table) -> Result<(), Failure> {
        let missing: Vec<_> =
            self.required.iter().filter(|name| !table.has(name)).map(|name| format!("`{name}`")).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let whose = MARKS
            .iter()
            .find(|(program, marks, _)| *program != self.program && marks.iter().all(|mark| table.has(mark)));
        let (missing, there) = (missing.join(", "), shown(table));
        let is = whose.map_or_else(
            || format!("no export of {}", self.program),
            |(program, ..)| format!("an export of {program}, not of {}", self.program),
        );
        let message = format!("{} is {is}: it lacks the column {missing}; {there}", named(path));
        let hint = match whose {
            Some((_, _, Some(format))) => format!("bring it in with: vaultctl import {format} FILE"),
            Some((_, _, None)) => {
                "bring it in as JSON, {\"NAME\": \"VALUE\"}, with: vaultctl import json FILE".to_owned()
            }
            None => format!("export it again from {}, as CSV with commas and with its heading", self.program),
        };
        Err(Failure::usage(message, hint))
    }

    fn item(&self, row: &Row) -> Item {
        let get = |names: &[&str]| {
            let cells = names.iter().filter_map(|name| row.get(*name));
            cells.into_iter().find(|cell| !cell.is_empty()).cloned().unwrap_or_default()
        };
        let mut read = Item {
            title: get(self.title),
            username: Some(get(self.username)),
            urls: vec![get(self.url)],
            notes: Some(get(self.notes)),
            ..Item::default()
        };
        read.secret("password", get(self.password));
        read.secret("totp", get(self.totp));
        Self::add_fields(&get(self.fields), &mut read);
        let unknown = row.iter().filter(|(name, cell)| !cell.is_empty() && !self.knows(name));
        read.left.extend(unknown.map(|(name, _)| format!("the column `{name}`")));
        read
    }

    /// Adds fields of the form `LABEL: VALUE`; a line without a label goes on with the value before.
    fn add_fields(lines: &str, read: &mut Item) {
        let mut fields: Vec<(&str, String)> = Vec::new();
        for line in lines.lines() {
            match (line.split_once(": "), fields.last_mut()) {
                (Some((label, value)), _) => fields.push((label, value.to_owned())),
                (None, Some((_, value))) => {
                    value.push('\n');
                    value.push_str(line);
                }
                (None, None) if line.is_empty() => {}
                (None, None) => read.left.push("a field without a name".to_owned()),
            }
        }
        for (label, value) in fields {
            read.secret(label, value);
        }
    }

    /// Lists the columns of each kind.
    fn columns(&self) -> impl Iterator<Item = &'static str> {
        let kinds = [
            self.title,
            self.username,
            self.url,
            self.password,
            self.totp,
            self.notes,
            self.fields,
            self.aside,
        ];
        kinds.into_iter().flatten().copied()
    }

    fn knows(&self, column: &str) -> bool {
        self.columns().any(|known| known == column)
    }
}

/// Names the columns that are there, as far as they are names that programs use.
fn shown(table: &Table) -> String {
    let layouts = [&BITWARDEN, &ONEPASSWORD, &LASTPASS, &CHROME];
    let is_name = |column: &str| {
        layouts.iter().any(|layout| layout.knows(column))
            || MARKS.iter().any(|(_, marks, _)| marks.contains(&column))
            || OTHERS.contains(&column)
    };
    let (names, others): (Vec<_>, Vec<_>) = table.heading.iter().partition(|column| is_name(column));
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match (names.len(), others.len()) {
        (0, _) => "its first line names no column that such exports have".to_owned(),
        (_, 0) => format!("its columns are {}", names.join(", ")),
        (_, others) => format!("its columns are {} and {others} more", names.join(", ")),
    }
}
