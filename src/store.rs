//! Where secrets and the log are kept: a trait in domain types and whole units of work.
//!
//! A unit says "commit this change with this entry"; nothing above this module knows SQL. The second backend
//! this is shaped for is a database shared by many hosts' daemons.

mod agent;
mod displaced;
mod flaw;
mod freshness;
mod ledger;
mod portions;
mod refusal;
mod row;
mod sqlite;
mod state;
mod tables;
mod unit;
mod writer;

use std::ops::RangeInclusive;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot};

pub use agent::AgentRow;
pub use displaced::Displaced;
pub use flaw::{Flaw, Flawed};
pub use portions::{GivenUp, Maker, Portion, Portions, Waiting, portions};
pub use refusal::Refusal;
pub use row::{ExpiryRange, ListQuery, Named, Remains, Row, Sort, SortKey, Stored, VersionRow};
pub use sqlite::SqliteStore;
pub use state::State;
pub use unit::{Change, Guard, Kept, Receipt, Rekeying, Unit};

use crate::audit::{Checkpoint, Entry, Head, Link};
use crate::crypto::{Bytes32, CryptoError, Header};
use crate::domain::{Action, OrgId, OrgScope, Outcome, SecretId, SecretName, Timestamp};
use crate::keyring::Keys;

/// How many values of a secret are kept, the present one among them.
pub const VERSIONS_KEPT: usize = 10;

