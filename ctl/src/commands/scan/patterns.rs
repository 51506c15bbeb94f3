//! What the keys of known platforms look like: taken from the presets' own patterns by `build/keys.rs`.

use std::ops::Range;
use std::sync::OnceLock;

use regex_lite::Regex;

use super::finding::What;

/// The most bytes of a text that are taken for one key.
const LONGEST: usize = 64 * 1024;

/// A line for each kind of key: how it begins, whose it is, and its pattern. The longest beginning comes first.
const KEYS: &str = include_str!(concat!(env!("OUT_DIR"), "/keys.txt"));

/// Keys that begin alike.
#[derive(Debug)]
struct Kind {
    begins: &'static str,
    platforms: &'static str,
    pattern: &'static str,
    whole: OnceLock<Option<Regex>>,
}

impl Kind {
    fn of(line: &'static str) -> Option<Self> {
        let (begins, rest) = line.split_once('\t')?;
        let (platforms, pattern) = rest.split_once('\t')?;
        Some(Self { begins, platforms, pattern, whole: OnceLock::new() })
    }

    /// Tells where the key ends that a text begins with.
    fn end(&self, text: &str) -> Option<usize> {
        let whole = self.whole.get_or_init(|| Regex::new(self.pattern).ok()).as_ref()?;
        whole.find(text).map(|found| found.end())
    }

    fn what(&self) -> What {
        let platforms = self.platforms.split('|').map(str::to_owned).collect();
        What::KeyPattern { platforms, begins: self.begins.to_owned() }
    }
}

/// All patterns that serve.
#[derive(Debug)]
pub(super) struct Patterns {
    kinds: Vec<Kind>,
    /// A bit for each mix of three bytes that keys begin with: most places of a text are passed over by one look.
    begun: Vec<u64>,
}

impl Patterns {
    /// Takes the patterns of the presets.
    pub(super) fn new() -> Self {
        let kinds: Vec<_> = KEYS.lines().filter_map(Kind::of).collect();
        let mut begun = vec![0; (1 << 16) / 64];
        for first in kinds.iter().filter_map(|kind| kind.begins.as_bytes().first_chunk()) {
            let (word, bit) = place(*first);
            begun.get_mut(word).into_iter().for_each(|word| *word |= bit);
        }
        Self { kinds, begun }
    }

    /// Hands each place that looks like a key to a function.
    pub(super) fn search(&self, text: &[u8], mut found: impl FnMut(Range<usize>, What)) {
        let mut free = 0;
        for (at, first) in text.windows(3).enumerate() {
            let &[one, two, three] = first else { continue };
            let (word, bit) = place([one, two, three]);
            if self.begun.get(word).is_none_or(|word| word & bit == 0) || at < free || !begins_word(text, at)
            {
                continue;
            }
            let Some(key) = text.get(at..).and_then(|text| self.key(text)) else { continue };
            free = at + key.len();
            let kind = self.kinds.iter().find(|kind| key.starts_with(kind.begins.as_bytes()));
            if let Some(kind) = kind.filter(|kind| looks_random(key, kind.begins.len())) {
                found(at..free, kind.what());
            }
        }
    }

    /// Gives the key that a text begins with; none goes beyond its line.
    fn key<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let begun = || self.kinds.iter().filter(|kind| text.starts_with(kind.begins.as_bytes()));
        begun().next()?;
        let near = text.get(..LONGEST).unwrap_or(text);
        let line = in_ascii(near.split(|&byte| byte == b'\n').next()?);
        let end = begun().find_map(|kind| kind.end(&line))?;
        text.get(..end)
    }
}

/// Writes bytes as text, byte for byte: the patterns are over bytes, and have DEL wherever they have what is no ASCII.
fn in_ascii(line: &[u8]) -> String {
    line.iter().map(|&byte| if byte.is_ascii() { char::from(byte) } else { '\x7f' }).collect()
}

/// Mixes three bytes, and gives the word and the bit in it that stand for them.
fn place([one, two, three]: [u8; 3]) -> (usize, u64) {
    let mixed = (usize::from(one) << 11 ^ usize::from(two) << 5 ^ usize::from(three)) & 0xffff;
    (mixed / 64, 1 << (mixed % 64))
}

/// Tells whether a word begins at a place of a text, or ends there.
fn begins_word(text: &[u8], at: usize) -> bool {
    let is_word = |at: usize| text.get(at).is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
    at.checked_sub(1).is_some_and(is_word) != is_word(at)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        let mut all = Vec::new();
        Patterns::new().search(text.as_bytes(), |place, what| {
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
    fn what_is_no_text_belongs_to_a_key_whose_pattern_takes_any_byte() {
        let text = b"key\nData Source=\xff\xfe;Password=A1b2C3d4E5\nnext";
        let mut all = Vec::new();
        Patterns::new().search(text, |place, _| all.push(place));
        assert_eq!(vec![4..text.len() - 5], all);
    }

    #[test]
    fn a_key_begins_where_a_word_does() {
        let random = "A1b2C3d4E5f6G7h8J9k0L1m2N3p4Q5r6S7t8U9v0";
        assert!(found(&format!("task_ghp_{random} xghp_{random}")).is_empty());
        assert_eq!(1, found(&format!("é:ghp_{random}")).len());
    }

    #[test]
    fn what_says_more_is_named() {
        let [(_, begins)] = &found("sk-ant-api03-A1b2C3d4E5f6G7h8J9k0L1m2")[..] else { panic!() };
        assert_eq!("sk-ant-", begins);
    }
}
