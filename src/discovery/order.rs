//! The order in which stored names answer to what is asked for.
//!
//! An exact name always wins. Beyond it resolving is tolerant only where it is safe: a preset's aliases of its platform
//! and of its fields, the other spellings of a field, and the three names that tools use for the one key of a platform.
//! A platform alone is its key, else the one field that its preset requires, else the only one of its fields that is stored; of
//! several, the only one that no other agent than the asking one stored, which the vault decides.

use std::collections::HashSet;

use crate::domain::{SecretName, snake_case};
use crate::presets::{Preset, PresetField, Presets};

/// The names that stand in for each other, in the order in which a platform alone tries them.
const STAND_INS: [&str; 3] = ["access_token", "api_key", "token"];

/// Lists the names that may answer to what was asked, best first; each stands for all of its spellings.
pub fn candidates(asked: &str) -> Vec<SecretName> {
    let mut names: Vec<String> = vec![asked.to_owned()];
    let skill = asked.strip_prefix("skill:").unwrap_or(asked);
    let (platform, field) = skill.split_once(':').map_or((skill, None), |(p, f)| (p, Some(f)));
    if asked.starts_with("skill:") || field.is_none() {
        let fields = fields(Presets::builtin().get(platform), field);
        for platform in platforms(platform) {
            names.extend(fields.iter().map(|field| format!("skill:{platform}:{field}")));
            if field.is_none() {
                names.push(format!("skill:{platform}"));
            }
        }
    }
    let mut seen = HashSet::new();
    let parsed = names.into_iter().filter_map(|name| SecretName::try_from(name).ok());
    parsed.filter(|name| seen.insert(name.clone())).collect()
}

/// Finds the stored name that answers to what was asked, among those of its platform.
pub fn answer<'n>(asked: &str, stored: &[&'n SecretName]) -> Option<&'n SecretName> {
    candidates(asked)
        .iter()
        .find_map(|name| spelled(name, stored).next())
        .or_else(|| only_field(asked, stored))
}

/// Lists the stored names that are spellings of a name, the name itself first.
pub(super) fn spelled<'n>(
    name: &SecretName,
    stored: &[&'n SecretName],
) -> impl Iterator<Item = &'n SecretName> {
    let exact = stored.iter().find(|stored| **stored == name).copied();
    let others = stored.iter().filter(move |stored| **stored != name && stored.spelling() == name.spelling());
    exact.into_iter().chain(others.copied())
}

/// Finds the only stored field of a platform that was asked for alone and has no key.
fn only_field<'n>(asked: &str, stored: &[&'n SecretName]) -> Option<&'n SecretName> {
    let mut fields = stored.iter().filter(|name| is_field(name));
    let only = fields.next().filter(|_| is_keyless(asked))?;
    fields.next().is_none().then_some(*only)
}

/// Returns whether a platform is asked for alone of which no field is the key.
pub fn is_keyless(asked: &str) -> bool {
    let platform = asked.strip_prefix("skill:").unwrap_or(asked);
    !platform.contains(':') && Presets::builtin().get(platform).is_none_or(|preset| alone(preset).is_none())
}

/// Returns whether a name is found before the only field of its platform if that is asked for alone.
pub fn is_before_fields(name: &SecretName) -> bool {
    let platform = name.skill().map_or(name.as_str(), |(platform, _)| platform);
    is_keyless(platform) && candidates(platform).contains(name)
}

/// Returns whether a name is that of a platform's field.
pub fn is_field(name: &SecretName) -> bool {
    matches!(name.skill(), Some((_, Some(_))))
}

/// Lists the spellings ([`SecretName::spelling`]) that a new name's spelling would go before in the answer to some question.
pub fn names_behind(name: &SecretName) -> Vec<SecretName> {
    let (mut behind, mut seen) = (Vec::new(), HashSet::from([name.clone()]));
    for asked in questions(name) {
        let after = candidates(&asked).into_iter().skip_while(|candidate| candidate != name);
        behind.extend(after.filter(|candidate| seen.insert(candidate.clone())));
    }
    behind
}

/// Lists the questions that a name may answer: itself, and those about its field and its platform under each name of it.
fn questions(name: &SecretName) -> Vec<String> {
    let mut all = vec![name.to_string()];
    let Some((platform, field)) = name.skill() else { return all };
    let preset = Presets::builtin().get(platform);
    let named = field.map(|field| fields(preset, Some(field))).unwrap_or_default();
    for platform in platforms(platform) {
        all.extend(named.iter().map(|field| format!("skill:{platform}:{field}")));
        all.extend([format!("skill:{platform}"), platform]);
    }
    all
}

