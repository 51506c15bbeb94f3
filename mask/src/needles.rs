//! The needles: every text that is looked for, with an index that passes over text without one at memory's speed.
//!
//! The index knows each run of 4 or 8 bytes near the start of a needle, in each usual encoding. Text is looked at in
//! strides: wherever a needle lies, one of the looks falls into its start. A look that finds nothing known costs a load
//! and a table. Only around one that does, and around backslashes, ampersands and escapes, is text held against the needles.

use std::ops::{Range, RangeInclusive};

use crate::begun::Begun;
use crate::members::members_of;
use crate::needle::{Found, NEAR, Needle, Owner};
use crate::spelling::Spellings;
use crate::table::{Halves, Table};
use crate::{Lines, SHORTEST, texts};

/// The longest stride, in bytes: longer ones gain little and fill the table.
const LONGEST_STRIDE: usize = 32;
/// The strides of which a block of 16 bytes has several looks.
const MANY_LOOKS: RangeInclusive<usize> = 3..=5;
/// The length of a run where a needle may be short, in bytes, and where none is.
const RUNS: [usize; 2] = [4, 8];
/// How far before its end a value is looked into for the start of another, in bytes: time is bound by it.
const OVERLAP: usize = 1024;

/// Whether more may follow the text that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// More may follow.
    Open,
    /// This is the end.
    Ended,
}

/// A text, and whether it goes on.
#[derive(Clone, Copy)]
pub struct Text<'t> {
    /// What has come of it.
    pub bytes: &'t [u8],
    /// Whether more may follow.
    pub rest: Rest,
}

impl std::fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("rest", &self.rest).finish_non_exhaustive()
    }
}

/// A place where a value stands, however it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The first byte.
    pub place: usize,
    /// The bytes that it takes.
    pub length: usize,
    /// Which value, counted from 0 over those that are looked for.
    pub value: usize,
    /// Whether it is a line or a member of the value, and not the whole.
    pub is_line: bool,
}

impl Hit {
    /// Returns the place after it.
    pub fn end(&self) -> usize {
        self.place + self.length
    }
}

/// Everything that is looked for.
pub struct Needles {
    all: Vec<Needle>,
    replacements: Vec<String>,
    spellings: Spellings,
    begun: Begun,
    stride: usize,
    run: usize,
    looks: Table,
    /// For strides of which a block has many looks.
    halves: Option<Halves>,
}

impl std::fmt::Debug for Needles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Needles").field("values", &self.replacements.len()).finish_non_exhaustive()
    }
}

impl Default for Needles {
    /// Nothing to look for.
    fn default() -> Self {
        Self::new([], Lines::Long)
    }
}

