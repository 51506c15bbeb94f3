//! Tables: fitted to the terminal's width, or plain columns for a pipe.

use comfy_table::{ColumnConstraint, ContentArrangement, presets};

use super::words::plain;

/// Cells up to this width are never wrapped: a moment has it.
const UNBROKEN_WIDTH: u16 = 20;
/// The width where a terminal does not tell its own.
const USUAL_WIDTH: u16 = 100;

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

    /// Tells whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Lays the table out for the terminal: long cells are wrapped.
    pub(super) fn fitted(&self) -> Vec<String> {
        let width = terminal_size::terminal_size().map_or(USUAL_WIDTH, |(width, _)| width.0);
        let mut table = self.laid_out();
        let widths = table.column_max_content_widths();
        for (column, width) in table.column_iter_mut().zip(widths) {
            if width <= UNBROKEN_WIDTH {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        lines(&table)
    }

    /// Lays the table out for a pipe: a row is a line, whatever its length.
    pub(super) fn columns(&self) -> Vec<String> {
        lines(&self.laid_out())
    }

    fn laid_out(&self) -> comfy_table::Table {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(&self.heading).add_rows(&self.rows);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table
    }
}

fn lines(table: &comfy_table::Table) -> Vec<String> {
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}
