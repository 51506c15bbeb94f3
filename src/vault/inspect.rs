//! What is wrong with the stored rows: edited, rolled back, vanished, each told apart and named.
//!
//! At unlock the sum over all rows is compared with the state's, the state with its MAC, and the log's end with
//! the state. Only where one of them differs does the audit log say which row is not the one that was last written.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use super::Vault;
use super::desk::leads_elsewhere;
use crate::api::{Code, DamagedSecret, Fault, Warning};
use crate::audit::{Checkpoint, Head, Known};
use crate::crypto::Canon;
use crate::domain::{Action, OrgId, OrgScope, Outcome, SecretId};
use crate::keyring::Keys;
use crate::store::{Row, StoreError, Stored, VersionRow};

/// How a row is hurt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// An older copy of the row was put back.
    RolledBack,
    /// The row of a secret that was deleted was put back.
    PutBack,
    /// The log knows of no such write.
    Foreign,
    /// An index does not lead to the row, or not to all of its versions.
    Hidden,
    /// Another row has the same name.
    Doubled,
}

/// A secret that is not found, though it was not deleted.
#[derive(Debug, Clone)]
pub struct Missed {
    /// Its id.
    pub id: SecretId,
    /// Its org.
    pub org: OrgId,
    /// Its name.
    pub name: String,
    /// Whether its row is there, and an index hides it.
    pub hidden: bool,
}

impl Missed {
    fn fault(&self) -> Fault {
        let what = if self.hidden { HIDDEN } else { "vanished without a delete" };
        Fault::new(Code::Integrity, format!("the stored row of `{}` {what}", self.name))
    }
}

/// What is said of a row that an index hides.
const HIDDEN: &str = "is hidden by a damaged index";

/// What an inspection found.
#[derive(Debug, Clone, Default)]
pub struct Findings(Arc<Found>);

#[derive(Debug, Default)]
struct Found {
    hurt: HashMap<SecretId, Damage>,
    missed: Vec<Missed>,
    unsound: bool,
    warnings: Vec<Warning>,
}

impl Found {
    fn check(&self, row: &Row, keys: &Keys) -> Result<(), Fault> {
        let what = match self.hurt.get(&row.id) {
            Some(Damage::RolledBack | Damage::PutBack) => "is an older copy that was put back",
            Some(Damage::Foreign) => "is not one that the audit log knows of",
            Some(Damage::Hidden) => HIDDEN,
            Some(Damage::Doubled) => "is one of several that have this name",
            None if !row.is_authentic(keys) => "was edited or swapped",
            None => return Ok(()),
        };
        Err(Fault::new(Code::Integrity, format!("the stored row of `{}` {what}", row.name)))
    }
}

impl Findings {
    /// Checks a row: its MAC, and whether the inspection found it hurt.
    ///
    /// # Errors
    /// `integrity`, with the secret's name and what was done to it.
    pub fn check(&self, row: &Row, keys: &Keys) -> Result<(), Fault> {
        self.0.check(row, keys)
    }

    /// Refuses a secret that is not found and should be, which is not the same as one that never was.
    ///
    /// # Errors
    /// `integrity`, with the secret's name.
    pub fn refuse_missed(&self, is: impl Fn(&Missed) -> bool) -> Result<(), Fault> {
        self.0.missed.iter().find(|missed| is(missed)).map_or(Ok(()), |missed| Err(missed.fault()))
    }

    /// Refuses to change secrets and agents while an index does not lead to all of them: a name that is hidden would be
    /// given away, and a change would spread the damage.
    ///
    /// # Errors
    /// `integrity`, with the command that rebuilds it.
    pub fn refuse_changes(&self) -> Result<(), Fault> {
        if self.0.unsound {
            let words = "an index of the database is damaged: nothing is changed until it is rebuilt";
            return Err(Fault::new(Code::Integrity, words).hint(REBUILD));
        }
        Ok(())
    }

    /// Returns whether a secret is not found that should be.
    pub(super) fn misses(&self) -> bool {
        !self.0.missed.is_empty()
    }

    /// Names the secrets of some orgs that are stored and that an index hides.
    pub(super) fn hidden(&self, scope: &OrgScope) -> impl Iterator<Item = DamagedSecret> {
        let hidden = self.0.missed.iter().filter(|missed| missed.hidden && scope.covers(&missed.org));
        hidden.map(|missed| DamagedSecret {
            id: missed.id,
            org_id: missed.org.clone(),
            name: missed.name.clone(),
        })
    }

    /// Gives what `status` shows of it.
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }
}

/// What is to be done about a damaged index.
const REBUILD: &str = "rebuild it with: vaultctl doctor --accept-loss; no secret that opens is lost by that";

