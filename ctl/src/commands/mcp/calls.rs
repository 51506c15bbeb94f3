//! The calls that are not answered yet.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::captured::Stop;
use super::message::Id;

/// The calls that are not answered yet, each with what stops it.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: Mutex<BTreeMap<Id, Stop>>,
    closed: Condvar,
}

impl Calls {
    /// Notes a call, and gives what stops it.
    pub(super) fn open(&self, id: &Id) -> Stop {
        let stop = Stop::default();
        self.locked().insert(id.clone(), stop.clone());
        stop
    }

    /// Takes a call out; false where it was cancelled, and nobody waits for its answer.
    pub(super) fn close(&self, id: &Id) -> bool {
        let was_open = self.locked().remove(id).is_some();
        self.closed.notify_all();
        was_open
    }

    /// Stops a call, whose answer then goes nowhere; one that is over is passed over.
    pub(super) fn cancel(&self, id: &Id) {
        if let Some(stop) = self.locked().remove(id) {
            stop.now();
        }
    }

    /// Waits for the calls that are open, and stops those that take longer.
    pub(super) fn end(&self, patience: Duration) {
        let waited = self.closed.wait_timeout_while(self.locked(), patience, |open| !open.is_empty());
        let (open, _) = waited.unwrap_or_else(PoisonError::into_inner);
        open.values().for_each(Stop::now);
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Id, Stop>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_answered_once_and_not_after_it_was_cancelled() {
        let (calls, [first, second]) = (Calls::default(), [Id::Number(1), Id::Text("1".to_owned())]);
        calls.open(&first);
        calls.open(&second);
        calls.cancel(&second);
        assert_eq!((true, false, false), (calls.close(&first), calls.close(&first), calls.close(&second)));
    }

    #[test]
    fn the_end_waits_for_nobody_where_no_call_is_open() {
        Calls::default().end(Duration::MAX);
    }
}
