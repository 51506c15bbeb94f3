//! Update, versions, rollback, and a platform's fields together.

use super::desk::{Desk, Judged};
use super::faults::unsealable;
use super::handle::{After, Handle};
use super::secrets::{NewSecret, Past, created, unusual_form};
use crate::api::{
    AddPlatform, Code, Created, Fault, ListVersions, PlatformAdded, Rollback, Secret, Success, UpdateSecret,
    Version, Versions,
};
use crate::discovery::field_of;
use crate::domain::{Action, FieldName, Metadata, OrgId, PlatformName, SecretName};
use crate::presets::{Preset, PresetField, Presets};
use crate::secret::SecretValue;
use crate::store::{Change, Kept, Stored, VERSIONS_KEPT, VersionRow};

/// Reads a secret's kept versions and checks them against its row.
pub(super) fn kept_versions(desk: &Desk, stored: &Judged) -> Result<Vec<VersionRow>, Fault> {
    let versions = desk.versions(stored)?;
    if VersionRow::digest_of(&versions) != stored.row.versions {
        // They were read after the row: where that changed meanwhile, all of it is tried again.
        if desk.has_changed(stored)? {
            return Err(Fault::stale());
        }
        let words = format!("the kept versions of `{}` were changed", stored.row.name);
        return Err(Fault::new(Code::Integrity, words));
    }
    Ok(versions)
}

/// Opens an older version of a taken secret.
pub(super) fn older(desk: &Desk, stored: &Judged, version: u64) -> Result<SecretValue, Fault> {
    let versions = kept_versions(desk, stored)?;
    let found = versions.iter().find(|kept| kept.version == version).ok_or_else(|| {
        let word = stored.row.name.as_str().replace('\'', r"'\''");
        let hint = format!("see which are kept with: vaultctl history '{word}'");
        Fault::new(Code::NotFound, "this version is not kept").hint(hint)
    })?;
    open_version(desk, stored, found)
}

/// Opens one kept version.
pub(super) fn open_version(desk: &Desk, stored: &Judged, version: &VersionRow) -> Result<SecretValue, Fault> {
    let keys = desk.keys()?;
    let context = stored.row.version_context(keys.vault(), version);
    keys.open(&context, &version.sealed).map_err(|error| unsealable(stored.row.name.as_str(), error))
}

/// Makes the present value of a secret one of its older versions.
fn archived(stored: &Stored) -> VersionRow {
    let row = &stored.row;
    VersionRow {
        version: row.version,
        revision: row.revision,
        created_at: row.version_at,
        created_by: row.version_by.clone(),
        sealed: stored.sealed.clone(),
    }
}

/// Seals the next revision of a row and stages it; a new value pushes the present one among the older.
fn replace(desk: &mut Desk, stored: &Judged, mut next: Stored, value: &NextValue) -> Result<Created, Fault> {
    let (keys, now) = (std::sync::Arc::clone(desk.keys()?), desk.now());
    let row = &mut next.row;
    row.revision += 1;
    row.updated_at = now;
    let mut kept = Kept::Same;
    if let NextValue::New(_) = value {
        let mut versions = kept_versions(desk, stored)?;
        versions.push(archived(stored));
        let first = versions.len().saturating_sub(VERSIONS_KEPT - 1);
        if first > 0 {
            desk.then(After::EraseSoon);
        }
        row.versions = VersionRow::digest_of(versions.get(first..).unwrap_or_default());
        row.version += 1;
        row.version_at = now;
        row.version_by = desk.caller().actor().to_string();
        kept = Kept::Push(Box::new(archived(stored)));
    }
    let (NextValue::New(value) | NextValue::Same(value)) = value;
    next.sealed = keys.seal(&row.seal_context(keys.vault()), value)?;
    row.digest = next.sealed.digest();
    row.mac = row.compute_mac(&keys);
    desk.detail("version", row.version);
    desk.detail("revision", row.revision);
    let answer = Created::of(row);
    let (seen, was) = (stored.row.revision, stored.row.category);
    desk.stage(Change::Replace { next: Box::new(next), seen, was, kept });
    Ok(answer)
}

/// Gives a secret a new value at its next revision, and stages it.
pub(super) fn renewed(
    desk: &mut Desk,
    stored: &Judged,
    next: Stored,
    value: &SecretValue,
) -> Result<(), Fault> {
    replace(desk, stored, next, &NextValue::New(copy(value)?)).map(drop)
}

/// The value of the next revision.
enum NextValue {
    /// Another one.
    New(SecretValue),
    /// The one before.
    Same(SecretValue),
}

fn copy(value: &SecretValue) -> Result<SecretValue, Fault> {
    Ok(SecretValue::new(value.expose().to_owned())?)
}

impl Handle for UpdateSecret {
    fn act(&self, desk: &mut Desk) -> Result<Created, Fault> {
        let stored = desk.take_addressed(Action::Encrypt, &self.secret)?;
        self.check(&stored)?;
        let mut next = (*stored).clone();
        let mut changed = Vec::new();
        if let Some(category) = self.category {
            next.row.category = category;
            changed.push("category");
        }
        if let Some(metadata) = &self.metadata {
            next.row.metadata = metadata.to_json();
            changed.push("metadata");
        }
        if let Some(expires_at) = self.expires_at {
            next.row.expires_at = expires_at;
            changed.push("expiresAt");
        }
        let value = match &self.value {
            Some(value) => {
                changed.push("value");
                NextValue::New(copy(value.value())?)
            }
            None => NextValue::Same(desk.open(&stored)?),
        };
        if changed.is_empty() {
            return Err(Fault::new(
                Code::InvalidRequest,
                "there is nothing to change: name value, category, metadata or expiresAt",
            ));
        }
        desk.detail("changed", changed);
        let mut answer = replace(desk, &stored, next, &value)?;
        let given = self.value.as_ref().map(|value| unusual_form(&stored.row.name, value.value()));
        answer.warnings.extend(given.flatten());
        Ok(answer)
    }
}

