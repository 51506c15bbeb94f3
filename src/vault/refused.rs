//! What was asked for while the vault was locked: nothing can be authenticated then, so it is counted, and the
//! next unlock writes one entry for each caller and method.

use std::collections::HashMap;
use std::sync::PoisonError;

use super::Vault;
use crate::api::{LockVault, Operation};
use crate::audit::Draft;
use crate::domain::{Action, Actor, Caller, LockReason, Outcome, Timestamp};

/// The most different requests that are told apart; beyond it they share one count.
const KINDS: usize = 256;

/// What was asked for since the vault was locked.
#[derive(Debug, Default)]
pub(super) struct Refused(HashMap<Kind, Count>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    actor: String,
    method: &'static str,
    outcome: Outcome,
    reason: LockReason,
}

#[derive(Debug)]
struct Count {
    times: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Vault {
    /// Counts a refusal and writes it to the system's log.
    pub(super) fn count_refusal(&self, caller: &Caller, method: &'static str, reason: LockReason) {
        let actor = caller.actor().to_string();
        let times =
            self.count_while_locked(Kind { actor: actor.clone(), method, outcome: Outcome::Denied, reason });
        // Whoever asks again and again does not fill the log of the system with it.
        if times.is_power_of_two() {
            let reason = reason.as_str();
            tracing::info!(%actor, method, reason, times, "refused: the vault is locked");
        }
    }

    /// Counts that an owner locked what was locked for another reason, or what could not record it.
    pub(super) fn count_lock(&self, by: &Actor, reason: LockReason) {
        let (actor, method) = (by.to_string(), LockVault::METHOD);
        self.count_while_locked(Kind { actor, method, outcome: Outcome::Ok, reason });
    }

    fn count_while_locked(&self, kind: Kind) -> u64 {
        let now = self.now();
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let full = refused.0.len() >= KINDS;
        let kind = if full && !refused.0.contains_key(&kind) {
            Kind { actor: "others".to_owned(), method: "any", ..kind }
        } else {
            kind
        };
        let count = refused.0.entry(kind).or_insert(Count { times: 0, first: now, last: now });
        count.times += 1;
        count.last = now;
        count.times
    }

    /// Takes what was counted, as entries for the log.
    pub(super) fn take_refusals(&self) -> Vec<Draft> {
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counted: Vec<_> = refused.0.drain().collect();
        counted.sort_by_key(|(_, count)| count.first);
        let entry = |(kind, count): (Kind, Count)| {
            let draft = match kind.outcome {
                Outcome::Ok => Draft::of(Action::Lock).with("reason", LockReason::ByRequest.as_str()),
                Outcome::Denied | Outcome::Failed => Draft::of(Action::Read).with("code", "locked"),
            };
            let mut draft = draft
                .with("method", kind.method)
                .with("lockReason", kind.reason.as_str())
                .with("count", count.times)
                .with("first", count.first.to_string())
                .with("last", count.last.to_string());
            draft.outcome = kind.outcome;
            draft.actor = Some(kind.actor);
            draft
        };
        counted.into_iter().map(entry).collect()
    }
}
