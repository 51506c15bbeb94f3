//! Create, list, get, delete.

use super::change::older;
use super::desk::Desk;
use super::handle::{After, Handle, Length, Place, Settled};
use crate::api::{
    Code, CreateSecret, Created, DamagedSecret, DeleteSecret, Deleted, Expiry, Fault, GetSecret, ListSecrets,
    Secret, SecretList, SecretWithValue, Success, Warning,
};
use crate::audit::Draft;
use crate::crypto::random;
use crate::discovery::{field_of, platforms};
use crate::domain::{
    Action, Actor, CLAIM_BYTES, Category, Claim, Metadata, OrgId, PlatformName, SecretId, SecretName,
    SecretRef, Timestamp, check_seen,
};
use crate::presets::Presets;
use crate::secret::SecretValue;
use crate::store::{Change, ExpiryRange, ListQuery, Row, Sort, SortKey, Stored, VersionRow};

/// Chooses the category of a name that came without one.
pub(super) fn usual_category(name: &SecretName) -> Category {
    match name.skill() {
        None => Category::Custom,
        Some((platform, _)) => {
            Presets::builtin().get(platform).map_or(Category::SkillCredential, |p| p.category)
        }
    }
}

/// Warns of a value without the form that its preset knows; only the caller that gives the value may hear of it.
pub(super) fn unusual_form(name: &SecretName, value: &SecretValue) -> Option<Warning> {
    let (platform, field) = name.skill()?;
    let field = field_of(Presets::builtin().get(platform)?, field)?;
    if field.matches(value.expose()) {
        return None;
    }
    let message =
        format!("what was stored does not look like a usual {} ({})", field.label, field.placeholder);
    let hint = format!("check that it was copied whole; replace it with: vaultctl set {name}");
    Some(Warning::new("unusual_form", message, hint))
}

impl Handle for CreateSecret {
    fn act(&self, desk: &mut Desk) -> Result<Created, Fault> {
        let org = self.org_id.clone().unwrap_or_default();
        desk.ask(Action::Create, &org, Some(&self.name))?;
        if self.created_by.as_ref().is_some_and(|claim| claim.len() > CLAIM_BYTES) {
            return Err(Fault::new(Code::InvalidRequest, "field `createdBy`: it has at most 256 bytes"));
        }
        let new = NewSecret {
            org,
            name: self.name.clone(),
            category: self.category,
            metadata: self.metadata.clone().unwrap_or_default(),
            expires_at: self.expires_at,
            past: Past::default(),
        };
        let stored = new.seal(desk, self.value.value())?;
        let row = &stored.row;
        let mut draft = created(row);
        if let Some(claim) = &self.created_by {
            draft = draft.with("claimedCreatedBy", claim.as_str());
        }
        desk.note(draft);
        let mut answer = Created::of(row);
        answer.warnings.extend(unusual_form(&row.name, self.value.value()));
        desk.stage(Change::Insert(Box::new(stored)));
        Ok(answer)
    }
}

/// Writes down a new secret.
pub(super) fn created(row: &Row) -> Draft {
    let draft = Draft::of(Action::Create).org(&row.org).secret(row.id, row.name.as_str());
    draft.with("version", row.version).with("revision", row.revision)
}

/// A secret that is to be stored.
pub(super) struct NewSecret {
    pub(super) org: OrgId,
    pub(super) name: SecretName,
    pub(super) category: Option<Category>,
    pub(super) metadata: Metadata,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) past: Past,
}

/// What is claimed of a secret from before this vault had it.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) created_at: Option<Timestamp>,
    pub(super) created_by: Option<Claim>,
}

impl NewSecret {
    /// Makes the first row of the secret and seals its value.
    ///
    /// # Errors
    /// `invalid_request` for a name with characters that are not seen, and those of [`Desk::ask_place`].
    pub(super) fn seal(self, desk: &mut Desk, value: &SecretValue) -> Result<Stored, Fault> {
        check_seen(self.name.as_str())?;
        check_seen(self.org.as_str())?;
        desk.ask_place(&self.org, &self.name)?;
        let (keys, now, actor) = (desk.keys()?, desk.now(), desk.caller().actor().to_string());
        let category = self.category.unwrap_or_else(|| usual_category(&self.name));
        let Past { created_at, created_by } = self.past;
        let mut row = Row {
            id: SecretId::at(now, &random()?),
            org: self.org,
            name: self.name,
            category,
            metadata: self.metadata.to_json(),
            version: 1,
            revision: 1,
            created_by: created_by.map_or_else(|| actor.clone(), |claim| Actor::Claimed(claim).to_string()),
            created_at: created_at.map_or(now, |at| at.min(now)),
            updated_at: now,
            rotated_at: None,
            expires_at: self.expires_at,
            version_at: now,
            version_by: actor,
            versions: VersionRow::digest_of(&[]),
            digest: [0; 32],
            mac: [0; 32],
        };
        let sealed = keys.seal(&row.seal_context(keys.vault()), value)?;
        row.digest = sealed.digest();
        row.mac = row.compute_mac(keys);
        Ok(Stored { row, sealed })
    }
}

