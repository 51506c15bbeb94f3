//! The labels of the texts that the log repeats, as the writer finds or makes them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

/// The most texts that are remembered; with the longest names they take about 256 KiB.
const MOST: usize = 1000;

/// Finds the label of a text, and remembers those that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct Labels {
    known: HashMap<String, i64>,
}

impl Labels {
    /// Finds or makes the label of a text.
    pub(super) fn of(&mut self, connection: &Connection, text: &str) -> Result<i64, rusqlite::Error> {
        if let Some(id) = self.known.get(text) {
            return Ok(*id);
        }
        let id = find_or_make(connection, text)?;
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(text.to_owned(), id);
        Ok(id)
    }

    /// Forgets all of them: some may not be stored, or not any more.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}

fn find_or_make(connection: &Connection, text: &str) -> Result<i64, rusqlite::Error> {
    let mut find = connection.prepare_cached("SELECT id FROM label WHERE text = ?1")?;
    if let Some(id) = find.query_row([text], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    connection.prepare_cached("INSERT INTO label (text) VALUES (?1)")?.insert([text])
}
