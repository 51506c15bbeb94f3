//! The writer: one thread with the only connection that writes.
//!
//! It takes what is queued, at most [`BATCH`] units, never waits for more, runs each unit in a savepoint, and
//! commits once. Everybody hears after the commit.

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{broadcast, oneshot};

use super::apply::{
    agents_digest, check, check_agent, drop_agent, drop_old_agents, insert, insert_entry, keep, put_agent,
    unlink, update, vouch, write_state,
};
use super::checkpoint;
use super::log::{self, last_entry, trim, write_checkpoint};
use super::reserve::{Reserve, grows};
use super::{Mode, connect, leaf, read_state, write_header};
use crate::audit::{Author, Draft, Entry};
use crate::crypto::random;
use crate::domain::{AuditId, Outcome};
use crate::keyring::Keys;
use crate::store::{Change, Receipt, Refusal, Rekeying, State, StoreError, Unit};

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
}

pub(super) fn spawn(setup: Setup) -> std::io::Result<JoinHandle<()>> {
    let mut writer = Writer { setup, state: None, keys: None, fresh: Vec::new(), commits: 0 };
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
    commits: u64,
}

/// Why a unit was not applied: refused as it stands, or the database failed under all of them.
pub(super) enum Stop {
    Refused(Refusal),
    Failed(StoreError),
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

