//! Rotation: the same values under fresh salts and IVs.

use super::desk::{Desk, Judged};
use super::handle::{Changes, Handle, Length, Place};
use super::reseal::{Resealed, on_all_processors};
use crate::api::{Created, Fault, RotateAll, RotateSecret, RotatedAll, RotationError, Success};
use crate::audit::Draft;
use crate::domain::{Action, Outcome};
use crate::store::Row;

/// Seals a secret afresh at its next revision.
fn rotated(desk: &Desk, stored: &Judged) -> Result<Resealed, Fault> {
    let (now, row) = (desk.now(), &stored.row);
    let row = Row { rotated_at: Some(now), updated_at: now, revision: row.revision + 1, ..row.clone() };
    Resealed::make(desk, stored, desk.keys()?, row)
}

impl Handle for RotateSecret {
    fn act(&self, desk: &mut Desk) -> Result<Created, Fault> {
        let stored = desk.take(Action::Rotate, self.id)?;
        let made = rotated(desk, &stored)?;
        desk.detail("version", made.next.row.version);
        desk.detail("revision", made.next.row.revision);
        let answer = Created::of(&made.next.row);
        desk.stage(made.into_change());
        Ok(answer)
    }
}

impl Handle for RotateAll {
    const ANSWER: Length = Length::Long;
    const PLACE: Place = Place::Blocking;
    const CHANGES: Changes = Changes::Alone;

    fn act(&self, desk: &mut Desk) -> Result<RotatedAll, Fault> {
        let scope = self.org_id.clone().unwrap_or_default();
        let mut all = Draft::of(Action::Rotate);
        all.org = scope.one().cloned();
        desk.about(all.clone());
        desk.refuse_nobody()?;
        let (secrets, _) = desk.list_sealed(Action::Rotate, scope)?;
        let made = on_all_processors(&secrets, |stored| {
            desk.check(&stored.row)?;
            rotated(desk, stored)
        });
        let mut errors = Vec::new();
        for (stored, made) in secrets.iter().zip(made) {
            match made {
                Ok(made) => put(desk, made),
                Err(fault) => {
                    desk.note(failed(&stored.row, &fault));
                    errors.push(error_of(&stored.row, fault));
                }
            }
        }
        let rotated = (secrets.len() - errors.len()) as u64;
        desk.note(all.with("rotated", rotated).with("errors", errors.len()));
        Ok(RotatedAll { success: Success, rotated, errors })
    }
}

/// Stages one of many, and notes it.
fn put(desk: &mut Desk, made: Resealed) {
    let row = &made.next.row;
    let draft = Draft::of(Action::Rotate).org(&row.org).secret(row.id, row.name.as_str());
    desk.note(draft.with("version", row.version).with("revision", row.revision));
    desk.stage(made.into_change());
}

fn failed(row: &Row, fault: &Fault) -> Draft {
    let mut draft = Draft::of(Action::Rotate).org(&row.org).secret(row.id, row.name.as_str());
    draft.outcome = Outcome::Failed;
    draft.with("code", fault.code.as_str())
}

fn error_of(row: &Row, fault: Fault) -> RotationError {
    RotationError { id: row.id, name: row.name.to_string(), code: fault.code, error: fault.message }
}
