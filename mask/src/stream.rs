//! The masker: bytes in, masked bytes out, and the tail that cannot be judged yet held back.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::needles::{Hit, Needles, Rest, Text};
use crate::spelling::{Step, control_sequence};

/// The least of new input that what is held is judged with, in bytes: more than most values have.
const JOINED: usize = 256;

/// Masks one stream.
///
/// Values that overlap are masked together, each named once. Control sequences of terminals within them are kept: what
/// a program coloured in the middle of a value would else colour everything that follows.
#[derive(Debug)]
pub struct Masker {
    needles: Arc<Needles>,
    held: Zeroizing<Vec<u8>>,
    open: Region,
}

/// What the last value hides of the text that is still to be judged.
#[derive(Debug, Default)]
struct Region {
    /// The bytes of it at its start.
    covered: usize,
    /// The value.
    value: Option<usize>,
}

impl Masker {
    /// Begins a stream.
    pub fn new(needles: Arc<Needles>) -> Self {
        Self { needles, held: Zeroizing::default(), open: Region::default() }
    }

    /// Looks for these from here on, also in what is held. The first of them are those from before.
    pub fn adopt(&mut self, needles: Arc<Needles>) {
        self.needles = needles;
    }

    /// Takes the next bytes, and puts out all that can be judged, piece by piece.
    pub fn feed(&mut self, input: &[u8], out: &mut impl FnMut(&[u8])) {
        let rest = self.join(input, out);
        if self.held.is_empty() {
            let judged = self.judge(rest, out);
            self.held.extend_from_slice(rest.get(judged..).unwrap_or_default());
        }
    }

    /// Judges what is held with as much of the input as that takes, and returns the input from where the rest is to be
    /// judged: where it is long, it is not copied.
    fn join<'i>(&mut self, mut input: &'i [u8], out: &mut impl FnMut(&[u8])) -> &'i [u8] {
        while !self.held.is_empty() && !input.is_empty() {
            let held = self.held.len();
            let (next, rest) = input.split_at(input.len().min(held.max(JOINED)));
            self.held.extend_from_slice(next);
            let all = std::mem::take(&mut self.held);
            let judged = self.judge(&all, out);
            self.held = all;
            if let Some(begun) = judged.checked_sub(held) {
                self.held.clear();
                return input.get(begun..).unwrap_or_default();
            }
            self.held.drain(..judged);
            input = rest;
        }
        input
    }

    fn judge(&mut self, bytes: &[u8], out: &mut impl FnMut(&[u8])) -> usize {
        mask(&self.needles, Text { bytes, rest: Rest::Open }, &mut self.open, out)
    }

    /// Puts out what was held, since nothing more comes or it was held for long enough.
    pub fn flush(&mut self, out: &mut impl FnMut(&[u8])) {
        mask(&self.needles, Text { bytes: &self.held, rest: Rest::Ended }, &mut self.open, out);
        self.held.clear();
        self.open = Region::default();
    }

    /// Gives the number of bytes that are held.
    pub fn held(&self) -> usize {
        self.held.len()
    }
}

/// Masks a text and gives the place up to which it could be judged.
fn mask(needles: &Needles, text: Text<'_>, open: &mut Region, out: &mut impl FnMut(&[u8])) -> usize {
    let mut pass = Pass { needles, bytes: text.bytes, done: open.covered, value: open.value };
    let judged = needles.search(text, open.covered, |hit| pass.hide(hit, out));
    out(text.bytes.get(pass.done..judged).unwrap_or_default());
    *open = Region { covered: pass.done.saturating_sub(judged), value: pass.value };
    judged
}

/// A text that is being masked.
struct Pass<'t> {
    needles: &'t Needles,
    bytes: &'t [u8],
    /// Up to where it was put out, or hidden.
    done: usize,
    /// The value that hides what is before that.
    value: Option<usize>,
}

impl Pass<'_> {
    /// Puts out what is before a value, and its name in the place of it.
    fn hide(&mut self, hit: Hit, out: &mut impl FnMut(&[u8])) {
        let goes_on = hit.place < self.done;
        out(self.bytes.get(self.done..hit.place).unwrap_or_default());
        if !goes_on || self.value != Some(hit.value) {
            out(self.needles.replacement(hit.value).as_bytes());
        }
        control_sequences(self.bytes.get(self.done.max(hit.place)..hit.end()).unwrap_or_default(), out);
        (self.done, self.value) = (hit.end(), Some(hit.value));
    }
}

/// Puts out the control sequences of a text, and nothing else of it.
fn control_sequences(mut text: &[u8], out: &mut impl FnMut(&[u8])) {
    while let Some(at) = memchr::memchr(b'\x1b', text) {
        let rest = text.get(at..).unwrap_or_default();
        let length = match control_sequence(rest) {
            Some(Step::Whole(length)) => length,
            Some(Step::Cut) | None => 0,
        };
        out(rest.get(..length).unwrap_or_default());
        text = rest.get(length.max(1)..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
