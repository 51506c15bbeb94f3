//! Comma-separated values (RFC 4180): a heading, and rows by its names.

use std::collections::BTreeMap;
use std::path::Path;

use super::found::named;
use crate::failure::Failure;

/// A row by the names of the heading, in lower case.
pub(super) type Row = BTreeMap<String, String>;

/// Reads a file's text as rows.
///
/// # Errors
/// What is wrong, with the file's name and without repeating any of it.
pub(super) fn rows_of(path: &Path, text: &str) -> Result<Vec<Row>, Failure> {
    rows(text).map_err(|why| Failure::usage(format!("{}: {why}", named(path)), "export it once more"))
}

/// Reads all rows; the first line is the heading.
///
/// # Errors
/// What is wrong, without repeating any of it.
fn rows(text: &str) -> Result<Vec<Row>, &'static str> {
    let mut records = records(text)?.into_iter();
    let heading: Vec<String> = match records.next() {
        Some(heading) => heading.iter().map(|name| name.trim().to_lowercase()).collect(),
        None => return Ok(Vec::new()),
    };
    Ok(records.map(|record| heading.iter().cloned().zip(record).collect()).collect())
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
        let rows = rows("Name,Value\r\na,\"1,\"\"2\"\"\n3\"\nb,\n").unwrap();
        assert_eq!("1,\"2\"\n3", rows[0]["value"]);
        assert_eq!(("b", ""), (rows[1]["name"].as_str(), rows[1].get("value").map_or("", String::as_str)));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told() {
        assert!(rows("a\n\"x\n").is_err());
    }
}