impl Needles {
    /// Takes values with the names that they are masked by; those under [`SHORTEST`] bytes are left out.
    ///
    /// Of values of several lines, lines are looked for by themselves too: what prints a key may put a prefix before
    /// each. So are members of JSON documents.
    pub fn new<'v>(values: impl IntoIterator<Item = (&'v str, &'v str)>, lines: Lines) -> Self {
        let (mut sought, mut replacements) = (Vec::new(), Vec::new());
        for (name, value) in values.into_iter().filter(|(_, value)| value.len() >= SHORTEST) {
            let owner = |is_line| Owner { value: replacements.len(), is_line };
            sought.extend(texts::of(value).into_iter().map(|text| (text, owner(false))));
            let parts = texts::lines_of(value, lines).into_iter().chain(members_of(value, lines));
            sought.extend(parts.map(|text| (text, owner(true))));
            replacements.push(format!("[vault:{name}]"));
        }
        // Of two values with a text in common the first names it, and before those that have it as a line.
        sought.sort_by(|(one, of_one), (other, of_other)| {
            one.as_bytes().cmp(other.as_bytes()).then(of_one.is_line.cmp(&of_other.is_line))
        });
        sought.dedup_by(|(one, _), (other, _)| one == other);
        Self::indexed(
            sought.iter().flat_map(|(text, owner)| Needle::of(text, *owner)).collect(),
            replacements,
        )
    }

    fn indexed(needles: Vec<Needle>, replacements: Vec<String>) -> Self {
        let heads = || needles.iter().flat_map(Needle::heads);
        let shortest = heads().map(<[u8]>::len).min().unwrap_or(SHORTEST);
        let run = RUNS.into_iter().rev().find(|run| shortest >= 2 * run).unwrap_or(4);
        let stride = (shortest + 1 - run).min(LONGEST_STRIDE);
        let runs =
            || heads().filter_map(|head| head.get(..stride + run - 1)).flat_map(|head| head.windows(run));
        let mut looks = Table::of(heads().count() * stride);
        runs().for_each(|run| looks.add(run));
        let halves = MANY_LOOKS.contains(&stride).then(|| Halves::of(runs())).flatten();
        let spellings = Spellings::of_all(needles.iter().map(Needle::characters));
        let begun = Begun::of(&needles, &spellings);
        Self { all: needles, replacements, spellings, begun, stride, run, looks, halves }
    }

    /// Tells whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Gives what a value is replaced by.
    pub(super) fn replacement(&self, value: usize) -> &str {
        self.replacements.get(value).map_or("[vault]", String::as_str)
    }

    /// Finds every value in a text, from left to right, and gives the place up to which it could be judged.
    ///
    /// Values may overlap. One that lies wholly in those before it is passed over, and so is what ends within the
    /// first `covered` bytes: those are known already. The text is judged up to its end, or to the place from which
    /// on a value may be cut off by an open end.
    pub fn search(&self, text: Text<'_>, covered: usize, hit: impl FnMut(Hit)) -> usize {
        let mut escapes = Escapes::of(text.bytes);
        let find = |from| self.find(text, from, &mut escapes);
        each_found(find, covered, hit).unwrap_or(text.bytes.len())
    }

    /// Finds the first place, from `from` on, where a needle stands or where the open end cuts one off.
    fn find(&self, text: Text<'_>, from: usize, escapes: &mut Escapes<'_>) -> Option<Place> {
        if self.is_empty() {
            return None;
        }
        let length = text.bytes.len();
        // Before `tested`, every place near an escape was tested.
        let (mut tested, mut look) = (from, from + self.stride - 1);
        loop {
            let escape = escapes.from(tested);
            let known = self.next_look(text.bytes.get(..escape.unwrap_or(length))?, look);
            let near = |at: usize| tested.max((at + 1).saturating_sub(NEAR))..at + 1;
            match (known, escape) {
                (Some(at), _) => {
                    if self.test(text, tested.max(at + 1 - self.stride)..at + 1).is_some() {
                        // One that an escape after this makes known may begin before it.
                        return self.test(text, near(at));
                    }
                    look = at + self.stride;
                }
                (None, Some(at)) => {
                    if let Some(found) = self.test(text, near(at)) {
                        return Some(found);
                    }
                    (tested, look) = (at + 1, at + self.stride);
                }
                // No look falls into a needle of which less than a head is there.
                (None, None) => {
                    return self.test(text, tested.max((length + 1).saturating_sub(NEAR))..length);
                }
            }
        }
    }

    /// Looks at every stride until a run is known.
    fn next_look(&self, text: &[u8], from: usize) -> Option<usize> {
        match self.run {
            8 => self.looks::<8>(text, from),
            _ => self.looks::<4>(text, from),
        }
    }

    fn looks<const RUN: usize>(&self, text: &[u8], from: usize) -> Option<usize> {
        let mut at = from + self.passed_over(text.get(from..)?);
        let from = at;
        let mut rest = text.get(from..)?;
        while !self.looks.has(rest.first_chunk::<RUN>()?) {
            rest = rest.get(self.stride..)?;
            at += self.stride;
        }
        Some(at)
    }

    /// Gives the bytes that may be passed over because the looks of whole blocks find nothing.
    fn passed_over(&self, text: &[u8]) -> usize {
        match (&self.halves, self.stride) {
            (Some(halves), 3) => halves.blocks_without::<3, 5>(text),
            (Some(halves), 4) => halves.blocks_without::<4, 4>(text),
            (Some(halves), 5) => halves.blocks_without::<5, 3>(text),
            _ => 0,
        }
    }

    fn test(&self, text: Text<'_>, mut places: Range<usize>) -> Option<Place> {
        places.find_map(|place| {
            let bytes = text.bytes.get(place..)?;
            let begun = self.begun.by(bytes);
            let needles = begun.iter().filter_map(|number| self.all.get(*number));
            longest(needles, Text { bytes, ..text }, &self.spellings).map(|found| found.at(place))
        })
    }
}

