//! The writer: one thread with the only connection that writes.
//!
//! It takes what is queued, at most [`BATCH`] units, never waits for more, runs each unit in a savepoint, and
//! commits once. Everybody hears after the commit. A unit that comes in portions has a transaction of its own.
//!
//! A panic ends its batch and nothing else: it is treated as a commit that failed, and the next batch begins from what
//! is stored.
//!
//! Another program that changes the file meanwhile is noticed by `SQLite`'s number of the data's version, which our own
//! commits leave as it is; emptying the write-ahead log raises it too, which costs those who read before it a second try.

mod draw;
mod lock;
mod long;
mod recover;
mod report;
#[cfg(test)]
mod tests;
mod unit;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc as channel, oneshot};

use super::apply::write_state;
use super::checkpoint;
use super::labels::Labels;
use super::log::last_entry;
use super::mend::compact as compact_file;
use super::place::Place;
use super::read_state;
use super::reserve::Reserve;
use crate::audit::{Entry, Head};
use crate::keyring::Keys;
use crate::store::changes::{Batch, Changes};
use crate::store::{Answers, Portions, Receipt, Refusal, Reply, State, StoreError, Unit};
use draw::Draw;
use unit::{adopts, closes};

/// The most units that share a commit.
const BATCH: usize = 256;
/// How many commits go by between two requests to trim the write-ahead log.
const TRIM_EVERY: u64 = 64;

/// The most entries of a commit that are kept for those who follow the log, who read the others from there. After more the
/// page cache is given back.
const LARGE: usize = 1000;

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Job {
    /// Commit this.
    Commit(Box<Unit>, Reply),
    /// Write the database again.
    Compact(oneshot::Sender<Result<(), StoreError>>),
    /// Commit this, whose changes come in portions, alone.
    CommitInPortions(Box<Unit>, Portions, Reply),
    /// End.
    Stop,
}

/// What the writer starts with.
pub(super) struct Setup {
    pub(super) path: PathBuf,
    pub(super) place: Arc<Place>,
    pub(super) reserve: Reserve,
    pub(super) connection: Connection,
    /// Is in no transaction, and counts the frames of the log.
    pub(super) observer: Connection,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) checkpoints: mpsc::Sender<checkpoint::Job>,
    pub(super) long: checkpoint::Long,
    pub(super) events: broadcast::Sender<Arc<Entry>>,
    pub(super) shared: Arc<Shared>,
}

/// What the writer shows of itself.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Numbers the commits that changed anything but the log.
    pub(super) changes: Changes,
    /// The end of the log, once it was committed to.
    pub(super) head: Mutex<Option<Head>>,
    /// Who hands out the answers, where anybody does.
    pub(super) answers: OnceLock<channel::UnboundedSender<Answers>>,
}

pub(super) fn spawn(setup: Setup) -> Result<JoinHandle<()>, StoreError> {
    let mut writer = Writer {
        version: data_version(&setup.connection)?,
        setup,
        state: None,
        keys: None,
        labels: Labels::default(),
        draw: Draw::new(),
        fresh: Vec::new(),
        batch: Batch::default(),
        commits: 0,
    };
    Ok(Builder::new().name("writer".to_owned()).spawn(move || writer.run())?)
}

struct Writer {
    setup: Setup,
    /// The state as last committed; read again after a failed commit.
    state: Option<State>,
    /// The keys in use; units made under others are refused.
    keys: Option<Arc<Keys>>,
    /// The first [`LARGE`] entries of the running batch, told to subscribers after its commit.
    fresh: Vec<Entry>,
    /// What the running batch knows of changes.
    batch: Batch,
    /// The version of the data by `SQLite`'s count, which goes up with what other connections do.
    version: i64,
    labels: Labels,
    draw: Draw,
    commits: u64,
}

/// What becomes of a unit.
type Answer = Result<Receipt, Refusal>;

