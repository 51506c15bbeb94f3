//! What the index has seen: runs of bytes, perhaps, and pairs for sure.

/// The bits of a table for each run in it: of a thousand looks four or so are wrong.
const BITS_A_RUN: usize = 32;
/// The least and the most bits of a table, as powers of two: the largest keeps to a second-level cache.
const TABLE_BITS: std::ops::RangeInclusive<u32> = 14..=20;

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

    pub(super) fn has(&self, run: &[u8]) -> bool {
        self.knows(word(run))
    }

    /// Gives the length of the blocks at a text's start in which none of `LOOKS` looks finds a known run of 4 bytes.
    ///
    /// Short strides have many looks; here those of 16 bytes share a load and a branch.
    pub(super) fn blocks_without<const STRIDE: usize, const LOOKS: usize>(&self, text: &[u8]) -> usize {
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

/// Which pairs of bytes were seen.
pub(super) struct Pairs(Vec<u64>);

impl Pairs {
    /// Takes all pairs.
    pub(super) fn of(pairs: impl Iterator<Item = [u8; 2]>) -> Self {
        let mut words = vec![0; (1 << 16) / 64];
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
