//! Indexes that do not lead to all that is stored: what is said of them, and how they are rebuilt.
//!
//! Rows are authenticated and indexes are made of them, so that a rebuilt one loses nothing. Only where several rows have
//! one name, which a damaged index lets in, one of them alone can keep it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Desk;
use crate::api::{Code, DamagedSecret, Fault};
use crate::audit::{Author, Draft};
use crate::domain::{Action, OrgScope};
use crate::keyring::Keys;
use crate::store::{Change, Flaw, Flawed, Refusal, Row, Unit};
use crate::vault::faults::{RESTORE, fault_of};
use crate::vault::inspect::Located;
use crate::vault::loss::entry;

impl Desk {
    /// Says what is wrong with the indexes of the database, and with its pages where those are asked for.
    pub(in crate::vault) fn flaws(&self, pages: Pages) -> Result<Vec<String>, Fault> {
        let unsound = self.store().unsound()?;
        let mut flaws: Vec<_> = unsound.iter().map(|index| leads_elsewhere(index)).collect();
        if pages == Pages::Checked {
            flaws.extend(self.store().flaws()?.into_iter().map(|flaw| flaw.words));
        }
        Ok(flaws)
    }

    /// Refuses what was staged while an index is damaged.
    pub(in crate::vault) fn refuse_unsound(&self) -> Result<(), Fault> {
        if self.work.is_some() || self.changes.iter().any(Change::needs_indexes) {
            self.vault().findings().refuse_changes()?;
        }
        Ok(())
    }

    /// Rebuilds the indexes if one is damaged, and writes the file again if anything in it is, at once.
    ///
    /// # Errors
    /// `integrity` if pages of tables are damaged too: rebuilding could take from them.
    pub(in crate::vault) fn rebuild_indexes(&mut self) -> Result<Rebuilt, Fault> {
        let (indexes, flaws) = (self.store().unsound()?, self.store().flaws()?);
        if let Some(flaw) = flaws.iter().find(|flaw| flaw.place == Flawed::Table) {
            let words = format!("pages of tables of the database are damaged: {}", flaw.words);
            return Err(Fault::new(Code::Integrity, words).hint(RESTORE));
        }
        if flaws.iter().any(|flaw| flaw.place != Flawed::Row) {
            self.store().compact()?;
        }
        let flawed = flaws.iter().filter(|flaw| flaw.place == Flawed::Index).filter_map(Flaw::index);
        let indexes: BTreeSet<_> = indexes.into_iter().chain(flawed.map(str::to_owned)).collect();
        if indexes.is_empty() {
            return Ok(Rebuilt::default());
        }
        let indexes = Vec::from_iter(indexes);
        let keys = Arc::clone(self.keys()?);
        let located = self.vault().locate(&keys)?;
        let losers = losers(&located, &keys);
        let rebuilt = Draft::of(Action::Delete).with("acceptedLoss", true).with("rebuilt", indexes.clone());
        let found = self.vault().findings().hidden(&OrgScope::All).collect();
        let gone = |row: &&Row| located.rows.iter().filter(|other| other.id == row.id).count() == 1;
        let lost: Vec<DamagedSecret> = losers.iter().copied().filter(gone).map(DamagedSecret::from).collect();
        let mut entries = vec![rebuilt];
        entries.extend(
            losers.iter().copied().filter(gone).map(|row| entry(Action::Delete, &row.into(), row.revision)),
        );
        let without = losers.iter().map(|row| (row.id, row.mac)).collect();
        self.commit_now(vec![Change::Rebuild(without)], entries)?;
        self.vault().inspect(&keys)?;
        Ok(Rebuilt { indexes, found, lost })
    }

    /// Commits changes with their entries before the rest of the act, on a thread that may wait.
    fn commit_now(&self, changes: Vec<Change>, entries: Vec<Draft>) -> Result<(), Fault> {
        let keys = Arc::clone(self.keys()?);
        let author = Author::of(self.caller(), self.now());
        let unit = Unit { keys, author, agent: None, guards: Vec::new(), as_of: 0, changes, entries };
        match self.store().commit(unit).blocking_recv() {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(refusal)) => Err(fault_of(&refusal)),
            Err(_) => Err(fault_of(&Refusal::Closed)),
        }
    }
}

/// What became of damaged indexes.
#[derive(Debug, Default)]
pub(in crate::vault) struct Rebuilt {
    /// Their names.
    pub(in crate::vault) indexes: Vec<String>,
    /// The secrets that they hid.
    pub(in crate::vault) found: Vec<DamagedSecret>,
    /// The secrets that went, since another one has their name.
    pub(in crate::vault) lost: Vec<DamagedSecret>,
}

/// Whether every page is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vault) enum Pages {
    /// It is.
    Checked,
    /// Indexes alone are.
    Unchecked,
}

/// Says that an index does not lead to its rows.
pub(in crate::vault) fn leads_elsewhere(index: &str) -> String {
    format!("`{index}` of the database does not lead to all that is stored, or leads elsewhere")
}

/// Returns the rows that have their name after another one: one that is authentic and that the log knows goes before one
/// that is not, and of such the one that was made first, since it was stored when the name was free.
fn losers<'l>(located: &'l Located, keys: &Keys) -> Vec<&'l Row> {
    let mut named: HashMap<_, Vec<&Row>> = HashMap::new();
    for row in &located.rows {
        named.entry((&row.org, &row.name)).or_default().push(row);
    }
    let is_suspect = |row: &Row| !row.is_authentic(keys) || located.damage(row).is_some();
    let later = named.into_values().flat_map(|mut rows| {
        rows.sort_by_key(|row| (is_suspect(row), row.created_at, row.id));
        rows.into_iter().skip(1)
    });
    later.collect()
}
