//! A program that is tried, and the values that it has to find.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;

use crate::workspace::root;

/// Where the programs are, by language; a folder below is no program.
const FOLDERS: [&str; 2] = ["xtask/sdks/python", "xtask/sdks/node"];
/// How a program's first line begins, after the sign of a remark.
const FINDS: &str = " finds ";

/// A program of a platform.
#[derive(Debug)]
pub(super) struct Case {
    /// The file, whose name begins with the platform's: `google.vercel.mjs`.
    pub(super) path: PathBuf,
    /// The file's name.
    pub(super) name: String,
    /// The platform, as its preset calls it.
    pub(super) platform: String,
    /// What it has to find.
    pub(super) values: Vec<Value>,
}

/// A made-up value of a field.
#[derive(Debug)]
pub(super) struct Value {
    /// The field.
    pub(super) field: String,
    /// The value.
    pub(super) text: String,
    /// The part that is random, and stands nowhere else.
    pub(super) random: String,
}

/// Reads all programs, sorted by name, and makes up their values.
pub(super) fn all() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for folder in FOLDERS {
        for entry in root().join(folder).read_dir().context(folder)? {
            let path = entry?.path();
            if path.is_file() {
                cases.push(read(&path).with_context(|| path.display().to_string())?);
            }
        }
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(cases)
}

fn read(path: &Path) -> Result<Case> {
    let name = path.file_name().and_then(|name| name.to_str()).context("its name is no text")?.to_owned();
    let text = std::fs::read_to_string(path)?;
    let head = text.lines().next().unwrap_or_default().trim_start_matches(['#', '/']);
    let fields = head.strip_prefix(FINDS).context("its first line does not say what it finds")?;
    let platform = name.split('.').next().unwrap_or_default().to_owned();
    let values = fields.split(", ").map(Value::new).collect::<Result<_>>()?;
    Ok(Case { path: path.to_owned(), name, platform, values })
}

impl Value {
    /// Makes up a value of a form such as `region=eu-*-1`, in which the star stands for what is random.
    fn new(form: &str) -> Result<Self> {
        let (field, form) = form.split_once('=').unwrap_or((form, "*"));
        ensure!(form.contains('*'), "the form of `{field}` has no star");
        let random = HEXLOWER.encode(&vault::crypto::random::<16>()?);
        Ok(Self { field: field.to_owned(), text: form.replace('*', &random), random })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use vault::presets::Presets;

    use super::*;

    #[test]
    fn every_program_names_fields_of_its_preset() {
        for case in all().unwrap() {
            let preset = Presets::builtin().get(&case.platform).expect(&case.name);
            for value in case.values {
                assert!(preset.fields.iter().any(|field| field.field == value.field), "{}", case.name);
            }
        }
    }

    #[test]
    fn thirty_platforms_are_tried_in_two_languages() {
        let cases = all().unwrap();
        let of = |end: &str| cases.iter().filter(|case| case.name.ends_with(end)).count();
        let platforms: BTreeSet<_> = cases.iter().map(|case| &case.platform).collect();
        assert!(platforms.len() >= super::super::PLATFORMS && of(".py") >= 10 && of(".mjs") >= 10);
    }

    #[test]
    fn a_value_has_its_form_around_what_is_random() {
        let value = Value::new("region=eu-*-1").unwrap();
        assert_eq!(("region", format!("eu-{}-1", value.random)), (value.field.as_str(), value.text));
        let value = Value::new("access_token").unwrap();
        assert_eq!(value.random, value.text);
        assert!(Value::new("region=eu-1").is_err());
    }
}
