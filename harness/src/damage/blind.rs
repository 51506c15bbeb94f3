//! A store that believes its indexes: what a vault would say that compares nothing with them.

use std::fs::File;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot};
use vault::audit::{Checkpoint, Entry, Head, Link};
use vault::crypto::{Bytes32, Header};
use vault::domain::{OrgId, OrgScope, SecretId, SecretName};
use vault::keyring::Keys;
use vault::store::{
    AgentRow, Answers, AuditPage, AuditQuery, Flaw, ListQuery, Named, Portions, Receipt, Refusal, Remains,
    Row, SqliteStore, State, Store, StoreError, Stored, Unit, VersionRow,
};

/// A store that does not compare indexes with their tables, and checks no page.
#[derive(Debug)]
struct Blind {
    store: SqliteStore,
}

/// Leaves out that indexes are compared with their tables.
pub(super) fn to_indexes(store: SqliteStore) -> Arc<dyn Store> {
    Arc::new(Blind { store })
}

impl Store for Blind {
    fn unsound(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn flaws(&self) -> Result<Vec<Flaw>, StoreError> {
        Ok(Vec::new())
    }

    fn find(&self, org: &OrgId, name: &SecretName) -> Result<Option<Stored>, StoreError> {
        self.store.find(org, name)
    }

    fn header(&self) -> Result<Option<Header>, StoreError> {
        self.store.header()
    }

    fn found(&self, header: &Header, keys: &Arc<Keys>) -> Result<(), StoreError> {
        self.store.found(header, keys)
    }

    fn get(&self, id: SecretId) -> Result<Option<Stored>, StoreError> {
        self.store.get(id)
    }

    fn remains(&self, id: SecretId) -> Result<Option<Remains>, StoreError> {
        self.store.remains(id)
    }

    fn row(&self, id: SecretId) -> Result<Option<Row>, StoreError> {
        self.store.row(id)
    }

    fn walk_names(&self, query: &ListQuery, each: &mut dyn FnMut(Named)) -> Result<u64, StoreError> {
        self.store.walk_names(query, each)
    }

    fn list(&self, query: &ListQuery, bytes: usize) -> Result<(Vec<Row>, u64), StoreError> {
        self.store.list(query, bytes)
    }

    fn versions(&self, id: SecretId) -> Result<Vec<VersionRow>, StoreError> {
        self.store.versions(id)
    }

    fn agents(&self) -> Result<Vec<AgentRow>, StoreError> {
        self.store.agents()
    }

    fn totals(&self, scope: &OrgScope) -> Result<Vec<(String, u64)>, StoreError> {
        self.store.totals(scope)
    }

    fn actors(&self, limit: u64) -> Result<Vec<String>, StoreError> {
        self.store.actors(limit)
    }

    fn orgs(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.store.orgs()
    }

    fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        self.store.audit(query)
    }

    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.store.checkpoint()
    }

    fn walk_audit(
        &self,
        places: RangeInclusive<u64>,
        each: &mut dyn FnMut(&Link<'_>),
    ) -> Result<(), StoreError> {
        self.store.walk_audit(places, each)
    }

    fn sum_rows(&self, keys: &Keys) -> Result<(Bytes32, u64), StoreError> {
        self.store.sum_rows(keys)
    }

    fn rows(&self) -> Result<(Vec<Row>, u64), StoreError> {
        self.store.rows()
    }

    fn compact(&self) -> Result<(), StoreError> {
        self.store.compact()
    }

    fn state(&self) -> Result<State, StoreError> {
        self.store.state()
    }

    fn changes(&self) -> u64 {
        self.store.changes()
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.store.head()
    }

    fn commit(&self, unit: Unit) -> oneshot::Receiver<Result<Receipt, Refusal>> {
        self.store.commit(unit)
    }

    fn commit_in_portions(
        &self,
        unit: Unit,
        portions: Portions,
    ) -> oneshot::Receiver<Result<Receipt, Refusal>> {
        self.store.commit_in_portions(unit, portions)
    }

    fn answers(&self) -> Option<mpsc::UnboundedReceiver<Answers>> {
        self.store.answers()
    }

    fn erase(&self) -> oneshot::Receiver<bool> {
        self.store.erase()
    }

    fn check_files(&self) -> Result<(), StoreError> {
        self.store.check_files()
    }

    fn snapshot(&self) -> Result<File, StoreError> {
        self.store.snapshot()
    }

    fn events(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.store.events()
    }
}
