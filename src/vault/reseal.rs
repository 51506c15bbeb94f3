//! Sealing a stored secret afresh.

use super::change::{kept_versions, open_version};
use super::desk::{Desk, Judged};
use crate::api::Fault;
use crate::domain::Category;
use crate::keyring::Keys;
use crate::store::{Change, Kept, Row, Stored, VersionRow};

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

    /// Returns how much it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let kept: usize = self.versions.iter().map(|version| version.sealed.as_bytes().len()).sum();
        kept + self.next.sealed.as_bytes().len() + self.next.row.metadata.len()
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
