//! Import and export: many secrets at once, in one unit each.

mod export;

use super::change::renewed;
use super::desk::{Desk, Judged};
use super::handle::{Handle, Length, Place};
use super::secrets::{NewSecret, Past};
use crate::api::{Fault, Import, ImportEntry, Imported, ImportedEntry, OnConflict, Success, Taken};
use crate::audit::Draft;
use crate::domain::{Action, Invalid};
use crate::store::{Change, Stored};

/// The most secrets of one import.
const ENTRIES: usize = crate::api::IMPORT_ENTRIES;

impl Handle for Import {
    const ANSWER: Length = Length::Long;
    const PLACE: Place = Place::Blocking;

    fn act(&self, desk: &mut Desk) -> Result<Imported, Fault> {
        desk.ask_whole(if self.dry_run { Action::Read } else { Action::Migrate })?;
        self.check()?;
        if !self.dry_run && self.on_conflict == OnConflict::Fail {
            self.refuse_conflicts(desk)?;
        }
        let mut done = Imported {
            success: Success,
            dry_run: self.dry_run,
            created: 0,
            overwritten: 0,
            skipped: 0,
            conflicts: 0,
            entries: Vec::with_capacity(self.entries.len()),
        };
        for entry in &self.entries {
            let taken = if self.dry_run { self.foresee(desk, entry)? } else { self.take(desk, entry)? };
            *done.count(taken.outcome) += 1;
            done.entries.push(taken);
        }
        desk.note(self.summary(&done));
        Ok(done)
    }
}

impl Imported {
    fn count(&mut self, outcome: Taken) -> &mut u64 {
        match outcome {
            Taken::Created => &mut self.created,
            Taken::Overwritten => &mut self.overwritten,
            Taken::Skipped => &mut self.skipped,
            Taken::Conflict => &mut self.conflicts,
        }
    }
}

impl Import {
    fn check(&self) -> Result<(), Fault> {
        if self.entries.is_empty() || self.entries.len() > ENTRIES {
            return Err(Invalid("an import has 1 to 10000 entries").into());
        }
        ImportEntry::refuse_twice(&self.entries)
    }

    /// Refuses the whole where any name is there already.
    fn refuse_conflicts(&self, desk: &mut Desk) -> Result<(), Fault> {
        let mut names = Vec::new();
        for entry in &self.entries {
            if let Some(stored) = present(desk, entry)? {
                names.push(stored.row.name.clone());
            }
        }
        if names.is_empty() {
            return Ok(());
        }
        desk.about(Draft::of(Action::Migrate).with("conflicts", names.len()));
        Err(Imported::refusal(&names))
    }

    /// Tells what would become of an entry.
    fn foresee(&self, desk: &mut Desk, entry: &ImportEntry) -> Result<ImportedEntry, Fault> {
        let stored = present(desk, entry)?;
        let outcome = match (&stored, self.on_conflict) {
            (None, _) => Taken::Created,
            (Some(_), OnConflict::Fail) => Taken::Conflict,
            (Some(_), OnConflict::Skip) => Taken::Skipped,
            (Some(_), OnConflict::Overwrite) => Taken::Overwritten,
        };
        Ok(match stored {
            Some(stored) => outcome_of_stored(&stored, outcome),
            None => outcome_of(entry, outcome),
        })
    }

    /// Stages an entry.
    fn take(&self, desk: &mut Desk, entry: &ImportEntry) -> Result<ImportedEntry, Fault> {
        let Some(stored) = desk.find_in_place(Action::Migrate, &entry.org(), &entry.name)? else {
            let id = create(desk, entry)?.row.id;
            return Ok(ImportedEntry { id: Some(id), ..outcome_of(entry, Taken::Created) });
        };
        let outcome = match self.on_conflict {
            // It was stored since all names were looked at, which is done again.
            OnConflict::Fail => return Err(Fault::stale()),
            OnConflict::Skip => {
                desk.drop_noted(stored.row.id);
                Taken::Skipped
            }
            OnConflict::Overwrite => {
                overwrite(desk, &stored, entry)?;
                Taken::Overwritten
            }
        };
        Ok(outcome_of_stored(&stored, outcome))
    }

    /// Writes the import itself down.
    fn summary(&self, done: &Imported) -> Draft {
        if self.dry_run {
            return Draft::of(Action::Read).with("dryRun", self.entries.len());
        }
        Draft::of(Action::Migrate)
            .with("created", done.created)
            .with("overwritten", done.overwritten)
            .with("skipped", done.skipped)
    }
}

fn outcome_of(entry: &ImportEntry, outcome: Taken) -> ImportedEntry {
    ImportedEntry { org_id: entry.org(), name: entry.name.clone(), outcome, id: None }
}

/// Says what becomes of a stored secret, under the spelling that it is stored by.
fn outcome_of_stored(stored: &Judged, outcome: Taken) -> ImportedEntry {
    let row = &stored.row;
    ImportedEntry { org_id: row.org.clone(), name: row.name.clone(), outcome, id: Some(row.id) }
}

/// Looks whether an entry's name is there already; the look itself is not noted.
fn present(desk: &mut Desk, entry: &ImportEntry) -> Result<Option<Judged>, Fault> {
    let found = desk.find_in_place(Action::Read, &entry.org(), &entry.name)?;
    if let Some(stored) = &found {
        desk.drop_noted(stored.row.id);
    }
    Ok(found)
}

fn create(desk: &mut Desk, entry: &ImportEntry) -> Result<Stored, Fault> {
    let new = NewSecret {
        org: entry.org(),
        name: entry.name.clone(),
        category: entry.category,
        metadata: entry.metadata.clone().unwrap_or_default(),
        expires_at: entry.expires_at,
        past: Past { created_at: entry.created_at, created_by: entry.created_by.clone() },
    };
    let stored = new.seal(desk, entry.value.value())?;
    let row = &stored.row;
    let mut draft = Draft::of(Action::Migrate).org(&row.org).secret(row.id, row.name.as_str());
    if let Some(at) = entry.created_at {
        draft = draft.with("claimedCreatedAt", at.to_string());
    }
    if let Some(claim) = &entry.created_by {
        draft = draft.with("claimedCreatedBy", claim.as_str());
    }
    desk.note(draft.with("version", row.version).with("revision", row.revision));
    desk.stage(Change::Insert(Box::new(stored.clone())));
    Ok(stored)
}

/// Gives a stored secret the value of an entry, and whatever else the entry names.
fn overwrite(desk: &mut Desk, stored: &Judged, entry: &ImportEntry) -> Result<(), Fault> {
    let mut next = Stored::clone(stored);
    if let Some(category) = entry.category {
        next.row.category = category;
    }
    if let Some(metadata) = &entry.metadata {
        next.row.metadata = metadata.to_json();
    }
    next.row.expires_at = entry.expires_at.or(stored.row.expires_at);
    renewed(desk, stored, next, entry.value.value())
}