/// Why a unit was not applied: refused as it stands, or the database failed under all of them.
pub(super) enum Stop {
    Refused(Refusal),
    Failed(StoreError),
}

impl Stop {
    /// Parts what is the unit's own from what ends the batch.
    fn refused(self) -> Result<Refusal, StoreError> {
        match self {
            Self::Refused(refusal) => Ok(refusal),
            Self::Failed(error) => Err(error),
        }
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            // Others of the batch may have nothing to do with what is damaged.
            StoreError::Damaged(_) => Self::Refused(Refusal::Damaged(error.to_string())),
            error => Self::Failed(error),
        }
    }
}

impl Writer {
    fn run(&mut self) {
        while let Ok(first) = self.setup.jobs.recv() {
            let mut batch = (Vec::new(), Vec::new());
            let (mut stop, mut compact) = (false, None);
            let queued = std::iter::once(first).chain(std::iter::from_fn(|| self.setup.jobs.try_recv().ok()));
            for job in queued.take(BATCH).collect::<Vec<_>>() {
                match job {
                    Job::Commit(unit, reply) => {
                        batch.0.push(*unit);
                        batch.1.push(reply);
                    }
                    Job::CommitInPortions(unit, portions, reply) => {
                        self.commit_batch(std::mem::take(&mut batch));
                        self.commit_or_survive(vec![reply], self.keys.clone(), |writer| {
                            Ok(vec![writer.transact_in_portions(*unit, portions)?])
                        });
                    }
                    Job::Compact(reply) => compact = Some(reply),
                    Job::Stop => stop = true,
                }
            }
            self.commit_batch(batch);
            if let Some(reply) = compact {
                let compacted = self.setup.place.check().and_then(|()| compact_file(&self.setup.path));
                let _ = reply.send(compacted);
            }
            if stop {
                self.setup.place.before_close(&self.setup.connection);
                self.setup.place.before_close(&self.setup.observer);
                return;
            }
        }
    }

    fn commit_batch(&mut self, (units, replies): (Vec<Unit>, Vec<Reply>)) {
        if !units.is_empty() {
            // A lock that cannot be recorded leaves no key here either.
            let held = self.keys.clone().filter(|_| !units.iter().any(closes));
            self.commit_or_survive(replies, held, |writer| writer.transact(units));
        }
    }

    /// Commits, and holds these keys if that fails. Where telling of it panics, those who were not told hear that the store did
    /// not answer.
    fn commit_or_survive(
        &mut self,
        replies: Vec<Reply>,
        held: Option<Arc<Keys>>,
        transact: impl FnOnce(&mut Self) -> Result<Vec<Answer>, StoreError>,
    ) {
        if catch_unwind(AssertUnwindSafe(|| self.commit(replies, held, transact))).is_err() {
            tracing::error!("the writer panicked beside a commit; it goes on from what is stored");
            self.recover(self.keys.clone());
        }
    }

    fn commit(
        &mut self,
        replies: Vec<Reply>,
        held: Option<Arc<Keys>>,
        transact: impl FnOnce(&mut Self) -> Result<Vec<Answer>, StoreError>,
    ) {
        let panicked = |_| Err(StoreError::Panicked);
        match catch_unwind(AssertUnwindSafe(|| transact(self))).unwrap_or_else(panicked) {
            Ok(answers) => {
                // Whoever hears that the vault is locked may rely on its keys being gone.
                drop(held);
                let written = self.fresh.len();
                self.publish();
                self.tell(replies.into_iter().zip(answers).collect());
                self.trim(written);
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed; nothing of it is stored");
                self.recover(held);
                let released = matches!(error, StoreError::Full) && self.setup.reserve.release();
                let refusal = match error {
                    _ if released => Refusal::Full,
                    StoreError::Panicked => Refusal::Panicked,
                    StoreError::Damaged(_) => Refusal::Damaged(error.to_string()),
                    StoreError::Displaced(what) => Refusal::Displaced(what),
                    error => Refusal::Storage(error.to_string()),
                };
                self.tell(replies.into_iter().map(|reply| (reply, Err(refusal.clone()))).collect());
            }
        }
    }

