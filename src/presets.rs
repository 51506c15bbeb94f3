//! The platforms the vault knows, with their fields, patterns and usual environment variables.
//!
//! They are data: one file `presets/<platform>.toml` each, and adding one is adding a file. The build
//! script reads and checks them and writes them out as Rust literals, so a running process parses
//! nothing and has nothing left to fail at: a preset that is wrong stops the build. The first use
//! copies the literals into [`Preset`]s, which takes a fifth of a millisecond; who never asks pays
//! nothing. A pattern is compiled when a value is first held against it.

use std::sync::{LazyLock, OnceLock};

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Category, snake_case};

include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// A preset as the build script writes it down.
struct Row {
    platform: &'static str,
    label: &'static str,
    category: Category,
    aliases: &'static [&'static str],
    apart: &'static [&'static str],
    source: &'static str,
    fields: &'static [FieldRow],
}

/// A preset's field as the build script writes it down.
struct FieldRow {
    field: &'static str,
    aliases: &'static [&'static str],
    label: &'static str,
    placeholder: &'static str,
    optional: bool,
    secret: bool,
    pattern: Option<&'static str>,
    env: &'static [&'static str],
}

/// Describes a platform: how it is called, and which fields its credentials are made of.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Preset {
    /// The name in `skill:<platform>:<field>`.
    pub platform: String,
    /// The name that people read.
    pub label: String,
    /// The category that its secrets get where none is given.
    pub category: Category,
    /// Other names that tools use for the same platform; none is another preset's.
    pub aliases: Vec<String>,
    /// Aliases of tools that may have a key of their own, stored next to the platform's; no part of an answer.
    #[serde(default, skip_serializing)]
    #[schemars(skip)]
    pub apart: Vec<String>,
    /// The platform's own page on its credentials; no part of an answer.
    #[serde(default, skip_serializing)]
    #[schemars(skip)]
    pub source: String,
    /// The fields, in the order in which they are asked for.
    pub fields: Vec<PresetField>,
}

/// Describes one field of a platform's credentials.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PresetField {
    /// The last part of `skill:<platform>:<field>`.
    pub field: String,
    /// Other names that tools use for the same field; none is another field's of the platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The name that people read.
    pub label: String,
    /// What an empty input shows; never a value.
    pub placeholder: String,
    /// Whether the platform works without it.
    pub optional: bool,
    /// Whether it is hidden while typed; a region, a host or an ID need not be.
    pub secret: bool,
    /// The form its values usually have: an anchored regular expression that JavaScript reads alike.
    pub pattern: Option<String>,
    /// The environment variables it is usually found in; all of them are set, and the first is the one to show.
    pub env: Vec<String>,
    #[serde(skip)]
    #[schemars(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl Preset {
    /// Finds the field that a name means, whose `snake_case` is the field's own name or one of its aliases.
    pub fn field(&self, name: &str) -> Option<&PresetField> {
        let twin = snake_case(name);
        self.fields.iter().find(|known| known.names().any(|known| known == twin))
    }

    /// Lists the platform and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.platform).chain(&self.aliases).map(String::as_str)
    }
}

impl PresetField {
    /// Lists the field's name and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.field).chain(&self.aliases).map(String::as_str)
    }

    /// Tells whether the value has the field's usual form.
    ///
    /// A field without a pattern takes any value, and so does one whose pattern does not compile,
    /// which only a preset from elsewhere can have. A mismatch is a reason to warn, not to refuse.
    pub fn matches(&self, value: &str) -> bool {
        let compile = || self.pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok());
        self.compiled.get_or_init(compile).as_ref().is_none_or(|regex| regex.is_match(value))
    }
}

/// Holds every preset, sorted by platform.
#[derive(Debug)]
pub struct Presets {
    all: Vec<Preset>,
}

