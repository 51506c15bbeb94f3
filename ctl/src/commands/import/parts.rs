//! An import that takes more than one request: in parts, each of which is stored whole or not at all.

use vault::api::{
    Code, Fault, IMPORT_ENTRIES, Import, ImportEntry, Imported, OnConflict, REQUEST_BYTES, Taken, json_bytes,
};

use crate::context::Context;
use crate::failure::Failure;
use crate::show::counted;

/// The most bytes that a request has besides its entries.
const FRAME_BYTES: usize = 1024;

/// The requests of one import.
#[derive(Debug)]
pub(super) struct Parts(Vec<Import>);

impl Parts {
    /// Splits entries, in their order, into as few requests as they fit into.
    ///
    /// # Errors
    /// `invalid_request` for two entries that are one secret, whichever parts they are in.
    pub(super) fn of(entries: Vec<ImportEntry>, on_conflict: OnConflict) -> Result<Self, Failure> {
        ImportEntry::refuse_twice(&entries)?;
        let mut parts: Vec<Import> = Vec::new();
        let mut left = 0;
        for entry in entries {
            // With a comma.
            let bytes = json_bytes(&entry) + 1;
            let open = parts.last_mut().filter(|part| bytes <= left && part.entries.len() < IMPORT_ENTRIES);
            if let Some(part) = open {
                part.entries.push(entry);
            } else {
                parts.push(Import { entries: vec![entry], on_conflict, dry_run: true });
                left = REQUEST_BYTES - FRAME_BYTES;
            }
            left = left.saturating_sub(bytes);
        }
        Ok(Self(parts))
    }

    /// Returns what would become of all entries; nothing is stored.
    ///
    /// # Errors
    /// What the daemon answered.
    pub(super) fn foresee(&self, context: &Context) -> Result<Imported, Failure> {
        let mut all = Imported { dry_run: true, ..Imported::none() };
        for part in &self.0 {
            all.add(context.call(part)?);
        }
        Ok(all)
    }

    /// Stores all parts, unless a name that is there already keeps every one of them out.
    ///
    /// # Errors
    /// What the daemon answered; of a later part with how many secrets those before it stored, and the way to `go_on`.
    pub(super) fn store(
        self,
        foreseen: &Imported,
        go_on: &str,
        context: &Context,
    ) -> Result<Imported, Failure> {
        // The daemon itself refuses a part for the names in it.
        if self.0.len() > 1 && foreseen.conflicts > 0 {
            let taken = foreseen.entries.iter().filter(|entry| entry.outcome == Taken::Conflict);
            return Err(Imported::refusal(taken.map(|entry| &entry.name)).into());
        }
        let (total, mut all) = (foreseen.entries.len(), Imported::none());
        for mut part in self.0 {
            part.dry_run = false;
            let done = all.entries.len();
            let next = context.call(&part).map_err(|failure| match failure {
                Failure::Fault(fault) if done > 0 => {
                    let rest = rest(fault.code, part.entries.len(), total - done);
                    let message = format!("{done} of {total} secrets are stored, {rest}: {}", fault.message);
                    let hint = format!("{}; then {go_on}", fault.hint);
                    Fault { message, hint, ..fault }.into()
                }
                failure => failure,
            })?;
            all.add(next);
        }
        Ok(all)
    }
}

/// Says what is known of the secrets that no answer said to be stored.
fn rest(code: Code, asked: usize, left: usize) -> String {
    if code == Code::Unavailable {
        format!("of the next {} it is not known", counted(asked as u64, "secret"))
    } else {
        format!("{left} are not")
    }
}
