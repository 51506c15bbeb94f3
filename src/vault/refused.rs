//! What was refused while the vault was locked: nothing can be authenticated then, so it is counted, and the
//! next unlock writes one entry for each caller and method.

use std::collections::HashMap;
use std::sync::PoisonError;

use super::Vault;
use crate::audit::Draft;
use crate::domain::{Action, Caller, LockReason, Outcome, Timestamp};

/// The most different refusals that are told apart; beyond it they share one count.
const KINDS: usize = 256;

/// The refusals since the vault was locked.
#[derive(Debug, Default)]
pub(super) struct Refused(HashMap<Kind, Count>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    actor: String,
    method: &'static str,
    reason: LockReason,
}

#[derive(Debug)]
struct Count {
    times: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Vault {
    /// Counts a refusal and writes it to the log.
    pub(super) fn count_refusal(&self, caller: &Caller, method: &'static str, reason: LockReason) {
        let now = self.now();
        let actor = caller.actor().to_string();
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let full = refused.0.len() >= KINDS;
        let kind = Kind { actor: actor.clone(), method, reason };
        let kind = if full && !refused.0.contains_key(&kind) {
            Kind { actor: "others".to_owned(), method: "any", reason }
        } else {
            kind
        };
        let count = refused.0.entry(kind).or_insert(Count { times: 0, first: now, last: now });
        count.times += 1;
        count.last = now;
        // Whoever asks again and again does not fill the log of the system with it.
        if count.times.is_power_of_two() {
            let (times, reason) = (count.times, reason.as_str());
            tracing::info!(%actor, method, reason, times, "refused: the vault is locked");
        }
    }

    /// Takes what was counted, as entries for the log.
    pub(super) fn take_refusals(&self) -> Vec<Draft> {
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counted: Vec<_> = refused.0.drain().collect();
        counted.sort_by_key(|(_, count)| count.first);
        let entry = |(kind, count): (Kind, Count)| {
            let mut draft = Draft::of(Action::Read)
                .with("code", "locked")
                .with("method", kind.method)
                .with("lockReason", kind.reason.as_str())
                .with("count", count.times)
                .with("first", count.first.to_string())
                .with("last", count.last.to_string());
            draft.outcome = Outcome::Denied;
            draft.actor = Some(kind.actor);
            draft
        };
        counted.into_iter().map(entry).collect()
    }
}
