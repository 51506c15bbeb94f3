//! What keys look like: the public formats of `formats.toml`, and the presets' own patterns; `build/keys.rs` puts them together.

mod token;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::OnceLock;

use regex_lite::Regex;

use super::finding::What;

/// The most bytes of a block over several lines that are looked at: its header, and enough of what follows.
const BLOCK: usize = 320;
/// The most bytes of a key in front of the text that tells.
const BEFORE: usize = 128;
/// The same character so often in a row is no key's.
const SAME: usize = 8;
/// This number of characters in the order of the alphabet makes no key.
const ASCENDING: usize = 8;
/// The least different characters of a key's rest.
const DIFFERENT: usize = 4;

/// A line for each kind of key: the text that tells, why it is taken for one, the pattern of what stands in front of that
/// text, whose it is, its least and most bytes, and its pattern. The longest text comes first.
const KEYS: &str = include_str!(concat!(env!("OUT_DIR"), "/keys.txt"));

/// How the text of a key is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One word.
    Word,
    /// A block of several lines.
    Block,
    /// A JSON Web Token, whose header must say so.
    Token,
}

/// Keys that share the text which tells whose they are.
#[derive(Debug)]
struct Kind {
    begins: &'static str,
    /// Whether its format alone says that it is a key.
    is_format: bool,
    /// The pattern of what of a key stands in front of that text; empty for most.
    before: &'static str,
    platforms: &'static str,
    shape: Shape,
    /// The least and the most bytes from that text to the end.
    least: usize,
    most: usize,
    pattern: &'static str,
    whole: OnceLock<Option<Regex>>,
    front: OnceLock<Option<Regex>>,
}

impl Kind {
    fn of(line: &'static str) -> Option<Self> {
        let mut parts = line.splitn(7, '\t');
        let mut next = || parts.next();
        let (begins, why, before, platforms) = (next()?, next()?, next()?, next()?);
        let (least, most, pattern) = (next()?.parse().ok()?, next()?.parse().ok()?, next()?);
        let shape = match begins {
            "eyJ" | "eyAi" => Shape::Token,
            _ if begins.starts_with('-') && before.is_empty() => Shape::Block,
            _ => Shape::Word,
        };
        let is_format = why == "format";
        let (whole, front) = (OnceLock::new(), OnceLock::new());
        Some(Self { begins, is_format, before, platforms, shape, least, most, pattern, whole, front })
    }

    /// Returns the place of a key in a text that has at some place what tells.
    fn key(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let rest = text.get(at..).filter(|rest| self.can_begin(rest))?;
        if self.before.is_empty() && !begins_word(text, at) {
            return None;
        }
        let end = at + self.whole()?.find(&in_ascii(self.near(rest)?))?.end();
        let start = at - self.front(text.get(..at)?)?;
        let is_key = begins_word(text, start) && self.is_key(text.get(start..end)?);
        is_key.then_some(start..end)
    }

    /// Rules out most of what only begins alike, without reading the pattern.
    fn can_begin(&self, rest: &[u8]) -> bool {
        let is_long = || rest.get(..self.least).is_some_and(|key| key.iter().all(u8::is_ascii_graphic));
        rest.starts_with(self.begins.as_bytes()) && (!self.is_word() || is_long())
    }

    /// Returns whether its format is that of a word, whose end is the key's.
    fn is_word(&self) -> bool {
        self.is_format && self.shape != Shape::Block
    }

    /// Returns the bytes that a key could have, and the one behind it.
    fn near<'t>(&self, rest: &'t [u8]) -> Option<&'t [u8]> {
        match self.shape {
            Shape::Block => rest.get(..BLOCK).or(Some(rest)),
            _ => rest.get(..=self.most).unwrap_or(rest).split(|&byte| byte == b'\n').next(),
        }
    }

    fn whole(&self) -> Option<&Regex> {
        let end = if self.is_word() { r"\b{end-half}" } else { "" };
        self.whole.get_or_init(|| Regex::new(&format!("{}{end}", self.pattern)).ok()).as_ref()
    }

    /// Returns the length of what of a key stands at the end of a text, in front of what tells.
    fn front(&self, text: &[u8]) -> Option<usize> {
        if self.before.is_empty() {
            return Some(0);
        }
        let pattern = || Regex::new(&format!("(?:{})$", self.before)).ok();
        let front = self.front.get_or_init(pattern).as_ref()?;
        let near = text.get(text.len().saturating_sub(BEFORE)..)?;
        Some(front.find(&in_ascii(near))?.len())
    }

    fn is_key(&self, key: &[u8]) -> bool {
        let from = if self.before.is_empty() { self.begins.len() } else { 0 };
        let is_one = match self.shape {
            Shape::Token => token::is_one(key),
            _ => self.is_format || looks_random(key, from),
        };
        is_one && !is_placeholder(key.get(from..).unwrap_or_default())
    }

    fn what(&self) -> What {
        let platforms = self.platforms.split('|').map(str::to_owned).collect();
        What::KeyPattern { platforms, begins: self.begins.to_owned() }
    }
}

