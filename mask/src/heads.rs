//! How a needle may begin: the first characters of a text as they are mostly written, by which the index knows it.

use zeroize::Zeroizing;

use super::spelling::{is_plain, is_quote};

/// The characters of a head with others than plain ones, where the text has as many.
const MIXED: usize = 12;
/// The most characters of a head of plain ones.
const PLAIN: usize = 24;
/// The least characters of a head that ends before a space, which may be spelled as a run of others.
const BEFORE_SPACE: usize = 8;

/// How quotes are written between quotes: twice by SQL, YAML and CSV, and as shells and Python's `shlex` do.
const QUOTED: [&[(char, &str)]; 3] = [&[('\'', "''")], &[('"', "\"\"")], &[('\'', "'\"'\"'")]];
/// The same with backslashes, and as markup and URLs have it.
const ESCAPED: [&[(char, &str)]; 8] = [
    &[('\'', r"'\''")],
    &[('\'', r"\'"), ('\\', r"\\")],
    &[('"', r#"\""#), ('\\', r"\\")],
    &[('\'', r"\'"), ('"', r#"\""#), ('\\', r"\\")],
    &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")],
    &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#x27;")],
    &[('"', "%22"), ('\'', "%27"), ('\\', "%5C"), (' ', "%20"), ('%', "%25")],
    &[('"', "%22"), ('\\', "%5C"), (' ', "%20"), ('%', "%25")],
];

/// Returns the start of a text by which it is known.
pub(super) fn start_of(text: &str) -> &str {
    let text = text.trim_matches(|c: char| is_quote(c) || c.is_whitespace());
    let plain = text.find(|c| !is_plain(c)).unwrap_or(text.len());
    let most = if plain < MIXED { MIXED } else { plain.min(PLAIN) };
    let (mut length, mut before) = (0, None);
    for (at, c) in text.char_indices() {
        if length == most || length >= BEFORE_SPACE && c.is_whitespace() {
            return text.get(..at).unwrap_or(text);
        }
        let is_more_space = c.is_whitespace() && before.is_some_and(char::is_whitespace);
        length += usize::from(!is_quote(c) && !is_more_space);
        before = Some(c);
    }
    text
}

/// A part of a value, written in some way.
pub(super) type Written = Zeroizing<Vec<u8>>;

/// Writes the start of a text, at most `most` bytes of it, in each way that has no escape: those with one are known by
/// that.
pub(super) fn of(start: &str, most: usize) -> Vec<Written> {
    let mut all: Vec<_> = [" ", "+"].map(|space| written(joined(start, space))).into();
    all.extend([written(start.to_owned()), written(start.replace('\n', "\r\n"))]);
    all.extend(QUOTED.iter().map(|rules| written(replaced(start, rules))));
    for one in &mut all {
        one.truncate(most);
    }
    distinct(all)
}

/// Writes a text that is too short for noise in each usual encoding.
pub(super) fn of_whole(text: &str) -> Vec<Written> {
    let mut all = of(text, usize::MAX);
    all.extend(ESCAPED.iter().map(|rules| written(replaced(text, rules))));
    distinct(all)
}

fn written(text: String) -> Written {
    Zeroizing::new(text.into_bytes())
}

fn distinct(mut all: Vec<Written>) -> Vec<Written> {
    all.sort_by(|one, other| one.as_slice().cmp(other));
    all.dedup();
    all
}

/// Joins what white space parts: by one space, as a shell does without quotes, or by what an HTML form has for it.
fn joined(text: &str, space: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !joined.is_empty() {
            joined.push_str(space);
        }
        joined.push_str(word);
    }
    joined
}

fn replaced(text: &str, rules: &[(char, &str)]) -> String {
    let mut replaced = String::with_capacity(8 * text.len());
    for c in text.chars() {
        match rules.iter().find(|(from, _)| *from == c) {
            Some((_, to)) => replaced.push_str(to),
            None => replaced.push(c),
        }
    }
    replaced
}