/// Returns the platform as asked, then as its preset calls it, then the preset's other names.
pub fn platforms(asked: &str) -> Vec<String> {
    let mut all = vec![asked.to_owned()];
    if let Some(preset) = Presets::builtin().get(asked) {
        all.extend(preset.names().filter(|name| *name != asked).map(str::to_owned));
    }
    all
}

/// Returns the field as asked, its `snake_case` twin, and its other names; without a field, what a platform alone tries.
fn fields(preset: Option<&Preset>, asked: Option<&str>) -> Vec<String> {
    let Some(asked) = asked else { return names_alone(preset) };
    let twin = snake_case(asked).into_owned();
    let others = match preset.and_then(|preset| preset.field(&twin)) {
        Some(field) if !is_key(field) => field.names().map(str::to_owned).collect(),
        None if !STAND_INS.contains(&twin.as_str()) => Vec::new(),
        _ => key_names(preset),
    };
    [asked.to_owned(), twin].into_iter().chain(others).collect()
}

/// Lists the names of a platform's one key: those that stand in for each other, and the preset's own for it.
///
/// What the preset calls another of its fields is not among them: Trello has an `api_key` and a token.
fn key_names(preset: Option<&Preset>) -> Vec<String> {
    let field = |name: &str| preset.and_then(|preset| preset.field(name));
    let free = STAND_INS.into_iter().filter(|name| field(name).is_none_or(is_key));
    let aliases = preset.and_then(key).into_iter().flat_map(|key| &key.aliases);
    free.map(str::to_owned).chain(aliases.cloned()).collect()
}

/// Lists the fields that a platform alone tries: those of its key, and of the one field that its preset requires.
fn names_alone(preset: Option<&Preset>) -> Vec<String> {
    let required = preset.and_then(alone).filter(|field| !is_key(field));
    key_names(preset)
        .into_iter()
        .chain(required.into_iter().flat_map(PresetField::names).map(str::to_owned))
        .collect()
}

/// Finds the preset's field that a name of a field means: by its name or an alias, or as what stands in for the key.
///
/// Without a field it is the key.
pub fn field_of<'p>(preset: &'p Preset, given: Option<&str>) -> Option<&'p PresetField> {
    let Some(given) = given else { return key(preset) };
    let stand_in = || STAND_INS.contains(&&*snake_case(given)).then(|| key(preset)).flatten();
    preset.field(given).or_else(stand_in)
}

/// Finds the field that a platform alone stands for: its key, else the one that is required.
fn alone(preset: &Preset) -> Option<&PresetField> {
    let mut required = preset.fields.iter().filter(|field| !field.optional);
    let only = required.next().filter(|_| required.next().is_none());
    key(preset).or(only)
}

/// Lists the full names of what a platform's word, with or without `skill:`, may stand for, as its preset has them: its key or
/// the one field that it requires, else all that it requires.
pub fn full_names(word: &str) -> Vec<SecretName> {
    let Some(preset) = Presets::builtin().get(word.strip_prefix("skill:").unwrap_or(word)) else {
        return Vec::new();
    };
    let required = || preset.fields.iter().filter(|field| !field.optional).collect();
    let fields = alone(preset).map_or_else(required, |field| vec![field]);
    let names = fields.into_iter().map(|field| format!("skill:{}:{}", preset.platform, field.field));
    names.filter_map(|name| SecretName::try_from(name).ok()).collect()
}

fn key(preset: &Preset) -> Option<&PresetField> {
    preset.fields.iter().find(|field| is_key(field))
}

