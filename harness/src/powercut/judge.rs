//! What must hold of each image: it is opened in this process, with a key that was derived once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use tokio::runtime::{Builder, Runtime};
use vault::api::{Fault, StatusOf};
use vault::clock::SystemClock;
use vault::crypto::{Header, Slot, SlotKind};
use vault::domain::Caller;
use vault::files;
use vault::secret::{KeyBytes, Passphrase};
use vault::store::{SqliteStore, Store};
use vault::vault::{Handle, SlotSource, Vault};
use vault_testkit::inside;

use super::chronicle::Knowledge;
use crate::world::keeper::key_in;
use crate::world::oracle::{self, Answers};

/// The bytes of a slot, and a key that was tried on it.
type Tried = (Vec<u8>, String);

/// Master keys that were derived before.
#[derive(Debug, Default)]
pub(super) struct Masters(Mutex<HashMap<Tried, Arc<KeyBytes>>>);

impl Masters {
    /// Gives the master key with which a key opens one of a header's slots.
    fn find(&self, header: &Header, key: &str) -> Result<Option<KeyBytes>> {
        for slot in header.slots.iter().filter(|slot| slot.kind() == SlotKind::Passphrase) {
            let master = self.of(slot, key)?;
            if slot.open(header.vault, &master)?.is_some() {
                return Ok(Some(KeyBytes::copied(master.expose())));
            }
        }
        Ok(None)
    }

    fn of(&self, slot: &Slot, key: &str) -> Result<Arc<KeyBytes>> {
        let place = (slot.as_bytes().to_vec(), key.to_owned());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(master) = known.get(&place) {
            return Ok(Arc::clone(master));
        }
        let master = Arc::new(slot.derive(&Passphrase::new(key.as_bytes().to_vec())?));
        known.insert(place, Arc::clone(&master));
        Ok(master)
    }
}

/// A vault in this process, asked as its owner asks.
struct Opened<'a> {
    vault: Vault,
    runtime: &'a Runtime,
    caller: Caller,
}

impl Answers for Opened<'_> {
    fn answer<O: Handle>(&mut self, operation: O) -> Result<O::Answer, Fault> {
        self.runtime.block_on(self.vault.call(&self.caller, operation))
    }
}

/// Opens images, one after another.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    masters: &'a Masters,
    runtime: Runtime,
}

impl<'a> Judge<'a> {
    /// Makes one; they share what they derive.
    pub(super) fn new(masters: &'a Masters) -> Result<Self> {
        Ok(Self { masters, runtime: Builder::new_current_thread().enable_all().build()? })
    }

    /// Compares a home with what was known when the power went; `None` where nothing was acknowledged yet.
    pub(super) fn compare(
        &self,
        (home, database): (&Path, &Path),
        known: Option<Knowledge>,
    ) -> Result<Option<Knowledge>> {
        // Who names another place for the database has made its folder before.
        files::make_private_folder(&files::parent(database))?;
        let Some(mut known) = known else { return self.is_beginning(home, database).map(|()| None) };
        let key = key_of(home)?;
        let may_be = [known.keeper.keys.last(), known.keeper.pending.as_ref()];
        ensure!(may_be.contains(&Some(&key)), "the key file holds an older key, or none that was asked for");
        let store = SqliteStore::open(database).context("the database does not open")?;
        let header = store.header()?.context("the database holds no vault")?;
        let master = self.masters.find(&header, &key)?.context("the key in the key file opens no slot")?;
        let mut opened = self.open(store, home);
        let unlocking = opened.vault.unlock_derived(&master, SlotSource::KeyFile);
        self.runtime.block_on(unlocking).map_err(oracle::words).context("the vault does not open")?;
        nothing_is_told(&mut opened)?;
        oracle::all_is_there(&mut opened, &mut known.ledgers, 0)?;
        Ok(Some(known))
    }

    /// Before `init` has answered there is a vault that opens, or a place where one can be made.
    fn is_beginning(&self, home: &Path, database: &Path) -> Result<()> {
        let store = SqliteStore::open(database).context("the database does not open")?;
        let Some(header) = store.header()? else { return Ok(()) };
        let found = self.masters.find(&header, &key_of(home)?)?;
        ensure!(found.is_some(), "a vault was made that the key in the key file does not open");
        Ok(())
    }

    fn open(&self, store: SqliteStore, home: &Path) -> Opened<'_> {
        let settings = inside::settings(Some(home.join(".env")));
        let vault = Vault::new(Arc::new(store), Arc::new(SystemClock), settings);
        vault.set_outside_head(vaultd::read_head(&home.join("head")));
        Opened { vault, runtime: &self.runtime, caller: inside::owner() }
    }
}

fn key_of(home: &Path) -> Result<String> {
    let key = key_in(&home.join(".env")).map_err(oracle::words)?;
    Ok(key.value().expose().to_owned())
}

/// The vault is open, and has nothing to say of damage.
fn nothing_is_told(opened: &mut Opened<'_>) -> Result<()> {
    let status = opened.answer(StatusOf::default()).map_err(oracle::words)?;
    ensure!(!status.locked, "the vault stays locked: {:?}", status.lock_reason);
    let told: Vec<_> = status.warnings.iter().map(|warning| &warning.message).collect();
    ensure!(told.is_empty(), "the vault warns: {told:?}");
    Ok(())
}
