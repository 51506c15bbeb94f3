//! The order in which stored names answer to what is asked for.
//!
//! An exact name always wins. Beyond it resolving is tolerant only where it is safe: a preset's aliases of its platform
//! and of its fields, the `snake_case` twin of a field, and the three names that tools use for the one key of a platform.

use std::collections::HashSet;

use crate::domain::{SecretName, snake_case};
use crate::presets::{Preset, PresetField, Presets};

/// The names that stand in for each other, in the order in which a platform alone tries them.
const STAND_INS: [&str; 3] = ["access_token", "api_key", "token"];

/// Lists the stored names that may answer to what was asked, best first.
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

/// Lists the places ([`SecretName::place`]) that a new name's place would go before in the answer to some question.
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
    let Some(asked) = asked else { return key_names(preset) };
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

/// Finds the preset's field that a name of a field means: by its name or an alias, or as what stands in for the key.
///
/// Without a field it is the one that the platform alone stands for.
pub fn field_of<'p>(preset: &'p Preset, given: Option<&str>) -> Option<&'p PresetField> {
    let Some(given) = given else { return key(preset) };
    let stand_in = || STAND_INS.contains(&&*snake_case(given)).then(|| key(preset)).flatten();
    preset.field(given).or_else(stand_in)
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
