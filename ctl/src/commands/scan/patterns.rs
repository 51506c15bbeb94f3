//! What the keys of known platforms look like: taken from the presets' own patterns.
//!
//! A pattern serves where each of its branches begins with a text that says whose key it is, such as `ghp_`. What
//! only says "32 letters and digits" would be found everywhere, and is left out.

use std::collections::BTreeMap;
use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind, Look};
use vault::presets::Presets;

use super::finding::What;

/// The least bytes with which a key says whose it is.
const TELLING: usize = 3;
/// The most characters of a class that are spelled out as beginnings, at first and where that tells too little.
const FEW: usize = 10;
const LETTERS: usize = 26;
/// The most platforms that one beginning is said to be of.
const NAMED: usize = 3;

/// All patterns that serve.
#[derive(Debug)]
pub(super) struct Patterns {
    all: Option<Regex>,
    kinds: Vec<Kind>,
}

/// Keys that begin alike.
#[derive(Debug)]
struct Kind {
    begins: String,
    platforms: Vec<String>,
    whole: Regex,
}

impl Patterns {
    /// Takes the patterns of the presets.
    pub(super) fn of(presets: &Presets) -> Self {
        let mut branches: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for preset in presets.all() {
            for pattern in preset.fields.iter().filter_map(|field| field.pattern.as_deref()) {
                for (begins, branch) in telling_branches(pattern) {
                    let (patterns, platforms) = branches.entry(begins).or_default();
                    patterns.push(format!("(?:{branch})"));
                    if !platforms.contains(&preset.label) {
                        platforms.push(preset.label.clone());
                    }
                }
            }
        }
        let mut kinds: Vec<_> = branches.into_iter().filter_map(Kind::new).collect();
        // Of `sk-` and `sk-ant-` the longer says more.
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.begins.len()));
        let any: Vec<_> = kinds.iter().map(|kind| format!("(?:{})", kind.whole.as_str())).collect();
        Self { all: regex(&any.join("|")), kinds }
    }

    /// Hands each place that looks like a key to a function.
    pub(super) fn search(&self, text: &[u8], mut found: impl FnMut(Range<usize>, What)) {
        let Some(all) = &self.all else { return };
        for place in all.find_iter(text) {
            let key = place.as_bytes();
            let kind = self.kinds.iter().find(|kind| key.starts_with(kind.begins.as_bytes()));
            if let Some(kind) = kind.filter(|kind| looks_random(key, kind.begins.len())) {
                found(place.range(), kind.what());
            }
        }
    }
}

impl Kind {
    fn new((begins, (mut patterns, mut platforms)): (String, (Vec<String>, Vec<String>))) -> Option<Self> {
        patterns.sort();
        patterns.dedup();
        platforms.truncate(NAMED);
        let whole = regex(&format!(r"(?-u:\b)(?:{})", patterns.join("|")))?;
        Some(Self { begins, platforms, whole })
    }

    fn what(&self) -> What {
        What::KeyPattern { platforms: self.platforms.clone(), begins: self.begins.clone() }
    }
}

fn regex(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).unicode(false).build().ok()
}

/// Tells a key from a word in code or an example: it has digits, and letters of both cases or hexadecimal digits.
fn looks_random(key: &[u8], from: usize) -> bool {
    let rest = key.get(from..).unwrap_or_default();
    let count = |is: fn(&u8) -> bool| rest.iter().filter(|byte| is(byte)).count();
    let (digits, hex) = (count(u8::is_ascii_digit), count(u8::is_ascii_hexdigit));
    let (upper, lower) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let is_example = key.to_ascii_lowercase().windows(7).any(|run| run == b"example");
    digits >= 2 && (upper >= 2 && lower + digits >= 2 || 4 * hex >= 3 * rest.len()) && !is_example
}

/// Gives those branches of a pattern that begin with a telling text, without their anchors, and that text.
fn telling_branches(pattern: &str) -> Vec<(String, String)> {
    let parsed = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern);
    let Ok(hir) = parsed else { return Vec::new() };
    branches(&hir).into_iter().flat_map(|branch| telling(&branch)).collect()
}

