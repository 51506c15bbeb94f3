//! What a caller was judged for, as types that only the desk makes: an operation without one has nothing to read.

use std::ops::Deref;
use std::sync::Arc;

use crate::store::Stored;

/// A stored secret for which the caller was judged.
#[derive(Debug, Clone)]
pub struct Judged(Arc<Stored>);

impl Judged {
    pub(super) fn new(stored: Arc<Stored>) -> Self {
        Self(stored)
    }
}

impl Deref for Judged {
    type Target = Stored;

    fn deref(&self) -> &Stored {
        &self.0
    }
}

/// Says that the caller was judged for the log.
#[derive(Debug, Clone, Copy)]
pub(in crate::vault) struct LogReader(());

impl LogReader {
    pub(super) fn new() -> Self {
        Self(())
    }
}

/// Says that the caller was judged for the whole vault.
#[derive(Debug, Clone, Copy)]
pub(in crate::vault) struct Whole(());

impl Whole {
    pub(super) fn new() -> Self {
        Self(())
    }
}
