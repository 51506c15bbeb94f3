//! The labels of entries, as they are read: most are of entries before, and the next new one stands behind the last.

use rusqlite::{CachedStatement, Connection};

use crate::store::StoreError;

/// Which of the columns of an entry are labels.
const LABELS: [usize; 4] = [3, 7, 8, 12];

/// How many labels of a column are kept while entries are read.
const KEPT: i64 = 512;

/// How many labels are read at once where one after the other is asked for.
const AHEAD: i64 = 64;

/// The texts of the labels that were read last.
pub(super) struct Labels<'c> {
    statement: CachedStatement<'c>,
    columns: [Kept; LABELS.len()],
    /// The places of those of the entry that is read.
    met: [Option<usize>; LABELS.len()],
}

/// The labels of a column, each at a place that its id gives.
#[derive(Default)]
struct Kept {
    labels: Vec<Label>,
    last: i64,
}

#[derive(Clone, Default)]
struct Label {
    id: i64,
    text: String,
}

impl<'c> Labels<'c> {
    pub(super) fn new(connection: &'c Connection) -> Result<Self, StoreError> {
        let sql = "SELECT id, text FROM label WHERE id >= ?1 ORDER BY id LIMIT ?2";
        Ok(Self {
            statement: connection.prepare_cached(sql)?,
            columns: std::array::from_fn(|_| Kept::default()),
            met: [None; LABELS.len()],
        })
    }

    /// Reads those labels of a row that are not kept.
    pub(super) fn meet(&mut self, row: &rusqlite::Row<'_>) -> Result<(), StoreError> {
        for ((column, kept), met) in LABELS.into_iter().zip(&mut self.columns).zip(&mut self.met) {
            let id = row.get::<_, Option<i64>>(column)?;
            *met = id.map(|id| kept.meet(&mut self.statement, id));
        }
        Ok(())
    }

    pub(super) fn text(&self, column: usize) -> Option<&str> {
        let at = LABELS.iter().position(|label| *label == column)?;
        let place = (*self.met.get(at)?)?;
        self.columns.get(at)?.labels.get(place).map(|label| label.text.as_str())
    }
}

impl Kept {
    /// Gives the place of a label, which is read where it is not kept; behind one that was read last, several at once.
    ///
    /// One that vanished leaves an entry that does not verify, which is what it should be.
    fn meet(&mut self, statement: &mut CachedStatement<'_>, id: i64) -> usize {
        let place = place_of(id);
        if self.labels.get(place).is_none_or(|label| label.id != id || label.text.is_empty()) {
            let several = if self.last.checked_add(1) == Some(id) { AHEAD } else { 1 };
            if let Ok(mut rows) = statement.query([id, several]) {
                while let Ok(Some(row)) = rows.next() {
                    // One that is further ahead may belong in the very place that is asked for.
                    let Some(next) =
                        row.get(0).ok().filter(|next| (id..id.saturating_add(KEPT)).contains(next))
                    else {
                        break;
                    };
                    self.set(next, row.get_ref(1).and_then(|text| Ok(text.as_str()?)).unwrap_or_default());
                }
            }
            if self.labels.get(place).is_none_or(|label| label.id != id) {
                self.set(id, "");
            }
        }
        place
    }

    fn set(&mut self, id: i64, text: &str) {
        let place = place_of(id);
        if self.labels.len() <= place {
            self.labels.resize(place + 1, Label::default());
        }
        if let Some(label) = self.labels.get_mut(place) {
            label.id = id;
            label.text.clear();
            label.text.push_str(text);
        }
        self.last = id;
    }
}

/// Gives the place of a label: ids are given out one after the other, so that neighbours do not displace each other.
fn place_of(id: i64) -> usize {
    usize::try_from(id.rem_euclid(KEPT)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_further_ahead_does_not_take_the_place_of_the_one_that_is_asked_for() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE label (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
                 INSERT INTO label VALUES (1, 'one'), (2, 'two'), (514, 'one more round'), (600, 'far');",
            )
            .unwrap();
        let mut labels = Labels::new(&connection).unwrap();
        let mut kept = Kept::default();
        let mut text = |id| {
            let place = kept.meet(&mut labels.statement, id);
            kept.labels[place].text.clone()
        };
        assert_eq!(["one", "two", "", "one more round", "two"], [1, 2, 3, 514, 2].map(&mut text)[..]);
    }
}
