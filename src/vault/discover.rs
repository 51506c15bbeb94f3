//! What there is by platform, many values at once, the presets.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::value::RawValue;

use super::desk::{Desk, Judged};
use super::handle::{Handle, Length, Place, Records, WhileLocked};
use super::resolve;
use crate::api::{
    ANSWER_BYTES, CategoryEntry, Code, Discover, Discovered, DiscoveredField, DiscoveredPlatform, Fault,
    ListPresets, NotPassed, PresetList, ResolveMany, ResolvedMany, ResolvedValue, Secret, Written,
    json_bytes,
};
use crate::audit::Draft;
use crate::discovery::{self, Passed, Why, belongs, usual};
use crate::domain::{Action, Caller, Category, OrgId, OrgScope, PlatformName, SecretName};
use crate::presets::Presets;
use crate::store::{ListQuery, Named};

/// The most names of one question.
const NAMES: usize = 100;
/// The most names that are resolved on the runtime's thread, as the fields of a platform are.
const AT_ONCE: usize = 16;
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
            values.add_platform(desk, &org, platform)?;
        }
        Ok(ResolvedMany { values: values.read, left_out: values.left_out })
    }
}

/// The values of an answer, as far as they are read.
#[derive(Default)]
struct Values {
    read: Vec<ResolvedValue>,
    left_out: Vec<NotPassed>,
    bytes: usize,
}

impl Values {
    /// Reads one more, which goes into its usual variables.
    fn add(&mut self, desk: &mut Desk, stored: &Judged) -> Result<(), Fault> {
        self.add_with(desk, stored, usual(&stored.row.name).unwrap_or_default())
    }

    fn add_with(&mut self, desk: &mut Desk, stored: &Judged, variables: Vec<String>) -> Result<(), Fault> {
        let read = value_of(desk, stored, variables)?;
        self.bytes += json_bytes(&read);
        if self.bytes > ANSWER_BYTES {
            let fault = Fault::new(Code::TooLarge, "the values take more than 16 MiB together");
            return Err(fault.hint("ask for fewer names at once"));
        }
        self.read.push(read);
        Ok(())
    }

    /// Reads what a platform passes; what has expired, or is not for this caller, is left out if anything else is there.
    fn add_platform(&mut self, desk: &mut Desk, org: &OrgId, platform: &str) -> Result<(), Fault> {
        let stored = desk.platform_names(Action::Decrypt, org, platform)?;
        let names: Vec<_> = stored.iter().map(|one| &one.name).collect();
        let Passed { secrets, left_out } = Passed::of(platform, &names);
        let (before, mut first) = (self.read.len(), None);
        for (name, variables) in secrets {
            let Some(one) = stored.iter().find(|one| one.name == *name) else { continue };
            let taken = desk.take(Action::Decrypt, one.id.into());
            match taken.and_then(|stored| self.add_with(desk, &stored, variables)) {
                Err(fault) if matches!(fault.code, Code::NotFound | Code::Forbidden) => {
                    desk.drop_noted(one.id);
                    self.left_out.push(not_passed(name, fault.code, fault.message.clone()));
                    first.get_or_insert(fault);
                }
                read => read?,
            }
        }
        let others = left_out.iter().map(|(name, why)| not_passed(name, code_of(why), why.to_string()));
        self.left_out.extend(others);
        match (self.read.len() > before, first) {
            (true, _) => Ok(()),
            (false, Some(fault)) => Err(fault),
            (false, None) => self.add_only(desk, org, platform),
        }
    }

    /// Reads what a platform alone resolves to, though it goes into no variable; notes the miss if there is nothing.
    fn add_only(&mut self, desk: &mut Desk, org: &OrgId, platform: &str) -> Result<(), Fault> {
        match (resolve::find_key(desk, org, platform), self.left_out.last()) {
            (Ok(stored), _) => self.add(desk, &stored),
            (Err(fault), Some(other)) if fault.code == Code::NotFound => {
                let message =
                    format!("nothing of the platform has a variable: {}: {}", other.name, other.error);
                Err(Fault { message, ..fault }.hint("name the variable: --env VARIABLE=NAME"))
            }
            (Err(fault), _) => Err(fault),
        }
    }
}

fn not_passed(name: &SecretName, code: Code, error: String) -> NotPassed {
    NotPassed { name: name.clone(), code, error }
}

const fn code_of(why: &Why<'_>) -> Code {
    match why {
        Why::Behind(_) => Code::Conflict,
        Why::NoVariable(_) => Code::InvalidRequest,
    }
}

fn value_of(desk: &mut Desk, stored: &Judged, variables: Vec<String>) -> Result<ResolvedValue, Fault> {
    let value = desk.reveal(stored)?;
    desk.detail("version", stored.row.version);
    let name = stored.row.name.clone();
    Ok(ResolvedValue {
        field: name.skill().and_then(|(_, field)| field).map(str::to_owned),
        env: variables.first().cloned(),
        variables,
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
        let all = || ListQuery::all(OrgScope::One(org.clone()));
        let named = match &self.platform {
            Some(platform) => desk.platform_names(Action::Read, &org, platform)?,
            None => desk.named(Action::Read, &all(), "name one `platform`")?,
        };
        let alone = match &self.platform {
            Some(platform) => resolve::alone(desk, platform, &named)?,
            None => None,
        };
        let platforms = by_platform(&named);
        desk.note(draft.with("discovered", platforms.len()));
        Ok(Discovered { platforms, alone })
    }
}

/// Sorts names by the platform that they are stored under; what answers to a platform's bare name is with it.
fn by_platform(all: &[Named]) -> Vec<DiscoveredPlatform> {
    let mut stored: HashMap<&str, Vec<&Named>> = HashMap::new();
    for one in all {
        let platform = one.name.skill().map_or(one.name.as_str(), |(platform, _)| platform);
        stored.entry(platform).or_default().push(one);
    }
    let mut platforms: Vec<_> =
        stored.iter().filter_map(|(platform, own)| discovered(platform, own, &stored)).collect();
    platforms.sort_by(|one, other| one.platform.cmp(&other.platform));
    platforms
}

/// Describes a platform: what is stored under its own name, with the variables that it goes into.
fn discovered(
    platform: &str,
    own: &[&Named],
    all: &HashMap<&str, Vec<&Named>>,
) -> Option<DiscoveredPlatform> {
    if own.iter().all(|one| one.name.skill().is_none()) {
        return None;
    }
    let family = discovery::platforms(platform);
    let family = family.iter().filter_map(|name| all.get(name.as_str())).flatten();
    let names: Vec<_> = family.map(|one| &one.name).filter(|name| belongs(platform, name)).collect();
    let passed: HashMap<_, _> = Passed::of(platform, &names).secrets.into_iter().collect();
    let field = |one: &&Named| {
        let env = passed.get(&one.name).and_then(|variables| variables.first().cloned());
        let field = one.name.skill().map(|(_, field)| field.unwrap_or_default().to_owned());
        // A bare name is another secret's, unless it is passed.
        let env = if field.is_some() { env.unwrap_or_default() } else { env? };
        Some(DiscoveredField { field: field.unwrap_or_default(), env, id: one.id, name: one.name.clone() })
    };
    let preset = Presets::builtin().get(platform);
    Some(DiscoveredPlatform {
        platform: PlatformName::try_from(platform.to_owned()).ok()?,
        label: preset.map_or_else(|| platform.to_owned(), |preset| preset.label.clone()),
        fields: own.iter().filter_map(field).collect(),
    })
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
    PresetList { presets: Presets::builtin().all().to_vec(), categories: Category::OFFERED.map(entry).into() }
}
