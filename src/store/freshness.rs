//! The number of the last change, by which it is known that what was read is still as it was.
//!
//! A reader takes the number first and then reads. The writer counts a change when it can be seen and before
//! anybody hears that it was done, so that what was read under a number is never older than the change of that number.

use std::sync::atomic::Ordering;

use crate::sync::AtomicU64;

/// Numbers the commits that changed anything but the log, from 1; under 0 nothing was read.
#[derive(Debug)]
pub(crate) struct Changes(AtomicU64);

impl Default for Changes {
    fn default() -> Self {
        Self(AtomicU64::new(1))
    }
}

impl Changes {
    /// Gives the number of the last change.
    pub(crate) fn last(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Counts a change; gives its number.
    fn count(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Release) + 1
    }
}

/// What the writer is to do about what a unit read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Nothing changed since: all of it is still so.
    AsRead,
    /// Something changed: each row has to be compared.
    Compare,
    /// Another program changed something since, after which no revision says enough.
    Stale,
}

/// What was committed between two transactions of the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// Nothing.
    Alone,
    /// Something, by another program.
    Overtaken,
}

/// What a unit relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relies {
    /// On rows that it read, which it does not change.
    OnRows,
    /// On what its changes compare by themselves, or on nothing.
    OnItself,
}

/// What the running batch knows of changes.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    changing: bool,
    /// The number of the last change by another connection; 0 before any.
    overtaken: u64,
}

impl Batch {
    /// Begins the next batch; what another connection did since the last one is a change.
    pub(crate) fn begin(&mut self, begun: Begun, changes: &Changes) {
        if begun == Begun::Overtaken {
            self.overtaken = changes.count();
        }
    }

    /// Notes that a unit changes more than the log.
    pub(crate) fn change(&mut self) {
        self.changing = true;
    }

    /// Tells what to do about what a unit read under a number, which may have been kept from before.
    pub(crate) fn freshness(&self, as_of: u64, relies: Relies, changes: &Changes) -> Freshness {
        if !self.changing && as_of == changes.last() {
            Freshness::AsRead
        } else if relies == Relies::OnRows && (1..self.overtaken).contains(&as_of) {
            Freshness::Stale
        } else {
            Freshness::Compare
        }
    }

    /// Commits, and then counts what changed, or may have: whether a commit that failed was done is not known.
    pub(crate) fn end<T>(&mut self, changes: &Changes, commit: impl FnOnce() -> T) -> T {
        let committed = commit();
        if std::mem::take(&mut self.changing) {
            changes.count();
        }
        committed
    }
}

/// Tells whether a unit was made under the keys in force; while the vault is locked none are.
pub(crate) fn in_force(held: Option<u64>, made_under: u64) -> bool {
    held == Some(made_under)
}
