//! Random bytes for the ids of entries, drawn from the system for many at once.

use crate::crypto::{CryptoError, random};

/// The bytes of one id that are random.
const EACH: usize = 10;
/// How many are drawn at once, in bytes.
const MANY: usize = 64 * EACH;

/// What was drawn and not used yet.
#[derive(Debug)]
pub(super) struct Draw {
    bytes: [u8; MANY],
    used: usize,
}

impl Draw {
    /// Begins with nothing drawn.
    pub(super) fn new() -> Self {
        Self { bytes: [0; MANY], used: MANY }
    }

    /// Gives the next bytes, each once.
    pub(super) fn next(&mut self) -> Result<[u8; EACH], CryptoError> {
        if let Some(next) = self.bytes.get(self.used..).and_then(|rest| rest.first_chunk::<EACH>()) {
            self.used += EACH;
            return Ok(*next);
        }
        self.bytes = random()?;
        self.used = 0;
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nothing_is_given_twice() {
        let mut draw = Draw::new();
        let drawn: HashSet<_> = (0..1000).map(|_| draw.next().unwrap()).collect();
        assert_eq!(1000, drawn.len());
    }
}
