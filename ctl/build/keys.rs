//! Writes down how keys begin and go on: finding that out takes a crate that the program then does not need.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::telling::telling_branches;

const FOLDER: &str = "../presets";
const FORMATS: &str = "src/commands/scan/formats.toml";
/// The most platforms that one beginning is said to be of.
const NAMED: usize = 3;

#[derive(Deserialize)]
struct Preset {
    label: String,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    pattern: Option<String>,
}

/// Public formats of keys, by whose they are.
#[derive(Deserialize)]
struct Formats {
    formats: BTreeMap<String, Vec<String>>,
}

/// Why a text is taken for a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// It has a format that no other text has.
    Format,
    /// It begins so, and goes on as if drawn at random.
    Random,
}

/// Keys that begin alike.
#[derive(Default)]
struct Kind {
    patterns: Vec<String>,
    platforms: Vec<String>,
}

/// Kinds of keys, by how they begin and why they are taken for keys.
type Kinds = BTreeMap<(String, Why), Kind>;

/// Writes `keys.txt` for `src/commands/scan/patterns.rs`.
#[expect(clippy::disallowed_methods, reason = "Cargo names the folder so, and nothing in it is private")]
pub(crate) fn write() -> Result<(), String> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let mut kinds = BTreeMap::new();
    for path in files()? {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let preset: Preset = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let patterns = preset.fields.into_iter().filter_map(|field| field.pattern);
        patterns.for_each(|pattern| add(&preset.label, &pattern, Why::Random, &mut kinds));
    }
    add_formats(&mut kinds)?;
    let folder = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&folder).join("keys.txt"), rendered(kinds)).map_err(|error| error.to_string())
}

fn files() -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(FOLDER).map_err(|error| format!("{FOLDER}: {error}"))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut files = paths.map_err(|error| format!("{FOLDER}: {error}"))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
}

/// Adds the public formats; each pattern must begin with a text that tells whose key it is.
fn add_formats(kinds: &mut Kinds) -> Result<(), String> {
    println!("cargo::rerun-if-changed={FORMATS}");
    let text = std::fs::read_to_string(FORMATS).map_err(|error| format!("{FORMATS}: {error}"))?;
    let known: Formats = toml::from_str(&text).map_err(|error| format!("{FORMATS}: {error}"))?;
    for (label, patterns) in known.formats {
        for pattern in patterns {
            if telling_branches(&pattern).is_empty() {
                return Err(format!("{FORMATS}: {label}: {pattern} does not begin with a text that tells"));
            }
            add(&label, &pattern, Why::Format, kinds);
        }
    }
    Ok(())
}

fn add(label: &str, pattern: &str, why: Why, kinds: &mut Kinds) {
    for (begins, branch) in telling_branches(pattern) {
        let kind = kinds.entry((begins, why)).or_default();
        kind.patterns.push(format!("(?:{branch})"));
        if !kind.platforms.iter().any(|known| known == label) {
            kind.platforms.push(label.to_owned());
        }
    }
}

/// Writes a line for each kind: its beginning, why it is one, its platforms, its pattern.
fn rendered(kinds: Kinds) -> String {
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    // Of `sk-` and `sk-ant-` the longer says more.
    kinds.sort_by_key(|((begins, why), _)| (std::cmp::Reverse(begins.len()), *why));
    let mut text = String::new();
    for ((begins, why), mut kind) in kinds {
        kind.patterns.sort();
        kind.patterns.dedup();
        kind.platforms.truncate(NAMED);
        let why = if why == Why::Format { "format" } else { "random" };
        let (platforms, pattern) = (kind.platforms.join("|"), in_text(&kind.patterns.join("|")));
        let _ = writeln!(text, "{begins}\t{why}\t{platforms}\t^(?:{pattern})");
    }
    text
}

/// Writes a pattern over bytes as one over text that is ASCII.
fn in_text(pattern: &str) -> String {
    pattern.replace("(?-u:", "(?:")
}
