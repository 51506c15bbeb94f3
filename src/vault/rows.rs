//! Sealed rows that were read and checked since anything last changed, so that the next read asks no database.
//!
//! What is kept is sealed; no value and no key is. Each read is judged, opened and recorded anew. All rows are
//! forgotten with the first change of anything, by whomever: the writer numbers changes, and notices those that
//! another program made.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use crate::domain::{OrgId, PlatformName, SecretId, SecretName};
use crate::store::{Row, Stored};
use crate::sync::Mutex;

/// The longest sealed value that is kept, in bytes.
const LONGEST: usize = 16 * 1024;
/// What all rows may take together, in bytes, counting [`OVERHEAD`] for each.
const BUDGET: usize = 1024 * 1024;
/// About what a row takes beside its sealed value and metadata.
const OVERHEAD: usize = 1024;
/// The most rows of a platform that are kept.
const FIELDS: usize = 64;

/// The rows of one moment.
#[derive(Debug, Default)]
pub(super) struct Rows(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The number of the last change when they were read.
    as_of: u64,
    taken: usize,
    by_id: HashMap<SecretId, Arc<Stored>>,
    by_name: HashMap<OrgId, HashMap<SecretName, Arc<Stored>>>,
    by_platform: HashMap<OrgId, HashMap<PlatformName, Arc<[Row]>>>,
}

impl Rows {
    /// Gives the row of a name, if it was read since the last change, which has this number.
    pub(super) fn named(&self, as_of: u64, org: &OrgId, name: &SecretName) -> Option<Arc<Stored>> {
        self.at(as_of, |known| known.by_name.get(org)?.get(name).cloned())
    }

    /// Gives the row of an id likewise.
    pub(super) fn of(&self, as_of: u64, id: SecretId) -> Option<Arc<Stored>> {
        self.at(as_of, |known| known.by_id.get(&id).cloned())
    }

    /// Gives all rows of a platform likewise; these are not checked, as in every list.
    pub(super) fn platform(&self, as_of: u64, org: &OrgId, platform: &PlatformName) -> Option<Arc<[Row]>> {
        self.at(as_of, |known| known.by_platform.get(org)?.get(platform).cloned())
    }

    fn at<T>(&self, as_of: u64, find: impl FnOnce(&Known) -> Option<T>) -> Option<T> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (known.as_of == as_of).then(|| find(&known))?
    }

    /// Keeps a row that was read after the change of this number, and checked.
    pub(super) fn keep(&self, as_of: u64, stored: &Arc<Stored>) {
        let size = stored.sealed.as_bytes().len() + stored.row.metadata.len();
        if size > LONGEST {
            return;
        }
        self.add(as_of, size + OVERHEAD, |known| {
            let row = &stored.row;
            known.by_id.insert(row.id, Arc::clone(stored));
            known.by_name.entry(row.org.clone()).or_default().insert(row.name.clone(), Arc::clone(stored));
        });
    }

    /// Keeps all rows of a platform that were read after the change of this number.
    pub(super) fn keep_platform(
        &self,
        as_of: u64,
        (org, platform): (&OrgId, &PlatformName),
        rows: &Arc<[Row]>,
    ) {
        if rows.len() > FIELDS {
            return;
        }
        let size = rows.iter().map(|row| row.metadata.len() + OVERHEAD).sum::<usize>() + OVERHEAD;
        self.add(as_of, size, |known| {
            let of_org = known.by_platform.entry(org.clone()).or_default();
            of_org.insert(platform.clone(), Arc::clone(rows));
        });
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }

    /// Adds something of a size, and forgets all else where it is older or would be too much.
    fn add(&self, as_of: u64, size: usize, add: impl FnOnce(&mut Known)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_of != as_of || known.taken + size > BUDGET {
            *known = Known { as_of, ..Known::default() };
        }
        known.taken += size;
        add(&mut known);
    }
}

/// A stored secret, and whether its row was checked since the last change.
#[derive(Debug)]
pub(super) enum Seen {
    /// It was read just now.
    Read(Arc<Stored>),
    /// It was read and checked before, and nothing changed since.
    Checked(Arc<Stored>),
}

impl Seen {
    /// Gives the secret.
    pub(super) fn stored(&self) -> &Stored {
        match self {
            Self::Read(stored) | Self::Checked(stored) => stored,
        }
    }

    /// Takes the secret out.
    pub(super) fn into_stored(self) -> Arc<Stored> {
        match self {
            Self::Read(stored) | Self::Checked(stored) => stored,
        }
    }
}
