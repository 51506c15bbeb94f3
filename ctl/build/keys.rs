//! Writes down how keys begin and go on: finding that out takes a crate that the program then does not need.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::telling::{Branch, telling_branches, tells_alone, tells_in_a_format};

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
    /// Left out in the presets of most fields, which are secret.
    secret: Option<bool>,
}

/// Public formats of keys, by whose they are.
#[derive(Deserialize)]
struct Formats {
    formats: BTreeMap<String, Vec<Format>>,
}

/// A public format.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Format {
    /// A pattern that begins with what tells whose key it is.
    Begins(String),
    /// A key with the telling text in its middle.
    Within { before: String, key: String },
}

impl Format {
    /// Returns the pattern of what stands before the telling text, and the one that begins with that.
    fn parts(&self) -> (&str, &str) {
        match self {
            Self::Begins(key) => ("", key),
            Self::Within { before, key } => (before, key),
        }
    }
}

/// Why a text is taken for a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// It has a format that no other text has.
    Format,
    /// It begins so, and goes on as if drawn at random.
    Random,
}

/// What keys of one kind share.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sign {
    /// The text that tells.
    begins: String,
    why: Why,
    /// The pattern of what of the key stands before it; empty for most.
    before: String,
}

/// Keys that share a sign.
#[derive(Default)]
struct Kind {
    patterns: Vec<String>,
    platforms: Vec<String>,
    /// The least and the most bytes from the sign to the key's end.
    lengths: Option<(usize, usize)>,
}

type Kinds = BTreeMap<Sign, Kind>;

/// Writes `keys.txt` for `src/commands/scan/patterns.rs`.
#[expect(clippy::disallowed_methods, reason = "Cargo names the folder so, and nothing in it is private")]
pub(crate) fn write() -> Result<(), String> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let mut kinds = Kinds::new();
    for path in files()? {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let preset: Preset = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let secret = preset.fields.into_iter().filter(|field| field.secret != Some(false));
        for branch in secret
            .filter_map(|field| field.pattern)
            .flat_map(|pattern| telling_branches(&pattern, tells_alone))
        {
            let sign = Sign { begins: branch.begins.clone(), why: Why::Random, before: String::new() };
            kinds.entry(sign).or_default().add(&preset.label, &branch);
        }
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
    for (label, formats) in known.formats {
        for (before, key) in formats.iter().map(Format::parts) {
            let branches = telling_branches(key, tells_in_a_format);
            if branches.is_empty() {
                return Err(format!("{FORMATS}: {label}: {key} does not begin with a text that tells"));
            }
            for branch in branches {
                let sign = Sign { begins: branch.begins.clone(), why: Why::Format, before: in_text(before) };
                kinds.entry(sign).or_default().add(&label, &branch);
            }
        }
    }
    Ok(())
}

impl Kind {
    fn add(&mut self, label: &str, branch: &Branch) {
        self.patterns.push(format!("(?:{})", branch.pattern));
        if !self.platforms.iter().any(|known| known == label) {
            self.platforms.push(label.to_owned());
        }
        let (least, most) = branch.lengths;
        let (known_least, known_most) = self.lengths.unwrap_or(branch.lengths);
        self.lengths = Some((least.min(known_least), most.max(known_most)));
    }
}

/// Writes a line for each kind: its sign, its platforms, its lengths, its pattern.
fn rendered(kinds: Kinds) -> String {
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    // Of `sk-` and `sk-ant-` the longer says more.
    kinds.sort_by_key(|(sign, _)| (std::cmp::Reverse(sign.begins.len()), sign.why));
    let mut text = String::new();
    for (Sign { begins, why, before }, mut kind) in kinds {
        kind.patterns.sort();
        kind.patterns.dedup();
        kind.platforms.truncate(NAMED);
        let why = if why == Why::Format { "format" } else { "random" };
        let (least, most) = kind.lengths.unwrap_or_default();
        let (platforms, pattern) = (kind.platforms.join("|"), in_text(&kind.patterns.join("|")));
        let _ = writeln!(text, "{begins}\t{why}\t{before}\t{platforms}\t{least}\t{most}\t^(?:{pattern})");
    }
    text
}

/// Writes a pattern over bytes as one over text that is ASCII.
fn in_text(pattern: &str) -> String {
    pattern.replace("(?-u:", "(?:")
}