impl Presets {
    /// Returns the presets that are built in.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Presets> =
            LazyLock::new(|| Presets { all: ROWS.iter().map(Preset::from).collect() });
        &BUILTIN
    }

    /// Lists the presets, sorted by platform.
    pub fn all(&self) -> &[Preset] {
        &self.all
    }

    /// Finds a preset by its platform or one of its aliases.
    pub fn get(&self, name: &str) -> Option<&Preset> {
        self.all.iter().find(|preset| preset.names().any(|known| known == name))
    }

    /// Returns the platform that a name, or an alias, stands for.
    pub fn canonical(&self, name: &str) -> Option<&str> {
        self.get(name).map(|preset| preset.platform.as_str())
    }

    /// Finds the field that a name means, the platform by its name or an alias.
    pub fn field(&self, platform: &str, field: &str) -> Option<&PresetField> {
        self.get(platform)?.field(field)
    }

    /// Tells whether a name is a secret's, and not that of a setting such as a region or a port.
    pub fn is_secret(&self, name: &str) -> bool {
        let field = name.strip_prefix("skill:").and_then(|skill| skill.split_once(':'));
        let known = field.and_then(|(platform, field)| self.field(platform, field));
        known.is_none_or(|field| field.secret)
    }

    /// Finds the field that an environment variable usually fills; case counts.
    pub fn by_variable(&self, variable: &str) -> Option<(&Preset, &PresetField)> {
        let mut fields =
            self.all.iter().flat_map(|preset| preset.fields.iter().map(move |field| (preset, field)));
        fields.find(|(_, field)| field.env.iter().any(|known| known == variable))
    }

    /// Lists at most `n` names that may have been meant, nearest first, one a platform.
    ///
    /// A name is near that takes few edits against its length, or that begins with the three
    /// characters or more that were typed. Case does not count.
    pub fn nearest(&self, typo: &str, n: usize) -> Vec<&str> {
        self.near(typo).into_iter().take(n).map(|(_, name)| name).collect()
    }

    /// Lists at most `n` of them that are so near that a word is hardly anything else: it begins with the same letter and takes
    /// at most two edits.
    pub fn likely(&self, typo: &str, n: usize) -> Vec<&str> {
        let first = typo.to_lowercase().chars().next();
        let near = self.near(typo).into_iter();
        near.filter(|(far, name)| *far <= 2 && name.chars().next() == first)
            .take(n)
            .map(|(_, name)| name)
            .collect()
    }

    /// Lists what may have been meant, nearest first, one name a platform.
    fn near(&self, typo: &str) -> Vec<(usize, &str)> {
        let typo = typo.to_lowercase();
        let mut near: Vec<(usize, &str)> = Vec::new();
        for preset in &self.all {
            near.extend(preset.names().filter_map(|name| Some((remoteness(&typo, name)?, name))).min());
        }
        near.sort_unstable();
        near
    }
}

impl From<&Row> for Preset {
    fn from(row: &Row) -> Self {
        Self {
            platform: row.platform.to_owned(),
            label: row.label.to_owned(),
            category: row.category,
            aliases: owned(row.aliases),
            apart: owned(row.apart),
            source: row.source.to_owned(),
            fields: row.fields.iter().map(PresetField::from).collect(),
        }
    }
}

impl From<&FieldRow> for PresetField {
    fn from(row: &FieldRow) -> Self {
        Self {
            field: row.field.to_owned(),
            aliases: owned(row.aliases),
            label: row.label.to_owned(),
            placeholder: row.placeholder.to_owned(),
            optional: row.optional,
            secret: row.secret,
            pattern: row.pattern.map(str::to_owned),
            env: owned(row.env),
            compiled: OnceLock::new(),
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// Says how far a name is from what was typed, or `None` where it is too far to have been meant.
pub(crate) fn remoteness(typo: &str, name: &str) -> Option<usize> {
    let typed = typo.chars().count();
    if typed >= 3 && name.starts_with(typo) {
        return Some(1);
    }
    let reach = 1 + typed / 3;
    if name.chars().count().abs_diff(typed) > reach {
        return None;
    }
    Some(edits(typo, name)).filter(|&edits| edits <= reach)
}

/// Counts the insertions, deletions and substitutions between two texts (Levenshtein's distance).
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (above, a) in from.chars().enumerate() {
        let (mut diagonal, mut left) = (above, above + 1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (b, cell) in to.chars().zip(row.iter_mut().skip(1)) {
            let fewest = (diagonal + usize::from(a != b)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, fewest);
            left = fewest;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