fn is_key(field: &PresetField) -> bool {
    STAND_INS.contains(&field.field.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(asked: &str) -> Vec<String> {
        candidates(asked).into_iter().map(String::from).collect()
    }

    fn behind(name: &str) -> Vec<String> {
        let name = SecretName::try_from(name.to_owned()).unwrap();
        names_behind(&name).into_iter().map(String::from).collect()
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

    fn answered(asked: &str, stored: &[&str]) -> Option<String> {
        let stored: Vec<_> =
            stored.iter().map(|name| SecretName::try_from((*name).to_owned()).unwrap()).collect();
        answer(asked, &stored.iter().collect::<Vec<_>>()).map(SecretName::to_string)
    }

    #[test]
    fn a_platform_alone_finds_the_one_field_that_it_requires_or_the_only_one_that_is_stored() {
        for (asked, stored) in [
            ("database", &["skill:database:connection_string"][..]),
            ("postgres", &["skill:database:connection_string"]),
            ("smtp", &["skill:smtp:password"]),
            ("skill:aws", &["skill:aws:secret_access_key"]),
            ("x1", &["skill:x1:webhook_secret"]),
            ("x1", &["skill:x1:token", "skill:x1:webhook_secret"]),
        ] {
            assert_eq!(Some(stored[0].to_owned()), answered(asked, stored), "{asked}");
        }
    }

    #[test]
    fn a_platform_alone_finds_none_of_several_and_nothing_in_place_of_its_key() {
        for (asked, stored) in [
            ("aws", &["skill:aws:access_key_id", "skill:aws:region"][..]),
            ("x1", &["skill:x1:a", "skill:x1:b"]),
            ("slack", &["skill:slack:signing_secret"]),
            ("database", &["skill:database:other"]),
            ("skill:x1:token", &["skill:x1:webhook_secret"]),
        ] {
            assert_eq!(None, answered(asked, stored), "{asked}");
        }
    }

    #[test]
    fn a_key_and_a_bare_name_go_before_the_only_field_of_a_platform() {
        let before = |name: &str| is_before_fields(&SecretName::try_from(name.to_owned()).unwrap());
        for name in ["x1", "skill:x1", "skill:x1:token", "aws", "skill:smtp:api_key"] {
            assert!(before(name), "{name}");
        }
        for name in ["skill:x1:other", "openai", "skill:openai:token", "database", "skill:aws:region"] {
            assert!(!before(name), "{name}");
        }
    }

    #[test]
    fn a_field_finds_its_snake_case_twin_and_what_stands_in_for_it() {
        assert_eq!(
            ["skill:x1:apiKey", "skill:x1:api_key", "skill:x1:access_token", "skill:x1:token"],
            names("skill:x1:apiKey")[..]
        );
    }

    #[test]
    fn a_field_that_is_no_key_stands_alone() {
        assert_eq!(["skill:x1:webhook_secret"], names("skill:x1:webhook_secret")[..]);
        assert!(behind("skill:x1:webhook_secret").is_empty());
    }

    #[test]
    fn an_alias_finds_the_presets_own_name() {
        assert!(names("telegram-bot").contains(&"skill:telegram:access_token".to_owned()));
    }

    #[test]
    fn a_presets_other_name_of_a_field_finds_it_and_is_found() {
        for asked in ["skill:twilio-sms:authToken", "skill:twilio:auth_token", "skill:twilio:auth-token"] {
            assert!(names(asked).contains(&"skill:twilio:access_token".to_owned()), "{asked}");
        }
        for asked in ["twilio", "skill:twilio:access_token", "skill:twilio:apiKey"] {
            assert!(names(asked).contains(&"skill:twilio-sms:auth_token".to_owned()), "{asked}");
        }
        assert!(names("skill:shopify:api_secret").contains(&"skill:shopify:client_secret".to_owned()));
        assert!(behind("skill:twilio:auth_token").contains(&"skill:twilio".to_owned()));
    }

    #[test]
    fn a_name_that_the_preset_gives_to_another_field_never_finds_the_key() {
        assert_eq!(
            ["skill:trello:api_key", "skill:trello:app_key", "skill:trello-cards:api_key"],
            names("skill:trello:api_key")[..3]
        );
        for asked in ["skill:trello:api_key", "skill:trello-cards:apiKey"] {
            assert!(names(asked).iter().all(|name| !name.as_str().ends_with("token")), "{asked}");
        }
        for asked in ["trello", "skill:trello:token", "skill:trello:access_token"] {
            assert!(names(asked).iter().all(|name| !name.as_str().ends_with("key")), "{asked}");
        }
    }

    #[test]
    fn a_platform_never_finds_one_that_only_begins_alike() {
        assert!(names("skill:slack").iter().all(|name| !name.contains("slackbot")));
    }

    #[test]
    fn a_bare_platform_goes_before_its_key_under_every_name() {
        let expected = ["skill:x1:access_token", "skill:x1:api_key", "skill:x1:token", "skill:x1"];
        assert_eq!(expected, behind("x1")[..]);
    }

    #[test]
    fn stand_ins_and_aliases_go_before_each_other() {
        assert!(behind("skill:x1:api_key").contains(&"skill:x1:access_token".to_owned()));
        assert!(behind("skill:gemini:client_id").contains(&"skill:google:client_id".to_owned()));
        assert!(behind("skill:x1:webhook-secret").contains(&"skill:x1:webhook_secret".to_owned()));
    }

    #[test]
    fn a_name_goes_before_no_other_platforms() {
        assert!(behind("skill:slackbot:token").iter().all(|name| name.starts_with("skill:slackbot")));
        assert!(behind("slackbot").iter().all(|name| name.starts_with("skill:slackbot")));
    }
}
