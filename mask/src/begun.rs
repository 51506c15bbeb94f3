//! Which needles the start of a text can be the start of, by its first two bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::needle::Needle;
use crate::spelling::{Space, Spellings, Step, Unsure, begins_noise, past_noise, past_plain_noise};
use crate::table::Pairs;

/// The needles, by the pairs of bytes that they can begin with.
pub(super) struct Begun {
    /// The numbers of those that a pair begins, in order; the first byte is the higher one.
    by_pair: BTreeMap<u16, Vec<usize>>,
    /// A bit for each pair.
    pairs: Pairs,
    /// A bit for each first byte.
    firsts: Pairs,
}

impl Begun {
    /// Takes all needles.
    pub(super) fn of(needles: &[Needle], spellings: &Spellings) -> Self {
        let mut by_pair = BTreeMap::<_, Vec<_>>::new();
        for (number, needle) in needles.iter().enumerate() {
            for pair in needle.first_pairs(spellings) {
                let numbers = by_pair.entry(u16::from_be_bytes(pair)).or_default();
                if numbers.last() != Some(&number) {
                    numbers.push(number);
                }
            }
        }
        let pairs = || by_pair.keys().map(|pair| pair.to_be_bytes());
        let firsts = Pairs::of(pairs().map(|[first, _]| [first, 0]));
        Self { pairs: Pairs::of(pairs()), firsts, by_pair }
    }

    /// Lists the numbers of those that can begin as a text does, in order.
    pub(super) fn by(&self, text: &[u8]) -> Cow<'_, [usize]> {
        match text {
            [first, ..] if !self.firsts.has([*first, 0]) => Cow::default(),
            [first, second, ..] if !begins_noise(*second) => Cow::Borrowed(self.by_pair([*first, *second])),
            [first, rest @ ..] => Cow::Owned(self.by_first(*first, rest)),
            [] => Cow::default(),
        }
    }

    fn by_pair(&self, pair: [u8; 2]) -> &[usize] {
        let known = self.pairs.has(pair).then(|| self.by_pair.get(&u16::from_be_bytes(pair)));
        known.flatten().map_or(&[], Vec::as_slice)
    }

    /// Lists those that can begin with a byte and one that stands behind noise, which may lead to several.
    fn by_first(&self, first: u8, rest: &[u8]) -> Vec<usize> {
        let second = |step| match step {
            Step::Whole(passed) => rest.get(passed).copied(),
            Step::Cut => None,
        };
        let passed = past_plain_noise(rest).map(|passed| vec![Step::Whole(0), Step::Whole(passed)]);
        let passed = passed.unwrap_or_else(|Unsure| past_noise(rest, Space::Kept));
        let seconds: Option<Vec<_>> = passed.into_iter().map(second).collect();
        let [least, most] = [0, u8::MAX].map(|second| u16::from_be_bytes([first, second]));
        let mut numbers: Vec<_> = match seconds {
            Some(seconds) => {
                seconds.into_iter().flat_map(|second| self.by_pair([first, second])).copied().collect()
            }
            // The text ends before it shows which.
            None => self.by_pair.range(least..=most).flat_map(|(_, numbers)| numbers).copied().collect(),
        };
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}
