//! Masking: a value that passes through becomes `[vault:NAME]`, however it is written and wherever it is cut.
//!
//! ```text
//! values → forms → needles (an index) → masker (a stream: bytes in, masked bytes out, a tail held back)
//! ```
//!
//! The masker is a pure state machine. However its input is cut into pieces, what comes out is what replacing over
//! the whole input would give: at each place the longest needle, from left to right.

mod forms;
mod needles;
mod stream;

pub(crate) use needles::Needles;
pub(crate) use stream::Masker;

/// The shortest value that is masked, in bytes: a shorter one would hide ordinary words.
pub(crate) const SHORTEST: usize = 6;
