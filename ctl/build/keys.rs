//! Writes down how keys begin and go on: finding that out takes a crate that the program then does not need.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::telling::telling_branches;

const FOLDER: &str = "../presets";
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

/// Keys that begin alike.
#[derive(Default)]
struct Kind {
    patterns: Vec<String>,
    platforms: Vec<String>,
}

/// Writes `keys.txt` for `src/commands/scan/patterns.rs`.
#[expect(clippy::disallowed_methods, reason = "Cargo names the folder so, and nothing in it is private")]
pub(crate) fn write() -> Result<(), String> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let mut kinds = BTreeMap::new();
    for path in files()? {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let preset = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        add(preset, &mut kinds);
    }
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

fn add(preset: Preset, kinds: &mut BTreeMap<String, Kind>) {
    for pattern in preset.fields.into_iter().filter_map(|field| field.pattern) {
        for (begins, branch) in telling_branches(&pattern) {
            let kind = kinds.entry(begins).or_default();
            kind.patterns.push(format!("(?:{branch})"));
            if !kind.platforms.contains(&preset.label) {
                kind.platforms.push(preset.label.clone());
            }
        }
    }
}

/// Writes a line for each kind: its beginning, its platforms, its pattern.
fn rendered(kinds: BTreeMap<String, Kind>) -> String {
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    // Of `sk-` and `sk-ant-` the longer says more.
    kinds.sort_by_key(|(begins, _)| std::cmp::Reverse(begins.len()));
    let mut text = String::new();
    for (begins, mut kind) in kinds {
        kind.patterns.sort();
        kind.patterns.dedup();
        kind.platforms.truncate(NAMED);
        let (platforms, pattern) = (kind.platforms.join("|"), in_text(&kind.patterns.join("|")));
        let _ = writeln!(text, "{begins}\t{platforms}\t^(?:{pattern})");
    }
    text
}

/// Writes a pattern over bytes as one over text that is ASCII.
fn in_text(pattern: &str) -> String {
    pattern.replace("(?-u:", "(?:")
}
