//! Tables in memory: what is committed, what the open transaction makes of it, and the marks in it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::audit::{Checkpoint, Entry, Head, Link};
use crate::crypto::{Bytes32, Header};
use crate::domain::{OrgId, SecretId, SecretName};
use crate::store::freshness::Begun;
use crate::store::state::Leaf;
use crate::store::tables::{Backend, Placed, Tables};
use crate::store::{AgentRow, State, StoreError, Stored, VersionRow};

/// Everything that a database holds.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) state: State,
    pub(super) header: Option<Header>,
    pub(super) rows: BTreeMap<u64, Stored>,
    pub(super) versions: BTreeMap<(u64, u64), VersionRow>,
    pub(super) agents: BTreeMap<String, AgentRow>,
    pub(super) tallies: BTreeMap<(String, String), i64>,
    pub(super) log: BTreeMap<u64, Entry>,
    pub(super) log_start: Option<Checkpoint>,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            state: State::empty(),
            header: None,
            rows: BTreeMap::new(),
            versions: BTreeMap::new(),
            agents: BTreeMap::new(),
            tallies: BTreeMap::new(),
            log: BTreeMap::new(),
            log_start: None,
        }
    }
}

/// A database whose faults are switched on by hand.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) committed: Held,
    open: Option<Held>,
    mark: Option<Held>,
    next: u64,
    /// Whether the next commit fails.
    pub(super) fails: bool,
    /// Whether another program committed since.
    pub(super) overtaken: bool,
    /// Whether there is no room to hold.
    pub(super) is_full: bool,
}

impl Memory {
    /// Makes a database that holds this.
    pub(super) fn of(committed: Held) -> Self {
        Self { committed, ..Self::default() }
    }

    fn now(&self) -> &Held {
        self.open.as_ref().unwrap_or(&self.committed)
    }

    fn open(&mut self) -> &mut Held {
        self.open.as_mut().expect("a transaction is open")
    }
}

impl Tables for Memory {
    type Key = u64;