/// Returns all names of a platform: what is stored under an alias is found by each.
fn known_as(platform: &PlatformName) -> Vec<PlatformName> {
    let names = platforms(platform.as_str()).into_iter();
    names.filter_map(|name| PlatformName::try_from(name).ok()).collect()
}

/// How long before its end a secret expires soon, in milliseconds.
const SOON: i64 = 30 * 86_400_000;

/// Returns the expiries that are asked for, at a moment.
pub(super) fn range_of(expiry: Expiry, now: Timestamp) -> ExpiryRange {
    match expiry {
        Expiry::Expired => ExpiryRange::UpTo(now),
        Expiry::Soon => ExpiryRange::Between(now, now.plus_millis(SOON)),
        Expiry::Set => ExpiryRange::Set,
        Expiry::Never => ExpiryRange::Never,
    }
}

impl Handle for ListSecrets {
    const ANSWER: Length = Length::Long;
    const PLACE: Place = Place::Blocking;

    fn act(&self, desk: &mut Desk) -> Result<SecretList, Fault> {
        let scope = self.org_id.clone().unwrap_or_default();
        let mut draft = Draft::of(Action::Read);
        draft.org = scope.one().cloned();
        desk.about(draft.clone());
        let query = ListQuery {
            id: self.id.map(SecretRef::or_absent),
            name: self.name.clone(),
            category: self.category,
            platforms: self.platform.as_ref().map(known_as).unwrap_or_default(),
            search: self.search.clone(),
            expiry: self.expiry.map(|expiry| range_of(expiry, desk.now())),
            sort: self.sort.map_or(Sort { key: SortKey::Name, descending: false }, |sort| sort.0),
            limit: self.limit,
            offset: self.offset.unwrap_or_default().into(),
            ..ListQuery::all(scope)
        };
        desk.refuse_nobody()?;
        let (rows, total) = desk.list(Action::Read, &query)?;
        let keys = desk.keys()?;
        let findings = desk.vault().findings();
        let (good, bad): (Vec<_>, Vec<_>) = rows.iter().partition(|row| findings.check(row, keys).is_ok());
        let secrets: Vec<Secret> = good.into_iter().map(Secret::from).collect();
        let mut damaged: Vec<_> = bad.into_iter().map(DamagedSecret::from).collect();
        let on_page = total.saturating_sub(query.offset).min(query.limit.unwrap_or(u64::MAX));
        if desk.caller().is_owner() && (rows.len() as u64) < on_page {
            damaged.extend(desk.vault().missing(keys, &query.scope)?);
        }
        if desk.caller().is_owner() {
            // An index that hides a row may show it under another name.
            let hidden: Vec<_> = findings.hidden(&query.scope).collect();
            damaged.retain(|row| hidden.iter().all(|hidden| hidden.id != row.id));
            damaged.extend(hidden);
        }
        desk.note(draft.with("listed", secrets.len()));
        Ok(SecretList { secrets, total, damaged })
    }
}

impl Handle for GetSecret {
    fn act(&self, desk: &mut Desk) -> Result<SecretWithValue, Fault> {
        let stored = desk.take(Action::Decrypt, self.id)?;
        let value = match self.version {
            Some(version) if version != stored.row.version => {
                desk.unexpired(&stored)?;
                older(desk, &stored, version)?
            }
            _ => desk.reveal(&stored)?,
        };
        desk.detail("version", self.version.unwrap_or(stored.row.version));
        Ok(SecretWithValue { entry: (&stored.row).into(), value: value.into() })
    }
}

impl Handle for DeleteSecret {
    fn act(&self, desk: &mut Desk) -> Result<Deleted, Fault> {
        let (id, seen) = match desk.take_addressed(Action::Delete, &self.secret) {
            Ok(stored) => (stored.row.id, stored.row.revision),
            Err(fault) if fault.code == Code::Integrity => desk.take_remains(&self.secret, fault)?,
            Err(fault) => return Err(fault),
        };
        desk.detail("revision", seen);
        desk.stage(Change::Remove { id, seen });
        desk.then(After::Erase);
        Ok(Deleted { success: Success, pending_erase: false })
    }

    fn settled(answer: &mut Deleted, settled: Settled) {
        answer.pending_erase = settled.pending_erase;
    }
}
