//! Rows in lists, each judged for the caller: a list names no secret.

use std::sync::Arc;

use super::Desk;
use crate::api::Fault;
use crate::crypto::Sealed;
use crate::domain::{Action, OrgId, OrgScope, PlatformName};
use crate::store::{ListQuery, Row, StoreError, Stored};

impl Desk {
    /// Lists the rows that the caller may do something with.
    pub(in crate::vault) fn list(&self, action: Action, query: &ListQuery) -> Result<(Vec<Row>, u64), Fault> {
        if self.caller.is_owner() {
            return Ok(self.store().list(query)?);
        }
        let (rows, _) = self.store().list(&ListQuery { limit: None, offset: 0, ..query.clone() })?;
        let may = |row: &Row| self.allows(action, &row.org, Some(row.name.as_str()));
        let visible: Vec<_> = rows.into_iter().filter(may).collect();
        let total = visible.len() as u64;
        let limit = query.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        Ok((visible.into_iter().skip(offset).take(limit).collect(), total))
    }

    /// Lists all secrets of some orgs that the caller may do something with, sealed values and all.
    pub(in crate::vault) fn list_sealed(
        &self,
        action: Action,
        scope: OrgScope,
    ) -> Result<(Vec<Stored>, u64), Fault> {
        if self.caller.is_owner() {
            return Ok(self.store().list_sealed(&ListQuery::all(scope))?);
        }
        // Whoever may do it to few of them has no others read.
        let may = |row: &Row| self.allows(action, &row.org, Some(row.name.as_str()));
        let rows = self.store().list(&ListQuery::all(scope))?.0;
        let read = |row: &Row| match self.store().get(row.id) {
            Err(StoreError::Damaged(_)) => {
                Some(Ok(Stored { row: row.clone(), sealed: Sealed::from_stored(Vec::new()) }))
            }
            found => found.transpose(),
        };
        let secrets = rows.iter().filter(|row| may(row)).filter_map(read).collect::<Result<Vec<_>, _>>()?;
        let visible = secrets.len() as u64;
        Ok((secrets, visible))
    }

    /// Lists the rows of a platform that the caller may do something with.
    pub(in crate::vault) fn platform(
        &self,
        action: Action,
        org: &OrgId,
        platform: &PlatformName,
    ) -> Result<Vec<Row>, Fault> {
        let known = self.vault.0.rows.platform(self.as_of, org, platform);
        let rows = known.map_or_else(|| self.read_platform(org, platform), Ok)?;
        let may = |row: &&Row| self.allows(action, &row.org, Some(row.name.as_str()));
        Ok(rows.iter().filter(may).cloned().collect())
    }

    fn read_platform(&self, org: &OrgId, platform: &PlatformName) -> Result<Arc<[Row]>, Fault> {
        let scope = OrgScope::One(org.clone());
        let query = ListQuery { platform: Some(platform.clone()), ..ListQuery::all(scope) };
        let rows: Arc<[Row]> = self.store().list(&query)?.0.into();
        self.vault.0.rows.keep_platform(self.as_of, (org, platform), &rows);
        Ok(rows)
    }
}
