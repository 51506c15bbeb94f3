//! Finding values in text, however they are written, and masking: what passes through becomes `[vault:NAME]`.
//!
//! ```text
//! values → forms → needles (an index) → masker (a stream: bytes in, masked bytes out, a tail held back)
//! ```
//!
//! A search of texts for what leaked uses the same index. The masker is a pure state machine. However its input is cut
//! into pieces, what comes out is what replacing over the whole input would give: at each place the longest needle, from
//! left to right. It is a crate of its own so that it is built for speed, where most of the rest is built for size.

mod forms;
mod needles;
mod stream;

pub use needles::{Hit, Needles, Rest, Text};
pub use stream::Masker;

/// The shortest value that is masked, in bytes: a shorter one would hide ordinary words.
pub const SHORTEST: usize = 6;
