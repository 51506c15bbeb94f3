//! The desk: where one act is judged, done and written down.
//!
//! An operation reaches secrets only through here, and each way asks the policy and notes the entry at once, so
//! none can forget either.

mod judged;
mod listing;
mod long;
mod placing;
mod rebuild;
mod taking;
mod whole;

use std::sync::Arc;

pub(super) use judged::{Judged, LogReader, Whole};
pub(super) use rebuild::{Pages, Rebuilt, leads_elsewhere};

use super::Vault;
use super::faults::{fault_of, forbidden, unreadable, unsealable};
use super::handle::After;
use super::portions::Work;
use crate::api::{Code, Fault};
use crate::audit::{Author, Draft};
use crate::domain::{Action, AgentId, Caller, OrgId, Outcome, Role, SecretId, SecretName, Timestamp};
use crate::keyring::Keys;
use crate::policy::{Request, Verdict, judge};
use crate::secret::SecretValue;
use crate::store::{Change, Guard, Refusal, Row, Store, Stored, Unit, VersionRow};

/// One act in progress.
#[derive(Debug)]
pub struct Desk {
    vault: Vault,
    caller: Caller,
    keys: Option<Arc<Keys>>,
    now: Timestamp,
    as_of: u64,
    subject: Option<Draft>,
    denied: bool,
    entries: Vec<Draft>,
    guards: Vec<Guard>,
    changes: Vec<Change>,
    work: Option<Box<dyn Work>>,
    after: After,
}

impl Desk {
    pub(super) fn new(vault: Vault, caller: Caller, keys: Option<Arc<Keys>>) -> Self {
        let (now, as_of) = (vault.now(), vault.0.store.changes());
        Self {
            vault,
            caller,
            keys,
            now,
            as_of,
            subject: None,
            denied: false,
            entries: Vec::new(),
            guards: Vec::new(),
            changes: Vec::new(),
            work: None,
            after: After::Nothing,
        }
    }

    /// Gives the vault.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Returns the store, for the desk's own ways to it.
    fn store(&self) -> &dyn Store {
        &*self.vault.0.store
    }

    /// Gives the moment of the request.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Gives the caller.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Gives the keys.
    pub fn keys(&self) -> Result<&Arc<Keys>, Fault> {
        self.keys
            .as_ref()
            .ok_or_else(|| Fault::new(Code::Internal, "an operation asked for keys that it may lack"))
    }

    /// Names what the act is about, so that a refusal from here on is recorded with it.
    pub fn about(&mut self, draft: Draft) {
        self.subject = Some(draft);
    }

    /// Asks whether the caller may do this.
    fn allows(&self, action: Action, org: &OrgId, name: Option<&str>) -> bool {
        let request = Request { action, org: Some(org), name };
        matches!(judge(&self.caller, &request), Verdict::Allowed(_))
    }

    /// Asks whether the caller may do this to the whole vault.
    fn allows_whole(&self, action: Action) -> bool {
        let request = Request { action, org: None, name: None };
        matches!(judge(&self.caller, &request), Verdict::Allowed(_))
    }

    /// Takes back what was noted of a secret that turned out not to open.
    pub(super) fn drop_noted(&mut self, id: SecretId) {
        if self.entries.last().is_some_and(|entry| entry.secret == Some(id)) {
            self.entries.pop();
        }
        if self.guards.last().is_some_and(|guard| guard.id == id) {
            self.guards.pop();
        }
    }

    /// Asks for an act that is not on one stored secret: a list, a new name.
    pub fn ask(&mut self, action: Action, org: &OrgId, name: Option<&SecretName>) -> Result<(), Fault> {
        let mut draft = Draft::of(action).org(org);
        draft.name = name.map(|name| name.as_str().to_owned());
        self.about(draft);
        let name = name.map(SecretName::as_str);
        if self.allows(action, org, name) { Ok(()) } else { Err(forbidden()) }
    }

    /// Checks a row that was read: its MAC, and whether the inspection found it hurt.
    pub(super) fn check(&self, row: &Row) -> Result<(), Fault> {
        self.vault.findings().check(row, self.keys()?)
    }

    /// Refuses what concerns no secret in particular to those who were admitted and have no grant.
    pub(super) fn refuse_nobody(&self) -> Result<(), Fault> {
        if matches!(self.caller.role, Role::Nobody) { Err(forbidden()) } else { Ok(()) }
    }

    /// Names the agent that acts, so that the writer can check that it still may.
    fn acting_agent(&self) -> Option<(AgentId, u64)> {
        match &self.caller.role {
            Role::Agent(agent) => Some((agent.name.clone(), agent.revision)),
            _ => None,
        }
    }

