//! Sealing stored secrets afresh: one, or many on all processors.

use std::thread::ScopedJoinHandle;

use super::change::{kept_versions, open_version};
use super::desk::{Desk, Judged};
use crate::api::Fault;
use crate::domain::Category;
use crate::keyring::Keys;
use crate::store::{Change, Kept, Row, Stored, VersionRow};

/// The secrets that are worth a thread of their own.
const WORTH: usize = 64;

/// A secret that was sealed afresh, and what it replaces.
#[derive(Debug)]
pub(super) struct Resealed {
    /// Its next revision.
    pub(super) next: Stored,
    /// The revision that was read.
    seen: u64,
    /// The category that was read.
    was: Category,
    versions: Vec<VersionRow>,
}

impl Resealed {
    /// Seals a secret and its kept versions afresh, under the given keys and as the given row.
    ///
    /// # Errors
    /// `integrity` where the value or a kept version does not authenticate.
    pub(super) fn make(desk: &Desk, stored: &Judged, keys: &Keys, mut row: Row) -> Result<Self, Fault> {
        let mut versions = present_versions(desk, stored)?;
        for version in &mut versions {
            let value = open_version(desk, stored, version)?;
            version.revision = row.revision;
            version.sealed = keys.seal(&row.version_context(keys.vault(), version), &value)?;
        }
        let sealed = keys.seal(&row.seal_context(keys.vault()), &desk.open(stored)?)?;
        row.versions = VersionRow::digest_of(&versions);
        row.digest = sealed.digest();
        row.mac = row.compute_mac(keys);
        let (seen, was) = (stored.row.revision, stored.row.category);
        Ok(Self { next: Stored { row, sealed }, seen, was, versions })
    }

    /// Gives the change that puts it in its place.
    pub(super) fn into_change(mut self) -> Change {
        let versions = std::mem::take(&mut self.versions);
        self.with_versions(if versions.is_empty() { Kept::Same } else { Kept::All(versions) })
    }

    /// Gives the change that puts it in its place and removes what else stands among its kept versions.
    pub(super) fn into_cleaning_change(mut self) -> Change {
        let versions = std::mem::take(&mut self.versions);
        self.with_versions(Kept::All(versions))
    }

    fn with_versions(self, kept: Kept) -> Change {
        Change::Replace { next: Box::new(self.next), seen: self.seen, was: self.was, kept }
    }
}

/// Reads the kept versions; where the row says that there are none, nobody has to look.
fn present_versions(desk: &Desk, stored: &Judged) -> Result<Vec<VersionRow>, Fault> {
    if stored.row.versions == VersionRow::digest_of(&[]) {
        return Ok(Vec::new());
    }
    kept_versions(desk, stored)
}

/// Makes something of each of many secrets, in parts, one on each processor; gives what it made, in order.
pub(super) fn on_all_processors<T: Send>(secrets: &[Judged], make: impl Fn(&Judged) -> T + Sync) -> Vec<T> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let part = secrets.len().div_ceil(processors).max(WORTH);
    let do_part = |part: &[Judged]| part.iter().map(&make).collect::<Vec<_>>();
    let do_part = &do_part;
    std::thread::scope(|scope| {
        let running: Vec<_> = secrets.chunks(part).map(|part| scope.spawn(move || do_part(part))).collect();
        let ended = running.into_iter().map(ScopedJoinHandle::join);
        ended.flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}
