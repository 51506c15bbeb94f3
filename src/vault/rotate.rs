//! Rotation: the same values under fresh salts and IVs.

use std::sync::Arc;

use super::change::{kept_versions, open_version};
use super::desk::Desk;
use super::handle::{Changes, Handle, Place};
use crate::api::{Created, Fault, RotateAll, RotateSecret, RotatedAll, RotationError, Success};
use crate::audit::Draft;
use crate::domain::{Action, Outcome};
use crate::keyring::Keys;
use crate::store::{Change, Kept, ListQuery, Row, Stored, VersionRow};

/// Seals a secret and its kept versions afresh, under the given keys and at a new revision.
pub(super) fn resealed(
    desk: &Desk,
    stored: &Stored,
    keys: &Keys,
    revision: u64,
) -> Result<(Stored, Vec<VersionRow>), Fault> {
    let mut row = Row { revision, ..stored.row.clone() };
    let mut versions = kept_versions(desk, stored)?;
    for version in &mut versions {
        let value = open_version(desk, stored, version)?;
        version.revision = row.revision;
        version.sealed = keys.seal(&row.version_context(keys.vault(), version), &value)?;
    }
    let sealed = keys.seal(&row.seal_context(keys.vault()), &desk.open(stored)?)?;
    row.versions = VersionRow::digest_of(&versions);
    row.digest = sealed.digest();
    row.mac = row.compute_mac(keys);
    Ok((Stored { row, sealed }, versions))
}

/// Rotates a taken secret and stages it.
fn rotate(desk: &mut Desk, stored: &Stored) -> Result<Created, Fault> {
    let keys = Arc::clone(desk.keys()?);
    let marked = Stored {
        row: Row { rotated_at: Some(desk.now()), updated_at: desk.now(), ..stored.row.clone() },
        ..stored.clone()
    };
    let (next, versions) = resealed(desk, &marked, &keys, stored.row.revision + 1)?;
    desk.detail("version", next.row.version);
    desk.detail("revision", next.row.revision);
    let answer = Created::of(&next.row);
    desk.stage(Change::Replace {
        next: Box::new(next),
        seen: stored.row.revision,
        kept: Kept::All(versions),
    });
    Ok(answer)
}

impl Handle for RotateSecret {
    fn act(&self, desk: &mut Desk) -> Result<Created, Fault> {
        let stored = desk.take(Action::Rotate, self.id)?;
        rotate(desk, &stored)
    }
}

impl Handle for RotateAll {
    const PLACE: Place = Place::Blocking;
    const CHANGES: Changes = Changes::Alone;

    fn act(&self, desk: &mut Desk) -> Result<RotatedAll, Fault> {
        let scope = self.org_id.clone().unwrap_or_default();
        let mut all = Draft::of(Action::Rotate);
        all.org = scope.one().cloned();
        desk.about(all.clone());
        let (rows, _) = desk.list(Action::Rotate, &ListQuery::all(scope))?;
        let mut errors = Vec::new();
        for row in &rows {
            // One that vanished since the list is no error: it is not there to be rotated.
            let Err(fault) =
                desk.take(Action::Rotate, row.id.into()).and_then(|stored| rotate(desk, &stored))
            else {
                continue;
            };
            desk.about(all.clone());
            desk.drop_noted(row.id);
            desk.note(failed(row, &fault));
            errors.push(RotationError {
                id: row.id,
                name: row.name.to_string(),
                code: fault.code,
                error: fault.message,
            });
        }
        let rotated = (rows.len() - errors.len()) as u64;
        desk.note(all.with("rotated", rotated).with("errors", errors.len()));
        Ok(RotatedAll { success: Success, rotated, errors })
    }
}

fn failed(row: &Row, fault: &Fault) -> Draft {
    let mut draft = Draft::of(Action::Rotate).org(&row.org).secret(row.id, row.name.as_str());
    draft.outcome = Outcome::Failed;
    draft.with("code", fault.code.as_str())
}
