//! Refusals beyond a rate: folded into one entry with a count, so that nobody can fill the disk with them.

use std::collections::HashMap;
use std::sync::PoisonError;

use super::Vault;
use crate::audit::{Author, Draft};
use crate::domain::{Action, Caller, Outcome, Peer, Timestamp};
use crate::keyring::Keyring;
use crate::store::Unit;

/// How many refusals of one caller are written one by one in a second.
const EACH_SECOND: u32 = 20;
/// The most callers that are told apart; those beyond it share one rate.
const CALLERS: usize = 1024;

/// The refusals of the last second, and those that wait to be written as one.
#[derive(Debug, Default)]
pub(super) struct Folded(HashMap<String, Rate>);

/// The refusals of one caller.
#[derive(Debug, Default)]
struct Rate {
    since: Timestamp,
    written: u32,
    peer: Option<Peer>,
    waiting: HashMap<(Action, Outcome), Waiting>,
}

#[derive(Debug)]
struct Waiting {
    times: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Folded {
    /// Tells whether a refusal is to be written by itself; otherwise it was counted.
    fn admits(&mut self, caller: &Caller, (action, outcome): (Action, Outcome), now: Timestamp) -> bool {
        let mut actor = caller.actor().to_string();
        if self.0.len() >= CALLERS && !self.0.contains_key(&actor) {
            "others".clone_into(&mut actor);
        }
        let rate = self.0.entry(actor).or_default();
        if now.as_millis().abs_diff(rate.since.as_millis()) >= 1000 {
            (rate.since, rate.written) = (now, 0);
        }
        if rate.written < EACH_SECOND {
            rate.written += 1;
            return true;
        }
        rate.peer = Some(caller.peer.clone()).flatten();
        let waiting =
            rate.waiting.entry((action, outcome)).or_insert(Waiting { times: 0, first: now, last: now });
        waiting.times += 1;
        waiting.last = now;
        false
    }

    /// Takes what was counted, with who was refused, and forgets callers that have been quiet.
    fn take(&mut self, now: Timestamp) -> Vec<(Author, Draft)> {
        let mut taken = Vec::new();
        for (actor, rate) in &mut self.0 {
            for ((action, outcome), waiting) in rate.waiting.drain() {
                let mut draft = Draft::of(action)
                    .with("folded", true)
                    .with("count", waiting.times)
                    .with("first", waiting.first.to_string())
                    .with("last", waiting.last.to_string());
                draft.outcome = outcome;
                let (actor, peer) = (actor.clone(), rate.peer.clone());
                taken.push((Author { actor, peer, at: now, claims: serde_json::Map::new() }, draft));
            }
        }
        self.0.retain(|_, rate| now.as_millis().abs_diff(rate.since.as_millis()) < 1000);
        taken
    }
}

impl Vault {
    /// Tells whether a unit that records a refusal is to be written by itself; otherwise it was counted.
    pub(super) fn writes_alone(&self, caller: &Caller, refusal: &Unit) -> bool {
        let Some(draft) = refusal.entries.first() else { return true };
        let mut folded = self.0.folded.lock().unwrap_or_else(PoisonError::into_inner);
        folded.admits(caller, (draft.action, draft.outcome), self.now())
    }

    /// Writes the refusals that were counted since the last time, one entry for each caller, action and outcome.
    pub async fn record_folded(&self) {
        let Keyring::Open(keys) = self.keyring() else { return };
        let taken = self.0.folded.lock().unwrap_or_else(PoisonError::into_inner).take(self.now());
        for (author, draft) in taken {
            let unit = Unit { author, entries: vec![draft], ..self.system_unit(keys.clone()) };
            if let Err(refusal) = self.commit(unit).await {
                tracing::error!(%refusal, "refusals that were counted could not be recorded");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISS: (Action, Outcome) = (Action::Decrypt, Outcome::Failed);

    #[test]
    fn refusals_beyond_the_rate_become_one_entry_with_their_count() {
        let mut folded = Folded::default();
        let (caller, now) = (Caller::system(), Timestamp::from_millis(5_000));
        let alone = (0..100).filter(|_| folded.admits(&caller, MISS, now)).count();
        let taken = folded.take(now);
        assert_eq!((EACH_SECOND as usize, 1), (alone, taken.len()));
        let (author, draft) = &taken[0];
        assert_eq!(("system", Outcome::Failed), (author.actor.as_str(), draft.outcome));
        assert_eq!(serde_json::json!(80), draft.metadata["count"]);
        assert!(folded.take(now).is_empty());
    }

    #[test]
    fn each_second_begins_anew() {
        let mut folded = Folded::default();
        let caller = Caller::system();
        let at = |second: i64| Timestamp::from_millis(second * 1000);
        let alone = |folded: &mut Folded, now| (0..30).filter(|_| folded.admits(&caller, MISS, now)).count();
        assert_eq!([20, 20], [alone(&mut folded, at(1)), alone(&mut folded, at(2))]);
    }

    #[test]
    fn callers_beyond_those_that_are_told_apart_share_one_rate() {
        let mut folded = Folded::default();
        let now = Timestamp::from_millis(0);
        let peer = |uid| Peer { uid, gid: 0, pid: None, exe: None };
        for uid in 0..2 * u32::try_from(CALLERS).unwrap() {
            folded.admits(&Caller::nobody(peer(uid)), MISS, now);
        }
        assert_eq!(CALLERS + 1, folded.0.len());
    }
}
