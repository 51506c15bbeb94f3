//! CSV exports of password managers and browsers: how each calls its columns.

use std::path::Path;

use super::csv::{self, Row, Table};
use super::found::Found;
use super::items::{Item, take};
use super::shape::Shape;
use super::source::Source;
use crate::failure::Failure;

/// How a program's CSV export calls what it holds, in lower case.
#[derive(Debug)]
pub(super) struct Layout {
    /// Whose export it is.
    shape: Shape,
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
    folder: &'static [&'static str],
    /// What marks items, and stays behind.
    aside: &'static [&'static str],
}

/// Bitwarden's CSV.
pub(super) const BITWARDEN: Layout = Layout {
    shape: Shape::Bitwarden,
    required: &["name", "login_password"],
    title: &["name"],
    username: &["login_username"],
    url: &["login_uri"],
    password: &["login_password"],
    totp: &["login_totp"],
    notes: &["notes"],
    fields: &["fields"],
    folder: &["folder", "collections"],
    aside: &["favorite", "type", "reprompt", "archiveddate"],
};

/// 1Password's CSV.
pub(super) const ONEPASSWORD: Layout = Layout {
    shape: Shape::OnePassword,
    required: &["title", "password"],
    title: &["title"],
    username: &["username"],
    url: &["url", "website", "urls"],
    password: &["password"],
    totp: &["otpauth", "one-time password"],
    notes: &["notes", "notesplain"],
    fields: &[],
    folder: &["vault"],
    aside: &["favorite", "archived", "tags", "type", "uuid"],
};

/// `LastPass`'s CSV.
pub(super) const LASTPASS: Layout = Layout {
    shape: Shape::LastPass,
    required: &["name", "password", "extra", "grouping"],
    title: &["name"],
    username: &["username"],
    url: &["url"],
    password: &["password"],
    totp: &["totp"],
    notes: &["extra"],
    fields: &[],
    folder: &["grouping"],
    aside: &["fav"],
};

/// The CSV of Chrome, and of Edge, Brave and the others that are made of it.
pub(super) const CHROME: Layout = Layout {
    shape: Shape::Chrome,
    required: &["name", "url", "username", "password"],
    title: &["name"],
    username: &["username"],
    url: &["url"],
    password: &["password"],
    totp: &[],
    notes: &["note"],
    fields: &[],
    folder: &[],
    aside: &[],
};

/// Column names besides those of the layouts and shapes: a heading of others may be no heading, but a line of secrets.
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
    let source = Source::new(path, layout.shape);
    read(layout, source, &source.text()?)
}

/// Reads a program's CSV export.
///
/// # Errors
/// Which column is missing, which are there, and whose export it looks like.
pub(super) fn read(layout: &Layout, source: Source<'_>, text: &str) -> Result<Found, Failure> {
    let table = csv::table_of(source, text)?;
    if !layout.required.iter().all(|name| table.has(name)) && table.shape().is_none() {
        source.refuse_other(Shape::of_text(text))?;
    }
    layout.check(source, &table)?;
    let mut found = Found::default();
    found.bad.extend(table.bad);
    take(table.rows.iter().map(|row| layout.item(row)).collect(), &mut found);
    Ok(found)
}

impl Layout {
    /// Refuses an export of another program, and what lacks a column that every export of this one has.
    fn check(&self, source: Source<'_>, table: &Table) -> Result<(), Failure> {
        let other = table.shape().filter(|shape| *shape != self.shape);
        let missing: Vec<_> =
            self.required.iter().filter(|name| !table.has(name)).map(|name| format!("`{name}`")).collect();
        if missing.is_empty() && other.is_none() {
            return Ok(());
        }
        let own = self.shape.words();
        let is =
            other.map_or_else(|| format!("not {own}"), |other| format!("{}, and not {own}", other.words()));
        let lacks = match missing.as_slice() {
            [] => String::new(),
            [one] => format!("it lacks the column {one}; "),
            several => format!("it lacks the columns {}; ", several.join(", ")),
        };
        let message = format!("{} is {is}: {lacks}{}", source.name(), shown(table));
        let again = "export it again, as CSV with commas and with its heading";
        Err(Failure::usage(message, other.map_or(again, Shape::way)))
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
            folders: self.folder.iter().filter_map(|name| row.get(*name).cloned()).collect(),
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
            self.folder,
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
            || Shape::columns().any(|known| known == column)
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
