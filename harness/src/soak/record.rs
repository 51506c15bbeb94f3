//! What all who work write down: how many requests there were, how long each took, and whether to go on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use vault::api::{Code, Fault, Operation, Resolve};

/// What any request may be refused with while others lock, open and rotate.
const EXPECTED: [Code; 3] = [Code::Locked, Code::Busy, Code::Conflict];

/// Returns whether something that is done here is a cause of a refusal: what was deleted is read too.
fn has_cause(method: &str, code: Code) -> bool {
    EXPECTED.contains(&code) || (code == Code::NotFound && method == Resolve::METHOD)
}

/// When the work is done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// After so long.
    Time(Duration),
    /// After so many requests that were served.
    Requests(u64),
}

/// The record of one phase.
#[derive(Debug)]
pub(super) struct Record {
    goal: Goal,
    began: Instant,
    stopped: AtomicBool,
    served: AtomicU64,
    refused: Mutex<Refused>,
    times: Mutex<Vec<Served>>,
}

/// What was refused.
#[derive(Debug, Default)]
struct Refused {
    /// How often with which code.
    counts: BTreeMap<&'static str, u64>,
    /// The answers for which nothing that is done here is a cause.
    unexplained: Vec<String>,
}

/// A request that was served: when it was asked, and how long the answer took.
#[derive(Debug, Clone, Copy)]
struct Served {
    asked: Duration,
    took: Duration,
}

impl Record {
    /// Begins a phase.
    pub(super) fn begin(goal: Goal) -> Self {
        Self {
            goal,
            began: Instant::now(),
            stopped: AtomicBool::new(false),
            served: AtomicU64::new(0),
            refused: Mutex::default(),
            times: Mutex::default(),
        }
    }

    /// Tells whether the goal was reached, or somebody found a fault.
    pub(super) fn is_over(&self) -> bool {
        let reached = match self.goal {
            Goal::Time(span) => self.began.elapsed() >= span,
            Goal::Requests(count) => self.served() >= count,
        };
        reached || self.stopped.load(Ordering::SeqCst)
    }

    /// Has everybody stop.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Waits for a while, or until it is over.
    pub(super) fn wait(&self, span: Duration) {
        let began = Instant::now();
        while !self.is_over() && began.elapsed() < span {
            std::thread::sleep(Duration::from_millis(10).min(span));
        }
    }

    /// Gives how many requests were served.
    pub(super) fn served(&self) -> u64 {
        self.served.load(Ordering::SeqCst)
    }

    /// Lists how many requests were refused with which code.
    pub(super) fn refused(&self) -> String {
        let refused = held(&self.refused);
        refused.counts.iter().map(|(code, count)| format!("{count} `{code}`")).collect::<Vec<_>>().join(", ")
    }

    /// Fails with every answer that was refused without a cause.
    pub(super) fn explains_each_refusal(&self) -> Result<()> {
        let unexplained = &held(&self.refused).unexplained;
        ensure!(
            unexplained.is_empty(),
            "{} answers without a cause:\n{}",
            unexplained.len(),
            unexplained.join("\n")
        );
        Ok(())
    }

    /// Gives the time since the phase began.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Counts a request that was refused; if it has no cause, keeps the answer and has everybody stop.
    pub(super) fn count_refused(&self, method: &str, fault: &Fault) {
        let mut refused = held(&self.refused);
        *refused.counts.entry(fault.code.as_str()).or_default() += 1;
        if !has_cause(method, fault.code) {
            self.stop();
            let Fault { code, message, hint, .. } = fault;
            refused.unexplained.push(format!(
                "{method} after {} ms: {}: {message}; {hint}",
                self.elapsed().as_millis(),
                code.as_str()
            ));
        }
    }

    /// Counts a request that was served.
    pub(super) fn count_served(&self, asked: Instant) {
        self.served.fetch_add(1, Ordering::SeqCst);
        let served = Served { asked: asked.duration_since(self.began), took: asked.elapsed() };
        held(&self.times).push(served);
    }

    /// Gives the time that 99 of 100 requests kept within, in the first quarter of them and in the last.
    pub(super) fn slowest_of_quarters(&self) -> (Duration, Duration) {
        let mut served = held(&self.times).clone();
        served.sort_unstable_by_key(|one| one.asked);
        let quarter = served.len() / 4;
        let (first, last) = (served.get(..quarter), served.get(served.len() - quarter..));
        (slowest(first.unwrap_or_default()), slowest(last.unwrap_or_default()))
    }
}

fn held<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn slowest(served: &[Served]) -> Duration {
    let mut took: Vec<_> = served.iter().map(|one| one.took).collect();
    took.sort_unstable();
    took.get(took.len() * 99 / 100).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_are_told_apart_by_when_a_request_was_asked() {
        let record = Record::begin(Goal::Requests(1000));
        let second = Duration::from_secs(1);
        for number in (0..1000_u32).rev() {
            let took = if number < 250 { second } else { second * 3 };
            let one = Served { asked: second * number, took };
            record.times.lock().unwrap().push(one);
        }
        assert_eq!((second, second * 3), record.slowest_of_quarters());
    }

    #[test]
    fn a_refusal_without_a_cause_is_counted_and_kept_with_its_words() {
        let record = Record::begin(Goal::Requests(9));
        for code in EXPECTED.into_iter().chain([Code::NotFound]) {
            record.count_refused("vault.resolve", &Fault::new(code, "as expected"));
        }
        assert!(record.explains_each_refusal().is_ok() && !record.is_over());
        for code in [Code::InvalidRequest, Code::Internal, Code::Integrity, Code::NotFound] {
            record.count_refused("vault.create", &Fault::new(code, "EOF while parsing an object"));
        }
        let words_of_all = record.explains_each_refusal().unwrap_err().to_string();
        assert!(
            words_of_all.starts_with("4 answers without a cause:\nvault.create after "),
            "{words_of_all}"
        );
        for words in [
            "invalid_request: EOF while parsing an object",
            "internal: EOF",
            "integrity: EOF",
            "not_found: EOF",
        ] {
            assert!(words_of_all.contains(words), "{words_of_all}");
        }
        assert!(record.is_over());
        let counts = "1 `busy`, 1 `conflict`, 1 `integrity`, 1 `internal`, 1 `invalid_request`, 1 `locked`, 2 `not_found`";
        assert_eq!(counts, record.refused());
    }

    #[test]
    fn a_phase_is_over_when_enough_was_served() {
        let record = Record::begin(Goal::Requests(2));
        record.count_served(Instant::now());
        record.count_refused("vault.list", &Fault::new(Code::Busy, "too many"));
        assert!(!record.is_over());
        record.count_served(Instant::now());
        assert!(record.is_over());
    }
}
