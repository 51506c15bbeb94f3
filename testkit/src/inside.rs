//! A vault in this process, on a database in a folder of its own or at a path, whose clock is turned by hand or not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;
use vault::agents::Executables;
use vault::api::Fault;
use vault::clock::{Clock, ManualClock};
use vault::crypto::Iterations;
use vault::domain::{Caller, Peer, Timestamp};
use vault::secret::{KeyBytes, Passphrase};
use vault::store::{SqliteStore, StoreError};
use vault::vault::{Handle, Posture, Settings, SlotSource, Vault};
use vault_platform::PagePolicy;

/// The key of every such vault, unless a test has one of its own.
pub const KEY: &str = "a key that has thirty-two bytes!";

/// An open or locked vault, its store, its clock and who calls it.
#[derive(Debug)]
pub struct Inside<C = ManualClock> {
    /// The vault.
    pub vault: Vault,
    /// Its store.
    pub store: Arc<SqliteStore>,
    /// Its clock.
    pub clock: Arc<C>,
    /// The owner, who calls it.
    pub owner: Caller,
    database: PathBuf,
    key_file: Option<PathBuf>,
    folder: Option<TempDir>,
}

/// Returns the fewest rounds that a vault takes.
pub fn iterations() -> Iterations {
    Iterations::new(Iterations::FLOOR).unwrap()
}

/// Returns settings under which a vault costs the least: the fewest rounds, a page of ordinary memory.
pub fn settings(key_file: Option<PathBuf>) -> Settings {
    Settings {
        iterations: iterations(),
        page: PagePolicy { secretmem: false, require_lock: false },
        posture: Posture { dumpable: false, core_dumps: false, swap: "none" },
        key_file,
        watched_key_file: None,
        lock_mark: None,
        files: None,
        executables: Executables::OfAll,
    }
}

/// Returns an owner, without a process.
pub fn owner() -> Caller {
    Caller::owner(Peer { uid: 0, gid: 0, pid: None, exe: None })
}

/// Makes a passphrase of a text.
pub fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).unwrap()
}

/// Makes a private folder in memory, if the machine has such a place.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("vault-inside-").tempdir_in(place).unwrap()
}

impl Inside {
    /// Makes a new vault at the beginning of 1970, and opens it.
    pub async fn open() -> Self {
        let inside = Self::new(Timestamp::from_millis(0));
        inside.found(KEY).await;
        inside
    }

    /// Makes a database without a vault in it.
    pub fn new(now: Timestamp) -> Self {
        Self::with(ManualClock::at(now))
    }
}

impl<C: Clock> Inside<C> {
    /// Makes a database without a vault in it, under a clock of any kind.
    pub fn with(clock: C) -> Self {
        let folder = folder();
        let inside = Self::at(&folder.path().join("vault.db"), &Arc::new(clock), None).unwrap();
        Self { folder: Some(folder), ..inside }
    }

    /// Opens the database at a path, locked, with a key file that a rekey replaces.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`].
    pub fn at(path: &Path, clock: &Arc<C>, key_file: Option<PathBuf>) -> Result<Self, StoreError> {
        let store = Arc::new(SqliteStore::open(path)?);
        let clocks = Arc::clone(clock) as Arc<dyn Clock>;
        let vault = Vault::new(Arc::clone(&store) as _, clocks, settings(key_file.clone()));
        let (clock, database) = (Arc::clone(clock), path.to_owned());
        Ok(Self { vault, store, clock, owner: owner(), database, key_file, folder: None })
    }

    /// Drops the vault as it is and opens its database again, locked.
    pub fn again(self) -> Self {
        self.edited(|_| ())
    }

    /// Drops the vault as it is, edits its database and opens it again, locked.
    pub fn edited(self, edit: impl FnOnce(&Connection)) -> Self {
        let Self { vault, store, clock, owner, database, key_file, folder } = self;
        drop((vault, store));
        edit(&Connection::open(&database).unwrap());
        Self { owner, folder, ..Self::at(&database, &clock, key_file).unwrap() }
    }

    /// Returns its folder, if it has one of its own.
    pub fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Returns the path of its database.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Makes a vault under a key in an empty database, and opens it.
    pub async fn found(&self, key: &str) {
        self.vault.found(&passphrase(key)).unwrap();
        self.unlock_with(key).await.unwrap();
    }

    /// Opens it with [`KEY`].
    ///
    /// # Errors
    /// Those of an unlock.
    pub async fn unlock(&self) -> Result<(), Fault> {
        self.unlock_with(KEY).await
    }

    /// Opens it with a key.
    ///
    /// # Errors
    /// Those of an unlock.
    pub async fn unlock_with(&self, key: &str) -> Result<(), Fault> {
        self.vault.unlock(passphrase(key), self.source()).await
    }

    /// Opens it with a master key that was derived before.
    ///
    /// # Errors
    /// Those of an unlock.
    pub async fn unlock_derived(&self, master: &KeyBytes) -> Result<(), Fault> {
        self.vault.unlock_derived(master, self.source()).await
    }

    /// Calls an operation as the owner.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn call<O: Handle>(&self, operation: O) -> Result<O::Answer, Fault> {
        self.vault.call(&self.owner, operation).await
    }

    /// Calls an operation with fields as JSON has them.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn ask<O: Handle>(&self, fields: serde_json::Value) -> Result<O::Answer, Fault> {
        self.call(serde_json::from_value::<O>(fields).unwrap()).await
    }

    /// Returns where its key comes from: the key file, if it has one.
    fn source(&self) -> SlotSource {
        if self.key_file.is_some() { SlotSource::KeyFile } else { SlotSource::Elsewhere }
    }
}
