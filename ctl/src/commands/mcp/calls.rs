//! The calls that are not answered yet.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::message::Id;
use super::tree::Stop;

/// How long the calls may take to end once they are stopped: longer than a command that ignores it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The calls that are not answered yet, each with what stops it.
#[derive(Debug, Default)]
pub(super) struct Calls {
    state: Mutex<State>,
    closed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    open: BTreeMap<Id, Stop>,
    /// Whether the server ends: what is called then is stopped before it begins.
    ends: bool,
}

impl Calls {
    /// Notes a call, and gives what stops it.
    pub(super) fn open(&self, id: &Id) -> Stop {
        let stop = Stop::default();
        let mut state = self.locked();
        if state.ends {
            stop.now();
        }
        state.open.insert(id.clone(), stop.clone());
        stop
    }

    /// Takes a call out; false where it was cancelled, and nobody waits for its answer.
    pub(super) fn close(&self, id: &Id) -> bool {
        let was_open = self.locked().open.remove(id).is_some();
        self.closed.notify_all();
        was_open
    }

    /// Stops a call, whose answer then goes nowhere; one that is over is passed over.
    pub(super) fn cancel(&self, id: &Id) {
        let stop = self.locked().open.remove(id);
        if let Some(stop) = stop {
            stop.now();
        }
    }

    /// Stops every call, and those that come, and waits until they have ended; at most two seconds.
    pub(super) fn end(&self) {
        let mut state = self.locked();
        state.ends = true;
        state.open.values().for_each(Stop::now);
        // Those that outlast it, as where the daemon does not answer, have no command.
        drop(self.closed.wait_timeout_while(state, PATIENCE, |state| !state.open.is_empty()));
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        Calls::default().end();
    }
}
