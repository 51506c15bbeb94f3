//! What a check of the whole database finds, and which changes need it to be without flaws.

use super::Change;

/// Something that is wrong with the pages or indexes of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// What it is, in the words of the database.
    pub words: String,
    /// Where it is.
    pub place: Flawed,
}

impl Flaw {
    /// Returns the name of the index that it is in, if the database says it.
    pub fn index(&self) -> Option<&str> {
        self.words.rsplit_once(" index ").map(|(_, name)| name)
    }
}

/// Where something is wrong, by what it takes to put it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flawed {
    /// In an index alone, which can be rebuilt from its table.
    Index,
    /// In space that holds nothing: the file can be written again without it.
    Space,
    /// In a row, which can be removed.
    Row,
    /// In a page of a table: rows may be lost with it.
    Table,
}

impl Change {
    /// Returns whether secrets or agents are changed, for which their indexes have to be sound.
    pub(crate) fn needs_indexes(&self) -> bool {
        matches!(
            self,
            Self::Insert(_)
                | Self::Replace { .. }
                | Self::Remove { .. }
                | Self::PutAgent { .. }
                | Self::DropAgent(_)
                | Self::Rekey(_)
        )
    }
}
