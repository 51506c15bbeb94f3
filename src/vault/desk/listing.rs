//! Rows in lists, each judged for the caller: a list names no secret.
//!
//! Names are judged before anything else of a row is read, so that a list costs in proportion to what the caller may see.

use std::sync::Arc;

use super::{Desk, Judged};
use crate::api::{ANSWER_BYTES, Code, Fault};
use crate::crypto::Sealed;
use crate::discovery::{belongs, platforms};
use crate::domain::{Action, OrgId, OrgScope, PlatformName, Role, SecretId, SecretName};
use crate::presets::Presets;
use crate::store::{ListQuery, Named, Row, StoreError, Stored};
use crate::vault::faults::{list_too_large, unreadable};
use crate::vault::inspect::Missed;

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
        self.store().walk_names(&query, &mut |named| {
            if self.allows(action, &named.org, Some(named.name.as_str())) {
                each(named);
            }
        })?;
        Ok(())
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

    /// Lists the names that the caller may do something with, in order.
    ///
    /// # Errors
    /// `too_large`, with what to ask for instead, if they take more than 16 MiB.
    pub(in crate::vault) fn named(
        &self,
        action: Action,
        query: &ListQuery,
        instead: &str,
    ) -> Result<Vec<Named>, Fault> {
        let mut names = Names::default();
        self.walk(action, query, |one| names.add(one))?;
        names.all(instead)
    }

    /// Lists the rows that the caller may do something with.
    ///
    /// # Errors
    /// `too_large` if they take more than 16 MiB.
    pub(in crate::vault) fn list(&self, action: Action, query: &ListQuery) -> Result<(Vec<Row>, u64), Fault> {
        if self.caller.is_owner() {
            return Ok(self.store().list(query, ANSWER_BYTES)?);
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
            let may = |row: &Row| self.allows(action, &row.org, Some(row.name.as_str()));
            let Some(row) = self.readable_row(id)?.filter(may) else { continue };
            bytes += row.size();
            if bytes > ANSWER_BYTES {
                return Err(list_too_large());
            }
            rows.push(row);
        }
        Ok((rows, total))
    }

    /// Lists the ids of the secrets of some orgs that the caller may do something with, in order of name.
    pub(in crate::vault) fn ids(&self, action: Action, scope: OrgScope) -> Result<Vec<SecretId>, Fault> {
        let mut ids = Vec::new();
        self.walk(action, &ListQuery::all(scope), |named| ids.push(named.id))?;
        Ok(ids)
    }

    /// Reads a secret that was listed, with its sealed value, which is empty if it cannot be read; `None` if its row cannot.
    pub(in crate::vault) fn listed(&self, action: Action, id: SecretId) -> Result<Option<Judged>, Fault> {
        let empty = |row| Stored { row, sealed: Sealed::from_stored(Vec::new()) };
        let found = match self.store().get(id) {
            Err(StoreError::Damaged(_)) => self.readable_row(id)?.map(empty),
            found => found?,
        };
        let may = |row: &Row| self.allows(action, &row.org, Some(row.name.as_str()));
        Ok(found.filter(|stored| may(&stored.row)).map(|stored| Judged::new(stored.into())))
    }

    /// Reads a row; `None` if it is gone or cannot be read.
    fn readable_row(&self, id: SecretId) -> Result<Option<Row>, Fault> {
        match self.store().row(id) {
            Err(StoreError::Damaged(column)) => {
                tracing::warn!(column, "a stored row cannot be read");
                Ok(None)
            }
            read => Ok(read?),
        }
    }

    /// Refuses a secret that vanished, to those who might have listed it.
    pub(super) fn refuse_missed(&self, is: impl Fn(&Missed) -> bool) -> Result<(), Fault> {
        let known = |gone: &Missed| is(gone) && self.allows(Action::Read, &gone.org, Some(&gone.name));
        self.vault.findings().refuse_missed(known)
    }

    /// Lists what a platform stands for, as far as the caller may list it or do something with it: what is stored under each
    /// of its names, and the secret whose whole name is what was asked.
    pub(in crate::vault) fn platform_names(
        &self,
        action: Action,
        org: &OrgId,
        asked: &str,
    ) -> Result<Vec<Named>, Fault> {
        let platform = asked.strip_prefix("skill:").unwrap_or(asked);
        let mut names = Names::default();
        for name in platforms(platform) {
            let Ok(name) = PlatformName::try_from(name) else { continue };
            let is_field = |missed: &str| {
                missed.strip_prefix("skill:").and_then(|name| name.split(':').next()) == Some(name.as_str())
            };
            self.refuse_missed(|missed| {
                missed.org == *org && (is_field(&missed.name) || missed.name == asked)
            })?;
            self.walk_platform(org, &name, |one| {
                if belongs(asked, &one.name) && self.may_know(action, org, one.name.as_str()) {
                    names.add(one);
                }
            })?;
        }
        let mut names = names.all("list its secrets, with `platform`, `limit` and `offset`")?;
        if Presets::builtin().get(platform).is_none() && names.iter().all(|one| one.name.skill().is_none()) {
            names.clear();
        }
        Ok(names)
    }

    /// Leaves those fields of a platform that count if it is asked for alone: next to others, none that another agent stored.
    ///
    /// Storing a field is no right over what the platform's name finds. One whose row does not authenticate counts, so that
    /// nothing is taken for the only one by mistake.
    pub(in crate::vault) fn counted(&self, fields: Vec<Named>) -> Result<Vec<Named>, Fault> {
        if fields.len() < 2 {
            return Ok(fields);
        }
        let (caller, mut own) = (self.caller.actor(), Vec::new());
        for field in &fields {
            let row = self.readable_row(field.id)?.filter(|row| self.check(row).is_ok());
            if row.is_none_or(|row| !caller.is_other_agent(&row.created_by)) {
                own.push(field.clone());
            }
        }
        Ok(if own.is_empty() { fields } else { own })
    }

    fn may_know(&self, action: Action, org: &OrgId, name: &str) -> bool {
        [action, Action::Read].iter().any(|action| self.allows(*action, org, Some(name)))
    }

    /// Hands what is stored of a platform, and the secret whose whole name it is, to a function; it is judged for no caller.
    pub(super) fn walk_platform(
        &self,
        org: &OrgId,
        platform: &PlatformName,
        mut each: impl FnMut(Named),
    ) -> Result<(), Fault> {
        let known = self.vault.0.rows.platform(self.as_of, org, platform);
        if let Some(rows) = known.map_or_else(|| self.read_platform(org, platform), |rows| Ok(Some(rows)))? {
            rows.iter().for_each(|row| each(row.into()));
            return Ok(());
        }
        self.store().walk_names(&of_platform(org, platform), &mut each)?;
        match self.bare(org, platform) {
            // Only those who may list it hear that it is damaged.
            Err(fault)
                if fault.code == Code::Integrity
                    && !self.may_know(Action::Decrypt, org, platform.as_str()) => {}
            found => found?.iter().for_each(|row| each(row.into())),
        }
        Ok(())
    }

    /// Hands the `skill:` names of a platform that are stored to a function; they are judged for no caller.
    pub(super) fn walk_skills(
        &self,
        org: &OrgId,
        platform: &PlatformName,
        mut each: impl FnMut(Named),
    ) -> Result<(), Fault> {
        match self.vault.0.rows.platform(self.as_of, org, platform) {
            Some(rows) => {
                rows.iter().filter(|row| row.name.skill().is_some()).for_each(|row| each(row.into()));
            }
            None => drop(self.store().walk_names(&of_platform(org, platform), &mut each)?),
        }
        Ok(())
    }

    /// Reads all rows of a platform, and keeps them; `None` if there are too many for that.
    fn read_platform(&self, org: &OrgId, platform: &PlatformName) -> Result<Option<Arc<[Row]>>, Fault> {
        let most = FIELDS as u64;
        let query = ListQuery { limit: Some(most), ..of_platform(org, platform) };
        let (mut rows, total) = self.store().list(&query, ANSWER_BYTES)?;
        if total >= most {
            return Ok(None);
        }
        let Ok(bare) = self.bare(org, platform) else { return Ok(None) };
        rows.extend(bare);
        let rows: Arc<[Row]> = rows.into();
        self.vault.0.rows.keep_platform(self.as_of, (org, platform), &rows);
        Ok(Some(rows))
    }

    /// Finds the secret whose whole name is a platform.
    fn bare(&self, org: &OrgId, platform: &PlatformName) -> Result<Option<Row>, Fault> {
        let name = SecretName::try_from(platform.to_string())?;
        let found = self.store().find(org, &name).map_err(|error| unreadable(&name, error))?;
        Ok(found.map(|stored| stored.row))
    }
}

/// Names for an answer, as far as it has room for them.
#[derive(Default)]
struct Names {
    kept: Vec<Named>,
    /// What all of them take, in bytes.
    bytes: usize,
}

impl Names {
    fn add(&mut self, one: Named) {
        self.bytes += one.size();
        if self.bytes <= ANSWER_BYTES {
            self.kept.push(one);
        }
    }

    /// Returns all of them, or says what to ask for instead.
    fn all(self, instead: &str) -> Result<Vec<Named>, Fault> {
        if self.bytes <= ANSWER_BYTES {
            return Ok(self.kept);
        }
        Err(Fault::new(Code::TooLarge, "the names take more than 16 MiB").hint(instead))
    }
}

fn of_platform(org: &OrgId, platform: &PlatformName) -> ListQuery {
    let scope = OrgScope::One(org.clone());
    ListQuery { platforms: vec![platform.clone()], ..ListQuery::all(scope) }
}
