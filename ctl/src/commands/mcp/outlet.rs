//! Where answers go: each into a line of its own, or all that belong to a batch into one.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::RawValue;

use super::message::{Id, Refusal, written};
use crate::show::Show;

/// Where the answer to a request goes.
#[derive(Debug, Clone)]
pub(super) enum Outlet {
    /// Into a line of its own.
    Line(Show),
    /// Into the line of its batch, which is written when all of them are there.
    Batch(Arc<Batch>),
}

impl Outlet {
    /// Begins a batch, whose answers are written once every copy of this has been dropped.
    pub(super) fn batch(show: Show) -> Self {
        Self::Batch(Arc::new(Batch { show, answers: Mutex::default() }))
    }

    /// Writes an answer, or keeps it for the batch's line.
    pub(super) fn say(&self, id: Option<&Id>, answer: Result<Box<RawValue>, Refusal>) {
        let Ok(text) = written(id, answer) else { return };
        match self {
            Self::Line(show) => line(*show, text),
            Self::Batch(batch) => batch.answers.lock().unwrap_or_else(PoisonError::into_inner).push(text),
        }
    }
}

/// The answers to a batch, in the order in which they came; written when it is dropped, if there are any.
#[derive(Debug)]
pub(super) struct Batch {
    show: Show,
    answers: Mutex<Vec<String>>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        let answers = self.answers.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !answers.is_empty() {
            line(self.show, format!("[{}]", answers.join(",")));
        }
    }
}

/// Writes a message.
pub(super) fn line(show: Show, text: String) {
    // The client may be gone; the end of stdin tells.
    let _ = show.bytes((text + "\n").as_bytes());
}