/// Says why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database was written by a newer program.
    #[error("the database has schema {found}, this program knows {known}")]
    NewerSchema {
        /// The schema of the file.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// The rows are more than was asked for.
    #[error("the rows take too much")]
    TooLong,
    /// A column holds what it cannot hold.
    #[error("the database holds what this program did not write: {0}")]
    Damaged(&'static str),
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The disk is read-only or failed, or the database refused.
    #[error("the database did not answer: {0}")]
    Database(String),
    /// An entry or a key could not be sealed.
    #[error("{0}")]
    Crypto(#[from] CryptoError),
    /// A file of the database is not the one that was opened.
    #[error("{0}")]
    Displaced(#[from] Displaced),
    /// A file could not be opened or made.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
    /// The writer panicked, and has survived it.
    #[error("the writer panicked")]
    Panicked,
}

/// Which audit entries are asked for; newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Of this org (entries of no org are shown with any).
    pub org: Option<OrgId>,
    /// With this text in name or actor.
    pub search: Option<String>,
    /// Of one of these actions; of any without one.
    pub actions: Vec<Action>,
    /// Of this actor.
    pub actor: Option<String>,
    /// On this secret.
    pub secret: Option<SecretId>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// After this place alone, oldest first.
    pub after: Option<u64>,
    /// Before this place alone.
    pub before: Option<u64>,
    /// Without the lists that this actor read with the dashboard.
    pub looker: Option<String>,
    /// Without what this process did.
    pub without: Option<ProcessSince>,
    /// At most so many.
    pub limit: u64,
    /// After leaving out so many.
    pub offset: u64,
}

/// A process from a moment on; before it another process may have had the id.
#[derive(Debug, Clone, Copy)]
pub struct ProcessSince {
    /// The process id, as the kernel reported it.
    pub pid: i32,
    /// The moment.
    pub since: Timestamp,
}

/// A page of the log and how many entries fit the question.
#[derive(Debug)]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// How many fit, counted up to a limit.
    pub total: u64,
    /// Whether there are more than were counted.
    pub capped: bool,
}

/// Where one unit's answer goes.
pub(crate) type Reply = oneshot::Sender<Result<Receipt, Refusal>>;

/// The answers to all units of one commit.
#[derive(Debug)]
pub struct Answers(pub(crate) Vec<(Reply, Result<Receipt, Refusal>)>);

impl Answers {
    /// Answers everybody.
    pub fn hand_out(self) {
        for (reply, answer) in self.0 {
            // Who asked may be gone.
            let _ = reply.send(answer);
        }
    }
}

/// Keeps secrets and the log. Reads see the last commit. Writes are units, committed in the order in which they were
/// given, several at a time; each is answered after its commit is on the disk.
pub trait Store: Send + Sync + std::fmt::Debug + 'static {
    /// Reads the header, or nothing where there is no vault yet.
    fn header(&self) -> Result<Option<Header>, StoreError>;
    /// Writes the first header and state of a new vault.
    fn found(&self, header: &Header, keys: &Arc<Keys>) -> Result<(), StoreError>;
    /// Finds a secret by org and name.
    fn find(&self, org: &OrgId, name: &SecretName) -> Result<Option<Stored>, StoreError>;
    /// Finds a secret by id.
    fn get(&self, id: SecretId) -> Result<Option<Stored>, StoreError>;
    /// Reads what can be read of a secret whose row is damaged.
    fn remains(&self, id: SecretId) -> Result<Option<Remains>, StoreError>;
    /// Reads a row by its secret's id, without the sealed value.
    fn row(&self, id: SecretId) -> Result<Option<Row>, StoreError>;
    /// Hands the name of each secret that fits to a function, in order, and counts those that cannot be read; nothing else of
    /// their rows is read.
    fn walk_names(&self, query: &ListQuery, each: &mut dyn FnMut(Named)) -> Result<u64, StoreError>;
    /// Lists rows without their sealed values, and counts all that fit.
    ///
    /// # Errors
    /// [`StoreError::TooLong`] if the [sizes](Row::size) of the rows are together more than some bytes.
    fn list(&self, query: &ListQuery, bytes: usize) -> Result<(Vec<Row>, u64), StoreError>;
    /// Reads the kept versions of a secret, oldest first.
    fn versions(&self, id: SecretId) -> Result<Vec<VersionRow>, StoreError>;
    /// Reads the rows of all agents, in order of name.
    fn agents(&self) -> Result<Vec<AgentRow>, StoreError>;
    /// Counts secrets by category.
    fn totals(&self, scope: &OrgScope) -> Result<Vec<(String, u64)>, StoreError>;
    /// Lists the actors of the log, in order, up to a number.
    fn actors(&self, limit: u64) -> Result<Vec<String>, StoreError>;
    /// Counts secrets by org, in order of its name.
    fn orgs(&self) -> Result<Vec<(String, u64)>, StoreError>;
    /// Reads a page of the log.
    fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError>;
    /// Reads where the log begins, if entries were removed from it.
    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError>;
    /// Hands every entry of some places to a function, oldest first.
    fn walk_audit(
        &self,
        places: RangeInclusive<u64>,
        each: &mut dyn FnMut(&Link<'_>),
    ) -> Result<(), StoreError>;
    /// Sums up the leaves of all rows modulo 2^256, and counts them.
    fn sum_rows(&self, keys: &Keys) -> Result<(Bytes32, u64), StoreError>;
    /// Reads every row from the table, whatever indexes say, without its sealed value; counts those that cannot be read.
    fn rows(&self) -> Result<(Vec<Row>, u64), StoreError>;
    /// Names the indexes of secrets, versions and agents that do not lead to each row of their tables, and to no other.
    fn unsound(&self) -> Result<Vec<String>, StoreError>;
    /// Checks every page and index, and returns what is wrong with them; takes seconds for each gigabyte.
    fn flaws(&self) -> Result<Vec<Flaw>, StoreError>;
    /// Writes the database again, without what is wrong with its free space; blocks until it is done.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if a page of a table cannot be read: nothing has changed then.
    fn compact(&self) -> Result<(), StoreError>;
    /// Reads the state as last committed.
    fn state(&self) -> Result<State, StoreError>;
    /// Numbers the last commit that changed anything but the log; from 1.
    fn changes(&self) -> u64;
    /// Gives the end of the log as last committed.
    fn head(&self) -> Result<Head, StoreError>;
    /// Queues a unit; the receiver hears after its commit.
    fn commit(&self, unit: Unit) -> oneshot::Receiver<Result<Receipt, Refusal>>;
    /// Queues a unit whose changes come in portions; it has a transaction of its own.
    fn commit_in_portions(&self, unit: Unit, made: Portions) -> oneshot::Receiver<Result<Receipt, Refusal>>;
    /// Has the answers of later commits go to the caller, who hands them out; nothing where somebody does already.
    fn answers(&self) -> Option<mpsc::UnboundedReceiver<Answers>>;
    /// Moves all that was deleted out of the write-ahead log; `false` where a reader held it up.
    fn erase(&self) -> oneshot::Receiver<bool>;
    /// Looks whether the files of the database are those that were opened, as every commit does; while one is not, nothing
    /// is read or written ([`StoreError::Displaced`]).
    fn check_files(&self) -> Result<(), StoreError>;
    /// Copies the database as last committed into a file without a name.
    fn snapshot(&self) -> Result<std::fs::File, StoreError>;
    /// Hears of each entry after its commit, in order.
    fn events(&self) -> broadcast::Receiver<Arc<Entry>>;
}