impl UpdateSecret {
    fn check(&self, stored: &Stored) -> Result<(), Fault> {
        let row = &stored.row;
        let version_fits = self.if_version.is_none_or(|version| version == row.version);
        let revision_fits = self.if_revision.is_none_or(|revision| revision == row.revision);
        if version_fits && revision_fits {
            return Ok(());
        }
        let words = format!("`{}` is at version {}, revision {}", row.name, row.version, row.revision);
        Err(Fault::new(Code::Conflict, words))
    }
}

impl Handle for ListVersions {
    fn act(&self, desk: &mut Desk) -> Result<Versions, Fault> {
        let stored = desk.take(Action::Read, self.id)?;
        let mut versions = kept_versions(desk, &stored)?;
        versions.push(archived(&stored));
        let version = |kept: &VersionRow| Version {
            version: kept.version,
            created_at: kept.created_at,
            created_by: kept.created_by.clone(),
        };
        Ok(Versions { versions: versions.iter().rev().map(version).collect() })
    }
}

impl Handle for Rollback {
    fn act(&self, desk: &mut Desk) -> Result<Created, Fault> {
        let stored = desk.take_addressed(Action::Encrypt, &self.secret)?;
        if self.version == stored.row.version {
            return Err(Fault::new(Code::Conflict, "this version is the present one"));
        }
        let value = older(desk, &stored, self.version)?;
        desk.detail("rollbackTo", self.version);
        replace(desk, &stored, (*stored).clone(), &NextValue::New(value))
    }
}

impl Handle for AddPlatform {
    fn act(&self, desk: &mut Desk) -> Result<PlatformAdded, Fault> {
        let org = self.org_id.clone().unwrap_or_default();
        let preset = Presets::builtin().get(&self.platform).ok_or_else(unknown_platform)?;
        let given = self.by_field(preset, &StoredFields { desk, org: &org })?;
        let (mut entries, mut warnings) = (Vec::new(), Vec::new());
        for (name, value) in given {
            desk.ask(Action::Create, &org, Some(&name))?;
            warnings.extend(unusual_form(&name, value));
            let new = NewSecret {
                org: org.clone(),
                name,
                category: Some(preset.category),
                metadata: Metadata::default(),
                expires_at: None,
                past: Past::default(),
            };
            let stored = new.seal(desk, value)?;
            desk.note(created(&stored.row).with("platform", preset.platform.as_str()));
            entries.push(Secret::from(&stored.row));
            desk.stage(Change::Insert(Box::new(stored)));
        }
        Ok(PlatformAdded { success: Success, entries, warnings })
    }
}

fn unknown_platform() -> Fault {
    Fault::new(Code::NotFound, "there is no such preset").hint("see the platforms with: vaultctl presets")
}

/// What of a platform an org holds already.
struct StoredFields<'d> {
    desk: &'d Desk,
    org: &'d OrgId,
}

impl StoredFields<'_> {
    /// Returns whether a field is stored, under any name, as far as the caller may know.
    fn have(&self, preset: &Preset, field: &PresetField) -> Result<bool, Fault> {
        let names = self.desk.platform_names(Action::Create, self.org, &preset.platform)?;
        let is_it = |name: &SecretName| {
            let (_, stored) = name.skill()?;
            field_of(preset, stored).map(|known| known.field == field.field)
        };
        Ok(names.iter().any(|one| is_it(&one.name) == Some(true)))
    }
}

impl AddPlatform {
    /// Puts the given values in the preset's order, under their stored names; a field that is stored already may be missing.
    fn by_field(
        &self,
        preset: &Preset,
        stored: &StoredFields<'_>,
    ) -> Result<Vec<(SecretName, &SecretValue)>, Fault> {
        let platform = PlatformName::try_from(preset.platform.clone())?;
        let means = |name: &str| field_of(preset, Some(name)).map(|field| field.field.as_str());
        if self.fields.0.keys().any(|name| means(name).is_none()) {
            let known: Vec<_> = preset.fields.iter().map(|field| field.field.as_str()).collect();
            let words = format!("field `fields`: there is a field that is not {}", known.join(", "));
            return Err(bad_field(words));
        }
        let mut given = Vec::new();
        for field in &preset.fields {
            let mut values = self.fields.0.iter().filter(|(name, _)| means(name) == Some(&*field.field));
            match (values.next(), values.next()) {
                (Some((_, value)), None) => {
                    let name = SecretName::of_field(&platform, &FieldName::try_from(field.field.clone())?)?;
                    given.push((name, value.value()));
                }
                (None, _) if field.optional || stored.have(preset, field)? => {}
                (None, _) => return Err(bad_field(format!("field `fields`: `{}` is missing", field.field))),
                (Some(_), Some(_)) => {
                    return Err(bad_field(format!("field `fields`: `{}` is given twice", field.field)));
                }
            }
        }
        if given.is_empty() {
            return Err(bad_field("field `fields`: no field is named".to_owned()));
        }
        Ok(given)
    }
}

fn bad_field(words: String) -> Fault {
    Fault::new(Code::InvalidRequest, words)
}
