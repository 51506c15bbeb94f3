//! Reads and checks `presets/*.toml` and hands them to `src/presets.rs` as Rust literals.
//!
//! A preset that is wrong fails the build, with its file and field named, so that the library has
//! nothing left to parse, to check or to fail at when it runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

const FOLDER: &str = "presets";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preset {
    platform: String,
    label: String,
    category: Category,
    aliases: Vec<String>,
    #[serde(default)]
    apart: Vec<String>,
    source: String,
    fields: Vec<PresetField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetField {
    field: String,
    #[serde(default)]
    aliases: Vec<String>,
    label: String,
    placeholder: String,
    #[serde(default)]
    optional: bool,
    #[serde(default = "by_default")]
    secret: bool,
    pattern: Option<String>,
    env: Vec<String>,
}

/// Mirrors `vault::domain::Category`; a difference does not compile, as the literals name its variants.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Category {
    Deploy,
    SkillCredential,
    CloudStorage,
    ApiKey,
    Custom,
}

impl PresetField {
    /// Lists the field's names, each with the label that tells where it stands.
    fn names(&self) -> impl Iterator<Item = (&str, String)> {
        self.aliases.iter().chain([&self.field]).map(|name| (name.as_str(), self.label.clone()))
    }
}

fn by_default() -> bool {
    true
}

fn main() {
    println!("cargo::rerun-if-changed={FOLDER}");
    if let Err(problem) = generate() {
        for line in problem.lines() {
            println!("cargo::error={line}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "Cargo names the folder so, and nothing in it is private")]
fn generate() -> Result<(), String> {
    let presets = files()?.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    check_unique(names(&presets), "name")?;
    check_unique(variables(&presets), "variable")?;
    let folder = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&folder).join("presets.rs"), render(&presets)).map_err(|error| error.to_string())
}

fn files() -> Result<Vec<PathBuf>, String> {
    let unreadable = |error| format!("{FOLDER}: {error}");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(FOLDER).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Preset, String> {
    let in_file = |problem: String| format!("{}: {problem}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| in_file(error.to_string()))?;
    let preset: Preset = toml::from_str(&text).map_err(|error| in_file(error.to_string()))?;
    if path.file_stem().is_none_or(|stem| stem != preset.platform.as_str()) {
        return Err(in_file(format!("the platform `{}` is not the file's name", preset.platform)));
    }
    check(&preset).map_err(in_file)?;
    Ok(preset)
}

fn check(preset: &Preset) -> Result<(), String> {
    for name in preset.aliases.iter().chain([&preset.platform]) {
        check_name(name)?;
    }
    ensure(preset.apart.iter().all(|name| preset.aliases.contains(name)), "`apart` names what is no alias")?;
    ensure(!preset.label.trim().is_empty(), "the label is empty")?;
    ensure(preset.source.starts_with("https://"), "the source is no https address")?;
    ensure(preset.fields.iter().any(|field| !field.optional), "no field is required")?;
    check_unique(preset.fields.iter().flat_map(PresetField::names), "field")?;
    for field in &preset.fields {
        check_field(field).map_err(|problem| format!("field `{}`: {problem}", field.field))?;
    }
    Ok(())
}

fn check_field(field: &PresetField) -> Result<(), String> {
    for (name, _) in field.names() {
        check_name(name)?;
        ensure(!name.contains(['.', '-']), &format!("`{name}` is not in snake_case"))?;
    }
    ensure(!field.label.trim().is_empty(), "the label is empty")?;
    ensure(!field.placeholder.trim().is_empty(), "the placeholder is empty")?;
    ensure(!field.env.is_empty(), "no environment variable is named")?;
    for variable in &field.env {
        let shell = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let well_formed =
            variable.starts_with(|c: char| c.is_ascii_uppercase()) && variable.chars().all(shell);
        ensure(well_formed, &format!("`{variable}` is no environment variable's name"))?;
    }
    field.pattern.as_deref().map_or(Ok(()), check_pattern)
}

/// Keeps patterns to what regex-lite and JavaScript read alike.
fn check_pattern(pattern: &str) -> Result<(), String> {
    regex_lite::Regex::new(pattern).map_err(|error| format!("pattern: {error}"))?;
    ensure(pattern.starts_with('^') && pattern.ends_with('$'), "the pattern is not anchored")?;
    let foreign =
        pattern.replace("(?:", "").contains("(?") || ["[[", r"\A", r"\z"].iter().any(|c| pattern.contains(c));
    ensure(
        !foreign,
        "the pattern is no JavaScript: of groups, only (...) and (?:...); no [[...]], no \\A, no \\z",
    )
}

fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    ensure(!name.is_empty() && name.chars().all(plain), &format!("`{name}` is not made of a-z 0-9 . _ -"))
}

fn check_unique<'a>(items: impl IntoIterator<Item = (&'a str, String)>, what: &str) -> Result<(), String> {
    let mut places = BTreeMap::new();
    for (item, place) in items {
        if let Some(other) = places.insert(item, place.clone()) {
            return Err(format!("the {what} `{item}` stands twice: {other}; {place}"));
        }
    }
    Ok(())
}

fn names(presets: &[Preset]) -> impl Iterator<Item = (&str, String)> {
    presets.iter().flat_map(|preset| {
        let place = format!("{FOLDER}/{}.toml", preset.platform);
        preset.aliases.iter().chain([&preset.platform]).map(move |name| (name.as_str(), place.clone()))
    })
}

fn variables(presets: &[Preset]) -> impl Iterator<Item = (&str, String)> {
    let fields = presets.iter().flat_map(|preset| preset.fields.iter().map(move |field| (preset, field)));
    fields.flat_map(|(preset, field)| {
        let place = format!("{FOLDER}/{}.toml, field `{}`", preset.platform, field.field);
        field.env.iter().map(move |variable| (variable.as_str(), place.clone()))
    })
}

fn ensure(holds: bool, problem: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem.to_owned()) }
}

fn render(presets: &[Preset]) -> String {
    let rows: Vec<String> = presets.iter().map(render_preset).collect();
    format!("static ROWS: &[Row] = &[\n{}];\n", rows.concat())
}

fn render_preset(preset: &Preset) -> String {
    let Preset { platform, label, category, aliases, apart, source, fields } = preset;
    let fields: Vec<String> = fields.iter().map(render_field).collect();
    format!(
        "Row {{ platform: {platform:?}, label: {label:?}, category: Category::{category:?}, \
         aliases: &{aliases:?}, apart: &{apart:?}, source: {source:?}, fields: &[\n{}] }},\n",
        fields.concat()
    )
}

fn render_field(row: &PresetField) -> String {
    let PresetField { field, aliases, label, placeholder, optional, secret, pattern, env } = row;
    format!(
        "    FieldRow {{ field: {field:?}, aliases: &{aliases:?}, label: {label:?}, placeholder: {placeholder:?}, \
         optional: {optional}, secret: {secret}, pattern: {pattern:?}, env: &{env:?} }},\n"
    )
}