/// What the audit log says was last done to a secret.
pub(super) struct Last {
    pub(super) seq: u64,
    pub(super) revision: u64,
    pub(super) org: OrgId,
    pub(super) name: String,
    pub(super) deleted: bool,
}

impl Last {
    fn of(known: Known) -> Self {
        let Known { revision, org, name, .. } = known;
        Self { seq: 0, revision, org, name, deleted: false }
    }
}

/// A secret that the log knows of and that has no row, with its last revision.
pub(super) struct Gone<'l> {
    id: SecretId,
    last: &'l Last,
    pub(super) revision: u64,
}

impl Gone<'_> {
    /// Names the secret.
    pub(super) fn row(&self) -> DamagedSecret {
        DamagedSecret { id: self.id, org_id: self.last.org.clone(), name: self.last.name.clone() }
    }
}

/// The stored rows beside what the log says of them.
pub(super) struct Located {
    pub(super) rows: Vec<Row>,
    unreadable: bool,
    last: HashMap<SecretId, Last>,
}

impl Located {
    /// Says how a row differs from what the log says was last written.
    pub(super) fn damage(&self, row: &Row) -> Option<Damage> {
        match self.last.get(&row.id) {
            Some(last) if last.deleted => Some(Damage::PutBack),
            Some(last) if last.revision == row.revision => None,
            Some(last) if last.revision > row.revision => Some(Damage::RolledBack),
            _ => Some(Damage::Foreign),
        }
    }

    /// Gives the revision at which the log last saw a secret.
    pub(super) fn last_revision(&self, id: SecretId) -> u64 {
        self.last.get(&id).map_or(0, |last| last.revision)
    }

    /// Gives the secrets that nobody deleted and that have no row.
    pub(super) fn vanished(&self) -> impl Iterator<Item = Gone<'_>> {
        let there: HashSet<_> = self.rows.iter().map(|row| row.id).collect();
        let gone = self.last.iter().filter(move |(id, last)| !last.deleted && !there.contains(id));
        gone.map(|(id, last)| Gone { id: *id, last, revision: last.revision })
    }
}

impl Vault {
    /// Compares the stored rows with the state, and where they differ names what is hurt; tells whether the state
    /// is the last one.
    pub(super) fn inspect(&self, keys: &Keys) -> Result<bool, StoreError> {
        let state = self.0.store.state()?;
        let rows = self.0.store.sum_rows(keys)?;
        let mut found = Found::default();
        if !state.is_authentic(keys) {
            let what = "the record of the vault's state was edited or rolled back";
            found.warnings.push(integrity(what.to_owned()));
        }
        if self.0.store.checkpoint()?.is_some_and(|begin| !begin.is_authentic(keys)) {
            found.warnings.push(integrity("the record of where the audit log begins was edited".to_owned()));
        }
        let (end, goes_on) = self.log_end(keys, state.head)?;
        if end != state.head {
            let what = "the audit log does not end where the record of the vault's state says";
            found.warnings.push(integrity(what.to_owned()));
        }
        for index in self.0.store.unsound()? {
            found.unsound = true;
            found.warnings.push(Warning::new("integrity", leads_elsewhere(&index), REBUILD));
        }
        // A state that was edited, or that the log has passed, may have been made to fit the rows.
        let vouched = state.is_authentic(keys) && !goes_on;
        if !vouched || found.unsound || rows != (state.sum, state.count) {
            self.name_damage(keys, &mut found)?;
        }
        *self.0.findings.write().unwrap_or_else(PoisonError::into_inner) = Findings(Arc::new(found));
        Ok(vouched)
    }

    /// Forgets what an inspection found, after it was mended.
    pub(super) fn forget_damage(&self) {
        *self.0.findings.write().unwrap_or_else(PoisonError::into_inner) = Findings::default();
        self.set_outside_head(None);
        self.warn(super::log::ROLLED_BACK, None);
    }

    /// Reads the last entry of the log, looking no further back than the one that the state names; tells whether the
    /// vault itself wrote on behind that one.
    ///
    /// An entry that was moved there does not say that the state is an old one: it links to nothing.
    fn log_end(&self, keys: &Keys, head: Head) -> Result<(Head, bool), StoreError> {
        let (mut last, mut goes_on) = (Head::START, false);
        self.0.store.walk_audit(head.seq.max(1)..=u64::MAX, &mut |entry| {
            let follows = entry.seq > head.seq && entry.seq == last.seq + 1;
            goes_on |=
                follows && keys.audit_mac(&last.mac, entry.canonical(Canon::new()).bytes()) == entry.mac;
            last = Head { seq: entry.seq, mac: entry.mac };
        })?;
        Ok((last, goes_on))
    }

