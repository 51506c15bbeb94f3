//! Rows out of `AgenticMail`'s `SQLite` file.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use super::{LegacyError, LegacyRow};

/// The columns of the table that are read.
const COLUMNS: [&str; 9] = [
    "id",
    "org_id",
    "name",
    "encrypted_value",
    "category",
    "metadata",
    "expires_at",
    "created_at",
    "created_by",
];

/// Reads all rows of the table `vault_entries`; the file is opened for reading alone.
///
/// # Errors
/// [`LegacyError::Unreadable`] where it is no such database.
pub fn rows_of_database(path: &Path) -> Result<Vec<LegacyRow>, LegacyError> {
    read(path).map_err(|error| {
        // The library's words name the file's place and the table at most.
        LegacyError::Unreadable(format!("the table vault_entries cannot be read: {error}"))
    })
}

fn read(path: &Path) -> rusqlite::Result<Vec<LegacyRow>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    let mut all = database.prepare("SELECT * FROM vault_entries ORDER BY rowid")?;
    let columns: Vec<String> = all.column_names().map(str::to_owned).collect();
    let place = |name: &str| columns.iter().position(|column| column.eq_ignore_ascii_case(name));
    let places = COLUMNS.map(place);
    let rows = all.query_map([], |row| Ok(row_of(row, places)))?;
    rows.collect()
}

fn row_of(row: &Row<'_>, places: [Option<usize>; 9]) -> LegacyRow {
    let [id, org, name, payload, category, metadata, expires_at, created_at, created_by] =
        places.map(|place| place.and_then(|place| text(row, place)));
    LegacyRow {
        id: id.unwrap_or_default(),
        org,
        name: name.unwrap_or_default(),
        payload: payload.unwrap_or_default(),
        category,
        metadata,
        expires_at,
        created_at,
        created_by,
    }
}

/// Reads a column as text, whatever its type; nothing for NULL and the empty text.
fn text(row: &Row<'_>, place: usize) -> Option<String> {
    let text = match row.get_ref(place).ok()? {
        ValueRef::Null => return None,
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => std::str::from_utf8(bytes).ok()?.to_owned(),
    };
    Some(text).filter(|text| !text.is_empty())
}
