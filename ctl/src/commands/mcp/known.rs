//! The values that commands of this session were given, which stay masked until it ends.
//!
//! A command can leave a value in a file, and a later one print it: that one was never given the value.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vault_mask::{Lines, Needles};
use zeroize::Zeroizing;

use crate::references::Values;

/// The values that were given to a command, with their names.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<State>);

#[derive(Default)]
struct State {
    values: Vec<(String, Zeroizing<String>)>,
    needles: Arc<Needles>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

impl Known {
    /// Adds the values that a command is given, before it starts.
    pub(super) fn add(&self, values: &Values) {
        let mut state = self.locked();
        let before = state.values.len();
        for (name, value) in values.secrets() {
            if !state.values.iter().any(|(known, content)| known == name && content.as_str() == value) {
                state.values.push((name.to_owned(), Zeroizing::new(value.to_owned())));
            }
        }
        if state.values.len() > before {
            let all = state.values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            state.needles = Arc::new(Needles::new(all, Lines::Long));
        }
    }

    /// Returns what is to be masked now.
    pub(super) fn needles(&self) -> Arc<Needles> {
        Arc::clone(&self.locked().needles)
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
