//! What `--skill PLATFORM` passes to a command.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::order::{candidates, field_of, spelled};
use super::variable::{NoVariable, variables};
use crate::domain::SecretName;
use crate::presets::{Preset, Presets};

/// What a platform passes of the secrets that are stored, each under its variables, and what it does not.
///
/// Of several secrets for one variable the first counts, in the order in which `resolve` tries them.
#[derive(Debug, Default)]
pub struct Passed<'a> {
    /// What is passed, in the order of the preset's fields, with its variables.
    pub secrets: Vec<(&'a SecretName, Vec<String>)>,
    /// What is not, and why.
    pub left_out: Vec<(&'a SecretName, Why<'a>)>,
}

/// Says why a stored secret is not passed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why<'a> {
    /// Its variable is another's.
    #[error("`{0}` goes before it")]
    Behind(&'a SecretName),
    /// It has no variable.
    #[error("it {0}")]
    NoVariable(#[from] NoVariable),
}

impl<'a> Passed<'a> {
    /// Chooses among the stored names of a platform: its fields under each of its names, and the bare name.
    pub fn of(asked: &str, stored: &[&'a SecretName]) -> Self {
        let preset = Presets::builtin().get(asked.strip_prefix("skill:").unwrap_or(asked));
        let mut passed = Self::default();
        let mut taken: BTreeMap<String, &'a SecretName> = BTreeMap::new();
        for (name, variables) in claims(asked, preset, stored) {
            match variables.map_err(Why::from).and_then(|variables| free(&taken, variables)) {
                Ok(variables) => {
                    taken.extend(variables.iter().map(|variable| (variable.clone(), name)));
                    passed.secrets.push((name, variables));
                }
                Err(why) => passed.left_out.push((name, why)),
            }
        }
        passed.secrets.sort_by_key(|(name, _)| place(preset, name));
        passed
    }
}

/// Returns whether a stored name of a platform, under any of its names, is what a platform that is asked for stands for:
/// fields are, and the platform's bare name, unless its preset has no key.
pub fn belongs(asked: &str, name: &SecretName) -> bool {
    let has_key = |preset: &Preset| field_of(preset, None).is_some();
    name.skill().is_some() || name.as_str() == asked && Presets::builtin().get(asked).is_none_or(has_key)
}

/// A stored name and the variables that it would go into.
type Claim<'a> = (&'a SecretName, Result<Vec<String>, NoVariable>);

/// Lists the variables of each name, in the order in which the names are tried if any of them has two.
fn claims<'a>(asked: &str, preset: Option<&Preset>, stored: &[&'a SecretName]) -> Vec<Claim<'a>> {
    let mut claims: Vec<Claim<'a>> = stored.iter().map(|name| (*name, variables(name))).collect();
    let mut seen = HashSet::new();
    let mut claimed = claims.iter().filter_map(|(_, variables)| variables.as_ref().ok()).flatten();
    if claimed.any(|variable| !seen.insert(variable)) {
        let order = in_order(asked, preset, stored);
        let places: HashMap<_, _> = order.into_iter().zip(0..).collect();
        claims.sort_by_key(|(name, _)| places.get(name).copied().unwrap_or(usize::MAX));
    }
    claims
}

/// Gives variables back if no other secret has one of them.
fn free<'a>(
    taken: &BTreeMap<String, &'a SecretName>,
    variables: Vec<String>,
) -> Result<Vec<String>, Why<'a>> {
    match variables.iter().find_map(|variable| taken.get(variable)) {
        Some(first) => Err(Why::Behind(first)),
        None => Ok(variables),
    }
}

/// Puts stored names in the order in which they are tried: for the platform, for each field of its preset, then the rest.
fn in_order<'a>(asked: &str, preset: Option<&Preset>, stored: &[&'a SecretName]) -> Vec<&'a SecretName> {
    let platform = asked.strip_prefix("skill:").unwrap_or(asked);
    let fields = preset.iter().flat_map(|preset| &preset.fields);
    let questions = fields.map(|field| format!("skill:{platform}:{}", field.field));
    let mut tried = candidates(asked);
    tried.extend(questions.flat_map(|question| candidates(&question)));
    // Of several spellings of one field, the one that a variable reads like goes first.
    let mut rest = stored.to_vec();
    rest.sort_by_key(|name| (name.spelling() != name.as_str(), *name));
    let mut seen = HashSet::new();
    let tried: Vec<_> = tried.iter().flat_map(|name| spelled(name, &rest)).collect();
    tried.into_iter().chain(rest).filter(|name| seen.insert(*name)).collect()
}

/// Returns the place of a secret's field in its preset.
fn place(preset: Option<&Preset>, name: &SecretName) -> usize {
    let field = name.skill().and_then(|(_, field)| field);
    let known = preset.and_then(|preset| {
        let known = field_of(preset, field)?;
        preset.fields.iter().position(|one| one.field == known.field)
    });
    known.unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists what is passed with its first variable, and what is left out.
    fn passed(asked: &str, stored: &[&str]) -> (Vec<String>, Vec<String>) {
        let names: Vec<_> =
            stored.iter().map(|name| SecretName::try_from((*name).to_owned()).unwrap()).collect();
        let passed = Passed::of(asked, &names.iter().collect::<Vec<_>>());
        let shown = |(name, variables): &(&SecretName, Vec<String>)| format!("{}={name}", variables[0]);
        (
            passed.secrets.iter().map(shown).collect(),
            passed.left_out.iter().map(|(name, _)| name.to_string()).collect(),
        )
    }

    #[test]
    fn the_order_of_resolve_decides_who_has_a_variable() {
        for stored in [
            ["openai", "skill:openai:access_token"],
            ["skill:openai:access_token", "skill:openai:api_key"],
            ["skill:openai:token", "skill:openai"],
        ] {
            let (given, left) = passed("openai", &stored);
            assert_eq!(
                (vec![format!("OPENAI_API_KEY={}", stored[0])], vec![stored[1].to_owned()]),
                (given, left)
            );
        }
    }

    #[test]
    fn an_alias_goes_before_the_preset_only_where_it_is_asked_for() {
        let stored = ["skill:gemini:access_token", "skill:google:access_token"];
        assert_eq!(["GOOGLE_API_KEY=skill:gemini:access_token"], passed("gemini", &stored).0[..]);
        assert_eq!(["GOOGLE_API_KEY=skill:google:access_token"], passed("google", &stored).0[..]);
    }

    #[test]
    fn fields_are_passed_in_the_presets_order_and_no_others() {
        let stored = ["skill:twilio:access_token", "skill:twilio:account_sid", "skill:twilio:base_url"];
        let (given, left) = passed("twilio", &stored);
        assert_eq!(
            ["TWILIO_ACCOUNT_SID=skill:twilio:account_sid", "TWILIO_AUTH_TOKEN=skill:twilio:access_token"],
            given[..]
        );
        assert_eq!(["skill:twilio:base_url"], left[..]);
    }

    #[test]
    fn a_platform_without_a_preset_passes_each_field_once() {
        let stored = ["mine", "skill:mine:a-b", "skill:mine:a.b", "skill:mine:a_b", "skill:mine"];
        let (given, left) = passed("mine", &stored);
        assert_eq!(["MINE=mine", "MINE_A_B=skill:mine:a_b"], given[..]);
        assert_eq!(["skill:mine", "skill:mine:a-b", "skill:mine:a.b"], left[..]);
    }
}
