//! Create, list, get, delete.

use super::desk::{Desk, Handle, Place};
use crate::api::{
    CreateSecret, Created, DeleteSecret, Deleted, Fault, GetSecret, ListSecrets, Secret, SecretList,
    SecretWithValue, Success,
};
use crate::audit::Draft;
use crate::crypto::random;
use crate::domain::{Action, Category, OrgId, SecretId, SecretName};
use crate::presets::Presets;
use crate::store::{Change, ListQuery, Row, Sort, SortKey, Stored, VersionRow};

/// Chooses the category of a name that came without one.
pub(super) fn usual_category(name: &SecretName) -> Category {
    match name.skill() {
        None => Category::Custom,
        Some((platform, _)) => {
            Presets::builtin().get(platform).map_or(Category::SkillCredential, |p| p.category)
        }
    }
}

impl Handle for CreateSecret {
    fn act(&self, desk: &mut Desk) -> Result<Created, Fault> {
        let org = self.org_id.clone().unwrap_or_default();
        desk.ask(Action::Create, &org, Some(&self.name))?;
        let stored = self.seal(desk, org)?;
        let row = &stored.row;
        let mut draft = Draft::of(Action::Create).org(&row.org).secret(row.id, row.name.as_str());
        if let Some(claim) = &self.created_by {
            draft = draft.with("claimedCreatedBy", claim.as_str());
        }
        desk.note(draft.with("version", row.version).with("revision", row.revision));
        let answer = Created::of(row);
        desk.stage(Change::Insert(Box::new(stored)));
        Ok(answer)
    }
}

impl CreateSecret {
    /// Makes the first row of the secret and seals its value.
    fn seal(&self, desk: &Desk, org: OrgId) -> Result<Stored, Fault> {
        let (keys, now, actor) = (desk.keys()?, desk.now(), desk.caller().actor.to_string());
        let mut row = Row {
            id: SecretId::at(now, &random()?),
            org,
            name: self.name.clone(),
            category: self.category.unwrap_or_else(|| usual_category(&self.name)),
            metadata: self.metadata.clone().unwrap_or_default().to_json(),
            version: 1,
            revision: 1,
            created_by: actor.clone(),
            created_at: now,
            updated_at: now,
            rotated_at: None,
            expires_at: self.expires_at,
            version_at: now,
            version_by: actor,
            versions: VersionRow::digest_of(&[]),
            digest: [0; 32],
            mac: [0; 32],
        };
        let sealed = keys.seal(&row.seal_context(keys.vault()), self.value.value())?;
        row.digest = sealed.digest();
        row.mac = row.compute_mac(keys);
        Ok(Stored { row, sealed })
    }
}

impl Handle for ListSecrets {
    const PLACE: Place = Place::Blocking;

    fn act(&self, desk: &mut Desk) -> Result<SecretList, Fault> {
        let scope = self.org_id.clone().unwrap_or_default();
        let mut draft = Draft::of(Action::Read);
        draft.org = scope.one().cloned();
        desk.about(draft.clone());
        let query = ListQuery {
            name: self.name.clone(),
            category: self.category,
            platform: self.platform.clone(),
            search: self.search.clone(),
            sort: self.sort.map_or(Sort { key: SortKey::Name, descending: false }, |sort| sort.0),
            limit: self.limit.map(u64::from),
            offset: self.offset.unwrap_or_default().into(),
            ..ListQuery::all(scope)
        };
        let (rows, total) = desk.store().list(&query)?;
        let keys = desk.keys()?;
        let findings = desk.vault().findings();
        let (good, bad): (Vec<_>, Vec<_>) = rows.iter().partition(|row| findings.check(row, keys).is_ok());
        let secrets: Vec<Secret> = good.into_iter().map(Secret::from).collect();
        let damaged = bad.into_iter().map(|row| row.name.to_string()).collect();
        desk.note(draft.with("listed", secrets.len()));
        Ok(SecretList { secrets, total, damaged })
    }
}

impl Handle for GetSecret {
    fn act(&self, desk: &mut Desk) -> Result<SecretWithValue, Fault> {
        let stored = desk.take(Action::Decrypt, self.id)?;
        let value = desk.reveal(&stored)?;
        desk.detail("version", stored.row.version);
        Ok(SecretWithValue { entry: (&stored.row).into(), value: value.into() })
    }
}

impl Handle for DeleteSecret {
    fn act(&self, desk: &mut Desk) -> Result<Deleted, Fault> {
        let stored = desk.take(Action::Delete, self.id)?;
        desk.detail("revision", stored.row.revision);
        desk.stage(Change::Remove { id: stored.row.id, seen: stored.row.revision });
        Ok(Deleted { success: Success, pending_erase: false })
    }

    fn erased(answer: &mut Deleted, pending: bool) {
        answer.pending_erase = pending;
    }
}
