//! Acts on the whole vault, and what those may read that were judged for it.

use std::fs::File;

use super::{Desk, Judged, LogReader, Whole};
use crate::api::{Code, Fault};
use crate::audit::Draft;
use crate::crypto::Header;
use crate::domain::{Action, OrgId, OrgScope, SecretId};
use crate::store::{AuditPage, AuditQuery, ListQuery, Named, StoreError};
use crate::vault::faults::forbidden;

impl Desk {
    /// Asks for an act on the whole vault, which is the owner's.
    pub(in crate::vault) fn ask_whole(&mut self, action: Action) -> Result<Whole, Fault> {
        self.about(Draft::of(action));
        self.owner().ok_or_else(forbidden)
    }

    /// Asks for a look at the log.
    pub(in crate::vault) fn ask_log(&mut self) -> Result<LogReader, Fault> {
        self.ask_look(Action::Audit).map(|()| LogReader::new())
    }

    /// Asks for a look at the whole vault, which can be granted.
    pub(in crate::vault) fn ask_look(&mut self, look: Action) -> Result<(), Fault> {
        self.about(Draft::of(look));
        if self.allows_whole(look) { Ok(()) } else { Err(forbidden()) }
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

    /// Counts secrets by org; one whose name cannot be read is left out.
    pub(in crate::vault) fn orgs(&self, _: Whole) -> Result<Vec<(OrgId, u64)>, Fault> {
        let counted = self.store().orgs()?.into_iter();
        Ok(counted.filter_map(|(org, count)| Some((OrgId::try_from(org).ok()?, count))).collect())
    }

    /// Reads a page of the log.
    pub(in crate::vault) fn log(&self, _: LogReader, query: &AuditQuery) -> Result<AuditPage, Fault> {
        Ok(self.store().audit(query)?)
    }

    /// Lists the actors of the log, in order, up to a number.
    pub(in crate::vault) fn log_actors(&self, _: LogReader, limit: u64) -> Result<Vec<String>, Fault> {
        Ok(self.store().actors(limit)?)
    }

    /// Returns the place of the last entry of the log.
    pub(in crate::vault) fn log_end(&self, _: LogReader) -> Result<u64, Fault> {
        Ok(self.store().head()?.seq)
    }

    /// Hands names to a function, in order, and counts those that cannot be read.
    pub(in crate::vault) fn names(
        &self,
        _: Whole,
        query: &ListQuery,
        mut each: impl FnMut(Named),
    ) -> Result<u64, Fault> {
        Ok(self.store().walk_names(query, &mut each)?)
    }

    /// Returns what names all secrets as they are now: it is another one after any change of a secret.
    pub(in crate::vault) fn state(&self, _: Whole) -> Result<String, Fault> {
        Ok(data_encoding::HEXLOWER.encode(&self.store().state()?.sum))
    }

    /// Counts all secrets.
    pub(in crate::vault) fn count(&self, _: Whole) -> Result<u64, Fault> {
        let none = ListQuery { limit: Some(0), ..ListQuery::all(OrgScope::All) };
        Ok(self.store().list(&none, 0)?.1)
    }

    /// Reads a secret as it is stored: its row is not checked.
    pub(in crate::vault) fn stored(&self, _: Whole, id: SecretId) -> Result<Option<Judged>, StoreError> {
        Ok(self.store().get(id)?.map(|stored| Judged::new(stored.into())))
    }
}
