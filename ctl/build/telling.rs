//! Which keys say by their beginning whose they are, read from the presets' own patterns.
//!
//! A pattern serves where each of its branches begins with a text that says whose key it is, such as `ghp_`. What
//! only says "32 letters and digits" would be found everywhere, and is left out.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind, Look};

/// The least bytes with which a key says whose it is.
const TELLING: usize = 3;
/// The most characters of a class that are spelled out as beginnings, at first and where that tells too little.
const FEW: usize = 10;
const LETTERS: usize = 26;

/// Gives those branches of a pattern that begin with a telling text, without their anchors, and that text.
pub(crate) fn telling_branches(pattern: &str) -> Vec<(String, String)> {
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
