//! Looking for stored values in texts.

use std::collections::BTreeSet;

use super::change::{kept_versions, open_version};
use super::desk::{Desk, Judged, Whole};
use super::handle::{Handle, Length, Place};
use crate::api::{Code, Fault, SCAN_BYTES, SCAN_MATCHES, SCAN_TEXTS, Scan, ScanMatch, ScanText, Scanned};
use crate::audit::Draft;
use crate::domain::{Action, Invalid, SecretName};
use crate::presets::Presets;
use crate::secret::SecretValue;
use crate::store::{ListQuery, Named, Row, VersionRow};
use vault_mask::{Hit, Lines, Needles, Rest, SHORTEST, Text};

/// The most bytes between two lines of one leak: an indentation, a prefix of a log.
const BETWEEN_LINES: usize = 256;

impl Handle for Scan {
    const ANSWER: Length = Length::Long;
    const PLACE: Place = Place::Blocking;

    fn act(&self, desk: &mut Desk) -> Result<Scanned, Fault> {
        // Whoever may ask whether a text holds a value can guess at values.
        let whole = desk.ask_whole(Action::Read)?;
        let bytes = self.check()?;
        let mut named = Vec::new();
        let query = ListQuery::all(self.org_id.clone().unwrap_or_default());
        desk.names(whole, &query, |found| named.push(found))?;
        let sought = Sought::take(desk, whole, named)?;
        let scanned = sought.seek(&self.texts);
        record(desk, &scanned, bytes);
        Ok(scanned)
    }
}

impl Scan {
    /// Refuses what is too much; gives the number of bytes.
    fn check(&self) -> Result<usize, Fault> {
        if self.texts.is_empty() || self.texts.len() > SCAN_TEXTS {
            return Err(Invalid("a scan has 1 to 4096 texts").into());
        }
        let bytes = self.texts.iter().map(|text| text.data.expose().len()).sum();
        if bytes > SCAN_BYTES {
            return Err(Fault::new(Code::TooLarge, "the texts of a scan take at most 1 MiB together"));
        }
        Ok(bytes)
    }
}

/// Notes the look, and each secret that was found by it.
fn record(desk: &mut Desk, scanned: &Scanned, bytes: usize) {
    let look = Draft::of(Action::Read).with("scan", true).with("bytes", bytes);
    desk.note(look.with("values", scanned.values).with("found", scanned.total));
    let mut told = BTreeSet::new();
    for found in scanned.matches.iter().filter(|found| told.insert(found.id)) {
        let draft = Draft::of(Action::Read).org(&found.org_id).secret(found.id, found.name.as_str());
        desk.note(draft.with("scan", true).with("version", found.version));
    }
}

/// The values that are looked for, and whose they are.
struct Sought {
    values: Vec<(Row, u64, SecretValue)>,
    left_out: u64,
    damaged: Vec<SecretName>,
}

impl Sought {
    /// Opens every value, present and kept, for the length of one request.
    fn take(desk: &Desk, whole: Whole, named: Vec<Named>) -> Result<Self, Fault> {
        let mut sought = Self { values: Vec::new(), left_out: 0, damaged: Vec::new() };
        for Named { id, name, .. } in named {
            if !Presets::builtin().is_secret(name.as_str()) {
                sought.left_out += 1;
                continue;
            }
            let stored = desk.stored(whole, id).map_err(Fault::from);
            let added = stored.and_then(|stored| stored.map_or(Ok(()), |stored| sought.add(desk, &stored)));
            match added {
                Err(fault) if fault.code == Code::Integrity => sought.damaged.push(name),
                added => added?,
            }
        }
        Ok(sought)
    }

    fn add(&mut self, desk: &Desk, stored: &Judged) -> Result<(), Fault> {
        let row = &stored.row;
        desk.vault().findings().check(row, desk.keys()?)?;
        self.keep(row, row.version, desk.open(stored)?);
        if row.versions == VersionRow::digest_of(&[]) {
            return Ok(());
        }
        for version in kept_versions(desk, stored)?.iter().rev() {
            self.keep(row, version.version, open_version(desk, stored, version)?);
        }
        Ok(())
    }

    fn keep(&mut self, row: &Row, version: u64, value: SecretValue) {
        if value.expose().len() < SHORTEST {
            self.left_out += 1;
        } else {
            self.values.push((row.clone(), version, value));
        }
    }

    /// Looks for every value in every text.
    fn seek(self, texts: &[ScanText]) -> Scanned {
        let values = self.values.iter().map(|(row, _, value)| (row.name.as_str(), value.expose()));
        let needles = Needles::new(values, Lines::Random);
        let (mut matches, mut judged, mut total) = (Vec::new(), Vec::with_capacity(texts.len()), 0);
        for (number, text) in texts.iter().enumerate() {
            let (mut found, mut before) = (0, None);
            let rest = if text.open { Rest::Open } else { Rest::Ended };
            let end = needles.search(Text { bytes: text.data.expose(), rest }, 0, |hit| {
                let goes_on = before.replace(hit).is_some_and(|before| goes_on(before, hit));
                found += usize::from(!goes_on);
                if !goes_on
                    && found <= SCAN_MATCHES
                    && let Some((row, version, _)) = self.values.get(hit.value)
                {
                    let place = (number as u64, hit.place as u64, hit.length as u64);
                    matches.push(found_at(place, row, *version));
                }
            });
            total += found as u64;
            judged.push(end as u64);
        }
        let values = self.values.len() as u64;
        Scanned { matches, total, judged, values, left_out: self.left_out, damaged: self.damaged }
    }
}

/// Returns whether a line of a value follows another: one leak of a value of several lines counts once.
fn goes_on(before: Hit, line: Hit) -> bool {
    line.is_line && before.value == line.value && line.place.saturating_sub(before.end()) <= BETWEEN_LINES
}

fn found_at((text, offset, length): (u64, u64, u64), row: &Row, version: u64) -> ScanMatch {
    ScanMatch {
        text,
        offset,
        length,
        id: row.id,
        org_id: row.org.clone(),
        name: row.name.clone(),
        version,
        current: version == row.version,
    }
}