    fn begin(&mut self) -> Result<Begun, StoreError> {
        assert!(self.open.is_none(), "one transaction is open already");
        self.open = Some(self.committed.clone());
        Ok(if std::mem::take(&mut self.overtaken) { Begun::Overtaken } else { Begun::Alone })
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.fails) {
            return Err(StoreError::Full);
        }
        self.committed = self.open.take().expect("a transaction is open");
        Ok(())
    }

    fn roll_back(&mut self) -> Result<(), StoreError> {
        self.open = None;
        Ok(())
    }

    fn mark(&mut self) -> Result<(), StoreError> {
        self.mark = self.open.clone();
        Ok(())
    }

    fn undo(&mut self) -> Result<(), StoreError> {
        self.open = self.mark.clone();
        Ok(())
    }

    fn unmark(&mut self) -> Result<(), StoreError> {
        self.mark = None;
        Ok(())
    }

    fn check_place(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn hold_room(&mut self) -> bool {
        !self.is_full
    }

    fn state(&self) -> Result<State, StoreError> {
        Ok(self.now().state)
    }

    fn put_state(&mut self, state: &State, mac: &Bytes32) -> Result<(), StoreError> {
        self.open().state = State { mac: *mac, ..*state };
        Ok(())
    }

    fn header(&self) -> Result<Option<Header>, StoreError> {
        Ok(self.now().header.clone())
    }

    fn put_header(&mut self, header: &Header) -> Result<(), StoreError> {
        self.open().header = Some(header.clone());
        Ok(())
    }

    fn placed(&self, id: SecretId) -> Result<Option<Placed<u64>>, StoreError> {
        let found = self.now().rows.iter().find(|(_, stored)| stored.row.id == id);
        Ok(found.map(|(key, stored)| Placed { key: *key, leaf: Leaf::from(&stored.row) }))
    }

    fn is_taken(&self, org: &OrgId, name: &SecretName) -> Result<bool, StoreError> {
        Ok(self.now().rows.values().any(|stored| stored.row.org == *org && stored.row.name == *name))
    }

    fn skills(&self, org: &OrgId, platform: &str, each: &mut dyn FnMut(&str)) -> Result<(), StoreError> {
        let rows = self.now().rows.values().map(|stored| &stored.row);
        let of_platform =
            rows.filter(|row| row.org == *org && row.name.skill().is_some_and(|(its, _)| its == platform));
        of_platform.for_each(|row| each(row.name.as_str()));
        Ok(())
    }

    fn leaves(&self, each: &mut dyn FnMut(&Leaf)) -> Result<(), StoreError> {
        self.now().rows.values().for_each(|stored| each(&Leaf::from(&stored.row)));
        Ok(())
    }

    fn count(&self) -> Result<u64, StoreError> {
        Ok(self.now().rows.len() as u64)
    }

    fn insert(&mut self, stored: &Stored) -> Result<(), StoreError> {
        self.next += 1;
        let key = self.next;
        self.open().rows.insert(key, stored.clone());
        Ok(())
    }

    fn replace(&mut self, key: u64, stored: &Stored) -> Result<(), StoreError> {
        self.open().rows.insert(key, stored.clone());
        Ok(())
    }

    fn remove(&mut self, key: u64, _: SecretId) -> Result<(), StoreError> {
        self.open().rows.remove(&key);
        self.open().versions.retain(|(secret, _), _| *secret != key);
        Ok(())
    }

    fn remove_unreadable(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn rebuild(&mut self, without: &[(SecretId, Bytes32)]) -> Result<(), StoreError> {
        self.open().rows.retain(|_, stored| !without.contains(&(stored.row.id, stored.row.mac)));
        Ok(())
    }

    fn tally(&mut self, org: &str, category: &str, by: i64) -> Result<(), StoreError> {
        *self.open().tallies.entry((org.to_owned(), category.to_owned())).or_default() += by;
        Ok(())
    }

    fn tallied(&self, key: u64) -> Result<Option<(String, String)>, StoreError> {
        let row = self.now().rows.get(&key).map(|stored| &stored.row);
        Ok(row.map(|row| (row.org.to_string(), row.category.id().to_owned())))
    }

    fn tally_again(&mut self) -> Result<(), StoreError> {
        let held = self.open();
        held.tallies.clear();
        for Stored { row, .. } in held.rows.values() {
            *held.tallies.entry((row.org.to_string(), row.category.id().to_owned())).or_default() += 1;
        }
        Ok(())
    }

    fn add_version(&mut self, key: u64, version: &VersionRow) -> Result<(), StoreError> {
        self.open().versions.insert((key, version.version), version.clone());
        Ok(())
    }

    fn drop_versions(&mut self, key: u64, but: usize) -> Result<(), StoreError> {
        let versions = &mut self.open().versions;
        let mut of_secret: Vec<_> = versions.keys().filter(|(secret, _)| *secret == key).copied().collect();
        of_secret.truncate(of_secret.len().saturating_sub(but));
        versions.retain(|at, _| !of_secret.contains(at));
        Ok(())
    }

    fn agents(&self) -> Result<Vec<AgentRow>, StoreError> {
        Ok(self.now().agents.values().cloned().collect())
    }

    fn agents_of_table(&self) -> Result<Vec<AgentRow>, StoreError> {
        self.agents()
    }

    fn agent_revision(&self, name: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.now().agents.get(name).map(|row| row.revision))
    }

    fn put_agent(&mut self, row: &AgentRow) -> Result<(), StoreError> {
        self.open().agents.insert(row.name.clone(), row.clone());
        Ok(())
    }

    fn drop_agent(&mut self, name: &str) -> Result<(), StoreError> {
        self.open().agents.remove(name);
        Ok(())
    }

    fn drop_agent_row(&mut self, row: &AgentRow) -> Result<(), StoreError> {
        self.drop_agent(&row.name)
    }

    fn drop_agents(&mut self) -> Result<(), StoreError> {
        self.open().agents.clear();
        Ok(())
    }

    fn append(&mut self, entry: &Entry) -> Result<(), StoreError> {
        assert!(self.open().log.insert(entry.seq, entry.clone()).is_none(), "a place was given out twice");
        Ok(())
    }

    fn last_entry(&self) -> Result<Head, StoreError> {
        let last = self.now().log.values().next_back();
        Ok(last.map_or(Head::START, |entry| Head { seq: entry.seq, mac: entry.mac }))
    }

    fn walk_log(
        &self,
        places: RangeInclusive<u64>,
        each: &mut dyn FnMut(&Link<'_>),
    ) -> Result<(), StoreError> {
        self.now().log.range(places).for_each(|(_, entry)| each(&Link::from(entry)));
        Ok(())
    }

    fn log_start(&self) -> Result<Option<Checkpoint>, StoreError> {
        Ok(self.now().log_start.clone())
    }

    fn put_log_start(&mut self, start: &Checkpoint) -> Result<(), StoreError> {
        self.open().log_start = Some(start.clone());
        Ok(())
    }

    fn trim_log(&mut self, start: &Checkpoint) -> Result<(), StoreError> {
        self.open().log.retain(|seq, _| *seq > start.head.seq);
        self.put_log_start(start)
    }
}

impl Backend for Memory {
    fn after_commit(&mut self, _: usize) {}

    fn recover(&mut self) {
        (self.open, self.mark) = (None, None);
    }

    fn release_room(&mut self) -> bool {
        false
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn close(&mut self) {}
}