    /// Reads all rows, and from the log what each should be.
    pub(super) fn locate(&self, keys: &Keys) -> Result<Located, StoreError> {
        let last = self.last_writes(keys)?;
        let (rows, unreadable) = self.0.store.rows()?;
        Ok(Located { unreadable: unreadable > 0, rows, last })
    }

    /// Names the secrets that the log knows of and whose rows are gone or cannot be read.
    pub(super) fn missing(&self, keys: &Keys, scope: &OrgScope) -> Result<Vec<DamagedSecret>, StoreError> {
        let located = self.locate(keys)?;
        let missing = located.vanished().map(|gone| gone.row());
        Ok(missing.filter(|gone| scope.covers(&gone.org_id)).collect())
    }

    /// Names each row that is hurt or gone.
    fn name_damage(&self, keys: &Keys, found: &mut Found) -> Result<(), StoreError> {
        let located = self.locate(keys)?;
        let hurt = located.rows.iter().filter_map(|row| Some((row.id, located.damage(row)?)));
        found.hurt = hurt.collect();
        if found.unsound {
            self.name_hidden(&located.rows, found);
        }
        for row in &located.rows {
            if let Err(fault) = found.check(row, keys) {
                found.warnings.push(integrity(fault.message));
            }
        }
        if located.unreadable {
            found.warnings.push(integrity("a stored row cannot be read".to_owned()));
        }
        for gone in located.vanished() {
            let DamagedSecret { id, org_id: org, name } = gone.row();
            let gone = Missed { id, org, name, hidden: false };
            found.warnings.push(integrity(gone.fault().message));
            found.missed.push(gone);
        }
        if found.warnings.is_empty() {
            let what = "the stored rows do not add up to the record of them, though the log knows each";
            found.warnings.push(integrity(what.to_owned()));
        }
        Ok(())
    }

    /// Names each row that is not found by its name and id with all of its versions, or shares its name.
    fn name_hidden(&self, rows: &[Row], found: &mut Found) {
        let mut named: HashMap<_, u32> = HashMap::new();
        for row in rows {
            *named.entry((&row.org, &row.name)).or_default() += 1;
        }
        for row in rows {
            let doubled = named.get(&(&row.org, &row.name)).is_some_and(|count| *count > 1);
            if doubled {
                found.hurt.entry(row.id).or_insert(Damage::Doubled);
            }
            if !self.is_found(row) {
                found.hurt.entry(row.id).or_insert(Damage::Hidden);
                let (org, name) = (row.org.clone(), row.name.to_string());
                found.missed.push(Missed { id: row.id, org, name, hidden: true });
            }
        }
    }

    /// Returns whether a row is found by its name and by its id, and its versions are.
    fn is_found(&self, row: &Row) -> bool {
        let store = &self.0.store;
        let is_it = |found: Result<Option<Stored>, StoreError>| matches!(found, Ok(Some(found)) if (found.row.id, found.row.mac) == (row.id, row.mac));
        let versions = || {
            row.versions == VersionRow::digest_of(&[])
                || store.versions(row.id).is_ok_and(|found| VersionRow::digest_of(&found) == row.versions)
        };
        is_it(store.find(&row.org, &row.name)) && is_it(store.get(row.id)) && versions()
    }

    /// Reads from the log which revision each secret was last written at.
    pub(super) fn last_writes(&self, keys: &Keys) -> Result<HashMap<SecretId, Last>, StoreError> {
        let begin = self.0.store.checkpoint()?.filter(|begin| begin.is_authentic(keys));
        let known = begin.iter().flat_map(Checkpoint::known);
        let mut last: HashMap<_, _> = known.map(|known| (known.id, Last::of(known))).collect();
        self.0.store.walk_audit(0..=u64::MAX, &mut |entry| {
            let writes = matches!(
                entry.action,
                Action::Create | Action::Encrypt | Action::Rotate | Action::Delete | Action::Migrate
            );
            let (Some(id), true, Outcome::Ok) = (entry.secret, writes, entry.outcome) else { return };
            let metadata: serde_json::Value = serde_json::from_str(entry.metadata).unwrap_or_default();
            let Some(revision) = metadata.get("revision").and_then(serde_json::Value::as_u64) else { return };
            let org = entry.org.and_then(|org| OrgId::try_from(org.to_owned()).ok()).unwrap_or_default();
            let name = entry.name.unwrap_or_default().to_owned();
            last.insert(
                id,
                Last { seq: entry.seq, revision, org, name, deleted: entry.action == Action::Delete },
            );
        })?;
        Ok(last)
    }
}

fn integrity(message: String) -> Warning {
    Warning::new("integrity", message, Code::Integrity.hint())
}