fn telling(branch: &Hir) -> Vec<(String, String)> {
    // `xox[a-z]-` tells only when each letter is spelled out, `dop_v1_[0-9a-f]` already without.
    let begins = [FEW, LETTERS].into_iter().find_map(|most| telling_beginnings(branch, most));
    begins.into_iter().flatten().map(|begins| (begins, branch.to_string())).collect()
}

/// Gives the texts with which a pattern begins, if all tell whose key it is.
fn telling_beginnings(branch: &Hir, spelled_out: usize) -> Option<Vec<String>> {
    let literals = Extractor::new().limit_class(spelled_out).extract(branch);
    let begins: Vec<_> =
        literals.literals()?.iter().map(|one| String::from_utf8_lossy(one.as_bytes()).into_owned()).collect();
    let says = |text: &String| {
        let marked = text.bytes().any(|byte| byte.is_ascii_punctuation());
        !text.starts_with("http") && (text.len() > TELLING || text.len() == TELLING && marked)
    };
    begins.iter().all(says).then_some(begins)
}

/// Splits a pattern where it has a choice at its beginning, and takes its anchors off.
fn branches(hir: &Hir) -> Vec<Hir> {
    match hir.kind() {
        HirKind::Look(Look::Start | Look::End) => vec![Hir::empty()],
        HirKind::Capture(group) => branches(&group.sub),
        HirKind::Alternation(all) => all.iter().flat_map(branches).collect(),
        HirKind::Concat(parts) => {
            let mut parts: Vec<_> = parts.iter().filter(|part| !is_anchor(part)).cloned().collect();
            if parts.is_empty() {
                return vec![Hir::empty()];
            }
            let first = parts.remove(0);
            let with =
                |first: Hir| Hir::concat(std::iter::once(first).chain(parts.iter().cloned()).collect());
            let mut all: Vec<_> = firsts(&first).into_iter().map(with).collect();
            if is_optional(&first) {
                all.extend(branches(&Hir::concat(parts.clone())));
            }
            all
        }
        _ => vec![hir.clone()],
    }
}

/// Splits the first part of a pattern, taken as if it were there where it may be left out.
fn firsts(first: &Hir) -> Vec<Hir> {
    match first.kind() {
        HirKind::Repetition(optional) if is_optional(first) => branches(&optional.sub),
        _ => branches(first),
    }
}

fn is_optional(part: &Hir) -> bool {
    matches!(part.kind(), HirKind::Repetition(part) if (part.min, part.max) == (0, Some(1)))
}

fn is_anchor(part: &Hir) -> bool {
    matches!(part.kind(), HirKind::Look(Look::Start | Look::End))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        let mut all = Vec::new();
        Patterns::of(Presets::builtin()).search(text.as_bytes(), |place, what| {
            let What::KeyPattern { begins, .. } = what else { unreachable!() };
            all.push((place.start, begins));
        });
        all
    }

    #[test]
    fn keys_of_known_platforms_are_recognised_by_how_they_begin() {
        let random = "A1b2C3d4E5f6G7h8J9k0L1m2N3p4Q5r6S7t8U9v0";
        for begins in ["sk-", "sk-ant-", "ghp_", "github_pat_", "xoxb-", "hf_", "npm_", "sk_live_", "gsk_"] {
            let text = format!("key = '{begins}{random}'");
            let [(7, known)] = &found(&text)[..] else { panic!("{begins}: {:?}", found(&text)) };
            assert!(begins.starts_with(known.as_str()), "{begins}: {known}");
        }
        assert_eq!(vec![(0, "AKIA".to_owned())], found("AKIA1B2C3D4E5F6G7H8J"));
        assert_eq!(vec![(0, "dop_v1_".to_owned())], found(&format!("dop_v1_{}", "0a1b2c3d".repeat(8))));
    }

    #[test]
    fn words_examples_and_hashes_are_no_keys() {
        for text in [
            "sk-fading-circle-of-some-length",
            "re_compile_all_the_patterns_2_3",
            "AKIAIOSFODNN7EXAMPLE",
            "0123456789abcdef0123456789abcdef",
            "https://user@sentry.example.org/42",
            "task-A1b2C3d4E5f6G7h8J9k0L1m2",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn what_says_more_is_named() {
        let [(_, begins)] = &found("sk-ant-api03-A1b2C3d4E5f6G7h8J9k0L1m2")[..] else { panic!() };
        assert_eq!("sk-ant-", begins);
    }
}
