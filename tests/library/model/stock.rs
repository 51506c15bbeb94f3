//! The new vault that every sequence begins with, and the folders that it is opened in.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use tokio::runtime::Runtime;
use vault::clock::ManualClock;
use vault::keyfile;
use vault::keyring::Keyring;
use vault::secret::KeyBytes;
use vault::vault::Vault;
use vault_testkit::Inside;
use vault_testkit::inside::folder;

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
        let folder = folder();
        keyfile::write(&folder.path().join(KEY), &key_text(0)).unwrap();
        let inside = open(folder.path(), &Arc::new(ManualClock::default()));
        RUNTIME.block_on(inside.found(&key_text(0)));
        let master = master_of(&inside.vault);
        drop(inside);
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

/// Reads what a crash leaves: the database, its write-ahead log, the key.
pub(crate) fn files_of(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let names = [DATABASE, "vault.db-wal", KEY].into_iter();
    names.filter_map(|name| Some((name, std::fs::read(folder.join(name)).ok()?))).collect()
}

/// Opens the database of a folder with a key file.
pub(crate) fn open(folder: &Path, clock: &Arc<ManualClock>) -> Inside {
    Inside::at(&folder.join(DATABASE), clock, Some(folder.join(KEY))).unwrap()
}
