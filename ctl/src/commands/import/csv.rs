//! Comma-separated values (RFC 4180): a heading, and rows by its names.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::found::named;
use crate::failure::Failure;

/// A row by the names of the heading.
pub(super) type Row = BTreeMap<String, String>;

/// A file's rows, and the names that its heading gives their cells.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The names, in lower case.
    pub(super) heading: Vec<String>,
    /// The rows.
    pub(super) rows: Vec<Row>,
}

impl Table {
    /// Returns whether there is a column of a name.
    pub(super) fn has(&self, column: &str) -> bool {
        self.heading.iter().any(|name| name == column)
    }
}

/// Reads a file's text as a table.
///
/// # Errors
/// What is wrong, with the file's name and without repeating any of it.
pub(super) fn table_of(path: &Path, text: &str) -> Result<Table, Failure> {
    table(text).map_err(|why| {
        Failure::usage(format!("{}: {why}", named(path)), "export it again, as CSV with commas")
    })
}

/// Reads all rows; the first line is the heading.
///
/// # Errors
/// What is wrong, without repeating any of it.
fn table(text: &str) -> Result<Table, String> {
    let mut records = records(text)?.into_iter();
    let Some(heading) = records.next() else { return Err("it is empty".to_owned()) };
    let heading: Vec<String> = heading.iter().map(|name| name.trim().to_lowercase()).collect();
    if let [only] = &heading[..]
        && let Some(mark) = [';', '\t', '|'].into_iter().find(|mark| only.contains(*mark))
    {
        return Err(format!("its columns are separated by {mark:?}, not by commas"));
    }
    let mut seen = HashSet::new();
    if heading.iter().any(|name| !name.is_empty() && !seen.insert(name)) {
        return Err("two of its columns have the same name".to_owned());
    }
    let mut rows = Vec::new();
    for (number, record) in (1..).zip(records) {
        if record.iter().skip(heading.len()).any(|cell| !cell.is_empty()) {
            return Err(format!("row {number} has more cells than the heading"));
        }
        rows.push(heading.iter().cloned().zip(record).collect());
    }
    Ok(Table { heading, rows })
}

fn records(text: &str) -> Result<Vec<Vec<String>>, &'static str> {
    let mut all = Vec::new();
    let mut record = Vec::new();
    let mut characters = text.chars().peekable();
    while characters.peek().is_some() {
        let (cell, end) = cell(&mut characters)?;
        record.push(cell);
        if end == End::OfRecord {
            all.push(std::mem::take(&mut record));
        }
    }
    all.retain(|record| record.iter().any(|cell| !cell.is_empty()));
    Ok(all)
}

#[derive(PartialEq, Eq)]
enum End {
    OfCell,
    OfRecord,
}

fn cell(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(String, End), &'static str> {
    let mut cell = String::new();
    let quoted = characters.next_if_eq(&'"').is_some();
    if quoted {
        loop {
            match characters.next() {
                Some('"') if characters.next_if_eq(&'"').is_some() => cell.push('"'),
                Some('"') => break,
                Some(c) => cell.push(c),
                None => return Err("a quote is not closed"),
            }
        }
    }
    loop {
        match characters.next() {
            Some(',') if characters.peek().is_some() => return Ok((cell, End::OfCell)),
            Some('\n' | ',') | None => return Ok((cell, End::OfRecord)),
            Some('\r') => {}
            Some(_) if quoted => return Err("something follows a closed quote"),
            Some(c) => cell.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_commas_and_line_breaks_are_read() {
        let rows = table("Name,Value\r\na,\"1,\"\"2\"\"\n3\"\nb,\n").unwrap().rows;
        assert_eq!("1,\"2\"\n3", rows[0]["value"]);
        assert_eq!(("b", ""), (rows[1]["name"].as_str(), rows[1].get("value").map_or("", String::as_str)));
    }

    #[test]
    fn what_no_row_could_be_read_from_is_reported() {
        for text in ["a\n\"x\n", "", "a;b\n1;2\n", "a\tb\n1\t2\n", "a,b\n1,2,3\n", "a,A\n1,2\n"] {
            assert!(table(text).is_err(), "{text:?}");
        }
        assert_eq!(1, table("a,b\n1,2,,\n").unwrap().rows.len());
    }
}