    /// Runs one unit in a savepoint; a refused one leaves its failed entries in its place.
    fn attempt(&mut self, unit: Unit, state: &mut State) -> Result<Result<Receipt, Refusal>, StoreError> {
        if !adopts(&unit) && self.keys.as_ref().is_none_or(|keys| keys.generation() != unit.keys.generation())
        {
            return Ok(Err(Refusal::OldKeys));
        }
        if grows(&unit) && !self.setup.reserve.hold() {
            return Ok(Err(Refusal::Storage(StoreError::Full.to_string())));
        }
        let before = *state;
        let Unit { keys, author, agent, guards, mut changes, entries } = unit;
        let rekeying = take_rekeying(&mut changes);
        self.setup.connection.prepare_cached("SAVEPOINT unit")?.execute([])?;
        let applied = check_agent(&self.setup.connection, agent.as_ref())
            .and_then(|()| guards.iter().try_for_each(|guard| check(&self.setup.connection, guard)))
            .and_then(|()| changes.into_iter().try_for_each(|change| self.apply(change, state, &keys)));
        match applied {
            Ok(()) => {
                self.record(&keys, &author, entries, state)?;
                if let Some(rekeying) = rekeying {
                    self.rekey(*rekeying, &keys, state)?;
                }
            }
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Refused(refusal)) => {
                *state = before;
                self.setup.connection.prepare_cached("ROLLBACK TO unit")?.execute([])?;
                if refusal == Refusal::NameTaken {
                    let failed = entries.into_iter().map(failed).collect();
                    self.record(&keys, &author, failed, state)?;
                }
                self.setup.connection.prepare_cached("RELEASE unit")?.execute([])?;
                return Ok(Err(refusal));
            }
        }
        self.setup.connection.prepare_cached("RELEASE unit")?.execute([])?;
        Ok(Ok(Receipt { head: state.head }))
    }

    fn record(
        &mut self,
        keys: &Keys,
        author: &Author,
        drafts: Vec<Draft>,
        state: &mut State,
    ) -> Result<(), StoreError> {
        for draft in drafts {
            let random = random().map_err(|error| StoreError::Sqlite(error.to_string()))?;
            let entry = state.head.append(keys, author, draft, AuditId::at(author.at, &random));
            insert_entry(&self.setup.connection, &entry)?;
            self.fresh.push(entry);
        }
        Ok(())
    }

    fn apply(&mut self, change: Change, state: &mut State, keys: &Arc<Keys>) -> Result<(), Stop> {
        let connection = &self.setup.connection;
        match change {
            Change::Insert(stored) => insert(connection, &stored, state, keys),
            Change::Replace { next, seen, kept } => {
                let key = unlink(connection, next.row.id, seen, (state, keys))?;
                update(connection, key, &next)?;
                keep(connection, key, kept)?;
                state.add(&leaf(keys, next.row.id, next.row.revision, &next.row.mac));
                Ok(())
            }
            Change::Remove { id, seen } => {
                let key = unlink(connection, id, seen, (state, keys))?;
                let tally = "UPDATE tally SET count = count - 1 WHERE (org, category) =
                             (SELECT org, category FROM secret WHERE key = ?1)";
                connection.prepare_cached(tally)?.execute([key])?;
                connection.prepare_cached("DELETE FROM secret WHERE key = ?1")?.execute([key])?;
                Ok(())
            }
            Change::PutAgent { row, seen } => put_agent(connection, &row, seen, (state, keys)),
            Change::DropAgent(name) => drop_agent(connection, &name, (state, keys)),
            Change::Slots(header) => Ok(write_header(connection, &header)?),
            Change::Vouch => vouch(connection, state, keys),
            Change::TrimLog(checkpoint) => Ok(trim(connection, &checkpoint)?),
            Change::Rekey(_) => Ok(()),
            Change::Adopt(keys) => {
                self.keys = Some(keys);
                Ok(())
            }
            Change::Close => {
                self.keys = None;
                Ok(())
            }
        }
    }

    /// Puts new keys in force: the header around them, and the sum over all rows as they stand now.
    fn rekey(&mut self, rekeying: Rekeying, old: &Keys, state: &mut State) -> Result<(), StoreError> {
        let Rekeying { keys, created_at, slots, mut audit_keys } = rekeying;
        let sealed = keys.seal_audit_key(state.head.seq + 1, &keys.audit_key());
        audit_keys.push(sealed.map_err(|error| StoreError::Sqlite(error.to_string()))?);
        write_header(&self.setup.connection, &keys.header(created_at, slots, audit_keys))?;
        if let Some(begin) = log::checkpoint(&self.setup.connection)?.filter(|begin| begin.is_authentic(old))
        {
            write_checkpoint(&self.setup.connection, &begin.renew(&keys))?;
        }
        drop_old_agents(&self.setup.connection, &keys)?;
        let mut was = State::empty();
        let mut sum = State {
            head: state.head,
            agents: agents_digest(&self.setup.connection, &keys)?,
            ..State::empty()
        };
        super::columns::walk(&self.setup.connection, &mut |id, revision, mac| {
            was.add(&leaf(old, id, revision, &mac));
            sum.add(&leaf(&keys, id, revision, &mac));
        })?;
        if state.is_disowned() || (was.sum, was.count) != (state.sum, state.count) {
            // A new sum would cover up a row that vanished, so what was wrong stays wrong.
            sum.disown();
        }
        *state = sum;
        self.keys = Some(keys);
        Ok(())
    }

    /// Leaves nothing of a failed batch behind: rolls back, opens the database again, forgets the state.
    fn recover(&mut self, held: Option<Arc<Keys>>) {
        self.fresh.clear();
        self.state = None;
        self.keys = held;
        let _ = self.setup.connection.execute_batch("ROLLBACK");
        match connect(&self.setup.path, Mode::Write) {
            Ok(connection) => self.setup.connection = connection,
            Err(error) => tracing::error!(%error, "the database could not be opened again"),
        }
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

/// Tells whether a unit brings the keys that are in use from then on.
fn adopts(unit: &Unit) -> bool {
    unit.changes.iter().any(|change| matches!(change, Change::Adopt(_)))
}

fn take_rekeying(changes: &mut Vec<Change>) -> Option<Box<Rekeying>> {
    let at = changes.iter().position(|change| matches!(change, Change::Rekey(_)))?;
    match changes.remove(at) {
        Change::Rekey(rekeying) => Some(rekeying),
        _ => None,
    }
}

fn failed(mut draft: Draft) -> Draft {
    draft.outcome = Outcome::Failed;
    draft.secret = None;
    draft.with("code", "conflict")
}