/// What was found at a place: a value, or what may be the start of one.
enum Place {
    Hit(Hit),
    Start(usize),
}

impl Place {
    fn at(self, place: usize) -> Self {
        match self {
            Self::Hit(hit) => Self::Hit(Hit { place, ..hit }),
            Self::Start(_) => Self::Start(place),
        }
    }
}

/// Tells which needle stands at the start of a text, the longest of several.
fn longest<'n>(
    needles: impl Iterator<Item = &'n Needle>,
    text: Text<'_>,
    spellings: &Spellings,
) -> Option<Place> {
    let mut longest: Option<Hit> = None;
    for needle in needles {
        match needle.at(text, spellings) {
            Some(Found::Start) => return Some(Place::Start(0)),
            Some(Found::Whole(length)) if longest.is_none_or(|known| known.length < length) => {
                let Owner { value, is_line } = needle.owner;
                longest = Some(Hit { place: 0, length, value, is_line });
            }
            Some(Found::Whole(_)) | None => {}
        }
    }
    longest.map(Place::Hit)
}

/// Goes from one find to the next; hands on those that go beyond what is covered, and returns where the last was cut off.
fn each_found(
    mut find: impl FnMut(usize) -> Option<Place>,
    covered: usize,
    mut hit: impl FnMut(Hit),
) -> Option<usize> {
    let (mut from, mut covered) = (0, covered);
    while let Some(found) = find(from) {
        let found = match found {
            Place::Start(place) => return Some(place),
            Place::Hit(found) => found,
        };
        if found.end() > covered {
            hit(found);
            covered = found.end();
        }
        from = (found.place + 1).max(found.end().saturating_sub(OVERLAP));
    }
    None
}

/// The bytes of a text that escapes begin with, one after the other.
struct Escapes<'t> {
    text: &'t [u8],
    /// The next of a URL's, and the next of all others.
    next: [Option<usize>; 2],
}

impl<'t> Escapes<'t> {
    fn of(text: &'t [u8]) -> Self {
        Self { text, next: [0, 1].map(|kind| next_escape(text, 0, kind)) }
    }

    /// Finds the first from a place on.
    fn from(&mut self, place: usize) -> Option<usize> {
        for (kind, next) in self.next.iter_mut().enumerate() {
            if next.is_some_and(|next| next < place) {
                *next = next_escape(self.text, place, kind);
            }
        }
        self.next.into_iter().flatten().min()
    }
}

fn next_escape(text: &[u8], from: usize, kind: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let found =
        if kind == 0 { memchr::memchr(b'%', rest) } else { memchr::memchr3(b'\\', b'&', b'\x1b', rest) };
    found.map(|at| from + at)
}

#[cfg(test)]
impl Needles {
    /// Finds every value in the plainest way: at each place every needle is tried.
    pub(super) fn search_plainly(&self, bytes: &[u8], hit: impl FnMut(Hit)) {
        let text = |place| Text { bytes: &bytes[place..], rest: Rest::Ended };
        let here =
            |place| longest(self.all.iter(), text(place), &self.spellings).map(|found| found.at(place));
        each_found(|from| (from..bytes.len()).find_map(here), 0, hit);
    }
}
