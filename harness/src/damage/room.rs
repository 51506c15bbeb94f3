//! A folder in which one copy of a vault at a time is hurt and opened.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use vault::agents::{Facts, Token};
use vault::api::Fault;
use vault::audit::Head;
use vault::clock::ManualClock;
use vault::domain::{Caller, Peer, Timestamp};
use vault::files;
use vault::secret::KeyBytes;
use vault::store::{SqliteStore, Store, StoreError};
use vault::vault::{Handle, SlotSource, Standing, Vault};
use vault_testkit::inside;

/// What a copy is made of: the bytes of the database and of its write-ahead log.
#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    /// The database.
    pub(super) database: Vec<u8>,
    /// Its write-ahead log; empty where there is none.
    pub(super) log: Vec<u8>,
}

/// The folder.
pub(super) struct Room {
    folder: TempDir,
    runtime: Runtime,
    /// What stands between a vault and its database.
    pub(super) between: Between,
}

/// What makes the store of a vault out of that of its database.
pub(super) type Between = fn(SqliteStore) -> Arc<dyn Store>;

/// An open vault, or one that stays locked.
pub(super) struct Opened<'r> {
    /// The vault.
    pub(super) vault: Vault,
    /// Its store.
    pub(super) store: Arc<dyn Store>,
    /// Its clock.
    pub(super) clock: Arc<ManualClock>,
    runtime: &'r Runtime,
}

impl Room {
    /// Makes one, in memory where the machine has a place for that.
    pub(super) fn make() -> Result<Self> {
        let folder = inside::folder();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { folder, runtime, between: |store| Arc::new(store) })
    }

    /// Gives the path of the database, or of the file beside it that ends so.
    pub(super) fn path(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("vault.db{end}"))
    }

    /// Puts a copy in place of the last one.
    pub(super) fn put(&self, files: &Files) -> Result<()> {
        for end in ["", "-wal", "-shm"] {
            match std::fs::remove_file(self.path(end)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        files::replace_private(&self.path(""), &files.database)?;
        if !files.log.is_empty() {
            files::replace_private(&self.path("-wal"), &files.log)?;
        }
        Ok(())
    }

    /// Takes the files as they are.
    pub(super) fn take(&self) -> Result<Files> {
        let read = |end: &str| std::fs::read(self.path(end));
        Ok(Files { database: read("")?, log: read("-wal").unwrap_or_default() })
    }

    /// Opens the file for edits that no schema forbids.
    pub(super) fn edit(&self) -> Result<Connection> {
        let connection = Connection::open(self.path(""))?;
        connection.execute_batch(
            "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF;",
        )?;
        Ok(connection)
    }

    /// Opens the store and puts a locked vault around it.
    pub(super) fn open(&self, now: Timestamp) -> Result<Opened<'_>, StoreError> {
        let store = (self.between)(SqliteStore::open(&self.path(""))?);
        let clock = Arc::new(ManualClock::at(now));
        let vault = Vault::new(Arc::clone(&store), Arc::clone(&clock) as _, inside::settings(None));
        Ok(Opened { vault, store, clock, runtime: &self.runtime })
    }
}

impl Opened<'_> {
    /// Opens the vault by its master key, beside the head that was kept outside of it.
    pub(super) fn unlock(&self, master: &KeyBytes, outside: Option<Head>) -> Result<(), Fault> {
        self.vault.set_outside_head(outside);
        self.wait(self.vault.unlock_derived(master, SlotSource::Elsewhere))
    }

    /// Asks as the owner.
    pub(super) fn ask<O: Handle>(&self, operation: O) -> Result<O::Answer, Fault> {
        self.wait(self.vault.call(&Caller::owner(peer(1000)), operation))
    }

    /// Asks as the agent of a token.
    pub(super) fn ask_as<O: Handle>(&self, token: &Token, operation: O) -> Result<O::Answer, Fault> {
        let agent = self.vault.identify(&Guest(peer(2000)), Standing::Guest, Some(token))?;
        self.wait(self.vault.call(&agent, operation))
    }

    /// Waits for something of the vault's.
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

fn peer(uid: u32) -> Peer {
    Peer { uid, gid: uid, pid: Some(4242), exe: Some("/usr/bin/an-agent".to_owned()) }
}

/// A process of a user who is not an owner.
struct Guest(Peer);

impl Facts for Guest {
    fn peer(&self) -> &Peer {
        &self.0
    }

    fn exe_sha256(&self) -> Option<&String> {
        None
    }
}

/// Makes an operation of its JSON.
pub(super) fn operation<O: Handle>(json: serde_json::Value) -> Result<O> {
    serde_json::from_value(json).with_context(|| O::METHOD)
}

/// Turns a fault into an error.
pub(super) fn words(fault: &Fault) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", fault.code.as_str(), fault.message)
}
