//! Auto-discovery: from what a tool asks for to the stored name.
//!
//! An exact name always wins. Beyond it resolving is tolerant only where it is safe: a preset's aliases, the
//! `snake_case` twin of a field, and the three names that tools use for the one key of a platform.

use std::sync::Arc;

use super::desk::Desk;
use super::handle::Handle;
use crate::api::{Code, Fault, Resolve, Resolved};
use crate::audit::Draft;
use crate::domain::{Action, OrgId, OrgScope, SecretName};
use crate::presets::Presets;
use crate::store::{ListQuery, Stored};

/// The names that stand in for each other, in the order in which a platform alone tries them.
pub(super) const STAND_INS: [&str; 3] = ["access_token", "api_key", "token"];

/// Lists the stored names that may answer to what was asked, best first.
pub(super) fn candidates(asked: &str) -> Vec<SecretName> {
    let mut names: Vec<String> = vec![asked.to_owned()];
    let skill = asked.strip_prefix("skill:").unwrap_or(asked);
    let (platform, field) = skill.split_once(':').map_or((skill, None), |(p, f)| (p, Some(f)));
    if asked.starts_with("skill:") || field.is_none() {
        for platform in platforms(platform) {
            names.extend(fields(field).iter().map(|field| format!("skill:{platform}:{field}")));
            if field.is_none() {
                names.push(format!("skill:{platform}"));
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    let parsed = names.into_iter().filter_map(|name| SecretName::try_from(name).ok());
    parsed.filter(|name| seen.insert(name.clone())).collect()
}

/// Gives the platform as asked, then as its preset calls it, then the preset's other names.
pub(super) fn platforms(asked: &str) -> Vec<String> {
    let mut all = vec![asked.to_owned()];
    if let Some(preset) = Presets::builtin().get(asked) {
        let names = std::iter::once(&preset.platform).chain(&preset.aliases);
        all.extend(names.filter(|name| *name != asked).cloned());
    }
    all
}

/// Gives the field as asked, its `snake_case` twin, and what stands in for it.
fn fields(asked: Option<&str>) -> Vec<String> {
    let Some(asked) = asked else { return STAND_INS.map(str::to_owned).to_vec() };
    let twin = crate::domain::snake_case(asked).into_owned();
    let mut all = vec![asked.to_owned(), twin.clone()];
    if STAND_INS.contains(&twin.as_str()) {
        all.extend(STAND_INS.map(str::to_owned));
    }
    all
}

/// Finds the first stored candidate in the org, and notes a miss where there is none.
pub(super) fn find(desk: &mut Desk, org: &OrgId, asked: &str) -> Result<Arc<Stored>, Fault> {
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
        return Ok(stored);
    }
    for name in candidates(asked).iter().filter(|name| name.as_str() != asked) {
        if let Some(stored) = desk.find(Action::Decrypt, org, name)? {
            return Ok(stored);
        }
    }
    Err(Fault::not_found().hint(hint(desk, org, asked)?))
}

/// The most stored names that a suggestion looks at.
const LOOKED_AT: u64 = 5000;
/// The most names that a suggestion names.
const SUGGESTED: usize = 3;

/// Suggests what to do about a name that no secret has; names of secrets only to those who may list them all.
fn hint(desk: &Desk, org: &OrgId, asked: &str) -> Result<String, Fault> {
    let near = if desk.caller().is_owner() { nearest(desk, org, asked)? } else { Vec::new() };
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
    let parts: Vec<_> = near.into_iter().chain(preset).collect();
    Ok(if parts.is_empty() { Code::NotFound.hint().to_owned() } else { parts.join("; ") })
}

/// Finds the stored names that are nearest to what was asked.
fn nearest(desk: &Desk, org: &OrgId, asked: &str) -> Result<Vec<String>, Fault> {
    let query = ListQuery { limit: Some(LOOKED_AT), ..ListQuery::all(OrgScope::One(org.clone())) };
    let asked = asked.strip_prefix("skill:").unwrap_or(asked).to_lowercase();
    let mut near = Vec::new();
    desk.store().walk_names(&query, &mut |named| {
        let name = named.name.as_str();
        let name = name.strip_prefix("skill:").unwrap_or(name).to_lowercase();
        near.extend(crate::presets::remoteness(&asked, &name).map(|far| (far, named.name.to_string())));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(asked: &str) -> Vec<String> {
        candidates(asked).into_iter().map(String::from).collect()
    }

    #[test]
    fn a_platform_alone_tries_the_usual_fields_in_order() {
        assert_eq!(
            [
                "openai",
                "skill:openai:access_token",
                "skill:openai:api_key",
                "skill:openai:token",
                "skill:openai"
            ],
            names("openai")[..5]
        );
    }

    #[test]
    fn a_field_finds_its_snake_case_twin_and_what_stands_in_for_it() {
        assert_eq!(
            ["skill:x1:api_key", "skill:x1:access_token", "skill:x1:token"],
            names("skill:x1:apiKey")[..]
        );
    }

    #[test]
    fn a_field_that_is_no_key_stands_alone() {
        assert_eq!(["skill:x1:webhook_secret"], names("skill:x1:webhook_secret")[..]);
    }

    #[test]
    fn an_alias_finds_the_presets_own_name() {
        assert!(names("telegram-bot").contains(&"skill:telegram:access_token".to_owned()));
    }

    #[test]
    fn a_platform_never_finds_one_that_only_begins_alike() {
        assert!(names("skill:slack").iter().all(|name| !name.contains("slackbot")));
    }
}
