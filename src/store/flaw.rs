//! What a check of the whole database finds, and which changes need it to be without flaws.

use super::Change;

/// Something that is wrong with the pages or indexes of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// What it is, in the words of the database.
    pub words: String,
    /// Whether it is in an index alone, which can be rebuilt from its table.
    pub in_index: bool,
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
