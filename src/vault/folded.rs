//! Refusals beyond a rate: folded into one entry with a count, so that nobody can fill the disk with them.

use std::collections::HashMap;
use std::sync::PoisonError;

use super::Vault;
use crate::audit::{Author, Draft};
use crate::domain::{Action, Caller, Outcome, Peer, Timestamp};
use crate::keyring::Keyring;
use crate::store::Unit;

/// The most callers that are told apart; those beyond it share one rate.
const CALLERS: usize = 1024;

/// How many refusals of a caller are written one by one.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// How many at once.
    burst: i64,
    /// How long it takes until one more is, in milliseconds.
    every: i64,
}

impl Pace {
    const OWNER: Self = Self { burst: 20, every: 50 };
    const OTHER: Self = Self { burst: 10, every: 60_000 };

    fn of(caller: &Caller) -> Self {
        if caller.is_owner() { Self::OWNER } else { Self::OTHER }
    }
}

/// The refusals that were written lately, and those that wait to be written as one.
#[derive(Debug, Default)]
pub(super) struct Folded(HashMap<String, Rate>);

/// The refusals of one caller.
#[derive(Debug)]
struct Rate {
    pace: Pace,
    /// The moment at which as many may be written at once as ever, in milliseconds (GCRA).
    free: i64,
    peer: Option<Peer>,
    waiting: HashMap<(Action, Outcome), Waiting>,
}

#[derive(Debug)]
struct Waiting {
    times: u64,
    first: Timestamp,
    last: Timestamp,
}

/// Which of the refusals that were counted are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// All, as before the vault locks.
    All,
    /// Those of callers of whom one more entry may be written.
    Due,
}

impl Rate {
    fn new(pace: Pace) -> Self {
        Self { pace, free: 0, peer: None, waiting: HashMap::new() }
    }

    /// Tells whether one more may be written, and counts it if so.
    fn admits(&mut self, now: Timestamp) -> bool {
        let (Pace { burst, every }, now) = (self.pace, now.as_millis());
        // After a clock that was turned back it begins again.
        let free = if self.free > now.saturating_add(burst * every) { now } else { self.free.max(now) };
        let admits = free - now <= (burst - 1) * every;
        self.free = if admits { free + every } else { free };
        admits
    }
}

impl Folded {
    /// Tells whether a refusal is to be written by itself; otherwise it was counted.
    fn admits(&mut self, caller: &Caller, (action, outcome): (Action, Outcome), now: Timestamp) -> bool {
        let mut actor = caller.actor().to_string();
        if self.0.len() >= CALLERS && !self.0.contains_key(&actor) {
            "others".clone_into(&mut actor);
        }
        let rate = self.0.entry(actor).or_insert_with(|| Rate::new(Pace::of(caller)));
        if rate.waiting.is_empty() && rate.admits(now) {
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
    fn take(&mut self, taken: Taken, now: Timestamp) -> Vec<(Author, Draft)> {
        let mut written = Vec::new();
        for (actor, rate) in &mut self.0 {
            if rate.waiting.is_empty() || (!rate.admits(now) && taken == Taken::Due) {
                continue;
            }
            for ((action, outcome), waiting) in rate.waiting.drain() {
                let mut draft = Draft::of(action)
                    .with("folded", true)
                    .with("count", waiting.times)
                    .with("first", waiting.first.to_string())
                    .with("last", waiting.last.to_string());
                draft.outcome = outcome;
                let (actor, peer) = (actor.clone(), rate.peer.clone());
                written.push((Author { actor, peer, at: now, claims: serde_json::Map::new() }, draft));
            }
        }
        self.0.retain(|_, rate| !rate.waiting.is_empty() || rate.free > now.as_millis());
        written
    }
}

impl Vault {
    /// Tells whether a unit that records a refusal is to be written by itself; otherwise it was counted.
    pub(super) fn writes_alone(&self, caller: &Caller, refusal: &Unit) -> bool {
        let Some(draft) = refusal.entries.first() else { return true };
        let mut folded = self.0.folded.lock().unwrap_or_else(PoisonError::into_inner);
        folded.admits(caller, (draft.action, draft.outcome), self.now())
    }

    /// Writes the refusals that were counted, one entry for each caller, action and outcome.
    pub async fn record_folded(&self) {
        self.write_folded(Taken::All).await;
    }

    /// Writes likewise those of callers of whom one more entry may be written.
    pub async fn record_folded_if_due(&self) {
        self.write_folded(Taken::Due).await;
    }

    async fn write_folded(&self, taken: Taken) {
        let Keyring::Open(keys) = self.keyring() else { return };
        let taken = self.0.folded.lock().unwrap_or_else(PoisonError::into_inner).take(taken, self.now());
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

    fn guest(uid: u32) -> Caller {
        Caller::nobody(Peer { uid, gid: 0, pid: None, exe: None })
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn refusals_beyond_the_rate_become_one_entry_with_their_count() {
        let mut folded = Folded::default();
        let (caller, now) = (Caller::system(), Timestamp::from_millis(5_000));
        let alone = (0..100).filter(|_| folded.admits(&caller, MISS, now)).count();
        let taken = folded.take(Taken::All, now);
        assert_eq!((20, 1), (alone, taken.len()));
        let (author, draft) = &taken[0];
        assert_eq!(("system", Outcome::Failed), (author.actor.as_str(), draft.outcome));
        assert_eq!(serde_json::json!(80), draft.metadata["count"]);
        assert!(folded.take(Taken::All, now).is_empty());
    }

    #[test]
    fn an_owner_begins_anew_each_second() {
        let mut folded = Folded::default();
        let caller = Caller::system();
        let mut alone = |now| {
            let alone = (0..30).filter(|_| folded.admits(&caller, MISS, now)).count();
            folded.take(Taken::All, now);
            alone
        };
        assert_eq!([20, 20], [alone(second(1)), alone(second(3))]);
    }

    #[test]
    fn a_guest_has_a_burst_and_then_one_entry_a_minute() {
        let mut folded = Folded::default();
        let mut written = 0;
        for now in 0..3600 {
            written += (0..20).filter(|_| folded.admits(&guest(1), MISS, second(now))).count();
            written += folded.take(Taken::Due, second(now)).len();
        }
        assert_eq!(10 + 59, written);
    }

    #[test]
    fn a_guest_that_was_quiet_for_long_has_its_burst_again() {
        let mut folded = Folded::default();
        let mut alone = |now| {
            let alone = (0..30).filter(|_| folded.admits(&guest(1), MISS, now)).count();
            folded.take(Taken::All, now);
            alone
        };
        assert_eq!([10, 0, 10], [alone(second(0)), alone(second(1)), alone(second(3600))]);
    }

    #[test]
    fn a_clock_that_is_turned_back_silences_nothing_for_long() {
        let mut folded = Folded::default();
        assert!(folded.admits(&guest(1), MISS, second(1_000_000)));
        assert!(folded.admits(&guest(1), MISS, second(0)));
    }

    #[test]
    fn callers_beyond_those_that_are_told_apart_share_one_rate() {
        let mut folded = Folded::default();
        let now = Timestamp::from_millis(0);
        for uid in 0..2 * u32::try_from(CALLERS).unwrap() {
            folded.admits(&guest(uid), MISS, now);
        }
        assert_eq!(CALLERS + 1, folded.0.len());
    }
}
