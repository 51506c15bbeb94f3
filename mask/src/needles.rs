//! The needles: every form of every value, with an index that passes over text without one at memory's speed.
//!
//! The index knows each run of 4 or 8 bytes near the start of a needle. Text is looked at in strides: wherever a
//! needle lies, one of the looks falls into its start. A look that finds nothing known costs a load and a table.

use zeroize::Zeroizing;

use crate::{SHORTEST, forms};

/// The longest stride, in bytes: longer ones gain little and fill the table.
const LONGEST_STRIDE: usize = 32;
/// The bits of a table for each run in it: of a thousand looks four or so find a run that is none.
const BITS_A_RUN: usize = 32;
/// The least and the most bits of a table, as powers of two: the largest keeps to a second-level cache.
const TABLE_BITS: std::ops::RangeInclusive<u32> = 14..=20;
/// The length of a run where a needle may be short, in bytes, and where none is.
const RUNS: [usize; 2] = [4, 8];

/// One form of a value, and whose it is.
struct Needle {
    bytes: Zeroizing<Vec<u8>>,
    value: usize,
}

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

/// A place where a value stands, in some form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The first byte.
    pub place: usize,
    /// The bytes of the form.
    pub length: usize,
    /// Which value, counted from 0 over those that are looked for.
    pub value: usize,
}

/// What stands at a place of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// A needle of so many bytes, of the value of this number.
    Whole(usize, usize),
    /// The start of a needle, cut off by the end of the text.
    Start,
}

/// Every form of every value.
pub struct Needles {
    /// In the order of their bytes, each once.
    sorted: Vec<Needle>,
    replacements: Vec<String>,
    /// The bytes from which a needle is recognised: a stride and a run, less one.
    head: usize,
    stride: usize,
    run: usize,
    looks: Table,
    starts: Table,
}

impl std::fmt::Debug for Needles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Needles").field("values", &self.replacements.len()).finish_non_exhaustive()
    }
}

impl Default for Needles {
    /// Nothing to look for.
    fn default() -> Self {
        Self::new([])
    }
}

impl Needles {
    /// Takes values with the names that they are masked by; those under [`SHORTEST`] bytes are left out.
    pub fn new<'v>(values: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        Self::of_forms(values, forms::of)
    }

    /// Takes values as [`new`](Self::new) does, and each line of 16 bytes or more of those that have several.
    ///
    /// What prints a key or a certificate may put a prefix before each line. This is for masking: some lines, as of a
    /// configuration, stand in other texts too, where a search would find no leak.
    pub fn with_lines<'v>(values: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        Self::of_forms(values, |value| {
            let mut forms = forms::of(value);
            forms.extend(forms::of_lines(value));
            forms
        })
    }

    fn of_forms<'v>(
        values: impl IntoIterator<Item = (&'v str, &'v str)>,
        forms_of: impl Fn(&str) -> Vec<forms::Form>,
    ) -> Self {
        let mut sorted = Vec::new();
        let mut replacements = Vec::new();
        for (name, value) in values {
            if value.len() >= SHORTEST {
                let value_of = |bytes| Needle { bytes, value: replacements.len() };
                sorted.extend(forms_of(value).into_iter().map(value_of));
                replacements.push(format!("[vault:{name}]"));
            }
        }
        // Of two values with a form in common the first names it: the order is stable.
        sorted.sort_by(|a, b| a.bytes.cmp(&b.bytes));
        sorted.dedup_by(|a, b| a.bytes == b.bytes);
        Self::indexed(sorted, replacements)
    }

    fn indexed(sorted: Vec<Needle>, replacements: Vec<String>) -> Self {
        let shortest = sorted.iter().map(|needle| needle.bytes.len()).min().unwrap_or(SHORTEST);
        let run = RUNS.into_iter().rev().find(|run| shortest >= 2 * run).unwrap_or(4);
        let stride = (shortest + 1 - run).min(LONGEST_STRIDE);
        let head = stride + run - 1;
        let (mut looks, mut starts) = (Table::of(sorted.len() * stride), Table::of(sorted.len()));
        for head in sorted.iter().filter_map(|needle| needle.bytes.get(..head)) {
            head.windows(run).for_each(|run| looks.add(run));
            head.first_chunk::<4>().into_iter().for_each(|first| starts.add(first));
        }
        Self { sorted, replacements, head, stride, run, looks, starts }
    }

    /// Tells whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Gives what a value is replaced by.
    pub(super) fn replacement(&self, value: usize) -> &str {
        self.replacements.get(value).map_or("[vault]", String::as_str)
    }

    /// Finds every value in a text, from left to right, and gives the place up to which it could be judged.
    ///
    /// That is its end, or the place from which on a form may be cut off by an open end.
    pub fn search(&self, text: Text<'_>, mut hit: impl FnMut(Hit)) -> usize {
        let mut done = 0;
        while let Some((place, found)) = self.find(text, done) {
            match found {
                Found::Start => return place,
                Found::Whole(length, value) => {
                    hit(Hit { place, length, value });
                    done = place + length;
                }
            }
        }
        text.bytes.len()
    }

    /// Finds the first place, from `from` on, where a needle stands or where the open end cuts one off.
    fn find(&self, text: Text<'_>, from: usize) -> Option<(usize, Found)> {
        if self.is_empty() {
            return None;
        }
        let mut tested = from;
        let mut look = from + self.stride - 1;
        while let Some(at) = self.next_look(text.bytes, look) {
            let first = tested.max(at + 1 - self.stride);
            if let Some(found) = self.test(text, first..=at) {
                return Some(found);
            }
            tested = at + 1;
            look = at + self.stride;
        }
        // No look falls into a needle of which less than a head is there.
        let length = text.bytes.len();
        self.test(text, tested.max((length + 1).saturating_sub(self.head))..length)
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
        match self.stride {
            3 => self.looks.blocks_without::<3, 5>(text),
            4 => self.looks.blocks_without::<4, 4>(text),
            5 => self.looks.blocks_without::<5, 3>(text),
            _ => 0,
        }
    }

    fn test(&self, text: Text<'_>, mut places: impl Iterator<Item = usize>) -> Option<(usize, Found)> {
        places.find_map(|place| {
            let bytes = text.bytes.get(place..)?;
            Some((place, self.at(Text { bytes, ..text })?))
        })
    }

    /// Tells what stands at the start of a text.
    fn at(&self, text: Text<'_>) -> Option<Found> {
        let bytes = text.bytes;
        if bytes.first_chunk::<4>().is_some_and(|first| !self.starts.has(first)) {
            return None;
        }
        let head = bytes.get(..self.head).unwrap_or(bytes);
        let first = self.sorted.partition_point(|needle| needle.bytes.as_slice() < head);
        let alike = self.sorted.get(first..)?.iter().take_while(|needle| needle.bytes.starts_with(head));
        let mut longest = None;
        for needle in alike {
            if bytes.starts_with(&needle.bytes) {
                longest = Some(Found::Whole(needle.bytes.len(), needle.value));
            } else if text.rest == Rest::Open && needle.bytes.starts_with(bytes) {
                return Some(Found::Start);
            }
        }
        longest
    }
}

