//! Which keys say by their beginning whose they are, read from the presets' own patterns.
//!
//! A pattern serves where each of its branches begins with a text that says whose key it is, such as `ghp_`. What
//! only says "32 letters and digits" would be found everywhere, and is left out.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind, Look};

/// The least bytes with which a key says whose it is.
const TELLING: usize = 3;
/// The most bytes of a key whose pattern has no end: as many as come again with the next piece of a text.
const UNBOUNDED: usize = 8 * 1024;
/// The most characters of a class that are spelled out as beginnings, at first and where that tells too little.
const FEW: usize = 10;
const LETTERS: usize = 26;

/// A branch of a pattern that begins with a telling text.
pub(crate) struct Branch {
    /// The text.
    pub(crate) begins: String,
    /// The branch, without its anchors.
    pub(crate) pattern: String,
    /// The least and the most bytes that match it.
    pub(crate) lengths: (usize, usize),
}

/// Returns whether a text alone tells whose key it is.
pub(crate) fn tells_alone(text: &str) -> bool {
    let marked = text.bytes().any(|byte| byte.is_ascii_punctuation());
    tells_in_a_format(text) && (text.len() > TELLING || marked)
}

/// Returns whether a text tells whose key it is, if the length and the characters of what follows say the rest.
pub(crate) fn tells_in_a_format(text: &str) -> bool {
    text.len() >= TELLING && !text.starts_with("http")
}

/// Returns those branches of a pattern that begin with a telling text.
pub(crate) fn telling_branches(pattern: &str, tells: fn(&str) -> bool) -> Vec<Branch> {
    let parsed = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern);
    let Ok(hir) = parsed else { return Vec::new() };
    branches(&hir).into_iter().flat_map(|branch| telling(&branch, tells)).collect()
}

fn telling(branch: &Hir, tells: fn(&str) -> bool) -> Vec<Branch> {
    // `xox[a-z]-` tells only when each letter is spelled out, `dop_v1_[0-9a-f]` already without.
    let begins = [FEW, LETTERS].into_iter().find_map(|most| telling_beginnings(branch, tells, most));
    let properties = branch.properties();
    let lengths =
        (properties.minimum_len().unwrap_or_default(), properties.maximum_len().unwrap_or(UNBOUNDED));
    let whole = |begins| Branch { begins, pattern: branch.to_string(), lengths };
    begins.into_iter().flatten().map(whole).collect()
}

/// Returns the texts with which a pattern begins, if all tell whose key it is.
fn telling_beginnings(branch: &Hir, tells: fn(&str) -> bool, spelled_out: usize) -> Option<Vec<String>> {
    let literals = Extractor::new().limit_class(spelled_out).extract(branch);
    let begins: Vec<_> =
        literals.literals()?.iter().map(|one| String::from_utf8_lossy(one.as_bytes()).into_owned()).collect();
    begins.iter().all(|text| tells(text)).then_some(begins)
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
