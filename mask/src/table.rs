//! What the index has seen: runs of bytes, perhaps, and pairs for sure.

/// The bits of a table for each run in it: of a thousand looks four or so are wrong.
const BITS_A_RUN: usize = 32;
/// The least and the most bits of a table, as powers of two: the largest keeps to a second-level cache.
const TABLE_BITS: std::ops::RangeInclusive<u32> = 14..=20;
/// How many pairs of bytes there are.
const PAIRS: usize = 1 << 16;

/// Which runs were seen: no means no, yes means perhaps.
///
/// A Bloom filter in which the two bits of a run lie in one word, so that a look is one load.
pub(super) struct Table {
    words: Vec<u64>,
    bits: u32,
}

impl Table {
    /// Makes a table for a number of runs.
    pub(super) fn of(runs: usize) -> Self {
        let bits = (runs * BITS_A_RUN).next_power_of_two().ilog2();
        let bits = bits.clamp(*TABLE_BITS.start(), *TABLE_BITS.end());
        Self { words: vec![0; 1 << (bits - 6)], bits }
    }

    pub(super) fn add(&mut self, run: &[u8]) {
        let (place, mask) = self.spread(word(run));
        if let Some(word) = self.words.get_mut(place) {
            *word |= mask;
        }
    }

    #[inline]
    pub(super) fn has(&self, run: &[u8]) -> bool {
        let (place, mask) = self.spread(word(run));
        self.words.get(place).is_some_and(|word| word & mask == mask)
    }

    /// Spreads a run over the table: takes a word and two bits of it from the product with an odd number.
    #[inline]
    fn spread(&self, run: u64) -> (usize, u64) {
        let product = run.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = usize::try_from(product >> (64 + 6 - self.bits)).unwrap_or_default();
        (place, 1 << (product >> 34 & 63) | 1 << (product >> 40 & 63))
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

/// Which runs of 4 bytes were seen, for many looks at once: no means no, yes means perhaps.
///
/// A run is put into one of eight classes. The first two bytes of the runs of a class have its bit in one table, the last
/// two in the other.
pub(super) struct Halves {
    first: Box<[u8; PAIRS]>,
    last: Box<[u8; PAIRS]>,
}

impl Halves {
    /// Takes all runs.
    pub(super) fn of<'r>(runs: impl Iterator<Item = &'r [u8]>) -> Option<Self> {
        let [mut first, mut last] = [vec![0; PAIRS], vec![0; PAIRS]];
        for run in runs.filter_map(<[u8]>::first_chunk) {
            let class = 1 << (u32::from_le_bytes(*run).wrapping_mul(0x9e37_79b9) >> 29);
            let [one, two, three, four] = *run;
            for (table, pair) in [(&mut first, [one, two]), (&mut last, [three, four])] {
                if let Some(classes) = table.get_mut(usize::from(u16::from_le_bytes(pair))) {
                    *classes |= class;
                }
            }
        }
        Some(Self { first: first.try_into().ok()?, last: last.try_into().ok()? })
    }

    /// Gives the length of the blocks at a text's start in which none of `LOOKS` looks, one at every `STRIDE` bytes,
    /// finds a known run.
    pub(super) fn blocks_without<const STRIDE: usize, const LOOKS: usize>(&self, text: &[u8]) -> usize {
        let mut rest = text;
        while let Some(block) = rest.first_chunk::<16>() {
            let known = (0..LOOKS).fold(0, |known, look| known | self.classes(block, STRIDE * look));
            let Some(next) = rest.get(STRIDE * LOOKS..).filter(|_| known == 0) else { break };
            rest = next;
        }
        text.len() - rest.len()
    }

    /// Returns the classes that may have the run at a place.
    #[inline]
    fn classes(&self, block: &[u8; 16], place: usize) -> u8 {
        let half = |table: &[u8; PAIRS], at: usize| {
            let pair = block.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u16::from_le_bytes);
            table.get(usize::from(pair)).copied().unwrap_or_default()
        };
        half(&self.first, place) & half(&self.last, place + 2)
    }
}

/// Which pairs of bytes were seen.
pub(super) struct Pairs(Vec<u64>);

impl Pairs {
    /// Takes all pairs.
    pub(super) fn of(pairs: impl Iterator<Item = [u8; 2]>) -> Self {
        let mut words = vec![0; PAIRS / 64];
        for pair in pairs {
            let (place, bit) = Self::place_of(pair);
            words.get_mut(place).into_iter().for_each(|word| *word |= bit);
        }
        Self(words)
    }

    /// Returns whether a pair is one of them.
    pub(super) fn has(&self, pair: [u8; 2]) -> bool {
        let (place, bit) = Self::place_of(pair);
        self.0.get(place).is_some_and(|word| word & bit != 0)
    }

    /// Returns the word, and the bit in it, that stand for a pair.
    fn place_of([first, second]: [u8; 2]) -> (usize, u64) {
        let number = usize::from(first) << 8 | usize::from(second);
        (number / 64, 1 << (number % 64))
    }
}
