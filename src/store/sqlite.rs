//! The store in one `SQLite` file: one writer thread, readers beside it, checkpoints on a connection of their own.

mod checkpoint;
mod columns;
mod connect;
mod error;
mod flaws;
mod free;
mod gaps;
mod header;
mod index;
mod labels;
mod lineage;
mod log;
mod mend;
mod migrate;
mod parts;
mod place;
mod reserve;
mod statements;
mod tables;

use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc as channel, oneshot};

use super::{
    AgentRow, Answers, AuditPage, AuditQuery, Displaced, Flaw, ListQuery, Named, Portions, Receipt, Refusal,
    Remains, Row, State, Store, StoreError, Stored, Unit, VersionRow, writer,
};
use crate::audit::{Checkpoint, Entry, Head, Link};
use crate::crypto::{Bytes32, Header};
use crate::domain::{OrgId, OrgScope, SecretId, SecretName};
use crate::keyring::Keys;
use columns::blob32;
use connect::{Mode, connect, next_to};
use header::{read_header, write_header};
use migrate::{migrate, refuse_newer};
use place::Place;
use tables::{SqliteTables, data_version};

/// How many entries a slow subscriber may be behind before it is dropped.
const EVENTS_KEPT: usize = 1000;
/// How many reading connections are kept open.
const READERS: usize = 8;
/// Marks the file as a vault: "AMVT".
const APPLICATION_ID: i64 = 0x414d_5654;

/// A vault's database file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    place: Arc<Place>,
    readers: Mutex<Vec<Connection>>,
    jobs: mpsc::Sender<writer::Job>,
    erasures: mpsc::Sender<checkpoint::Job>,
    events: broadcast::Sender<Arc<Entry>>,
    shared: Arc<writer::Shared>,
    copying: Mutex<()>,
    writer: Option<JoinHandle<()>>,
    checkpointer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens or makes the file (0600), brings its schema up to date and starts the writer.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] where a newer program wrote it, [`StoreError::Displaced`] if the write-ahead log next to
    /// it does not belong to it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        lineage::check(path)?;
        drop(crate::files::open_private(path)?);
        refuse_newer(path)?;
        let mut connection = free::check(path, connect(path, Mode::Write)?)?;
        migrate(&mut connection)?;
        gaps::check(path, &connection)?;
        let (observer, checkpoints) = (connect(path, Mode::Write)?, connect(path, Mode::Write)?);
        let mut store = Self::around(path, Arc::new(Place::of(path)?));
        let (erasures, erasure_jobs) = mpsc::channel();
        let (jobs, unit_jobs) = mpsc::channel();
        let (place, long) = (Arc::clone(&store.place), checkpoint::Long::default());
        store.checkpointer = Some(checkpoint::spawn(checkpoint::Setup {
            place: Arc::clone(&place),
            connection: checkpoints,
            jobs: erasure_jobs,
            long: Arc::clone(&long),
        })?);
        // What a killed process left in the write-ahead log would be played back at each start, and grow.
        let _ = erasures.send(checkpoint::Job::Trim);
        let tables = SqliteTables {
            path: path.to_owned(),
            place,
            reserve: reserve::Reserve::next_to(path),
            version: data_version(&connection)?,
            connection,
            observer,
            checkpoints: erasures.clone(),
            long,
            labels: labels::Labels::default(),
            commits: 0,
        };
        let shared = Arc::clone(&store.shared);
        store.writer = Some(writer::spawn(tables, unit_jobs, store.events.clone(), shared)?);
        (store.jobs, store.erasures) = (jobs, erasures);
        Ok(store)
    }

    /// Makes a store that reads and writes nothing, for files that are left as they are.
    pub fn unopened(path: &Path, why: Displaced) -> Self {
        Self::around(path, Arc::new(Place::unopened(path, why)))
    }

    /// Makes a store whose threads have ended.
    fn around(path: &Path, place: Arc<Place>) -> Self {
        Self {
            path: path.to_owned(),
            place,
            readers: Mutex::default(),
            jobs: mpsc::channel().0,
            erasures: mpsc::channel().0,
            events: broadcast::channel(EVENTS_KEPT).0,
            shared: Arc::default(),
            copying: Mutex::default(),
            writer: None,
            checkpointer: None,
        }
    }

    /// Runs a function on a reading connection; more than are kept are opened while they are needed.
    fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.place.refuse()?;
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self.open_reader()?,
        };
        let answer = f(&connection);
        let mut kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.is_ok() && kept.len() < READERS {
            kept.push(connection);
        }
        answer
    }

    /// Opens a reading connection to what the path names, unless that is another file by now.
    fn open_reader(&self) -> Result<Connection, StoreError> {
        let connection = connect(&self.path, Mode::Read)?;
        self.place.check()?;
        Ok(connection)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // The last connection moves the write-ahead log into the file and removes it, if it is one that may write.
        self.readers.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        let _ = self.jobs.send(writer::Job::Stop);
        let _ = self.writer.take().map(JoinHandle::join);
        // One after the other: of two connections that close at once, each takes the other for the last.
        let _ = self.erasures.send(checkpoint::Job::Stop);
        let _ = self.checkpointer.take().map(JoinHandle::join);
    }
}

impl Store for SqliteStore {
    fn header(&self) -> Result<Option<Header>, StoreError> {
        self.read(|connection| {
            migrate::compare(connection)?;
            read_header(connection)
        })
    }

    fn found(&self, header: &Header, keys: &Arc<Keys>) -> Result<(), StoreError> {
        self.place.check()?;
        let mut connection = connect(&self.path, Mode::Write)?;
        let transaction = connection.transaction()?;
        write_header(&transaction, header)?;
        let empty = State::empty();
        statements::write_state(&transaction, &empty, &empty.mac_to_store(keys))?;
        lineage::found(&transaction)?;
        transaction.commit()?;
        Ok(())
    }

