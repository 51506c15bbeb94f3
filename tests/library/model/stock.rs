//! The new vault that every sequence begins with, and the folders that it is opened in.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use vault::clock::ManualClock;
use vault::crypto::Iterations;
use vault::keyfile;
use vault::keyring::Keyring;
use vault::secret::{KeyBytes, Passphrase};
use vault::store::SqliteStore;
use vault::vault::{Posture, Settings, SlotSource, Vault};
use vault_platform::PagePolicy;

const DATABASE: &str = "vault.db";
/// The key file.
pub(crate) const KEY: &str = ".env";

pub(crate) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
pub(crate) static STOCK: LazyLock<Stock> = LazyLock::new(Stock::make);

/// A new vault's files and its master key, so that each sequence begins without deriving one.
pub(crate) struct Stock {
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    pub(crate) master: KeyBytes,
}

impl Stock {
    fn make() -> Self {
        let (folder, clock) = (new_folder(), Arc::new(ManualClock::default()));
        keyfile::write(&folder.path().join(KEY), &key_text(0)).unwrap();
        let (store, vault) = open(folder.path(), &clock);
        let passphrase = || Passphrase::new(key_text(0).into_bytes()).unwrap();
        vault.found(&passphrase()).unwrap();
        RUNTIME.block_on(vault.unlock(passphrase(), SlotSource::KeyFile)).unwrap();
        let master = master_of(&vault);
        drop((store, vault));
        Self { files: files_of(folder.path()), master }
    }
}

pub(crate) fn key_text(number: u64) -> String {
    format!("the key of this vault, number {number}")
}

pub(crate) fn master_of(vault: &Vault) -> KeyBytes {
    let Keyring::Open(keys) = vault.keyring() else { panic!("the vault is locked") };
    keys.master()
}

/// Makes a folder, in memory where the machine has a place for that.
pub(crate) fn new_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("vault-model-").tempdir_in(place).unwrap()
}

/// Reads what a crash leaves: the database, its write-ahead log, the key.
pub(crate) fn files_of(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let names = [DATABASE, "vault.db-wal", KEY].into_iter();
    names.filter_map(|name| Some((name, std::fs::read(folder.join(name)).ok()?))).collect()
}

pub(crate) fn open(folder: &Path, clock: &Arc<ManualClock>) -> (Arc<SqliteStore>, Vault) {
    let store = Arc::new(SqliteStore::open(&folder.join(DATABASE)).unwrap());
    let settings = Settings {
        iterations: Iterations::new(Iterations::FLOOR).unwrap(),
        page: PagePolicy { secretmem: false, require_lock: false },
        posture: Posture { dumpable: false, core_dumps: false, swap: "none" },
        key_file: Some(folder.join(KEY)),
    };
    let vault = Vault::new(Arc::clone(&store) as _, Arc::clone(clock) as _, settings);
    (store, vault)
}
