//! What follows a commit: those who follow the log see its entries, and each unit gets its answer.

use std::sync::{Arc, PoisonError};

use super::{Answer, Writer};
use crate::audit::Entry;
use crate::store::sqlite::log;
use crate::store::{Answers, Reply};

impl Writer {
    /// Shows what was committed to those who follow the log.
    pub(super) fn publish(&mut self) {
        let head = self.state.map(|state| state.head);
        *self.setup.shared.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
        let kept = std::mem::take(&mut self.fresh);
        let events = &self.setup.events;
        if events.receiver_count() == 0 {
            return;
        }
        let rest = kept.last().map(|last| last.seq + 1).zip(head.map(|head| head.seq));
        for entry in kept {
            let _ = events.send(Arc::new(entry));
        }
        let Some((from, to)) = rest.filter(|(from, to)| from <= to) else { return };
        let told = log::walk(&self.setup.connection, from..=to, &mut |entry| {
            let _ = events.send(Arc::new(Entry::from(entry)));
        });
        if let Err(error) = told {
            tracing::error!(%error, "those who follow the log miss entries");
        }
    }

    /// Answers a batch, through the task that hands answers out.
    pub(super) fn tell(&self, answers: Vec<(Reply, Answer)>) {
        let answers = Answers(answers);
        match self.setup.shared.answers.get() {
            None => answers.hand_out(),
            Some(somebody) => somebody.send(answers).unwrap_or_else(|unsent| unsent.0.hand_out()),
        }
    }
}