    /// Adds a detail to the entry that was noted last.
    pub fn detail(&mut self, key: &str, value: impl Into<serde_json::Value>) {
        if let Some(entry) = self.entries.last_mut() {
            entry.metadata.insert(key.to_owned(), value.into());
        }
    }

    /// Notes an entry of its own.
    pub fn note(&mut self, draft: Draft) {
        self.entries.push(draft);
    }

    /// Opens a taken secret's value.
    ///
    /// # Errors
    /// `integrity` where the sealed value does not authenticate, `not_found` where it has expired.
    pub fn reveal(&self, stored: &Judged) -> Result<SecretValue, Fault> {
        self.unexpired(stored)?;
        self.vault.mark_used();
        self.open(stored)
    }

    /// Refuses a secret that is no longer handed out.
    pub(super) fn unexpired(&self, stored: &Stored) -> Result<(), Fault> {
        let row = &stored.row;
        let Some(end) = row.expires_at.filter(|_| row.is_expired(self.now)) else { return Ok(()) };
        let fault = Fault::new(Code::NotFound, format!("the secret `{}` expired at {end}", row.name))
            .hint("give it a new value or a later expiry with: vaultctl set");
        Err(Fault { expired_at: Some(end), ..fault })
    }

    /// Opens a taken secret's value to seal it again, expired or not.
    ///
    /// # Errors
    /// `integrity` where the sealed value does not authenticate.
    pub(super) fn open(&self, stored: &Judged) -> Result<SecretValue, Fault> {
        let (keys, row) = (self.keys()?, &stored.row);
        let opened = keys.open(&row.seal_context(keys.vault()), &stored.sealed);
        opened.map_err(|error| unsealable(row.name.as_str(), error))
    }

    /// Reads the older versions of a taken secret, unchecked.
    pub(super) fn versions(&self, stored: &Judged) -> Result<Vec<VersionRow>, Fault> {
        let versions = self.store().versions(stored.row.id);
        versions.map_err(|error| unreadable(&stored.row.name, error))
    }

    /// Returns whether a taken secret was changed or removed since it was read.
    pub(super) fn has_changed(&self, stored: &Judged) -> Result<bool, Fault> {
        let now = self.store().row(stored.row.id)?;
        Ok(now.is_none_or(|now| now.revision != stored.row.revision))
    }

    /// Says what is to follow the commit.
    pub(super) fn then(&mut self, after: After) {
        self.after = after;
    }

    /// Takes what is to follow the commit.
    pub(super) fn take_after(&mut self) -> After {
        std::mem::replace(&mut self.after, After::Nothing)
    }

    /// Goes on under keys that the act itself brought.
    pub(super) fn adopt(&mut self, keys: Arc<Keys>) {
        self.keys = Some(keys);
    }

    /// Stages a change of a taken secret, which replaces the guard on it.
    pub fn stage(&mut self, change: Change) {
        let staged = match &change {
            Change::Replace { next, .. } => Some(next.row.id),
            Change::Remove { id, .. } => Some(*id),
            _ => None,
        };
        // Such a change checks the revision itself; it was noted last, so its guard is the last one.
        if staged.is_some() && self.guards.last().map(|guard| guard.id) == staged {
            self.guards.pop();
        }
        self.changes.push(change);
    }

    /// Makes the unit of a successful act.
    pub(super) fn unit(&mut self) -> Result<Unit, Fault> {
        if self.entries.is_empty() && self.work.is_none() {
            return Err(Fault::new(Code::Internal, "an operation left no audit entry"));
        }
        let entries = std::mem::take(&mut self.entries);
        Ok(Unit {
            keys: Arc::clone(self.keys()?),
            author: Author::of(&self.caller, self.now),
            agent: self.acting_agent(),
            guards: std::mem::take(&mut self.guards),
            as_of: self.as_of,
            changes: std::mem::take(&mut self.changes),
            entries,
        })
    }

    /// Refuses what an agent asks for that is not let in any more.
    pub(super) fn refused_as_outdated<T>(mut self: Box<Self>) -> (Box<Self>, Result<T, Fault>) {
        self.about(Draft::of(Action::Read));
        self.denied = true;
        (self, Err(fault_of(&Refusal::Revoked)))
    }

    /// Makes the unit that records a refusal, where it is known what was refused.
    pub(super) fn refused_unit(&mut self, fault: &Fault) -> Option<Unit> {
        let keys = Arc::clone(self.keys.as_ref()?);
        let mut draft = self.subject.take()?;
        let denied = self.denied || fault.code == Code::Forbidden;
        draft.outcome = if denied { Outcome::Denied } else { Outcome::Failed };
        let entries = vec![draft.with("code", fault.code.as_str()).asked_by(&self.caller)];
        let author = Author::of(&self.caller, self.now);
        Some(Unit { keys, author, agent: None, guards: Vec::new(), as_of: 0, changes: Vec::new(), entries })
    }
}
