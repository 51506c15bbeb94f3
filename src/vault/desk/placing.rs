//! New names, judged by what is stored already.

use super::{Desk, Judged};
use crate::api::Fault;
use crate::audit::Draft;
use crate::discovery::{Place, is_before_fields, is_field, names_behind, platforms};
use crate::domain::{Action, Caller, OrgId, PlatformName, SecretName};
use crate::policy::{Request, Verdict, judge};
use crate::store::{Refusal, StoreError};
use crate::vault::faults::{fault_of, forbidden};

/// With how many secrets of a platform in an org only owners add to it: a new name is compared with each.
const CROWD: usize = 1000;

/// What is stored of a name's platform, under each of its names.
struct Neighbours {
    /// The secret that has the name's place under another name.
    twin: Option<SecretName>,
    count: usize,
}

impl Desk {
    /// Asks whether a caller who may store a name may do so with what is stored already.
    ///
    /// A name that would go before a stored secret in the answer to any question replaces what its readers get, which is
    /// `encrypt` on that secret. Owners may.
    ///
    /// # Errors
    /// `conflict` if the name, or another spelling of it, is taken; `forbidden` if the caller may not replace what it
    /// would go before, and for the 1,001st secret of a platform.
    pub(in crate::vault) fn ask_place(&mut self, org: &OrgId, name: &SecretName) -> Result<(), Fault> {
        if self.caller().is_owner() {
            return Ok(());
        }
        // The writer reports it too, and writes an entry each time: an agent's refusals are folded.
        if self.is_stored(org, name)? {
            return Err(fault_of(&Refusal::NameTaken));
        }
        let neighbours = self.neighbours(org, name)?;
        if neighbours.twin.is_some() {
            return Err(fault_of(&Refusal::PlaceTaken));
        }
        if neighbours.count >= CROWD {
            return Err(crowded());
        }
        let behind = self.first_behind(&self.caller, org, name)?;
        behind.map_or(Ok(()), |behind| Err(self.refuse_before(org, name, &behind)))
    }

    /// Finds a stored secret that a name would go before and that a caller may not replace.
    ///
    /// Names are compared by their spelling: what is asked for in one is found in each.
    pub(in crate::vault) fn first_behind(
        &self,
        caller: &Caller,
        org: &OrgId,
        name: &SecretName,
    ) -> Result<Option<SecretName>, Fault> {
        let name = &SecretName::try_from(name.spelling().into_owned())?;
        let (behind, before_fields) = (names_behind(name), is_before_fields(name));
        let may_replace = |stored: &SecretName| {
            let replace = Request { action: Action::Encrypt, org: Some(org), name: Some(stored.as_str()) };
            !matches!(judge(caller, &replace), Verdict::Denied(_))
        };
        let mut first = None;
        for platform in platforms(name.skill().map_or(name.as_str(), |(platform, _)| platform)) {
            let Ok(platform) = PlatformName::try_from(platform) else { continue };
            self.walk_platform(org, &platform, |one| {
                let is_named = || behind.iter().any(|behind| behind.as_str() == one.name.spelling());
                let is_behind = || (before_fields && is_field(&one.name)) || is_named();
                if first.is_none() && is_behind() && !may_replace(&one.name) {
                    first = Some(one.name);
                }
            })?;
        }
        Ok(first)
    }

    /// Returns whether an org has a secret of a name, be it damaged.
    fn is_stored(&self, org: &OrgId, name: &SecretName) -> Result<bool, Fault> {
        match self.store().find(org, name) {
            Err(StoreError::Damaged(_)) => Ok(true),
            found => Ok(found?.is_some()),
        }
    }

    fn neighbours(&self, org: &OrgId, name: &SecretName) -> Result<Neighbours, Fault> {
        let (place, mut found) = (Place::of(name), Neighbours { twin: None, count: 0 });
        for platform in Place::platforms(name) {
            self.walk_skills(org, &platform, |one| {
                found.count += 1;
                if one.name != *name && Place::of(&one.name) == place {
                    found.twin = Some(one.name);
                }
            })?;
        }
        Ok(found)
    }

    /// Finds the stored secret in a name's place: the one of exactly this name, else the one of another; judged on the name that
    /// is stored.
    pub(in crate::vault) fn find_in_place(
        &mut self,
        action: Action,
        org: &OrgId,
        name: &SecretName,
    ) -> Result<Option<Judged>, Fault> {
        if let Some(stored) = self.find(action, org, name)? {
            return Ok(Some(stored));
        }
        let twin = self.neighbours(org, name)?.twin;
        twin.map_or(Ok(None), |twin| self.find(action, org, &twin))
    }

    /// Lists what is stored of a platform, under each of its names, in another spelling than the usual one.
    pub(in crate::vault) fn unusual_spellings(
        &self,
        org: &OrgId,
        name: &SecretName,
    ) -> Result<Vec<SecretName>, Fault> {
        let mut all = Vec::new();
        for platform in Place::platforms(name) {
            self.walk_skills(org, &platform, |one| {
                if one.name.spelling() != one.name.as_str() {
                    all.push(one.name);
                }
            })?;
        }
        Ok(all)
    }

    /// Refuses to store a name before a secret, which is named to those who may list it.
    fn refuse_before(&mut self, org: &OrgId, name: &SecretName, behind: &SecretName) -> Fault {
        let draft = Draft::of(Action::Encrypt).org(org).with("storing", name.as_str());
        self.about(match self.store().find(org, behind) {
            Ok(Some(stored)) => draft.secret(stored.row.id, behind.as_str()),
            _ => Draft { name: Some(behind.to_string()), ..draft },
        });
        let shown = self.allows(Action::Read, org, Some(behind.as_str())).then(|| format!("`{behind}`"));
        let shown = shown.as_deref().unwrap_or("a secret");
        let message = format!("`{name}` would go before {shown}, which you may not replace");
        Fault { message, ..forbidden() }
            .hint("ask the vault's owner for `encrypt` on it, or choose another name")
    }
}

fn crowded() -> Fault {
    let message = format!("the platform has {CROWD} secrets, and only an owner adds more");
    Fault { message, ..forbidden() }.hint("ask the vault's owner, or choose a name of another platform")
}
