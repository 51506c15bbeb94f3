//! Acts on the whole vault, and what those may read that were judged for it.

use std::fs::File;

use super::{Desk, Judged, Whole};
use crate::api::{Code, Fault};
use crate::audit::Draft;
use crate::crypto::Header;
use crate::domain::{Action, SecretId};
use crate::store::{AuditPage, AuditQuery, ListQuery, Named, Row, StoreError};
use crate::vault::faults::forbidden;

impl Desk {
    /// Asks for an act on the whole vault.
    pub(in crate::vault) fn ask_whole(&mut self, action: Action) -> Result<Whole, Fault> {
        self.about(Draft::of(action));
        if self.allows_whole(action) { Ok(Whole::new()) } else { Err(forbidden()) }
    }

    /// Refuses a look at the whole to those who see only parts of it.
    pub(in crate::vault) fn ask_owner(&mut self, action: Action) -> Result<Whole, Fault> {
        self.about(Draft::of(action));
        self.owner().ok_or_else(forbidden)
    }

    /// Returns what an owner may do, for what leaves no entry of its own; `None` for other callers.
    pub(in crate::vault) fn owner(&self) -> Option<Whole> {
        self.caller.is_owner().then(Whole::new)
    }

    /// Reads the header, which is there while the vault is open.
    pub(in crate::vault) fn header(&self, _: Whole) -> Result<Header, Fault> {
        self.store().header()?.ok_or_else(|| Fault::new(Code::Integrity, "the header of the vault is gone"))
    }

    /// Copies the database.
    pub(in crate::vault) fn snapshot(&self, _: Whole) -> Result<File, Fault> {
        Ok(self.store().snapshot()?)
    }

    /// Reads a page of the log.
    pub(in crate::vault) fn log(&self, _: Whole, query: &AuditQuery) -> Result<AuditPage, Fault> {
        Ok(self.store().audit(query)?)
    }

    /// Hands names to a function, in order.
    pub(in crate::vault) fn names(
        &self,
        _: Whole,
        query: &ListQuery,
        mut each: impl FnMut(Named),
    ) -> Result<(), Fault> {
        Ok(self.store().walk_names(query, &mut each)?)
    }

    /// Reads rows without their sealed values.
    pub(in crate::vault) fn rows(&self, _: Whole, query: &ListQuery) -> Result<Vec<Row>, Fault> {
        Ok(self.store().list(query)?.0)
    }

    /// Reads a secret as it is stored: its row is not checked.
    pub(in crate::vault) fn stored(&self, _: Whole, id: SecretId) -> Result<Option<Judged>, StoreError> {
        Ok(self.store().get(id)?.map(|stored| Judged::new(stored.into())))
    }
}
