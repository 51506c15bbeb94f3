//! The writer: one thread with the only connection that writes.
//!
//! It takes what is queued, at most [`BATCH`] units, never waits for more, runs each unit in a savepoint, and
//! commits once. Everybody hears after the commit.

mod unit;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{broadcast, oneshot};

use super::apply::write_state;
use super::checkpoint;
use super::labels::Labels;
use super::log::last_entry;
use super::reserve::Reserve;
use super::{Mode, connect, read_state};
use crate::audit::Entry;
use crate::keyring::Keys;
use crate::store::{Receipt, Refusal, State, StoreError, Unit};
use unit::adopts;

/// The most units that share a commit.
const BATCH: usize = 256;
/// How many commits go by between two requests to trim the write-ahead log.
const TRIM_EVERY: u64 = 64;

/// After so many entries in one commit the page cache is given back.
const LARGE: usize = 1000;

type Reply = oneshot::Sender<Result<Receipt, Refusal>>;

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Job {
    /// Commit this.
    Commit(Box<Unit>, Reply),
    /// End.
    Stop,
}

/// What the writer starts with.
pub(super) struct Setup {
    pub(super) path: PathBuf,
    pub(super) reserve: Reserve,
    pub(super) connection: Connection,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) checkpoints: mpsc::Sender<checkpoint::Job>,
    pub(super) events: broadcast::Sender<Arc<Entry>>,
    /// Numbers the commits that changed anything but the log.
    pub(super) changes: Arc<AtomicU64>,
}

pub(super) fn spawn(setup: Setup) -> std::io::Result<JoinHandle<()>> {
    let mut writer = Writer {
        setup,
        state: None,
        keys: None,
        labels: Labels::default(),
        fresh: Vec::new(),
        changing: false,
        commits: 0,
    };
    Builder::new().name("writer".to_owned()).spawn(move || writer.run())
}

struct Writer {
    setup: Setup,
    /// The state as last committed; read again after a failed commit.
    state: Option<State>,
    /// The keys in use; units made under others are refused.
    keys: Option<Arc<Keys>>,
    /// Entries of the running batch, told to subscribers after its commit.
    fresh: Vec<Entry>,
    /// Whether the running batch changes anything but the log.
    changing: bool,
    labels: Labels,
    commits: u64,
}

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
        Self::Failed(error.into())
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Writer {
    fn run(&mut self) {
        while let Ok(first) = self.setup.jobs.recv() {
            let mut batch = Vec::new();
            let mut stop = false;
            let queued = std::iter::once(first).chain(std::iter::from_fn(|| self.setup.jobs.try_recv().ok()));
            for job in queued.take(BATCH) {
                match job {
                    Job::Commit(unit, reply) => batch.push((unit, reply)),
                    Job::Stop => stop = true,
                }
            }
            self.commit(batch);
            if stop {
                return;
            }
        }
    }

    fn commit(&mut self, batch: Vec<(Box<Unit>, Reply)>) {
        let (units, replies): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|(unit, reply)| (*unit, reply)).unzip();
        let held = self.keys.clone();
        match self.transact(units) {
            Ok(answers) => {
                let written = self.fresh.len();
                for entry in self.fresh.drain(..) {
                    let _ = self.setup.events.send(Arc::new(entry));
                }
                for (reply, answer) in replies.into_iter().zip(answers) {
                    let _ = reply.send(answer);
                }
                self.trim(written);
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed; nothing of it is stored");
                self.recover(held);
                let released = matches!(error, StoreError::Full) && self.setup.reserve.release();
                for reply in replies {
                    let refusal = if released { Refusal::Full } else { Refusal::Storage(error.to_string()) };
                    let _ = reply.send(Err(refusal));
                }
            }
        }
    }

    /// Runs all units in one transaction and gives each one's answer.
    fn transact(&mut self, units: Vec<Unit>) -> Result<Vec<Result<Receipt, Refusal>>, StoreError> {
        let mut state = match self.state {
            Some(state) => state,
            None => self.trusted_state(&units)?,
        };
        self.setup.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
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
        if let Some(keys) = &keys {
            write_state(&self.setup.connection, &state, keys)?;
        }
        self.setup.connection.prepare_cached("COMMIT")?.execute([])?;
        self.count_changes();
        if keys.is_some() {
            self.state = Some(state);
        }
        Ok(answers)
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

    /// Leaves nothing of a failed batch behind: rolls back, opens the database again, forgets the state.
    fn recover(&mut self, held: Option<Arc<Keys>>) {
        self.fresh.clear();
        self.labels.forget();
        self.count_changes();
        self.state = None;
        self.keys = held;
        let _ = self.setup.connection.execute_batch("ROLLBACK");
        if let Err(error) = self.overwrite() {
            tracing::warn!(%error, "what a failed commit left in the write-ahead log could not be overwritten");
        }
        match connect(&self.setup.path, Mode::Write) {
            Ok(connection) => self.setup.connection = connection,
            Err(error) => tracing::error!(%error, "the database could not be opened again"),
        }
    }

    /// Lets units notice what this batch changed, or may have changed.
    fn count_changes(&mut self) {
        if std::mem::take(&mut self.changing) {
            self.setup.changes.fetch_add(1, Ordering::Release);
        }
    }

    /// Commits nothing in the place of what a failed commit left in the write-ahead log.
    fn overwrite(&self) -> Result<(), StoreError> {
        let connection = connect(&self.setup.path, Mode::Write)?;
        // Where only its sync failed it stands there whole. An update to the same values would write no page.
        Ok(connection.pragma_update(None, "application_id", super::APPLICATION_ID)?)
    }

    fn trim(&mut self, written: usize) {
        self.commits += 1;
        if written > LARGE {
            let _ = self.setup.connection.execute_batch("PRAGMA shrink_memory");
        }
        if self.commits.is_multiple_of(TRIM_EVERY) {
            let _ = self.setup.checkpoints.send(checkpoint::Job::Trim);
        }
    }
}
