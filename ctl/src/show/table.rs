//! Tables: fitted to the terminal's width, or plain columns for a pipe.

use comfy_table::{ContentArrangement, TableComponent, TableStyle};

use super::words::plain;

/// A heading and rows of cells; what a terminal would take for a command is made visible.
#[derive(Debug)]
pub(crate) struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes a table without rows.
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self { heading: heading.iter().map(|word| (*word).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell)).collect());
    }
}
