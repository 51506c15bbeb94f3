//! Taking a stored secret: each way judges the caller on the stored name, and notes the entry at once.

use std::sync::Arc;

use super::{Desk, Judged};
use crate::api::{Address, Fault};
use crate::audit::Draft;
use crate::discovery;
use crate::domain::{Action, OrgId, SecretId, SecretName, SecretRef};
use crate::store::{Guard, StoreError, Stored};
use crate::vault::faults::{forbidden, unreadable};
use crate::vault::rows::{Rows, Seen};

impl Desk {
    /// Takes a stored secret by id: judged on its stored name, checked, and noted.
    ///
    /// # Errors
    /// `not_found` if it is missing or the caller may not, which look the same; `integrity` if its row does not
    /// authenticate.
    pub fn take(&mut self, action: Action, secret: SecretRef) -> Result<Judged, Fault> {
        self.take_in(action, secret, None)
    }

    /// Takes a stored secret by id, which is only meant if it is in this org.
    fn take_in(&mut self, action: Action, secret: SecretRef, org: Option<&OrgId>) -> Result<Judged, Fault> {
        let mut draft = Draft::of(action);
        draft.secret = secret.id();
        self.about(draft);
        let found = match secret.id() {
            Some(id) => self.look(action, |rows, as_of| rows.of(as_of, id), || Ok(self.store().get(id)?))?,
            None => None,
        };
        let meant = found.filter(|seen| org.is_none_or(|org| *org == seen.stored().row.org));
        let Some(seen) = meant else {
            self.refuse_missed(|gone| Some(gone.id) == secret.id())?;
            return Err(Fault::not_found());
        };
        self.admit(action, seen)?.ok_or_else(Fault::not_found)
    }

    /// Takes the stored secret that a request means: judged on its stored name, checked, and noted.
    ///
    /// # Errors
    /// Those of [`Desk::take`]; `forbidden` instead of `not_found` to those who may list a secret that they named.
    pub fn take_addressed(&mut self, action: Action, secret: &Address) -> Result<Judged, Fault> {
        match secret {
            Address::Id { id, org_id } => self.take_in(action, *id, org_id.as_ref()),
            Address::Name { name, org_id } => {
                let org = org_id.clone().unwrap_or_default();
                self.about(Draft { name: Some(name.to_string()), ..Draft::of(action).org(&org) });
                self.find_in_place(action, &org, name)?.ok_or_else(|| missing(name))
            }
        }
    }

    /// Takes a secret by id whose row is damaged, so that its owner can be rid of it; gives its id and revision.
    ///
    /// # Errors
    /// The given one where the caller is no owner, no row is there, or it is addressed by a name, which may be damaged too.
    pub(in crate::vault) fn take_remains(
        &mut self,
        secret: &Address,
        fault: Fault,
    ) -> Result<(SecretId, u64), Fault> {
        let Address::Id { id, .. } = secret else { return Err(fault) };
        let Some(id) = id.id().filter(|_| self.caller.is_owner()) else { return Err(fault) };
        let Some(remains) = self.store().remains(id)? else { return Err(fault) };
        let mut draft = Draft::of(Action::Delete).with("damaged", true);
        (draft.secret, draft.org) = (Some(id), remains.org);
        draft.name = remains.name.map(|name| name.to_string());
        self.note(draft);
        Ok((id, remains.revision))
    }

    /// Finds a stored secret by exact name; without one that this caller may know of, nothing is noted.
    pub fn find(&mut self, action: Action, org: &OrgId, name: &SecretName) -> Result<Option<Judged>, Fault> {
        let may_list = || self.allows(Action::Read, org, Some(name.as_str()));
        let read = || match self.store().find(org, name) {
            Err(StoreError::Damaged(_)) if !may_list() => Ok(None),
            found => found.map_err(|error| unreadable(name, error)),
        };
        let Some(seen) = self.look(action, |rows, as_of| rows.named(as_of, org, name), read)? else {
            self.refuse_missed(|gone| gone.org == *org && gone.name == name.as_str())?;
            return Ok(None);
        };
        self.admit(action, seen)
    }

    /// Looks among the rows that were checked since the last change, then in the store; changes read their rows again.
    fn look(
        &self,
        action: Action,
        checked: impl FnOnce(&Rows, u64) -> Option<Arc<Stored>>,
        read: impl FnOnce() -> Result<Option<Stored>, Fault>,
    ) -> Result<Option<Seen>, Fault> {
        let known = (action == Action::Decrypt).then(|| checked(&self.vault.0.rows, self.as_of)).flatten();
        match known {
            Some(stored) => Ok(Some(Seen::Checked(stored))),
            None => Ok(read()?.map(|stored| Seen::Read(Arc::new(stored)))),
        }
    }

    /// Judges and checks a stored secret; to a caller who may not even list it, it is not there.
    fn admit(&mut self, action: Action, seen: Seen) -> Result<Option<Judged>, Fault> {
        let row = &seen.stored().row;
        let draft = Draft::of(action).org(&row.org).secret(row.id, row.name.as_str());
        self.about(draft.clone());
        let name = Some(row.name.as_str());
        if !self.allows(action, &row.org, name) {
            self.denied = true;
            return if self.allows(Action::Read, &row.org, name) { Err(forbidden()) } else { Ok(None) };
        }
        if let Seen::Read(stored) = &seen {
            self.check(row)?;
            if action == Action::Decrypt {
                self.vault.0.rows.keep(self.as_of, stored);
            }
        }
        self.entries.push(draft);
        self.guards.push(Guard { id: row.id, revision: row.revision });
        Ok(Some(Judged::new(seen.into_stored())))
    }
}

/// Says that no secret is in a name's place; a platform's word is that of several.
fn missing(name: &SecretName) -> Fault {
    let fault = Fault::not_found();
    match discovery::full_names(name.as_str()).as_slice() {
        [] => fault,
        names => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            fault.hint(format!(
                "`{name}` is a platform: give the full name of one secret, such as {}",
                names.join(" or ")
            ))
        }
    }
}