    fn find(&self, org: &OrgId, name: &SecretName) -> Result<Option<Stored>, StoreError> {
        self.read(|connection| columns::find(connection, org, name))
    }

    fn get(&self, id: SecretId) -> Result<Option<Stored>, StoreError> {
        self.read(|connection| columns::get(connection, id))
    }

    fn remains(&self, id: SecretId) -> Result<Option<Remains>, StoreError> {
        self.read(|connection| columns::remains(connection, id))
    }

    fn row(&self, id: SecretId) -> Result<Option<Row>, StoreError> {
        self.read(|connection| columns::row(connection, id))
    }

    fn walk_names(&self, query: &ListQuery, each: &mut dyn FnMut(Named)) -> Result<u64, StoreError> {
        self.read(|connection| columns::walk_names(connection, query, each))
    }

    fn list(&self, query: &ListQuery, bytes: usize) -> Result<(Vec<Row>, u64), StoreError> {
        self.read(|connection| columns::list(connection, query, bytes))
    }

    fn versions(&self, id: SecretId) -> Result<Vec<VersionRow>, StoreError> {
        self.read(|connection| columns::versions(connection, id))
    }

    fn agents(&self) -> Result<Vec<AgentRow>, StoreError> {
        self.read(columns::agents)
    }

    fn totals(&self, scope: &OrgScope) -> Result<Vec<(String, u64)>, StoreError> {
        self.read(|connection| columns::totals(connection, scope))
    }

    fn actors(&self, limit: u64) -> Result<Vec<String>, StoreError> {
        self.read(|connection| log::actors(connection, limit))
    }

    fn orgs(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.read(columns::orgs)
    }

    fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        // The distinct names and actors are looked through, of which there are fewer than entries.
        let sought = |text: &String| self.labels_with(text).map(|labels| log::Sought::new(text, labels));
        let sought = query.search.as_ref().map(sought).transpose()?;
        self.read(|connection| log::page(connection, query, sought.as_ref()))
    }

    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.read(log::checkpoint)
    }

    fn walk_audit(
        &self,
        places: RangeInclusive<u64>,
        each: &mut dyn FnMut(&Link<'_>),
    ) -> Result<(), StoreError> {
        self.read(|connection| log::walk(connection, places, each))
    }

    fn sum_rows(&self, keys: &Keys) -> Result<(Bytes32, u64), StoreError> {
        let key = keys.state_mac_key();
        let last = self.read(columns::last_place)?;
        let sums = self.read_parts(last, |connection, places| columns::sum(connection, places, &key))?;
        let mut all = State::empty();
        for part in &sums {
            all.join(part);
        }
        Ok((all.sum, all.count))
    }

    fn rows(&self) -> Result<(Vec<Row>, u64), StoreError> {
        self.read(columns::all)
    }

    fn unsound(&self) -> Result<Vec<String>, StoreError> {
        self.compare_indexes()
    }

    fn flaws(&self) -> Result<Vec<Flaw>, StoreError> {
        self.read(flaws::flaws)
    }

    fn compact(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let _ = self.jobs.send(writer::Job::Compact(reply));
        answer.blocking_recv().map_err(|_| StoreError::Closed)?
    }

    fn state(&self) -> Result<State, StoreError> {
        self.read(header::read_state)
    }

    fn changes(&self) -> u64 {
        self.shared.changes.last()
    }

    fn head(&self) -> Result<Head, StoreError> {
        let shown = *self.shared.head.lock().unwrap_or_else(PoisonError::into_inner);
        shown.map_or_else(|| Ok(self.state()?.head), Ok)
    }

    fn answers(&self) -> Option<channel::UnboundedReceiver<Answers>> {
        let (sender, receiver) = channel::unbounded_channel();
        self.shared.answers.set(sender).is_ok().then_some(receiver)
    }

    fn commit(&self, unit: Unit) -> oneshot::Receiver<Result<Receipt, Refusal>> {
        let (reply, answer) = oneshot::channel();
        let _ = self.jobs.send(writer::Job::Commit(Box::new(unit), reply));
        answer
    }

    fn commit_in_portions(&self, unit: Unit, made: Portions) -> oneshot::Receiver<Result<Receipt, Refusal>> {
        let (reply, answer) = oneshot::channel();
        let _ = self.jobs.send(writer::Job::CommitInPortions(Box::new(unit), made, reply));
        answer
    }

    fn erase(&self) -> oneshot::Receiver<bool> {
        let (reply, answer) = oneshot::channel();
        let _ = self.erasures.send(checkpoint::Job::Erase(reply));
        answer
    }

    fn check_files(&self) -> Result<(), StoreError> {
        let checked = self.place.check();
        if matches!(checked, Err(StoreError::Displaced(Displaced::LogGone))) {
            let _ = self.erasures.send(checkpoint::Job::Trim);
        }
        checked
    }

    fn snapshot(&self) -> Result<File, StoreError> {
        let path = next_to(&self.path, ".copy");
        let _one_at_a_time = self.copying.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = std::fs::remove_file(&path);
        drop(crate::files::create_private(&path)?);
        let copied = self.read(|connection| {
            let name = path.to_str().ok_or(StoreError::Damaged("the path of the database is not UTF-8"))?;
            Ok(connection.execute("VACUUM INTO ?1", [name])?)
        });
        let copied = copied.and_then(|_| lineage::part(&path));
        let opened = copied.and_then(|()| Ok(crate::files::open_private(&path)?));
        std::fs::remove_file(&path)?;
        opened
    }

    fn events(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.events.subscribe()
    }
}
