//! The words that are refused, and what to write instead.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The refused forms of each word, and what to write instead.
const TABLE: [(&[&str], &str); 17] = [
    (&["mend", "mends", "mended", "mending"], "fix"),
    (&["afresh"], "again, or a verb with re-"),
    (&["anew"], "again, or a verb with re-"),
    (&["so many"], "the number, as in \"at most N\""),
    (&["at most so"], "the number, as in \"at most N\""),
    (&["is none"], "is not a …, or has no …"),
    (&["whoever", "whomever", "whosoever"], "the caller that …, the process that …"),
    (&["nobody"], "no one, no caller, nothing"),
    (&["somebody"], "another process, another user"),
    (&["asked wrongly"], "usage error, invalid"),
    (&["hand on", "hands on", "handed on", "handing on"], "pass"),
    (&["hurt", "hurts", "hurting"], "damage, damaged"),
    (&["told"], "reported, returned, distinguished"),
    (&["beside"], "with, next to, in addition to"),
    (&["take back", "takes back", "took back", "taken back", "taking back"], "undo, revoke"),
    (&["take it back", "takes it back", "took it back", "taken it back"], "undo, revoke"),
    (&CONDITIONS, "if"),
];

/// What begins a condition, and not a place.
const CONDITIONS: [&str; 16] = [
    "where there is",
    "where there are",
    "where there was",
    "where there were",
    "where it is not",
    "where it is missing",
    "where it is there",
    "where it cannot",
    "where it does not",
    "where it has",
    "where that is",
    "where that cannot",
    "where they differ",
    "where nothing",
    "where none",
    "where no",
];

/// A refused form: its words after the first, and what to write instead.
type Rest = (Vec<&'static str>, &'static str);

/// The forms by their first word.
static FORMS: LazyLock<HashMap<&'static str, Vec<Rest>>> = LazyLock::new(|| {
    let mut forms: HashMap<_, Vec<Rest>> = HashMap::new();
    for (form, instead) in
        TABLE.iter().flat_map(|(forms, instead)| forms.iter().map(move |form| (*form, *instead)))
    {
        let mut words = form.split(' ');
        forms.entry(words.next().unwrap_or_default()).or_default().push((words.collect(), instead));
    }
    forms
});

/// A refused form in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// The line that it begins in; the text's first line is 0.
    pub(super) line: usize,
    /// The words as they are written there, in lower case.
    pub(super) words: String,
    /// What to write instead.
    pub(super) instead: &'static str,
}

/// A word and its line; an empty one ends a phrase.
type Word = (usize, String);

/// Finds every refused form in a text.
pub(super) fn hits(text: &str) -> Vec<Hit> {
    let words = words(text);
    let mut rest = words.as_slice();
    let mut hits = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        let form =
            FORMS.get(first.1.as_str()).and_then(|forms| forms.iter().find(|form| begins(after, &form.0)));
        rest = after;
        if let Some((others, instead)) = form {
            hits.push(Hit {
                line: first.0,
                words: [&[first.1.as_str()], &others[..]].concat().join(" "),
                instead,
            });
            rest = after.get(others.len()..).unwrap_or_default();
        }
    }
    hits
}

fn begins(words: &[Word], with: &[&str]) -> bool {
    with.len() <= words.len() && words.iter().zip(with).all(|(word, with)| word.1 == *with)
}

/// Splits a text into words in lower case. An identifier with underscores is one word, so what it is made of is not found.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let is_part = |part: char| part.is_alphanumeric() || part == '_';
        for piece in line.split_inclusive(|part| !is_part(part)) {
            let word = piece.trim_end_matches(|part| !is_part(part));
            if !word.is_empty() {
                words.push((number, word.to_lowercase()));
            }
            if piece.ends_with(['.', ',', ';', ':', '?', '!', '(', ')', '|']) {
                words.push((number, String::new()));
            }
        }
        if line.trim().is_empty() {
            words.push((number, String::new()));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        hits(text).into_iter().map(|hit| hit.words).collect()
    }

    #[test]
    fn words_and_their_inflections_are_found_in_any_case() {
        assert_eq!(["mends", "told", "hurting"], found("Mends what was TOLD, hurting")[..]);
    }

    #[test]
    fn where_is_found_in_a_condition_and_left_in_a_place() {
        assert_eq!(
            ["where there is", "where it cannot"],
            found("Where there is none, or where it cannot be")[..]
        );
        assert!(found("the folder where it stands, and where the value comes from").is_empty());
    }

    #[test]
    fn a_phrase_is_found_over_the_end_of_a_line_with_the_line_that_it_begins_in() {
        let hits = hits("one\nat most so\nmany, and is\nnone");
        let found: Vec<_> = hits.iter().map(|hit| (hit.line, hit.words.as_str())).collect();
        assert_eq!([(1, "at most so"), (2, "is none")], found[..]);
    }

    #[test]
    fn a_phrase_ends_with_its_sentence() {
        assert!(found("as it is. None are left, which is (none)\nso\n\nmany").is_empty());
    }

    #[test]
    fn parts_of_other_words_and_of_identifiers_are_not_found() {
        assert!(found("amend besides unhurt a_stranger_is_told_nothing retold handled").is_empty());
    }

    #[test]
    fn every_form_of_the_table_is_found_with_what_to_write_instead() {
        for (forms, instead) in TABLE {
            for form in forms {
                assert_eq!(vec![Hit { line: 0, words: (*form).to_owned(), instead }], hits(form));
            }
        }
    }
}
