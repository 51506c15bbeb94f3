//! Which secrets need attention, as one look at the vault.

use super::desk::Desk;
use super::handle::{Handle, Length, Place};
use super::secrets::range_of;
use crate::api::{Expiry, Fault, ListUpkeep, Secret, Upkeep, UpkeepList};
use crate::audit::Draft;
use crate::domain::Action;
use crate::store::{ListQuery, Sort, SortKey};

const USUAL_LIMIT: u64 = 25;
const LARGEST_LIMIT: u64 = 100;

impl Handle for ListUpkeep {
    const ANSWER: Length = Length::Long;
    const PLACE: Place = Place::Blocking;

    fn act(&self, desk: &mut Desk) -> Result<Upkeep, Fault> {
        let scope = self.org_id.clone().unwrap_or_default();
        let mut draft = Draft::of(Action::Read);
        draft.org = scope.one().cloned();
        desk.about(draft.clone());
        desk.refuse_nobody()?;
        let now = desk.now();
        let limit = self.limit.unwrap_or(USUAL_LIMIT).min(LARGEST_LIMIT);
        let of = |expiry: Option<Expiry>, key: SortKey| ListQuery {
            expiry: expiry.map(|expiry| range_of(expiry, now)),
            sort: Sort { key, descending: false },
            limit: Some(limit),
            ..ListQuery::all(scope.clone())
        };
        let upkeep = Upkeep {
            expired: first(desk, &of(Some(Expiry::Expired), SortKey::ExpiresAt))?,
            expires_soon: first(desk, &of(Some(Expiry::Soon), SortKey::ExpiresAt))?,
            oldest: first(desk, &of(None, SortKey::VersionAt))?,
        };
        let lists = [&upkeep.expired, &upkeep.expires_soon, &upkeep.oldest];
        desk.note(draft.with("listed", lists.iter().map(|list| list.secrets.len()).sum::<usize>()));
        Ok(upkeep)
    }
}

/// Returns the first secrets of a list that authenticate, and how many there are in all.
fn first(desk: &Desk, query: &ListQuery) -> Result<UpkeepList, Fault> {
    let (rows, total) = desk.list(Action::Read, query)?;
    let keys = desk.keys()?;
    let findings = desk.vault().findings();
    let good = rows.iter().filter(|row| findings.check(row, keys).is_ok());
    Ok(UpkeepList { secrets: good.map(Secret::from).collect(), total })
}