    /// Runs all units in one transaction and gives each one's answer.
    fn transact(&mut self, units: Vec<Unit>) -> Result<Vec<Answer>, StoreError> {
        let mut state = self.begin(&units)?;
        let mut answers = Vec::with_capacity(units.len());
        let mut keys = None;
        for unit in units {
            let under = Arc::clone(&unit.keys);
            let answer = self.attempt(unit, &mut state)?;
            if !matches!(answer, Err(Refusal::OldKeys)) {
                keys = Some(self.keys.clone().unwrap_or(under));
            }
            answers.push(answer);
        }
        self.end(state, keys.as_deref())?;
        Ok(answers)
    }

    /// Begins a transaction; gives the state on which it builds.
    fn begin(&mut self, units: &[Unit]) -> Result<State, StoreError> {
        self.setup.place.check()?;
        let state = match self.state {
            Some(state) => state,
            None => self.trusted_state(units)?,
        };
        self.lock_log()?;
        self.notice_others()?;
        Ok(state)
    }

    /// Commits, with the state where keys are given to authenticate it.
    fn end(&mut self, state: State, keys: Option<&Keys>) -> Result<(), StoreError> {
        if let Some(keys) = keys {
            write_state(&self.setup.connection, &state, keys)?;
        }
        let connection = &self.setup.connection;
        self.batch.end(&self.setup.shared.changes, || connection.prepare_cached("COMMIT")?.execute([]))?;
        if keys.is_some() {
            self.state = Some(state);
        }
        Ok(())
    }

    /// Reads the state as last committed, and disowns one that this vault did not write or that the log has passed.
    fn trusted_state(&self, units: &[Unit]) -> Result<State, StoreError> {
        let mut state = read_state(&self.setup.connection)?;
        let adopting = || units.iter().find(|unit| adopts(unit)).map(|unit| &unit.keys);
        if self.keys.as_ref().or_else(adopting).is_some_and(|keys| !state.is_authentic(keys)) {
            state.disown();
        }
        let last = last_entry(&self.setup.connection)?;
        if last.seq > state.head.seq {
            // The chain goes on from its real end, or no entry could be written any more.
            state.head = last;
            state.disown();
        }
        Ok(state)
    }

    /// Counts what another connection did as a change, so that nothing which was read before it is relied on.
    fn notice_others(&mut self) -> Result<(), StoreError> {
        let version = data_version(&self.setup.connection)?;
        let overtaken = std::mem::replace(&mut self.version, version) != version;
        self.batch.begin(overtaken, &self.setup.shared.changes);
        Ok(())
    }

    fn trim(&mut self, written: usize) {
        self.commits += 1;
        if written >= LARGE {
            let _ = self.setup.connection.execute_batch("PRAGMA shrink_memory");
        }
        if self.commits.is_multiple_of(TRIM_EVERY) {
            let _ = self.setup.checkpoints.send(checkpoint::Job::Trim);
        }
        if self.setup.long.swap(false, Ordering::AcqRel) {
            self.begin_log_anew();
        }
    }

    /// Moves the last frames of a long write-ahead log, so that the next commit is written over its start.
    ///
    /// While others write no checkpoint reaches the log's end, and it would grow for as long as they do. Syncing what
    /// is overwritten also costs less than syncing a file that grows.
    fn begin_log_anew(&self) {
        let Setup { connection, place, .. } = &self.setup;
        let moved = place.checkpoint(|| {
            connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))
        });
        if let Err(error) = moved {
            tracing::warn!(%error, "the write-ahead log could not be begun anew");
        }
    }
}

/// Reads the number that goes up with what other connections commit.
fn data_version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}
