//! What is looked for of a value: the value, what base64 and hex make of it, and its lines.

use data_encoding::{BASE64, BASE64URL, Encoding, HEXLOWER, HEXUPPER};
use zeroize::Zeroizing;

/// The shortest line that is looked for by itself, in bytes: shorter ones are words of configurations, as a rule.
pub(super) const SHORTEST_LINE: usize = 16;
/// The least letters and digits in a row of a line that looks drawn at random.
const RANDOM: usize = 20;

/// A text that is looked for.
pub(super) type Sought = Zeroizing<String>;

/// Which lines of a value of several lines are looked for by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// Each of 16 bytes or more: what masks had better hide too much.
    Long,
    /// Those that look drawn at random, as a key's: others, as of a configuration, stand in many texts and leak nothing.
    Random,
}

/// Lists a value and what base64 and hex make of it.
pub(super) fn of(value: &str) -> Vec<Sought> {
    let mut texts = vec![Zeroizing::new(value.to_owned())];
    for encoding in [BASE64, BASE64URL] {
        (0..3).for_each(|before| in_base64(value.as_bytes(), before, &encoding, &mut texts));
    }
    texts.push(Zeroizing::new(HEXLOWER.encode(value.as_bytes())));
    texts.push(Zeroizing::new(HEXUPPER.encode(value.as_bytes())));
    // Of an empty value and of a few bytes there is nothing that says whose they are.
    texts.retain(|text| text.len() >= super::SHORTEST);
    texts
}

/// Lists the lines of a value of several lines that are looked for by themselves, without the space around them.
pub(super) fn lines_of(value: &str, which: Lines) -> Vec<Sought> {
    let lines: Vec<&str> = value.trim().lines().map(str::trim).collect();
    if lines.len() < 2 {
        return Vec::new();
    }
    let is_sought = |line: &str| match which {
        Lines::Long => line.len() >= SHORTEST_LINE && !is_boundary(line),
        Lines::Random => !is_boundary(line) && has_random_run(line),
    };
    lines.into_iter().filter(|line| is_sought(line)).map(|line| Zeroizing::new(line.to_owned())).collect()
}

/// Returns whether a line only says what begins or ends there, as in every other key (RFC 7468, RFC 4716).
fn is_boundary(line: &str) -> bool {
    line.starts_with("----") && line.ends_with("----")
}

/// Returns whether a line has a long run of what base64 or hex is made of, with digits and letters of both cases, or
/// digits and letters of hex.
pub(super) fn has_random_run(line: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    line.split(|c| !is_part(c)).filter(|run| run.len() >= RANDOM).any(|run| {
        let count = |is: fn(&u8) -> bool| run.bytes().filter(is).count();
        let (digits, hex) = (count(u8::is_ascii_digit), count(u8::is_ascii_hexdigit));
        let (upper, lower) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
        upper >= 2 && lower >= 2 && upper + digits >= run.len() / 8 || digits >= 2 && hex == run.len()
    })
}

/// Writes what base64 (RFC 4648) makes of a value with `before` bytes before it, alone and within other text.
///
/// Where bytes of the value share a character with bytes before it, that character says little of the value and
/// is left out. So is one that is shared with bytes after it, but for the form in which nothing comes after.
fn in_base64(value: &[u8], before: usize, encoding: &Encoding, texts: &mut Vec<Sought>) {
    let mut padded = Zeroizing::new(vec![0; before]);
    padded.extend_from_slice(value);
    let text = Zeroizing::new(encoding.encode(&padded));
    let first = (before * 8).div_ceil(6);
    let whole = padded.len() * 8 / 6;
    let unpadded = text.trim_end_matches('=').len();
    for end in [whole, unpadded, text.len()] {
        if let Some(part) = text.get(first..end) {
            texts.push(Zeroizing::new(part.to_owned()));
        }
    }
}
