//! The writer: one thread with the only ledger.
//!
//! It takes what is queued, at most [`BATCH`] units, never waits for more, and commits once. Everybody hears after the
//! commit. A unit that comes in portions has a transaction of its own.
//!
//! A panic ends its batch and nothing else: it is treated as a commit that failed, and the next batch begins from what
//! is stored.

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::thread::{Builder, JoinHandle};

use tokio::sync::{broadcast, mpsc as channel, oneshot};

use super::freshness::Changes;
use super::ledger::{Answer, Ledger};
use super::tables::Backend;
use super::{Answers, Portions, Refusal, Reply, StoreError, Unit};
use crate::audit::{Entry, Head};
use crate::keyring::Keys;

/// The most units that share a commit.
const BATCH: usize = 256;

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Job {
    /// Commit this.
    Commit(Box<Unit>, Reply),
    /// Commit this, whose changes come in portions, alone.
    CommitInPortions(Box<Unit>, Portions, Reply),
    /// Write the database again.
    Compact(oneshot::Sender<Result<(), StoreError>>),
    /// End.
    Stop,
}

/// What the writer shows of itself.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Numbers the commits that changed anything but the log.
    pub(super) changes: Arc<Changes>,
    /// The end of the log, once it was committed to.
    pub(super) head: Mutex<Option<Head>>,
    /// Who hands out the answers, where anybody does.
    pub(super) answers: OnceLock<channel::UnboundedSender<Answers>>,
}

/// Starts the writer of a backend, which takes jobs and shows what it commits to those who listen for events.
pub(super) fn spawn<B: Backend + Send + 'static>(
    backend: B,
    jobs: mpsc::Receiver<Job>,
    events: broadcast::Sender<Arc<Entry>>,
    shared: Arc<Shared>,
) -> std::io::Result<JoinHandle<()>> {
    let ledger = Ledger::new(backend, Arc::clone(&shared.changes));
    let mut writer = Writer { ledger, jobs, events, shared };
    Builder::new().name("writer".to_owned()).spawn(move || writer.run())
}

struct Writer<B> {
    ledger: Ledger<B>,
    jobs: mpsc::Receiver<Job>,
    events: broadcast::Sender<Arc<Entry>>,
    shared: Arc<Shared>,
}

/// Units of one commit, and where the answer of each goes.
#[derive(Default)]
struct Queued {
    units: Vec<Unit>,
    replies: Vec<Reply>,
}

impl<B: Backend> Writer<B> {
    fn run(&mut self) {
        while let Ok(first) = self.jobs.recv() {
            let mut queued = Queued::default();
            let (mut stop, mut compact) = (false, None);
            let jobs = std::iter::once(first).chain(std::iter::from_fn(|| self.jobs.try_recv().ok()));
            for job in jobs.take(BATCH).collect::<Vec<_>>() {
                match job {
                    Job::Commit(unit, reply) => {
                        queued.units.push(*unit);
                        queued.replies.push(reply);
                    }
                    Job::CommitInPortions(unit, portions, reply) => {
                        self.commit_queued(std::mem::take(&mut queued));
                        self.commit_or_survive(vec![reply], self.ledger.keys(), |ledger| {
                            Ok(vec![ledger.commit_in_portions(&unit, portions)?])
                        });
                    }
                    Job::Compact(reply) => compact = Some(reply),
                    Job::Stop => stop = true,
                }
            }
            self.commit_queued(queued);
            if let Some(reply) = compact {
                let _ = reply.send(self.ledger.tables().compact());
            }
            if stop {
                self.ledger.tables().close();
                return;
            }
        }
    }

    fn commit_queued(&mut self, Queued { units, replies }: Queued) {
        if !units.is_empty() {
            // A lock that cannot be recorded leaves no key here either.
            let held = self.ledger.keys().filter(|_| !units.iter().any(Unit::closes));
            self.commit_or_survive(replies, held, |ledger| ledger.commit(units));
        }
    }

    /// Commits, and holds these keys if that fails. If answering panics, those without an answer hear that the store
    /// did not answer.
    fn commit_or_survive(
        &mut self,
        replies: Vec<Reply>,
        held: Option<Arc<Keys>>,
        commit: impl FnOnce(&mut Ledger<B>) -> Result<Vec<Answer>, StoreError>,
    ) {
        if catch_unwind(AssertUnwindSafe(|| self.commit(replies, held, commit))).is_err() {
            tracing::error!("the writer panicked next to a commit; it goes on from what is stored");
            self.ledger.forget(self.ledger.keys());
        }
    }

    fn commit(
        &mut self,
        replies: Vec<Reply>,
        held: Option<Arc<Keys>>,
        commit: impl FnOnce(&mut Ledger<B>) -> Result<Vec<Answer>, StoreError>,
    ) {
        let panicked = |_| Err(StoreError::Panicked);
        match catch_unwind(AssertUnwindSafe(|| commit(&mut self.ledger))).unwrap_or_else(panicked) {
            Ok(answers) => {
                // Those who hear that the vault is locked may rely on its keys being gone.
                drop(held);
                let entries = self.publish();
                self.tell(replies.into_iter().zip(answers).collect());
                self.ledger.tables().after_commit(entries);
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed; nothing of it is stored");
                self.ledger.forget(held);
                let refusal = self.refusal_of(error);
                self.tell(replies.into_iter().map(|reply| (reply, Err(refusal.clone()))).collect());
            }
        }
    }

    /// Says what a failed commit is to those who wait for it; on a full disk the room that is held is given back.
    fn refusal_of(&mut self, error: StoreError) -> Refusal {
        match error {
            StoreError::Full if self.ledger.tables().release_room() => Refusal::Full,
            StoreError::Panicked => Refusal::Panicked,
            StoreError::Damaged(_) => Refusal::Damaged(error.to_string()),
            StoreError::Displaced(what) => Refusal::Displaced(what),
            StoreError::Crypto(error) => Refusal::Crypto(error),
            error => Refusal::Storage(error.to_string()),
        }
    }

    /// Shows what was committed to those who follow the log; gives the number of entries that were at hand.
    fn publish(&mut self) -> usize {
        let head = self.ledger.head();
        *self.shared.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
        let kept = self.ledger.take_fresh();
        let entries = kept.len();
        if self.events.receiver_count() == 0 {
            return entries;
        }
        let rest = kept.last().map(|last| last.seq + 1).zip(head.map(|head| head.seq));
        for entry in kept {
            let _ = self.events.send(Arc::new(entry));
        }
        let Some((from, to)) = rest.filter(|(from, to)| from <= to) else { return entries };
        let events = &self.events;
        let walked = self.ledger.tables().walk_log(from..=to, &mut |entry| {
            let _ = events.send(Arc::new(Entry::from(entry)));
        });
        if let Err(error) = walked {
            tracing::error!(%error, "those who follow the log miss entries");
        }
        entries
    }

    /// Answers a batch, through the task that hands answers out.
    fn tell(&self, answers: Vec<(Reply, Answer)>) {
        let answers = Answers(answers);
        match self.shared.answers.get() {
            None => answers.hand_out(),
            Some(task) => task.send(answers).unwrap_or_else(|unsent| unsent.0.hand_out()),
        }
    }
}
