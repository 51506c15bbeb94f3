//! One needle: a text, and what of another text it is found in.

use zeroize::Zeroizing;

use super::heads::{self, Written};
use super::needles::{Rest, Text};
use super::spelling::{
    ESCAPE, Space, Spellings, Step, Unsure, is_plain, is_quote, past_noise, past_plain_noise,
};
use super::texts::Sought;
use crate::SHORTEST;

/// The bytes from its start within which a needle that is not known by its head shows an escape.
pub(super) const NEAR: usize = 24;
/// The least characters of a text that may be broken into lines.
const BROKEN: usize = 60;

/// What stands at the start of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The number of bytes that spell the needle.
    Whole(usize),
    /// The start of the needle, cut off by the end of the text.
    Start,
}

/// Whose a needle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    /// The value, counted from 0.
    pub(super) value: usize,
    /// Whether it is a line of the value.
    pub(super) is_line: bool,
}

/// What a needle is made of.
enum Made {
    /// Characters, each in one of its spellings, with noise between them; a space stands for any white space.
    Characters(Zeroizing<String>, Space),
    /// Bytes as they are: of a text that is short but for quotes, or has an escape itself, so that noise would hide it.
    Bytes(Written),
}

/// A text that is looked for.
pub(super) struct Needle {
    made: Made,
    /// How it begins in each usual encoding.
    heads: Vec<Written>,
    /// Whose it is.
    pub(super) owner: Owner,
}

impl Needle {
    /// Makes the needles of a text: one, or one for each encoding of what is short.
    pub(super) fn of(text: &Sought, owner: Owner) -> Vec<Self> {
        let characters = characters_of(text);
        let length = characters.chars().count();
        if length < SHORTEST || text.contains(ESCAPE) {
            let all = heads::of_whole(text).into_iter().filter(|one| one.len() >= SHORTEST);
            return all.map(|bytes| Self::of_bytes(bytes, owner)).collect();
        }
        let is_long = length >= BROKEN && !characters.contains(' ');
        let space = if is_long { Space::Passed } else { Space::Kept };
        let heads = heads::of(heads::start_of(text), NEAR);
        vec![Self { made: Made::Characters(characters, space), heads, owner }]
    }

    fn of_bytes(bytes: Written, owner: Owner) -> Self {
        let mut head = bytes.clone();
        head.truncate(NEAR);
        Self { heads: vec![head], made: Made::Bytes(bytes), owner }
    }

    /// Lists how it begins in each usual encoding.
    pub(super) fn heads(&self) -> impl Iterator<Item = &[u8]> {
        self.heads.iter().map(|head| head.as_slice())
    }

    /// Returns the characters whose spellings it is found in.
    pub(super) fn characters(&self) -> &str {
        match &self.made {
            Made::Characters(characters, _) => characters,
            Made::Bytes(_) => "",
        }
    }

    /// Lists the pairs of bytes that it can begin with, without noise between them.
    pub(super) fn first_pairs(&self, spellings: &Spellings) -> Vec<[u8; 2]> {
        match &self.made {
            Made::Bytes(bytes) => bytes.first_chunk().copied().into_iter().collect(),
            Made::Characters(characters, _) => {
                let mut two = characters.chars();
                let (Some(first), Some(second)) = (two.next(), two.next()) else { return Vec::new() };
                let mut after = spellings.first_bytes(second);
                // The backslash of a letter such as `\n` is passed over as noise.
                after.extend(
                    spellings
                        .first_pairs(second)
                        .iter()
                        .filter_map(|[one, two]| (*one == b'\\').then_some(*two)),
                );
                let alone = u8::try_from(first).ok().filter(u8::is_ascii);
                let mut pairs: Vec<_> =
                    alone.into_iter().flat_map(|one| after.iter().map(move |two| [one, *two])).collect();
                pairs.extend(spellings.first_pairs(first));
                pairs
            }
        }
    }

    /// Returns what of it stands at the start of a text.
    ///
    /// It is there if the text spells it, and either begins with one of its heads or has the
    /// beginning of an escape near its start: those are what the index looks for.
    pub(super) fn at(&self, text: Text<'_>, spellings: &Spellings) -> Option<Found> {
        let found = self.spelled(text, spellings)?;
        let spelled = match found {
            Found::Whole(length) => text.bytes.get(..length)?,
            Found::Start if text.bytes.len() < NEAR => return Some(found),
            Found::Start => text.bytes,
        };
        let is_known = self.heads.iter().any(|head| spelled.starts_with(head))
            || spelled.iter().take(NEAR).any(|byte| matches!(byte, b'%' | b'\\' | b'&' | b'\x1b'));
        is_known.then_some(found)
    }

