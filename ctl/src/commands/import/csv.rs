//! Comma-separated values (RFC 4180): a heading, and rows by its names.

use std::collections::{BTreeMap, HashSet};

use super::shape::{self, Shape};
use super::source::Source;
use crate::failure::Failure;

/// A row by the names of the heading.
pub(super) type Row = BTreeMap<String, String>;

/// A file's rows, and the names that its heading gives their cells.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The names, in lower case.
    pub(super) heading: Vec<String>,
    /// The rows that have a cell for each name.
    pub(super) rows: Vec<Row>,
    /// The other rows: where each begins, and what is wrong with it.
    pub(super) bad: Vec<String>,
}

impl Table {
    /// Returns whether there is a column of a name.
    pub(super) fn has(&self, column: &str) -> bool {
        self.heading.iter().any(|name| name == column)
    }

    /// Returns whose export it is, by its heading.
    pub(super) fn shape(&self) -> Option<Shape> {
        Shape::of_heading(&self.heading)
    }
}

/// Reads a file's text as a table.
///
/// # Errors
/// What is wrong, with the file's name and without repeating any of it; what else the file looks like.
pub(super) fn table_of(source: Source<'_>, text: &str) -> Result<Table, Failure> {
    let refused = |why| {
        let failure =
            Failure::usage(format!("{}: {why}", source.name()), "export it again, as CSV with commas");
        source.refuse_other(Shape::of_text(text)).err().unwrap_or(failure)
    };
    table(text).map_err(refused)
}

/// Reads all rows; the first line is the heading.
///
/// # Errors
/// What is wrong, without repeating any of it.
fn table(text: &str) -> Result<Table, String> {
    let mut records = records(text)?.into_iter();
    let Some((_, heading)) = records.next() else { return Err("it is empty".to_owned()) };
    let heading: Vec<String> = heading.iter().map(|name| shape::column(name)).collect();
    if let [only] = &heading[..]
        && let Some(mark) = [';', '\t', '|'].into_iter().find(|mark| only.contains(*mark))
    {
        return Err(format!("its columns are separated by {mark:?}, not by commas"));
    }
    let mut seen = HashSet::new();
    if heading.iter().any(|name| !name.is_empty() && !seen.insert(name)) {
        return Err("two of its columns have the same name".to_owned());
    }
    let mut table = Table { heading, ..Table::default() };
    for (line, record) in records {
        let (cells, names) = (record.len(), table.heading.len());
        if cells < names || record.iter().skip(names).any(|cell| !cell.is_empty()) {
            table.bad.push(format!("line {line}: the heading has {names} cells, and the row {cells}"));
        } else {
            table.rows.push(table.heading.iter().cloned().zip(record).collect());
        }
    }
    Ok(table)
}

/// Reads all records that are not empty, each with the line that it begins on.
fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, &'static str> {
    let mut all = Vec::new();
    let mut reader = Reader { characters: text.chars().peekable(), line: 1 };
    while reader.characters.peek().is_some() {
        all.push((reader.line, reader.record()?));
    }
    all.retain(|(_, record)| record.iter().any(|cell| !cell.is_empty()));
    Ok(all)
}

#[derive(PartialEq, Eq)]
enum End {
    OfCell,
    OfRecord,
}

struct Reader<'t> {
    characters: std::iter::Peekable<std::str::Chars<'t>>,
    line: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.characters.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    fn record(&mut self) -> Result<Vec<String>, &'static str> {
        let mut record = Vec::new();
        loop {
            let (cell, end) = self.cell()?;
            record.push(cell);
            if end == End::OfRecord {
                return Ok(record);
            }
        }
    }

    fn cell(&mut self) -> Result<(String, End), &'static str> {
        let mut cell = String::new();
        let quoted = self.characters.next_if_eq(&'"').is_some();
        if quoted {
            loop {
                match self.next() {
                    Some('"') if self.characters.next_if_eq(&'"').is_some() => cell.push('"'),
                    Some('"') => break,
                    Some(c) => cell.push(c),
                    None => return Err("a quote is not closed"),
                }
            }
        }
        loop {
            match self.next() {
                Some(',') => return Ok((cell, End::OfCell)),
                Some('\n') | None => return Ok((cell, End::OfRecord)),
                Some('\r') => {}
                Some(_) if quoted => return Err("something follows a closed quote"),
                Some(c) => cell.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_commas_and_line_breaks_are_read() {
        for end in ["\n", ""] {
            let table = table(&format!("Name,Value\r\na,\"1,\"\"2\"\"\n3\"\nb,{end}")).unwrap();
            assert_eq!((2, 0), (table.rows.len(), table.bad.len()));
            assert_eq!("1,\"2\"\n3", table.rows[0]["value"]);
            assert_eq!(("b", ""), (&*table.rows[1]["name"], &*table.rows[1]["value"]));
        }
    }

    #[test]
    fn a_row_of_another_length_is_named_by_its_line() {
        let table = table("a,b\n\"1\n2\",3\nshort\n\n,\n1,2,3\n1,2,,\n").unwrap();
        let bad = [
            "line 4: the heading has 2 cells, and the row 1",
            "line 7: the heading has 2 cells, and the row 3",
        ];
        assert_eq!(
            (2, &bad[..]),
            (table.rows.len(), &table.bad.iter().map(String::as_str).collect::<Vec<_>>()[..])
        );
    }

    #[test]
    fn what_no_row_could_be_read_from_is_reported() {
        for text in ["a\n\"x\n", "", "a;b\n1;2\n", "a\tb\n1\t2\n", "a,A\n1,2\n"] {
            assert!(table(text).is_err(), "{text:?}");
        }
    }
}
