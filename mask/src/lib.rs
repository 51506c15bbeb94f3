//! Finding values in text, however they are written, and masking: what passes through becomes `[vault:NAME]`.
//!
//! ```text
//! value → texts → needles (heads → an index; characters → their spellings) → masker (bytes in, masked bytes out)
//! ```
//!
//! A value is looked for as it is, in base64 and in hex, line by line, and of JSON member by member. Each of these texts is one needle, which is found
//! however its characters are escaped (`spelling`). The index knows the needles by how they begin (`heads`).
//!
//! A search of texts for what leaked uses the same needles. The masker is a pure state machine. However its input is cut
//! into pieces, what comes out is what replacing over the whole input would give: everything that is part of a value.
//! It is a crate of its own so that it is built for speed, where most of the rest is built for size.

mod begun;
mod heads;
mod members;
mod needle;
mod needles;
mod spelling;
mod stream;
mod table;
mod texts;
#[cfg(test)]
mod written;

pub use needles::{Hit, Needles, Rest, Text};
pub use stream::Masker;
pub use texts::Lines;

/// The shortest value that is masked, in bytes: a shorter one would hide ordinary words.
pub const SHORTEST: usize = 6;
