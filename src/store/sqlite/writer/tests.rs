//! What the writer refuses, and that a panic of its own costs a batch an error and nothing else.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use vault_platform::PagePolicy;

use crate::agents::Executables;
use crate::api::{CreateSecret, VerifyAudit};
use crate::audit::{Author, Draft};
use crate::clock::SystemClock;
use crate::crypto::Iterations;
use crate::domain::{Action, AgentId, Caller};
use crate::keyring::Keyring;
use crate::secret::Passphrase;
use crate::store::{Change, Receipt, Refusal, Rekeying, SqliteStore, Store, Unit};
use crate::vault::{Posture, Settings, SlotSource, Vault};

/// An open vault whose store can be given units by hand.
struct Opened {
    store: Arc<SqliteStore>,
    vault: Vault,
    runtime: Runtime,
    _folder: TempDir,
}

impl Opened {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("vault.db")).unwrap());
        let settings = Settings {
            iterations: Iterations::new(Iterations::FLOOR).unwrap(),
            page: PagePolicy { secretmem: false, require_lock: false },
            posture: Posture { dumpable: false, core_dumps: false, swap: "none" },
            key_file: None,
            lock_mark: None,
            executables: Executables::OfAll,
        };
        let vault = Vault::new(Arc::clone(&store) as Arc<dyn Store>, Arc::new(SystemClock), settings);
        let key = || Passphrase::new(b"a key that is long enough".to_vec()).unwrap();
        vault.found(&key()).unwrap();
        let runtime = Runtime::new().unwrap();
        runtime.block_on(vault.unlock(key(), SlotSource::Elsewhere)).unwrap();
        Self { store, vault, runtime, _folder: folder }
    }

    /// Makes a unit under the keys in force, with one entry.
    fn unit(&self, changes: Vec<Change>) -> Unit {
        let Keyring::Open(keys) = self.vault.keyring() else { panic!("it is locked") };
        let author = Author::of(&Caller::system(), self.vault.now());
        let entries = vec![Draft::of(Action::Read)];
        Unit { keys, author, agent: None, guards: Vec::new(), as_of: 0, changes, entries }
    }

    fn commit(&self, changes: Vec<Change>) -> Result<Receipt, Refusal> {
        self.store.commit(self.unit(changes)).blocking_recv().unwrap()
    }

    fn is_intact(&self) -> bool {
        let verified = self.runtime.block_on(self.vault.call(&Caller::system(), VerifyAudit::default()));
        verified.unwrap().intact
    }
}

#[test]
fn after_a_panic_the_writer_goes_on_from_what_is_stored() {
    let opened = Opened::new();
    let before = opened.store.head().unwrap().seq;
    assert_eq!(Some(Refusal::Panicked), opened.commit(vec![Change::Panic]).err());
    assert_eq!(before + 1, opened.commit(Vec::new()).unwrap().head.seq);
    assert!(opened.is_intact());
}

#[test]
fn keys_that_a_batch_took_away_before_its_panic_are_in_force_again() {
    let opened = Opened::new();
    assert_eq!(Some(Refusal::Panicked), opened.commit(vec![Change::Close, Change::Panic]).err());
    assert!(opened.commit(Vec::new()).is_ok());
}

#[test]
fn what_was_read_before_a_panic_counts_as_old() {
    let opened = Opened::new();
    let before = opened.store.changes();
    assert!(opened.commit(vec![Change::Panic]).is_err());
    assert!(opened.store.changes() > before);
}

#[test]
fn an_agent_that_is_gone_is_refused_though_nothing_changed_since_it_was_judged() {
    let opened = Opened::new();
    let agent = Some((AgentId::try_from("gone".to_owned()).unwrap(), 1));
    let unit = Unit { agent, as_of: opened.store.changes(), ..opened.unit(Vec::new()) };
    assert_eq!(Some(Refusal::Revoked), opened.store.commit(unit).blocking_recv().unwrap().err());
}

#[test]
fn a_rekey_that_leaves_a_secret_out_is_refused() {
    let opened = Opened::new();
    let secret: CreateSecret = serde_json::from_str(r#"{"name":"a","value":"v"}"#).unwrap();
    opened.runtime.block_on(opened.vault.call(&Caller::system(), secret)).unwrap();
    let Keyring::Open(keys) = opened.vault.keyring() else { panic!("it is locked") };
    let header = opened.store.header().unwrap().unwrap();
    let (created_at, slots, audit_keys) = (header.created_at, header.slots, header.audit_keys);
    let rekeying = Change::Rekey(Box::new(Rekeying { keys, created_at, slots, audit_keys }));
    assert_eq!(Some(Refusal::Stale), opened.commit(vec![rekeying]).err());
}

#[test]
fn slots_that_were_changed_since_they_were_read_are_left_as_they_are() {
    let opened = Opened::new();
    let stored = opened.store.header().unwrap().unwrap();
    let slots = |seen| Change::Slots { header: Box::new(stored.clone()), seen };
    assert_eq!(Some(Refusal::Stale), opened.commit(vec![slots([7; 32])]).err());
    assert!(opened.commit(vec![slots(stored.mac)]).is_ok());
}
