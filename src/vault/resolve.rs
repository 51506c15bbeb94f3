//! Resolving: from what a tool asks for to the stored secret.

use super::desk::{Desk, Judged, Whole};
use super::handle::Handle;
use crate::api::{Code, Fault, Resolve, Resolved};
use crate::audit::Draft;
use crate::discovery::{self, candidates};
use crate::domain::{Action, OrgId, OrgScope, SecretName};
use crate::presets::Presets;
use crate::store::{ListQuery, Named};

/// Finds what answers to a name in the org, and notes a miss if nothing does.
pub(super) fn find(desk: &mut Desk, org: &OrgId, asked: &str) -> Result<Judged, Fault> {
    if let Some(stored) = first_candidate(desk, org, asked)? {
        return Ok(stored);
    }
    only_field(desk, org, asked)?.map_or_else(|| Err(missed(desk, org, asked)?), Ok)
}

/// Finds likewise, but for a platform alone nothing in place of its key.
pub(super) fn find_key(desk: &mut Desk, org: &OrgId, asked: &str) -> Result<Judged, Fault> {
    first_candidate(desk, org, asked)?.map_or_else(|| Err(missed(desk, org, asked)?), Ok)
}

fn missed(desk: &Desk, org: &OrgId, asked: &str) -> Result<Fault, Fault> {
    Ok(Fault::not_found().hint(hint(desk, org, asked)?))
}

/// Finds the first stored candidate in the org, and says that it is what the act is about.
fn first_candidate(desk: &mut Desk, org: &OrgId, asked: &str) -> Result<Option<Judged>, Fault> {
    let is_name = (1..=256).contains(&asked.len()) && !asked.chars().any(char::is_control);
    let mut miss = Draft::of(Action::Decrypt).org(org);
    let recordable = || asked.chars().filter(|c| !c.is_control()).take(256).collect();
    miss.name = Some(if is_name { asked.to_owned() } else { recordable() });
    desk.about(miss);
    if !is_name {
        return Err(Fault::new(Code::InvalidRequest, "a name has 1 to 256 bytes and no control characters"));
    }
    if let Ok(exact) = SecretName::try_from(asked.to_owned())
        && let Some(stored) = desk.find(Action::Decrypt, org, &exact)?
    {
        return Ok(Some(stored));
    }
    let mut unusual = None;
    for name in &candidates(asked) {
        let exact = if name.as_str() == asked { None } else { desk.find(Action::Decrypt, org, name)? };
        if let Some(stored) =
            exact.map_or_else(|| another_spelling(desk, org, name, &mut unusual), |one| Ok(Some(one)))?
        {
            return Ok(Some(stored));
        }
    }
    Ok(None)
}

/// Finds a candidate's field in another spelling; what is stored in unusual ones is read once, for all candidates.
fn another_spelling(
    desk: &mut Desk,
    org: &OrgId,
    name: &SecretName,
    unusual: &mut Option<Vec<SecretName>>,
) -> Result<Option<Judged>, Fault> {
    if !discovery::is_field(name) {
        return Ok(None);
    }
    let unusual = match unusual {
        Some(unusual) => unusual,
        None => unusual.insert(desk.unusual_spellings(org, name)?),
    };
    for other in unusual.iter().filter(|other| *other != name && other.spelling() == name.spelling()) {
        if let Some(stored) = desk.find(Action::Decrypt, org, other)? {
            return Ok(Some(stored));
        }
    }
    Ok(None)
}

/// Finds the only stored field that counts of a platform that was asked for alone and has no key.
///
/// # Errors
/// `not_found` if several do, with their names as far as the caller may know them.
fn only_field(desk: &mut Desk, org: &OrgId, asked: &str) -> Result<Option<Judged>, Fault> {
    if !discovery::is_keyless(asked) {
        return Ok(None);
    }
    let stored = desk.platform_names(Action::Decrypt, org, asked)?;
    let fields = stored.into_iter().filter(|one| discovery::is_field(&one.name)).collect();
    match desk.counted(fields)?.as_slice() {
        [] => Ok(None),
        [only] => desk.find(Action::Decrypt, org, &only.name),
        several => {
            let names: Vec<_> = several.iter().map(|one| format!("`{}`", one.name)).collect();
            let fault = Fault { message: format!("`{asked}` has several fields"), ..Fault::not_found() };
            Err(fault.hint(format!("name one of them: {}", names.join(", "))))
        }
    }
}