    fn spelled(&self, text: Text<'_>, spellings: &Spellings) -> Option<Found> {
        let found = match &self.made {
            Made::Bytes(bytes) if text.bytes.starts_with(bytes) => Found::Whole(bytes.len()),
            Made::Bytes(bytes) if bytes.starts_with(text.bytes) => Found::Start,
            Made::Bytes(_) => return None,
            Made::Characters(characters, space) => {
                return Walk::new(text.bytes, *space).along(characters, spellings).end(text.rest);
            }
        };
        (text.rest == Rest::Open || found != Found::Start).then_some(found)
    }
}

/// Returns the characters of a text by which it is recognised: quotes left out, white space as single spaces.
fn characters_of(text: &str) -> Zeroizing<String> {
    let mut characters = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars().filter(|c| !is_quote(*c)) {
        match c {
            c if !c.is_ascii_whitespace() && c != '\x0b' => characters.push(c),
            _ if characters.is_empty() || characters.ends_with(' ') => {}
            _ => characters.push(' '),
        }
    }
    let length = characters.trim_end().len();
    characters.truncate(length);
    characters
}

/// A walk through a text along the characters of a needle: all places where it can have got to.
struct Walk<'t> {
    text: &'t [u8],
    space: Space,
    /// Where the next character, or noise before it, can begin; in order.
    places: Vec<usize>,
    /// Whether a way came to the text's end.
    is_cut: bool,
}

impl<'t> Walk<'t> {
    fn new(text: &'t [u8], space: Space) -> Self {
        Self { text, space, places: Vec::new(), is_cut: false }
    }

    fn along(mut self, characters: &str, spellings: &Spellings) -> Self {
        let Some(begun) = plain_start(characters, self.text) else { return self };
        let mut before =
            begun.checked_sub(1).and_then(|last| characters.as_bytes().get(last)).copied().map(char::from);
        self.places.push(begun);
        for (number, c) in characters.chars().enumerate().skip(begun) {
            // What is known by its head has it in one line.
            let is_passed = before == Some(' ') || number >= NEAR && self.space == Space::Passed;
            let space = if is_passed { Space::Passed } else { Space::Kept };
            self.step(c, before.map(|_| space), spellings);
            if self.places.is_empty() {
                break;
            }
            before = Some(c);
        }
        self
    }

    /// Tells where it ended: as far on as it can have come.
    fn end(self, rest: Rest) -> Option<Found> {
        match self.places.last() {
            _ if self.is_cut && rest == Rest::Open => Some(Found::Start),
            last => last.map(|end| Found::Whole(*end)),
        }
    }

    /// Goes on by a character, with noise before it but for the first.
    fn step(&mut self, c: char, noise: Option<Space>, spellings: &Spellings) {
        if let [place] = &mut self.places[..]
            && is_plain(c)
            && let Ok(found) = plain_at(self.text.get(*place..).unwrap_or_default(), c, noise)
        {
            // Most of a text is written as it is, and has one way through it.
            match found {
                Some(passed) => *place += passed + 1,
                None => self.places.clear(),
            }
            return;
        }
        let mut next = Vec::new();
        for place in std::mem::take(&mut self.places) {
            let text = self.text.get(place..).unwrap_or_default();
            let passed = noise.map_or_else(|| vec![Step::Whole(0)], |space| past_noise(text, space));
            for step in passed {
                let Step::Whole(passed) = step else {
                    self.is_cut = true;
                    continue;
                };
                spellings.each(c, text.get(passed..).unwrap_or_default(), |step| match step {
                    Step::Whole(length) => next.push(place + passed + length),
                    Step::Cut => self.is_cut = true,
                });
            }
        }
        next.sort_unstable();
        next.dedup();
        self.places = next;
    }
}

/// Counts the plain characters that a text begins with as they are; `None` if it goes on with another plain one.
fn plain_start(characters: &str, text: &[u8]) -> Option<usize> {
    let is_plain = |byte: &u8| is_plain(char::from(*byte));
    let characters = characters.as_bytes();
    let begun = characters.iter().zip(text).take_while(|(one, other)| one == other && is_plain(one)).count();
    let differ =
        [characters, text].map(|bytes| bytes.get(begun)).iter().all(|next| next.is_some_and(is_plain));
    (!differ).then_some(begun)
}

/// Finds a plain character behind noise.
///
/// # Errors
/// `Unsure` if more than one place must be looked at.
fn plain_at(text: &[u8], c: char, noise: Option<Space>) -> Result<Option<usize>, Unsure> {
    let is_at = |at: usize| text.get(at).is_some_and(|byte| char::from(*byte) == c);
    if is_at(0) {
        return Ok(Some(0));
    }
    let Some(space) = noise else {
        return if text.is_empty() { Err(Unsure) } else { Ok(None) };
    };
    let passed = past_plain_noise(text)?;
    let begins_space = |byte: &u8| space == Space::Passed && !byte.is_ascii_alphanumeric();
    if text.get(passed).is_some_and(begins_space) {
        return Err(Unsure);
    }
    Ok(is_at(passed).then_some(passed))
}
