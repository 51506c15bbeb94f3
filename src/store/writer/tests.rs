//! What the writer refuses, and that a panic of its own costs a batch an error and nothing else.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::oneshot;
use vault_platform::PagePolicy;

use crate::agents::Executables;
use crate::api::{CreateSecret, VerifyAudit};
use crate::audit::{Author, Draft};
use crate::clock::SystemClock;
use crate::crypto::Iterations;
use crate::domain::{Action, AgentId, Caller};
use crate::keyring::{Keyring, unlock};
use crate::secret::Passphrase;
use crate::store::{
    Change, GivenUp, Maker, Portion, Receipt, Refusal, Rekeying, SqliteStore, Store, Unit, portions,
};
use crate::vault::{Posture, Settings, SlotSource, Vault};

fn key() -> Passphrase {
    Passphrase::new(b"a key that is long enough".to_vec()).unwrap()
}

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
            watched_key_file: None,
            lock_mark: None,
            files: None,
            executables: Executables::OfAll,
        };
        let vault = Vault::new(Arc::clone(&store) as Arc<dyn Store>, Arc::new(SystemClock), settings);
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
fn keys_that_a_batch_exchanged_before_its_panic_are_in_force_again() {
    let opened = Opened::new();
    let header = opened.store.header().unwrap().unwrap();
    let page = PagePolicy { secretmem: false, require_lock: false };
    let others = unlock(&header, &key(), page).unwrap();
    assert_eq!(Some(Refusal::Panicked), opened.commit(vec![Change::Adopt(others), Change::Panic]).err());
    assert!(opened.commit(Vec::new()).is_ok());
}

#[test]
fn a_batch_that_closes_the_vault_leaves_no_keys_though_it_fails() {
    let opened = Opened::new();
    assert_eq!(Some(Refusal::Panicked), opened.commit(vec![Change::Close, Change::Panic]).err());
    assert_eq!(Some(Refusal::OldKeys), opened.commit(Vec::new()).err());
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

/// A portion with entries, which may be the last.
fn portion(entries: usize, last: bool) -> Portion {
    Portion { entries: vec![Draft::of(Action::Read); entries], last, ..Portion::default() }
}

impl Opened {
    /// Begins a unit in portions; what is received is its answer.
    fn begin(&self) -> (Maker, oneshot::Receiver<Result<Receipt, Refusal>>) {
        let (waiting, made) = portions();
        let answer = self.store.commit_in_portions(self.unit(Vec::new()), made);
        (waiting.begin().unwrap(), answer)
    }
}

#[test]
fn a_unit_in_portions_that_is_withdrawn_leaves_nothing() {
    let opened = Opened::new();
    let before = opened.store.head().unwrap().seq;
    let (maker, answer) = opened.begin();
    for _ in 0..4 {
        maker.hand_over(portion(100, false)).unwrap();
    }
    drop(maker);
    assert_eq!(Some(Refusal::Withdrawn), answer.blocking_recv().unwrap().err());
    assert_eq!(before, opened.store.state().unwrap().head.seq);
    assert_eq!(before + 1, opened.commit(Vec::new()).unwrap().head.seq);
    assert!(opened.is_intact());
}

#[test]
fn a_unit_in_portions_is_refused_under_keys_that_are_no_longer_in_force() {
    let opened = Opened::new();
    let (unit, (waiting, made)) = (opened.unit(Vec::new()), portions());
    opened.commit(vec![Change::Close]).unwrap();
    let answer = opened.store.commit_in_portions(unit, made);
    assert_eq!(Some(GivenUp), waiting.begin().err());
    assert_eq!(Some(Refusal::OldKeys), answer.blocking_recv().unwrap().err());
}

#[test]
fn nothing_is_committed_amid_a_unit_in_portions() {
    let opened = Opened::new();
    let (maker, long) = opened.begin();
    let behind = opened.store.commit(opened.unit(Vec::new()));
    for last in [false, true] {
        maker
            .hand_over(Portion { entries: vec![Draft::of(Action::Read)], last, ..Portion::default() })
            .unwrap();
    }
    let (long, behind) = (long.blocking_recv().unwrap().unwrap(), behind.blocking_recv().unwrap().unwrap());
    assert_eq!(long.head.seq + 1, behind.head.seq);
}

#[test]
fn those_who_follow_the_log_are_told_of_each_entry_of_a_large_unit() {
    let opened = Opened::new();
    let mut events = opened.store.events();
    let (maker, answer) = opened.begin();
    for number in 1..=7 {
        maker.hand_over(portion(500, number == 7)).unwrap();
    }
    answer.blocking_recv().unwrap().unwrap();
    let mut told = 0;
    loop {
        match events.try_recv() {
            Ok(_) => told += 1,
            Err(TryRecvError::Lagged(missed)) => told += missed,
            Err(_) => break,
        }
    }
    assert_eq!(3500, told);
}
