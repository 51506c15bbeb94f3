//! Rows in lists, each judged for the caller: a list names no secret.
//!
//! Names are judged before anything else of a row is read, so that a list costs in proportion to what the caller may see.

use std::sync::Arc;

use super::Desk;
use crate::api::{Code, Fault};
use crate::crypto::Sealed;
use crate::domain::{Action, OrgId, OrgScope, PlatformName, Role};
use crate::store::{ListQuery, Named, Row, StoreError, Stored};

/// The most bytes that a list of a caller who is not an owner has, its metadata and [`OVERHEAD`] counted.
const LIST_BYTES: usize = 16 * 1024 * 1024;
/// About what a row takes in a list in addition to its metadata, in bytes.
const OVERHEAD: usize = 512;
/// The most rows of a platform that are read before they are judged: their next reader finds them kept.
const FIELDS: usize = 64;

impl Desk {
    /// Hands the names that the caller may do something with to a function, in order.
    pub(in crate::vault) fn walk(
        &self,
        action: Action,
        query: &ListQuery,
        mut each: impl FnMut(Named),
    ) -> Result<(), Fault> {
        if !self.reaches(action, &query.scope) {
            return Ok(());
        }
        let query = ListQuery { limit: None, offset: 0, ..query.clone() };
        Ok(self.store().walk_names(&query, &mut |named| {
            if self.allows(action, &named.org, Some(named.name.as_str())) {
                each(named);
            }
        })?)
    }

    /// Returns whether the caller may do something to any name of some orgs: otherwise what they hold is not looked at.
    fn reaches(&self, action: Action, scope: &OrgScope) -> bool {
        match &self.caller.role {
            Role::Agent(agent) => agent.grants.iter().any(|grant| {
                let covers = scope.one().is_none_or(|org| grant.org_id.covers(org));
                covers && grant.actions.contains(&action)
            }),
            Role::Daemon | Role::Owner => true,
            Role::Nobody => false,
        }
    }

    /// Lists the rows that the caller may do something with.
    ///
    /// # Errors
    /// `too_large` if they take more than 16 MiB, for callers who are not owners.
    pub(in crate::vault) fn list(&self, action: Action, query: &ListQuery) -> Result<(Vec<Row>, u64), Fault> {
        if self.caller.is_owner() {
            return Ok(self.store().list(query)?);
        }
        let page = query.offset..query.offset.saturating_add(query.limit.unwrap_or(u64::MAX));
        let (mut wanted, mut total) = (Vec::new(), 0);
        self.walk(action, query, |named| {
            if page.contains(&total) {
                wanted.push(named.id);
            }
            total += 1;
        })?;
        let (mut rows, mut bytes) = (Vec::with_capacity(wanted.len()), 0);
        for id in wanted {
            let row = match self.store().row(id) {
                Err(StoreError::Damaged(column)) => {
                    tracing::warn!(column, "a stored row cannot be read");
                    None
                }
                read => read?,
            };
            let Some(row) = row.filter(|row| self.allows(action, &row.org, Some(row.name.as_str()))) else {
                continue;
            };
            bytes += row.metadata.len() + OVERHEAD;
            if bytes > LIST_BYTES {
                let fault = Fault::new(Code::TooLarge, "the list takes more than 16 MiB");
                return Err(fault.hint("ask for a part of it, with `limit` and `offset`"));
            }
            rows.push(row);
        }
        Ok((rows, total))
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
        let mut wanted = Vec::new();
        self.walk(action, &ListQuery::all(scope), |named| wanted.push(named.id))?;
        let read = |id| match self.store().get(id) {
            Err(StoreError::Damaged(_)) => {
                let row = self.store().row(id)?;
                Ok(row.map(|row| Stored { row, sealed: Sealed::from_stored(Vec::new()) }))
            }
            found => found,
        };
        let secrets =
            wanted.into_iter().filter_map(|id| read(id).transpose()).collect::<Result<Vec<_>, _>>()?;
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
        let is_field = |name: &str| {
            name.strip_prefix("skill:").and_then(|name| name.split(':').next()) == Some(platform.as_str())
        };
        self.refuse_missed(|missed| missed.org == *org && is_field(&missed.name))?;
        match known.map_or_else(|| self.read_platform(org, platform), |rows| Ok(Some(rows)))? {
            Some(rows) => {
                let may = |row: &&Row| self.allows(action, &row.org, Some(row.name.as_str()));
                Ok(rows.iter().filter(may).cloned().collect())
            }
            None => Ok(self.list(action, &of_platform(org, platform))?.0),
        }
    }

    /// Reads all rows of a platform, and keeps them; `None` if there are too many for that.
    fn read_platform(&self, org: &OrgId, platform: &PlatformName) -> Result<Option<Arc<[Row]>>, Fault> {
        let most = FIELDS as u64;
        let query = ListQuery { limit: Some(most), ..of_platform(org, platform) };
        let (rows, total) = self.store().list(&query)?;
        if total > most {
            return Ok(None);
        }
        let rows: Arc<[Row]> = rows.into();
        self.vault.0.rows.keep_platform(self.as_of, (org, platform), &rows);
        Ok(Some(rows))
    }
}

fn of_platform(org: &OrgId, platform: &PlatformName) -> ListQuery {
    let scope = OrgScope::One(org.clone());
    ListQuery { platform: Some(platform.clone()), ..ListQuery::all(scope) }
}
