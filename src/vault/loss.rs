//! Accepting a loss: after damage, what still opens is sealed afresh and what does not is removed.

use std::sync::Arc;

use super::change::{kept_versions, open_version};
use super::desk::{Desk, Judged, Rebuilt};
use super::handle::{After, Changes, Handle, Place};
use super::inspect::{Damage, Located};
use super::reseal::Resealed;
use crate::api::{AcceptLoss, DamagedSecret, Fault, LossAccepted, Success};
use crate::audit::Draft;
use crate::domain::Action;
use crate::store::{Change, Kept, Row, Stored, VersionRow};

impl Handle for AcceptLoss {
    const PLACE: Place = Place::Blocking;
    const CHANGES: Changes = Changes::Alone;

    fn act(&self, desk: &mut Desk) -> Result<LossAccepted, Fault> {
        let whole = desk.ask_whole(Action::Delete)?;
        let agents = desk.known_agents()?;
        let Rebuilt { indexes: rebuilt, found, lost: doubled } = desk.rebuild_indexes()?;
        let located = desk.vault().locate(desk.keys()?)?;
        let mut lost: Vec<_> = located.vanished().map(|gone| (gone.row(), gone.revision)).collect();
        let mut kept = Vec::new();
        for row in &located.rows {
            // One that is deleted meanwhile is refused by the writer, and all of this is tried again.
            let Some(stored) = desk.stored(whole, row.id)? else { continue };
            let damage = located.damage(row);
            if damage.is_none() && is_whole(desk, &stored) {
                continue;
            }
            if let Some(change) = salvage(desk, &stored, damage, &located)? {
                kept.push(row.into());
                desk.stage(change);
            } else {
                lost.push((row.into(), row.revision));
                desk.stage(Change::Remove { id: row.id, seen: row.revision });
            }
        }
        for (gone, revision) in &lost {
            desk.note(entry(Action::Delete, gone, *revision));
        }
        let counts = Draft::of(Action::Delete).with("acceptedLoss", true);
        desk.note(counts.with("lost", doubled.len() + lost.len()).with("kept", kept.len()));
        desk.stage(Change::Vouch);
        desk.then(After::Sound);
        let agents = desk.give_up_agents(agents)?;
        let lost: Vec<_> = doubled.into_iter().chain(lost.into_iter().map(|(gone, _)| gone)).collect();
        let is_left = |secret: &DamagedSecret| lost.iter().all(|lost| lost.id != secret.id);
        let found = found.into_iter().filter(is_left).collect();
        Ok(LossAccepted { success: Success, lost, kept, found, agents, rebuilt })
    }
}

/// Tells whether a row, its sealed value and its kept versions are as they were written.
fn is_whole(desk: &Desk, stored: &Judged) -> bool {
    let row = &stored.row;
    let authentic = desk.keys().is_ok_and(|keys| row.is_authentic(keys));
    authentic && stored.sealed.digest() == row.digest && opens(desk, stored)
}

/// Tells whether a value and each of its kept versions opens.
fn opens(desk: &Desk, stored: &Judged) -> bool {
    let Ok(versions) = kept_versions(desk, stored) else { return false };
    let opens = |version: &VersionRow| open_version(desk, stored, version).is_ok();
    desk.open(stored).is_ok() && versions.iter().all(opens)
}

/// Seals what still opens of a damaged secret at a revision that the log has not seen; notes it.
///
/// A deleted secret whose row was put back is not brought to life again.
fn salvage(
    desk: &mut Desk,
    stored: &Judged,
    damage: Option<Damage>,
    located: &Located,
) -> Result<Option<Change>, Fault> {
    if damage == Some(Damage::PutBack) {
        return Ok(None);
    }
    let row = &stored.row;
    let revision = row.revision.max(located.last_revision(row.id)).saturating_add(1);
    let keys = Arc::clone(desk.keys()?);
    let whole = Resealed::make(desk, stored, &keys, Row { revision, ..row.clone() });
    let change =
        whole.map(Resealed::into_cleaning_change).or_else(|_| resealed_alone(desk, stored, revision));
    let Ok(change) = change else { return Ok(None) };
    desk.note(entry(Action::Encrypt, &row.into(), revision).with("version", row.version));
    Ok(Some(change))
}

/// Seals a value afresh without its kept versions, which do not open.
fn resealed_alone(desk: &Desk, stored: &Judged, revision: u64) -> Result<Change, Fault> {
    let keys = desk.keys()?;
    let mut row = Row { revision, versions: VersionRow::digest_of(&[]), ..stored.row.clone() };
    let sealed = keys.seal(&row.seal_context(keys.vault()), &desk.open(stored)?)?;
    row.digest = sealed.digest();
    row.mac = row.compute_mac(keys);
    let (seen, was) = (stored.row.revision, stored.row.category);
    let next = Box::new(Stored { row, sealed });
    Ok(Change::Replace { next, seen, was, kept: Kept::All(Vec::new()) })
}

/// Records what became of a secret.
pub(super) fn entry(action: Action, secret: &DamagedSecret, revision: u64) -> Draft {
    let draft = Draft::of(action).org(&secret.org_id).secret(secret.id, &secret.name);
    draft.with("acceptedLoss", true).with("revision", revision)
}

impl From<&Row> for DamagedSecret {
    fn from(row: &Row) -> Self {
        Self { id: row.id, org_id: row.org.clone(), name: row.name.to_string() }
    }
}
