//! What all who work write down: how many requests there were, how long each took, and whether to go on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    refused: AtomicU64,
    times: Mutex<Vec<Served>>,
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
            refused: AtomicU64::new(0),
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

    /// Gives how many requests were refused.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }

    /// Gives the time since the phase began.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Counts a request that was refused.
    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::SeqCst);
    }

    /// Counts a request that was served.
    pub(super) fn count_served(&self, asked: Instant) {
        self.served.fetch_add(1, Ordering::SeqCst);
        let served = Served { asked: asked.duration_since(self.began), took: asked.elapsed() };
        self.times.lock().unwrap_or_else(PoisonError::into_inner).push(served);
    }

    /// Gives the time that 99 of 100 requests kept within, in the first quarter of them and in the last.
    pub(super) fn slowest_of_quarters(&self) -> (Duration, Duration) {
        let mut served = self.times.lock().unwrap_or_else(PoisonError::into_inner).clone();
        served.sort_unstable_by_key(|one| one.asked);
        let quarter = served.len() / 4;
        let (first, last) = (served.get(..quarter), served.get(served.len() - quarter..));
        (slowest(first.unwrap_or_default()), slowest(last.unwrap_or_default()))
    }
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
    fn a_phase_is_over_when_enough_was_served() {
        let record = Record::begin(Goal::Requests(2));
        record.count_served(Instant::now());
        record.count_refused();
        assert!(!record.is_over());
        record.count_served(Instant::now());
        assert!(record.is_over());
    }
}
