//! What a check of the whole database finds.

/// Something that is wrong with the pages or indexes of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// What it is, in the words of the database.
    pub words: String,
    /// Whether it is in an index alone, which can be rebuilt from its table.
    pub in_index: bool,
}
