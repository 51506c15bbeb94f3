//! What there is by platform, many values at once, the presets.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::value::RawValue;

use super::desk::Desk;
use super::handle::{Handle, Length, Place, Records, WhileLocked};
use super::resolve;
use crate::api::{
    CategoryEntry, Code, Discover, Discovered, DiscoveredField, DiscoveredPlatform, Fault, ListPresets,
    PresetList, ResolveMany, ResolvedMany, ResolvedValue, Secret, Written,
};
use crate::audit::Draft;
use crate::domain::{Action, Caller, Category, OrgId, OrgScope, PlatformName, SecretName};
use crate::presets::Presets;
use crate::store::{ListQuery, Row, Stored};

/// The most names of one question.
const NAMES: usize = 100;
/// The most names that are resolved on the runtime's thread, as the fields of a platform are.
const AT_ONCE: usize = 16;
/// The most bytes of the values of one answer.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Gives the environment variable that a `skill:` name usually goes into.
pub(super) fn variable(name: &SecretName) -> Option<String> {
    let (platform, field) = name.skill()?;
    let known =
        field.and_then(|field| Presets::builtin().field(platform, field)).and_then(|field| field.env.first());
    let made = || {
        let text = field.map_or_else(|| platform.to_owned(), |field| format!("{platform}_{field}"));
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
    };
    Some(known.cloned().unwrap_or_else(made))
}

/// Lists the stored rows of a platform under each of its names, in the preset's order of fields.
fn rows_of(desk: &Desk, action: Action, org: &OrgId, platform: &str) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    for name in resolve::platforms(platform) {
        let Ok(name) = PlatformName::try_from(name) else { continue };
        rows.extend(desk.platform(action, org, &name)?);
    }
    let preset = Presets::builtin().get(platform);
    let place = |row: &Row| {
        let field = row.name.skill().and_then(|(_, field)| field).unwrap_or_default();
        preset
            .and_then(|preset| preset.fields.iter().position(|known| known.field == field))
            .unwrap_or(usize::MAX)
    };
    rows.sort_by_key(place);
    Ok(rows)
}

impl Handle for ResolveMany {
    const ANSWER: Length = Length::Long;

    fn place(&self, _caller: &Caller) -> Place {
        let names = self.names.as_ref().map_or(0, Vec::len);
        if names > AT_ONCE { Place::Blocking } else { Place::Inline }
    }
    fn act(&self, desk: &mut Desk) -> Result<ResolvedMany, Fault> {
        let org = self.org_id.clone().unwrap_or_default();
        let names = self.names.as_deref().unwrap_or_default();
        if names.len() > NAMES || (names.is_empty() && self.platform.is_none()) {
            return Err(Fault::new(Code::InvalidRequest, "name 1 to 100 `names`, or a `platform`"));
        }
        let mut values = Values::default();
        for name in names {
            let stored = resolve::find(desk, &org, name)?;
            values.add(desk, &stored)?;
        }
        if let Some(platform) = &self.platform {
            platform_values(desk, &org, platform, &mut values)?;
        }
        Ok(ResolvedMany { values: values.read })
    }
}

/// The values of an answer, as far as they are read.
#[derive(Default)]
struct Values {
    read: Vec<ResolvedValue>,
    bytes: usize,
}

impl Values {
    /// Reads one more.
    fn add(&mut self, desk: &mut Desk, stored: &Stored) -> Result<(), Fault> {
        let read = value_of(desk, stored)?;
        self.bytes += read.value.value().expose().len();
        if self.bytes > ANSWER_BYTES {
            let fault = Fault::new(Code::TooLarge, "the values have more than 16 MiB together");
            return Err(fault.hint("ask for fewer names at once"));
        }
        self.read.push(read);
        Ok(())
    }
}

/// Reads all values of a platform.
fn platform_values(desk: &mut Desk, org: &OrgId, platform: &str, values: &mut Values) -> Result<(), Fault> {
    let rows = rows_of(desk, Action::Decrypt, org, platform)?;
    if rows.is_empty() {
        // Notes the miss, with the hint that a single name gets.
        let stored = resolve::find(desk, org, platform)?;
        values.add(desk, &stored)?;
    }
    for row in rows {
        let stored = desk.take(Action::Decrypt, row.id.into())?;
        values.add(desk, &stored)?;
    }
    Ok(())
}

fn value_of(desk: &mut Desk, stored: &Stored) -> Result<ResolvedValue, Fault> {
    let value = desk.reveal(stored)?;
    desk.detail("version", stored.row.version);
    let name = stored.row.name.clone();
    Ok(ResolvedValue {
        field: name.skill().and_then(|(_, field)| field).map(str::to_owned),
        env: variable(&name),
        name,
        value: value.into(),
        entry: Secret::from(&stored.row),
    })
}

impl Handle for Discover {
    const ANSWER: Length = Length::Long;
    const PLACE: Place = Place::Blocking;

    fn act(&self, desk: &mut Desk) -> Result<Discovered, Fault> {
        let org = self.org_id.clone().unwrap_or_default();
        let draft = Draft::of(Action::Read).org(&org);
        desk.about(draft.clone());
        desk.refuse_nobody()?;
        let mut named = Vec::new();
        match &self.platform {
            Some(platform) => {
                let rows = rows_of(desk, Action::Read, &org, platform)?;
                named.extend(rows.into_iter().map(|row| (row.id, row.name)));
            }
            None => desk.walk(Action::Read, &ListQuery::all(OrgScope::One(org)), |found| {
                named.push((found.id, found.name));
            })?,
        }
        let mut platforms: BTreeMap<String, Vec<DiscoveredField>> = BTreeMap::new();
        for (id, name) in named {
            let Some((platform, field)) = name.skill() else { continue };
            let entry = DiscoveredField {
                field: field.unwrap_or_default().to_owned(),
                env: variable(&name).unwrap_or_default(),
                id,
                name: name.clone(),
            };
            platforms.entry(platform.to_owned()).or_default().push(entry);
        }
        desk.note(draft.with("discovered", platforms.len()));
        Ok(Discovered { platforms: platforms.into_iter().filter_map(labelled).collect() })
    }
}

fn labelled((platform, fields): (String, Vec<DiscoveredField>)) -> Option<DiscoveredPlatform> {
    let label =
        Presets::builtin().get(&platform).map_or_else(|| platform.clone(), |preset| preset.label.clone());
    Some(DiscoveredPlatform { platform: PlatformName::try_from(platform).ok()?, label, fields })
}

impl Handle for ListPresets {
    const RECORDS: Records = Records::Nothing;
    const WHILE_LOCKED: WhileLocked = WhileLocked::Refuse;

    fn act(&self, _desk: &mut Desk) -> Result<Written<PresetList>, Fault> {
        static TEXT: OnceLock<Option<Box<RawValue>>> = OnceLock::new();
        let text = TEXT.get_or_init(|| serde_json::value::to_raw_value(&preset_list()).ok());
        Ok(text.as_deref().map_or_else(|| Written::Read(preset_list()), Written::Text))
    }
}

fn preset_list() -> PresetList {
    let entry = |category: Category| CategoryEntry {
        id: category,
        label: category.label().to_owned(),
        color: category.color().to_owned(),
        description: category.description().to_owned(),
    };
    PresetList { presets: Presets::builtin().all().to_vec(), categories: Category::ALL.map(entry).into() }
}