/// All patterns that serve.
#[derive(Debug)]
pub(super) struct Patterns {
    /// The kinds by the first three bytes of their texts, the longest text first.
    kinds: HashMap<[u8; 3], Vec<Kind>>,
    /// A bit for each mix of three bytes that texts begin with: most places are passed over by one look.
    begun: Vec<u64>,
}

impl Patterns {
    /// Takes the patterns of the presets.
    pub(super) fn new() -> Self {
        let mut kinds: HashMap<_, Vec<_>> = HashMap::new();
        let mut begun = vec![0; (1 << 16) / 64];
        for kind in KEYS.lines().filter_map(Kind::of) {
            let Some(first) = kind.begins.as_bytes().first_chunk() else { continue };
            let (word, bit) = place(*first);
            begun.get_mut(word).into_iter().for_each(|word| *word |= bit);
            kinds.entry(*first).or_default().push(kind);
        }
        Self { kinds, begun }
    }

    /// Hands each place that looks like a key to a function.
    pub(super) fn search(&self, text: &[u8], mut found: impl FnMut(Range<usize>, What)) {
        let mut free = 0;
        for (at, first) in text.array_windows().enumerate() {
            let (word, bit) = place(*first);
            if self.begun.get(word).is_none_or(|word| word & bit == 0) || at < free {
                continue;
            }
            let mut begun = self.kinds.get(first).into_iter().flatten();
            let key =
                begun.find_map(|kind| Some((kind, kind.key(text, at).filter(|key| key.start >= free)?)));
            if let Some((kind, key)) = key {
                free = key.end;
                found(key, kind.what());
            }
        }
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

/// Returns whether a word begins at a place of a text, or no word stands there.
fn begins_word(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    !is_word(text, at)
        || !at.checked_sub(1).is_some_and(|before| is_word(text, before))
        || ends_with_escape(before)
}

fn is_word(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Tells whether a text ends with an escape of JSON, of a URL, or of a terminal: its letters belong to no word.
fn ends_with_escape(text: &[u8]) -> bool {
    let is_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    let is_unicode = matches!(text.last_chunk::<6>(), Some([b'\\', b'u', digits @ ..]) if is_hex(digits));
    let is_colour = text.strip_suffix(b"m").is_some_and(|text| {
        let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
        text.get(..text.len() - digits).is_some_and(|text| text.ends_with(b"["))
    });
    let is_short = matches!(text, [.., b'\\', b'n' | b'r' | b't'])
        || matches!(text.last_chunk::<3>(), Some([b'%', digits @ ..]) if is_hex(digits));
    is_unicode || is_colour || is_short
}

/// Tells an example from a key: a word for one, a run of one character or of the alphabet, or few different characters.
fn is_placeholder(rest: &[u8]) -> bool {
    const WORDS: [&[u8]; 8] = [
        b"example",
        b"placeholder",
        b"changeme",
        b"change_me",
        b"redacted",
        b"insert",
        b"dummy",
        b"deadbeef",
    ];
    let lower = rest.to_ascii_lowercase();
    // Four letters in a row come about by chance: they count where a word begins.
    let has_word = WORDS.iter().any(|word| lower.windows(word.len()).any(|part| part == *word))
        || lower.split(|byte| !byte.is_ascii_alphanumeric()).any(|word| word.starts_with(b"your"));
    let different: BTreeSet<_> = rest.iter().collect();
    has_word || has_run(rest, SAME, 0) || has_run(rest, ASCENDING, 1) || different.len() < DIFFERENT
}

/// Returns whether a number of characters in a row are each a step of the alphabet after the one before.
fn has_run(text: &[u8], length: usize, step: u8) -> bool {
    let is_step = |two: &[u8]| matches!(two, [one, other] if one.checked_add(step) == Some(*other));
    text.windows(length).any(|run| run.windows(2).all(is_step))
}

/// Tells a key from a word in code or an example: it has digits, and letters of both cases or hexadecimal digits. What
/// consists of settings, as a connection string does, needs a password among them.
fn looks_random(key: &[u8], from: usize) -> bool {
    let rest = key.get(from..).unwrap_or_default();
    let has_settings = rest.windows(2).any(|two| matches!(two, [b'=', next] if *next != b'='));
    if has_settings && !names_password(rest) {
        return false;
    }
    let count = |is: fn(&u8) -> bool| rest.iter().filter(|byte| is(byte)).count();
    let (digits, hex) = (count(u8::is_ascii_digit), count(u8::is_ascii_hexdigit));
    let (upper, lower) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    digits >= 2 && (upper >= 2 && lower + digits >= 2 || 4 * hex >= 3 * rest.len())
}

/// Returns whether a setting of a connection string is a password.
fn names_password(text: &[u8]) -> bool {
    const NAMES: [&[u8]; 2] = [b"password", b"pwd"];
    let lower = text.to_ascii_lowercase();
    let mut settings = lower.split(|byte| matches!(byte, b' ' | b';'));
    settings.any(|one| {
        NAMES.iter().any(|name| one.strip_prefix(*name).is_some_and(|rest| rest.starts_with(b"=")))
    })
}

#[cfg(test)]
mod tests;
