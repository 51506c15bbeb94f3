//! Rotation: the same values under fresh salts and IVs.

use super::desk::{Desk, Judged};
use super::handle::{After, Changes, Handle, Length, Settled, Tally};
use super::portions::{Making, Work};
use super::reseal::Resealed;
use crate::api::{Created, Fault, RotateAll, RotateSecret, RotatedAll, RotationError, Success};
use crate::audit::Draft;
use crate::domain::{Action, OrgScope, Outcome};
use crate::store::Row;

/// Seals a secret afresh at its next revision.
fn rotated(desk: &Desk, stored: &Judged) -> Result<Resealed, Fault> {
    let (now, row) = (desk.now(), &stored.row);
    let row = Row { rotated_at: Some(now), updated_at: now, revision: row.revision + 1, ..row.clone() };
    Resealed::make(desk, stored, desk.keys()?, row)
}

impl Handle for RotateSecret {
    fn act(&self, desk: &mut Desk) -> Result<Created, Fault> {
        let stored = desk.take_addressed(Action::Rotate, &self.secret)?;
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
    const CHANGES: Changes = Changes::InPortions;

    fn act(&self, desk: &mut Desk) -> Result<RotatedAll, Fault> {
        let scope = self.org_id.clone().unwrap_or_default();
        let mut all = Draft::of(Action::Rotate);
        all.org = scope.one().cloned();
        desk.about(all.clone());
        desk.refuse_nobody()?;
        desk.stage_in_portions(Box::new(Rotation { scope, all }));
        // The sealed values of before leave the disk too.
        desk.then(After::EraseSoon);
        Ok(RotatedAll { success: Success, rotated: 0, errors: Vec::new() })
    }

    fn settled(answer: &mut RotatedAll, settled: Settled) {
        let Tally { sealed, errors } = settled.tally;
        (answer.rotated, answer.errors) = (sealed, errors);
    }
}

/// The rotation of all secrets of some orgs.
#[derive(Debug)]
struct Rotation {
    scope: OrgScope,
    /// The entry of the whole.
    all: Draft,
}

impl Work for Rotation {
    fn make(self: Box<Self>, making: &mut Making) -> Result<Tally, Fault> {
        let Self { scope, all } = *self;
        let (mut sealed, mut errors) = (0_u64, Vec::new());
        for id in making.desk().ids(Action::Rotate, scope)? {
            let Some(stored) = making.read(Action::Rotate, id)? else { continue };
            let desk = making.desk();
            match desk.check(&stored.row).and_then(|()| rotated(desk, &stored)) {
                Ok(made) => {
                    let row = &made.next.row;
                    let draft = entry(row).with("version", row.version).with("revision", row.revision);
                    making.put(made, draft)?;
                    sealed += 1;
                }
                Err(fault) => {
                    let draft = Draft { outcome: Outcome::Failed, ..entry(&stored.row) };
                    making.note(draft.with("code", fault.code.as_str()))?;
                    errors.push(error_of(&stored.row, fault));
                }
            }
        }
        making.note(all.with("rotated", sealed).with("errors", errors.len()))?;
        Ok(Tally { sealed, errors })
    }
}

fn entry(row: &Row) -> Draft {
    Draft::of(Action::Rotate).org(&row.org).secret(row.id, row.name.as_str())
}

fn error_of(row: &Row, fault: Fault) -> RotationError {
    RotationError { id: row.id, name: row.name.to_string(), code: fault.code, error: fault.message }
}
