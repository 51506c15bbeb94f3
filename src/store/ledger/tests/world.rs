//! A ledger that is open, and what is committed to it.

use std::sync::Arc;

use vault_platform::PagePolicy;

use super::memory::{Held, Memory};
use super::row;
use crate::audit::{Author, Draft, Head, Link, Verdict, Verifier};
use crate::crypto::{Iterations, MacKey, Sealed, Slot, SlotKind, SlotSpec, random_key};
use crate::domain::{Action, Caller, Category, SecretId, Timestamp, VaultId};
use crate::keyring::{KeySet, Keys};
use crate::secret::Passphrase;
use crate::store::ledger::{Answer, Ledger};
use crate::store::{AgentRow, Change, Kept, Rekeying, Row, State, Stored, Unit};

const VAULT: VaultId = VaultId([7; 16]);

pub(super) fn keys() -> Arc<Keys> {
    let passphrase = Passphrase::new(b"a key that is long enough".to_vec()).unwrap();
    let spec = SlotSpec {
        kind: SlotKind::Passphrase,
        iterations: Iterations::new(Iterations::FLOOR).unwrap(),
        vault: VAULT,
    };
    let (vault, audit) = (random_key().unwrap(), random_key().unwrap());
    let (slot, master) = Slot::make(spec, &passphrase, &vault).unwrap();
    let page = PagePolicy { secretmem: false, require_lock: false };
    Keys::hold(&KeySet { master, vault, audit }, VAULT, slot, page).unwrap()
}

/// A ledger that is open, and the keys that it is open under.
pub(super) struct Opened {
    pub(super) ledger: Ledger<Memory>,
    pub(super) keys: Arc<Keys>,
}

impl Opened {
    pub(super) fn new() -> Self {
        let keys = keys();
        let empty = State::empty();
        let state = State { mac: empty.compute_mac(&keys), ..empty };
        Self::on(Held { state, ..Held::default() }, keys)
    }

    pub(super) fn on(committed: Held, keys: Arc<Keys>) -> Self {
        let tables = Memory::of(committed);
        let mut opened = Self { ledger: Ledger::new(tables, Arc::default()), keys };
        opened.commit(vec![Change::Adopt(Arc::clone(&opened.keys))]).unwrap();
        opened
    }

    pub(super) fn unit(&self, changes: Vec<Change>) -> Unit {
        let author = Author::of(&Caller::system(), Timestamp::default());
        let (keys, entries) = (Arc::clone(&self.keys), vec![Draft::of(Action::Encrypt).with("version", 1)]);
        Unit { keys, author, agent: None, guards: Vec::new(), as_of: 0, changes, entries }
    }

    pub(super) fn commit(&mut self, changes: Vec<Change>) -> Answer {
        let unit = self.unit(changes);
        self.ledger.commit(vec![unit]).unwrap().pop().unwrap()
    }

    pub(super) fn held(&mut self) -> &mut Held {
        &mut self.ledger.tables().committed
    }

    /// Walks the log as stored.
    pub(super) fn verify(&mut self) -> Verdict {
        let audit = MacKey::new(self.keys.audit_key().expose());
        let held = self.held();
        let mut verifier = Verifier::new(Head::START, None);
        held.log.values().for_each(|entry| verifier.take(&audit, &Link::from(entry)));
        verifier.end(held.log.len() as u64, &held.state.head)
    }

    /// Asserts that the state is this vault's, and is that of the rows and agents as they are.
    pub(super) fn assert_vouched(&mut self) {
        let keys = Arc::clone(&self.keys);
        let sum = self.ledger.sum(&keys).unwrap();
        let state = self.held().state;
        assert_eq!((sum.sum, sum.count), (state.sum, state.count));
        assert!(state.is_authentic(&keys));
        let agents: Vec<_> = self.held().agents.values().cloned().collect();
        assert!(AgentRow::are_those_of(&agents, &state, &keys));
    }
}

pub(super) fn secret(number: u8, name: &str) -> Stored {
    let row = Row { mac: [number; 32], ..row::first(SecretId::from_bytes([number; 16]), name) };
    Stored { row, sealed: Sealed::from_stored(Vec::new()) }
}

pub(super) fn insert(number: u8, name: &str) -> Change {
    Change::Insert(Box::new(secret(number, name)))
}

/// Replaces a secret's revision with the next one, which has another MAC.
pub(super) fn replace(number: u8, seen: u64, kept: Kept) -> Change {
    let mut next = secret(number, "a");
    (next.row.revision, next.row.version) = (seen + 1, seen + 1);
    next.row.mac = [number ^ u8::try_from(seen).unwrap(); 32];
    Change::Replace { next: Box::new(next), seen, was: Category::Custom, kept }
}

pub(super) fn agent(keys: &Keys, name: &str, revision: u64) -> AgentRow {
    AgentRow { name: name.to_owned(), revision, sealed: keys.seal_agent(name, revision, b"sealed").unwrap() }
}

pub(super) fn rekeying(keys: &Arc<Keys>) -> Change {
    let (keys, slots) = (Arc::clone(keys), vec![keys.slot().clone()]);
    let rekeying = Rekeying { keys, created_at: Timestamp::default(), slots, audit_keys: Vec::new() };
    Change::Rekey(Box::new(rekeying))
}
