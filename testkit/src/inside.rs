//! A vault in this process, on a database in a folder of its own, whose clock is turned by hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use vault::api::{Fault, Operation};
use vault::clock::{Clock, ManualClock};
use vault::crypto::Iterations;
use vault::domain::{Caller, Peer, Timestamp};
use vault::secret::{KeyBytes, Passphrase};
use vault::store::{SqliteStore, StoreError};
use vault::vault::{Handle, Posture, Settings, SlotSource, Vault};
use vault_platform::PagePolicy;

/// The key of every such vault, unless a test has one of its own.
pub const KEY: &str = "a key that has thirty-two bytes!";

/// An open or locked vault, its store and its clock.
#[derive(Debug)]
pub struct Inside {
    /// The vault.
    pub vault: Vault,
    /// Its store.
    pub store: Arc<SqliteStore>,
    /// Its clock.
    pub clock: Arc<ManualClock>,
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
        inside.vault.found(&passphrase(KEY)).unwrap();
        inside.unlock().await.unwrap();
        inside
    }

    /// Makes a database without a vault in it.
    pub fn new(now: Timestamp) -> Self {
        let folder = folder();
        let path = folder.path().join("vault.db");
        let clock = Arc::new(ManualClock::at(now));
        Self { folder: Some(folder), ..Self::at(&path, &clock, None).unwrap() }
    }

    /// Opens the database at a path, locked, with a key file that a rekey replaces.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`].
    pub fn at(path: &Path, clock: &Arc<ManualClock>, key_file: Option<PathBuf>) -> Result<Self, StoreError> {
        let store = Arc::new(SqliteStore::open(path)?);
        let clocks = Arc::clone(clock) as Arc<dyn Clock>;
        let vault = Vault::new(Arc::clone(&store) as _, clocks, settings(key_file));
        Ok(Self { vault, store, clock: Arc::clone(clock), folder: None })
    }

    /// Returns its folder, if it has one of its own.
    pub fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Opens it with [`KEY`].
    ///
    /// # Errors
    /// Those of an unlock.
    pub async fn unlock(&self) -> Result<(), Fault> {
        self.vault.unlock(passphrase(KEY), SlotSource::Elsewhere).await
    }

    /// Opens it with a master key that was derived before.
    ///
    /// # Errors
    /// Those of an unlock.
    pub async fn unlock_derived(&self, master: &KeyBytes) -> Result<(), Fault> {
        self.vault.unlock_derived(master, SlotSource::Elsewhere).await
    }

    /// Calls an operation as an owner.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn call<O: Handle + Operation>(&self, operation: O) -> Result<O::Answer, Fault> {
        self.vault.call(&owner(), operation).await
    }

    /// Calls an operation with fields as JSON has them.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn ask<O: Handle + Operation>(&self, fields: serde_json::Value) -> Result<O::Answer, Fault> {
        self.call(serde_json::from_value::<O>(fields).unwrap()).await
    }
}
