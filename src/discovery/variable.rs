//! The environment variables that a secret goes into where no other is named.

use super::obeyed::is_obeyed;
use super::order::field_of;
use crate::domain::{SecretName, snake_case};
use crate::presets::Presets;

/// Says why a secret goes into no variable unless one is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoVariable {
    /// It is not a platform's.
    #[error("is no platform's, so it has no variable of its own")]
    NoPlatform,
    /// Its platform has a preset, which does not have the field.
    #[error("is not a field of its platform's preset")]
    NotInPreset,
    /// Its name has letters that no variable has, so that several names would make one.
    #[error("has letters that no variable has")]
    NotAscii,
    /// The variable that its name would make is one that loaders, shells or other programs obey.
    #[error("would go into {0}, which programs obey")]
    Obeyed(String),
}

/// Lists the variables that a platform's secret goes into, the one to show first.
///
/// # Errors
/// Why it goes into none.
pub fn usual(name: &SecretName) -> Result<Vec<String>, NoVariable> {
    let skill = name.skill();
    if let Some(variables) = of_preset(name) {
        return Ok(variables.clone());
    }
    let (platform, field) = skill.ok_or(NoVariable::NoPlatform)?;
    if Presets::builtin().get(platform).is_some() {
        return Err(NoVariable::NotInPreset);
    }
    let text = field.map_or_else(|| platform.to_owned(), |field| format!("{platform}_{}", snake_case(field)));
    made_of(&text).map(|variable| vec![variable])
}

/// Returns the variables that a preset names for a secret.
fn of_preset(name: &SecretName) -> Option<&'static Vec<String>> {
    let (platform, field) = name.skill().unwrap_or((name.as_str(), None));
    let preset = Presets::builtin().get(platform)?;
    field_of(preset, field).map(|field| &field.env)
}

/// Returns whether no preset names a secret's variable, so that it is made of its name: another name may make the same one.
pub fn is_made_up(name: &SecretName) -> bool {
    of_preset(name).is_none()
}

/// Lists the variables that a secret goes into: the usual ones, and for a secret of no platform one made of its name.
///
/// # Errors
/// Why it goes into none.
pub fn variables(name: &SecretName) -> Result<Vec<String>, NoVariable> {
    match usual(name) {
        Err(NoVariable::NoPlatform) => made_of(name.as_str()).map(|variable| vec![variable]),
        usual => usual,
    }
}

/// Makes a variable of a text: capitals, digits and `_`. One that is a variable already and has a capital stays as it is.
///
/// # Errors
/// [`NoVariable::Obeyed`] where programs obey it; [`NoVariable::NotAscii`] for other letters and digits than those of ASCII.
fn made_of(text: &str) -> Result<String, NoVariable> {
    if text.chars().any(|c| c.is_alphanumeric() && !c.is_ascii()) {
        return Err(NoVariable::NotAscii);
    }
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let variable = if is_variable(text) && text.contains(|c: char| c.is_ascii_uppercase()) {
        text.to_owned()
    } else {
        let made: String = text.chars().map(letter).collect();
        if is_variable(&made) { made } else { format!("_{made}") }
    };
    if is_obeyed(&variable) { Err(NoVariable::Obeyed(variable)) } else { Ok(variable) }
}

/// Returns whether a text can name a variable (POSIX.1, XBD 3.216): letters, digits and `_`, no digit first.
pub fn is_variable(text: &str) -> bool {
    let usual = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.chars().all(usual) && text.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Result<Vec<String>, NoVariable> {
        usual(&SecretName::try_from(name.to_owned()).unwrap())
    }

    #[test]
    fn a_presets_field_goes_into_every_variable_of_the_preset() {
        for name in ["skill:google:access_token", "skill:gemini:api_key", "skill:gcp", "google"] {
            let expected = ["GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"];
            assert_eq!(expected, of(name).unwrap()[..], "{name}");
        }
        assert_eq!(["AWS_REGION", "AWS_DEFAULT_REGION"], of("skill:aws:region").unwrap()[..]);
    }

    #[test]
    fn no_variable_is_made_up_for_a_platform_with_a_preset() {
        for name in ["skill:openai:base_url", "skill:aws:config_file", "skill:docker:host", "skill:database"]
        {
            assert_eq!(Err(NoVariable::NotInPreset), of(name), "{name}");
        }
    }

    #[test]
    fn a_platform_without_a_preset_has_its_variables_made_of_its_name() {
        for (name, variable) in [
            ("skill:mine:token", "MINE_TOKEN"),
            ("skill:2captcha:api_key", "_2CAPTCHA_API_KEY"),
            ("skill:my-tool:a.b-c", "MY_TOOL_A_B_C"),
            ("skill:mine", "MINE"),
        ] {
            assert_eq!([variable], of(name).unwrap()[..]);
        }
    }

    #[test]
    fn no_variable_is_made_of_letters_that_it_cannot_have() {
        for name in ["\u{65e5}\u{672c}", "schl\u{fc}ssel", "Gr\u{fc}\u{df}e 1", "\u{661}"] {
            assert_eq!(Err(NoVariable::NotAscii), variables(&SecretName::try_from(name.to_owned()).unwrap()));
        }
    }

    #[test]
    fn no_variable_that_programs_obey_is_made_up() {
        for name in ["skill:ld:preload", "skill:path", "skill:git:ssh_command", "skill:node:options"] {
            assert!(matches!(of(name), Err(NoVariable::Obeyed(_))), "{name}");
        }
    }

    #[test]
    fn a_secret_of_no_platform_has_no_usual_variable() {
        for name in ["db-url", "database", "aws"] {
            assert_eq!(Err(NoVariable::NoPlatform), of(name), "{name}");
        }
    }

    #[test]
    fn a_text_becomes_a_variable() {
        for (text, variable) in [
            ("db-url", "DB_URL"),
            ("DB_url", "DB_url"),
            ("1password", "_1PASSWORD"),
            ("a b?", "A_B_"),
            ("my db/1", "MY_DB_1"),
        ] {
            assert_eq!(variable, made_of(text).unwrap());
        }
    }

    #[test]
    fn no_preset_names_a_variable_that_programs_obey() {
        let all = Presets::builtin().all().iter().flat_map(|preset| &preset.fields);
        let obeyed: Vec<_> =
            all.flat_map(|field| &field.env).filter(|variable| is_obeyed(variable)).collect();
        assert!(obeyed.is_empty(), "{obeyed:?}");
    }
}