/// Finds the only field that counts among the names of a platform that has no key, for those who look and do not read.
pub(super) fn alone(desk: &Desk, platform: &str, named: &[Named]) -> Result<Option<SecretName>, Fault> {
    if !discovery::is_keyless(platform) {
        return Ok(None);
    }
    let fields = named.iter().filter(|one| discovery::is_field(&one.name)).cloned().collect();
    Ok(match desk.counted(fields)?.as_slice() {
        [only] => Some(only.name.clone()),
        _ => None,
    })
}

/// The most stored names that a suggestion looks at.
const LOOKED_AT: u64 = 5000;
/// The most names that a suggestion names.
const SUGGESTED: usize = 2;

/// Suggests what to do about a name that no secret has; names of secrets only to those who may list them all.
fn hint(desk: &Desk, org: &OrgId, asked: &str) -> Result<String, Fault> {
    let near = desk.owner().map(|whole| nearest(desk, whole, org, asked)).transpose()?.unwrap_or_default();
    let platform = asked.strip_prefix("skill:").unwrap_or(asked).split(':').next().unwrap_or_default();
    let preset = Presets::builtin().get(platform).map(|preset| {
        let fields: Vec<_> = preset.fields.iter().map(|field| field.field.as_str()).collect();
        let fields = fields.join(", ");
        format!(
            "`{}` has the fields {fields}; store them with: vaultctl add {}",
            preset.label, preset.platform
        )
    });
    let near = (!near.is_empty()).then(|| format!("the nearest stored names are {}", near.join(", ")));
    let known = Presets::builtin().likely(platform, SUGGESTED);
    let guess = (near.is_none() && preset.is_none() && !known.is_empty())
        .then(|| format!("did you mean {}?", known.join(" or ")));
    let parts: Vec<_> = near.into_iter().chain(preset).chain(guess).collect();
    Ok(if parts.is_empty() { Code::NotFound.hint().to_owned() } else { parts.join("; ") })
}

/// Finds the stored names that are nearest to what was asked; a word is held against their platforms too.
fn nearest(desk: &Desk, whole: Whole, org: &OrgId, asked: &str) -> Result<Vec<String>, Fault> {
    let query = ListQuery { limit: Some(LOOKED_AT), ..ListQuery::all(OrgScope::One(org.clone())) };
    let asked = asked.strip_prefix("skill:").unwrap_or(asked).to_lowercase();
    let mut near = Vec::new();
    desk.names(whole, &query, |named| {
        let name = named.name.as_str();
        let name = name.strip_prefix("skill:").unwrap_or(name).to_lowercase();
        let platform = named.name.skill().map(|(platform, _)| platform).filter(|_| !asked.contains(':'));
        let ways = [Some(&*name), platform].into_iter().flatten();
        let far = ways.filter_map(|name| crate::presets::remoteness(&asked, name)).min();
        near.extend(far.map(|far| (far, named.name.to_string())));
    })?;
    near.sort_unstable();
    Ok(near.into_iter().take(SUGGESTED).map(|(_, name)| format!("`{name}`")).collect())
}

impl Handle for Resolve {
    fn act(&self, desk: &mut Desk) -> Result<Resolved, Fault> {
        let org = self.org_id.clone().unwrap_or_default();
        let stored = find(desk, &org, &self.name)?;
        let value = desk.reveal(&stored)?;
        if stored.row.name.as_str() != self.name {
            desk.detail("asked", self.name.as_str());
        }
        desk.detail("version", stored.row.version);
        Ok(Resolved { name: stored.row.name.clone(), value: value.into(), entry: (&stored.row).into() })
    }
}
