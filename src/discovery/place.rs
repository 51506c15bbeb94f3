//! Where a name stands: an org has one secret in each place, whichever of the place's names it is stored under.

use super::order::platforms;
use crate::domain::{PlatformName, SecretName};
use crate::presets::Presets;

/// Where a name stands: the same for every spelling of a field, and for every alias of a platform and of its fields.
///
/// What stands in for a field when that is missing, as `api_key` does for `access_token`, is in another place; so is what is
/// stored for an alias that the preset keeps apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place(String);

impl Place {
    /// Finds the place of a name.
    pub fn of(name: &SecretName) -> Self {
        let spelling = name.spelling();
        let preset = name.skill().and_then(|(platform, _)| Presets::builtin().get(platform));
        let Some((preset, rest)) = preset.zip(spelling.strip_prefix("skill:")) else {
            return Self(spelling.into_owned());
        };
        let (asked, field) =
            rest.split_once(':').map_or((rest, None), |(platform, field)| (platform, Some(field)));
        let is_apart = preset.apart.iter().any(|name| name == asked);
        let platform = if is_apart { asked } else { &preset.platform };
        Self(match field {
            None => format!("skill:{platform}"),
            Some(field) => {
                let field = preset.field(field).map_or(field, |known| &known.field);
                format!("skill:{platform}:{field}")
            }
        })
    }

    /// Lists the platforms under which other names of a name's place may be stored; a name of no platform has no other.
    pub fn platforms(name: &SecretName) -> impl Iterator<Item = PlatformName> {
        let all = name.skill().map(|(platform, _)| platforms(platform)).unwrap_or_default();
        all.into_iter().filter_map(|platform| PlatformName::try_from(platform).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::answer;

    fn name(text: &str) -> SecretName {
        SecretName::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn spellings_and_aliases_of_a_field_are_one_place() {
        for (one, other) in [
            ("skill:twilio:access_token", "skill:twilio-sms:authToken"),
            ("skill:twilio:auth-token", "skill:twilio-sms:access.token"),
            ("skill:google:client_id", "skill:gemini:clientID"),
            ("skill:gcp", "skill:google"),
            ("skill:x:apiKey", "skill:x:api.key"),
        ] {
            assert_eq!(Place::of(&name(one)), Place::of(&name(other)), "{one} {other}");
        }
    }

    #[test]
    fn stand_ins_bare_words_and_other_platforms_are_other_places() {
        for (one, other) in [
            ("skill:openai:access_token", "skill:openai:api_key"),
            ("skill:trello:api_key", "skill:trello:access_token"),
            ("twilio", "twilio-sms"),
            ("openai", "skill:openai"),
            ("skill:slack:token", "skill:slackbot:token"),
            ("skill:x", "skill:x:x"),
            ("skill:github:access_token", "skill:github-actions:access_token"),
            ("skill:github", "skill:github-actions"),
        ] {
            assert_ne!(Place::of(&name(one)), Place::of(&name(other)), "{one} {other}");
        }
    }

    #[test]
    fn each_name_of_a_presets_field_finds_what_is_stored_under_any_other() {
        for preset in Presets::builtin().all() {
            for field in &preset.fields {
                let one = preset.names().filter(|name| preset.apart.iter().all(|apart| apart != name));
                let names: Vec<_> = one
                    .flat_map(|platform| {
                        field.names().flat_map(move |field| {
                            [field.to_owned(), field.replace('_', "."), capitalised(field)]
                                .map(|field| name(&format!("skill:{platform}:{field}")))
                        })
                    })
                    .collect();
                let place = Place::of(&names[0]);
                for (asked, stored) in
                    names.iter().flat_map(|asked| names.iter().map(move |one| (asked, one)))
                {
                    assert_eq!(place, Place::of(asked));
                    assert_eq!(Some(stored), answer(asked.as_str(), &[stored]), "{asked} {stored}");
                }
            }
        }
    }

    /// Writes a field in `camelCase`.
    fn capitalised(field: &str) -> String {
        let words = field.split('_').enumerate();
        let written = words.map(|(place, word)| {
            let (first, rest) = word.split_at(usize::from(place > 0 && !word.is_empty()));
            first.to_uppercase() + rest
        });
        written.collect()
    }
}
