//! What `SQLite` finds wrong with the pages of the file, sorted by what it takes to put it right.

use rusqlite::Connection;

use crate::store::{Flaw, Flawed, StoreError};

/// The most flaws that are named.
const NAMED: u32 = 100;

/// Has `SQLite` check every page and index of the file, and returns what it finds.
pub(super) fn flaws(connection: &Connection) -> Result<Vec<Flaw>, StoreError> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({NAMED})"))?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?;
    let found = found.collect::<Result<Vec<_>, _>>()?.join("\n");
    let lines = found.lines().filter(|line| *line != "ok" && !line.starts_with("***"));
    let roots = roots(connection)?;
    Ok(lines.map(|line| Flaw { words: line.to_owned(), place: place_of(line, &roots) }).collect())
}

/// Returns where something is wrong, by the words of `SQLite` and the first pages of the indexes.
fn place_of(line: &str, roots: &[String]) -> Flawed {
    // A page that has another place too is not the index's alone.
    let is_index =
        |root: &String| line.starts_with(&format!("Tree {root} ")) && !line.contains("2nd reference");
    let is_space = line.starts_with("Freelist: ")
        || line.starts_with("Fragmentation of ")
        || line.starts_with("Multiple uses for byte ")
        || line.starts_with("incremental_vacuum ")
        || line.ends_with(": never used")
        || line.ends_with(": free space corruption");
    if line.contains(" index ") || roots.iter().any(is_index) {
        Flawed::Index
    } else if is_space {
        Flawed::Space
    } else if line.starts_with("Tree ") || line.contains("malformed") {
        Flawed::Table
    } else {
        Flawed::Row
    }
}

/// Reads the first pages of the indexes.
fn roots(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT CAST(rootpage AS TEXT) FROM sqlite_schema WHERE type = 'index'";
    let mut statement = connection.prepare(sql)?;
    let roots = statement.query_map([], |row| row.get(0))?;
    Ok(roots.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flaws_are_sorted_by_what_puts_them_right() {
        let roots = ["7".to_owned()];
        for (line, place) in [
            ("wrong # of entries in index secret_state", Flawed::Index),
            ("row 3 missing from index secret_state", Flawed::Index),
            ("Tree 7 page 33: free space corruption", Flawed::Index),
            ("Tree 7 page 7 cell 1: 2nd reference to page 9", Flawed::Table),
            ("Tree 6 page 35 cell 3: Offset 1869 out of range 3917..4092", Flawed::Table),
            ("Tree 6 page 35: free space corruption", Flawed::Space),
            ("Freelist: invalid page number 65720", Flawed::Space),
            ("Page 184: never used", Flawed::Space),
            ("Fragmentation of 0 bytes reported as 128 on page 123", Flawed::Space),
            ("Multiple uses for byte 1464 of page 61", Flawed::Space),
            ("incremental_vacuum enabled with a max rootpage of zero", Flawed::Space),
            ("database disk image is malformed", Flawed::Table),
            ("NULL value in secret.name", Flawed::Row),
            ("CHECK constraint failed in state", Flawed::Row),
        ] {
            assert_eq!(place, place_of(line, &roots), "{line}");
        }
    }
}