/// Which runs were seen: no means no, yes means perhaps.
///
/// A Bloom filter in which the two bits of a run lie in one word, so that a look is one load.
struct Table {
    words: Vec<u64>,
    bits: u32,
}

impl Table {
    /// Makes a table for so many runs.
    fn of(runs: usize) -> Self {
        let bits = (runs * BITS_A_RUN).next_power_of_two().ilog2();
        let bits = bits.clamp(*TABLE_BITS.start(), *TABLE_BITS.end());
        Self { words: vec![0; 1 << (bits - 6)], bits }
    }

    fn add(&mut self, run: &[u8]) {
        let (place, mask) = self.spread(word(run));
        if let Some(word) = self.words.get_mut(place) {
            *word |= mask;
        }
    }

    fn has(&self, run: &[u8]) -> bool {
        self.knows(word(run))
    }

    /// Gives the length of the blocks at a text's start in which none of `LOOKS` looks finds a known run of 4 bytes.
    ///
    /// Short strides have many looks; here those of 16 bytes share a load and a branch.
    fn blocks_without<const STRIDE: usize, const LOOKS: usize>(&self, text: &[u8]) -> usize {
        let mut rest = text;
        while let Some(block) = rest.first_chunk::<16>() {
            let block = u128::from_le_bytes(*block);
            let run = |look| u64::try_from(block >> (8 * STRIDE * look) & 0xffff_ffff).unwrap_or_default();
            let known = (0..LOOKS).fold(false, |known, look| known | self.knows(run(look)));
            let Some(next) = rest.get(STRIDE * LOOKS..).filter(|_| !known) else { break };
            rest = next;
        }
        text.len() - rest.len()
    }

    #[inline]
    fn knows(&self, run: u64) -> bool {
        let (place, mask) = self.spread(run);
        self.words.get(place).is_some_and(|word| word & mask == mask)
    }

    /// Spreads a run over the table: folds its product with an odd number, and takes a word and two bits of it.
    #[inline]
    fn spread(&self, run: u64) -> (usize, u64) {
        let (low, high) = run.carrying_mul(0x9e37_79b9_7f4a_7c15, 0);
        let hash = low ^ high;
        let place = usize::try_from(hash >> (64 + 6 - self.bits)).unwrap_or_default();
        (place, 1 << (hash & 63) | 1 << (hash >> 6 & 63))
    }
}

/// Reads a run of 4 or 8 bytes as a number.
#[inline]
fn word(run: &[u8]) -> u64 {
    match (run.first_chunk::<8>(), run.first_chunk::<4>()) {
        (Some(eight), _) => u64::from_le_bytes(*eight),
        (None, Some(four)) => u64::from(u32::from_le_bytes(*four)),
        (None, None) => 0,
    }
}

#[cfg(test)]
impl Needles {
    /// Masks a text in the plainest way: at each place the longest needle.
    pub(super) fn replace_plainly(&self, text: &[u8]) -> Vec<u8> {
        let (mut out, mut place) = (Vec::new(), 0);
        while place < text.len() {
            let here = self.sorted.iter().filter(|needle| text[place..].starts_with(&needle.bytes));
            if let Some(needle) = here.max_by_key(|needle| needle.bytes.len()) {
                out.extend_from_slice(self.replacement(needle.value).as_bytes());
                place += needle.bytes.len();
            } else {
                out.push(text[place]);
                place += 1;
            }
        }
        out
    }
}
