//! Texts on their way to the daemon: small ones together, large ones piece by piece.

use std::io::{self, BufRead, Read};
use std::ops::Range;

use vault::api::{SCAN_BYTES, SCAN_TEXTS, Scan, ScanBytes, ScanMatch, ScanText, Scanned};
use vault::client::Client;
use vault::domain::{OrgScope, SecretName};
use zeroize::Zeroizing;

use super::diff::{Added, each_added};
use super::finding::{Finding, Origin, Position, What};
use super::patterns::Patterns;
use crate::context::Context;
use crate::failure::Failure;

/// The bytes at the end of a piece that come again with the next, so that no key is cut.
const OVERLAP: usize = 8 * 1024;

/// What is looked at, what was found in it, and how much that was.
#[derive(Debug)]
pub(super) struct Feed<'c> {
    context: &'c Context,
    client: Client,
    org: OrgScope,
    patterns: Patterns,
    waiting: Vec<Piece>,
    bytes_waiting: usize,
    pub(super) findings: Vec<Finding>,
    pub(super) tally: Tally,
}

/// How much was looked at.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) texts: u64,
    pub(super) bytes: u64,
    pub(super) values: u64,
    pub(super) left_out: u64,
    pub(super) untold: u64,
    pub(super) damaged: Vec<SecretName>,
}

/// A text, or a piece of one.
#[derive(Debug)]
struct Piece {
    origin: Origin,
    start: Position,
    text: ScanText,
}

/// The end of a text that must be looked at again, and where it begins.
type Unjudged = (Position, Zeroizing<Vec<u8>>);

impl<'c> Feed<'c> {
    /// Begins a look with a daemon.
    ///
    /// # Errors
    /// What keeps it from answering.
    pub(super) fn new(context: &'c Context, patterns: Patterns) -> Result<Self, Failure> {
        let mut feed = Self {
            context,
            client: context.connect()?,
            org: context.orgs().unwrap_or(OrgScope::All),
            patterns,
            waiting: Vec::new(),
            bytes_waiting: 0,
            findings: Vec::new(),
            tally: Tally::default(),
        };
        // Nothing is read, and nothing takes long, where the daemon would refuse.
        let nothing = ScanText { data: ScanBytes::new(Vec::new()), open: false };
        feed.ask(vec![nothing])?;
        Ok(feed)
    }

    /// Looks at all that can be read.
    ///
    /// # Errors
    /// The outer is the daemon's; the inner says why the text could not be read to its end.
    pub(super) fn look(
        &mut self,
        origin: &Origin,
        text: impl Read,
    ) -> Result<Result<(), io::Error>, Failure> {
        self.look_from(origin, Position::START, text)
    }

    /// Looks at what a diff adds, each run of lines at its place in the file.
    ///
    /// # Errors
    /// What the daemon answered, or that the diff cannot be read.
    pub(super) fn look_at_diff(&mut self, diff: impl BufRead) -> Result<(), Failure> {
        each_added(diff, |Added { path, start, text }| {
            let origin = path.map_or(Origin::Stdin, |path| Origin::File(path.into()));
            Ok(self.look_from(&origin, start, text.as_slice())??)
        })
    }

    fn look_from(
        &mut self,
        origin: &Origin,
        mut start: Position,
        mut text: impl Read,
    ) -> Result<Result<(), io::Error>, Failure> {
        self.tally.texts += 1;
        let mut held = Zeroizing::new(Vec::new());
        loop {
            let fresh = match fill(&mut text, &mut held) {
                Ok(fresh) => fresh,
                Err(error) => return Ok(Err(error)),
            };
            self.tally.bytes += fresh as u64;
            let open = held.len() == SCAN_BYTES;
            let text = ScanText { data: ScanBytes::new(std::mem::take(&mut *held)), open };
            let piece = Piece { origin: origin.clone(), start, text };
            if !open {
                self.queue(piece)?;
                return Ok(Ok(()));
            }
            (start, held) = self.send(vec![piece])?.pop().unwrap_or((start, Zeroizing::default()));
        }
    }

    /// Looks at what still waits.
    ///
    /// # Errors
    /// What the daemon answered.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes_waiting = 0;
        if waiting.is_empty() { Ok(()) } else { self.send(waiting).map(drop) }
    }

    fn queue(&mut self, piece: Piece) -> Result<(), Failure> {
        let length = piece.text.data.expose().len();
        if self.bytes_waiting + length > SCAN_BYTES || self.waiting.len() == SCAN_TEXTS {
            self.flush()?;
        }
        self.bytes_waiting += length;
        self.waiting.push(piece);
        Ok(())
    }

    /// Sends pieces and takes in what is found in them; gives the unjudged end of each.
    fn send(&mut self, pieces: Vec<Piece>) -> Result<Vec<Unjudged>, Failure> {
        let (places, texts): (Vec<_>, Vec<_>) =
            pieces.into_iter().map(|piece| ((piece.origin, piece.start), piece.text)).unzip();
        let (texts, scanned) = self.ask(texts)?;
        let mut ends = Vec::with_capacity(texts.len());
        for (number, ((origin, start), text)) in places.iter().zip(&texts).enumerate() {
            let bytes = text.data.expose();
            let judged =
                scanned.judged.get(number).map_or(bytes.len(), |end| usize::try_from(*end).unwrap_or(0));
            let end = if text.open { end_of(bytes.len(), judged) } else { bytes.len() };
            let stored = scanned.matches.iter().filter(|found| found.text == number as u64);
            self.take_in(&Looked { origin, start: *start, bytes, end }, stored);
            let rest = bytes.get(end..).unwrap_or_default().to_vec();
            ends.push((start.after(bytes.get(..end).unwrap_or(bytes)), Zeroizing::new(rest)));
        }
        Ok(ends)
    }

    fn ask(&mut self, texts: Vec<ScanText>) -> Result<(Vec<ScanText>, Scanned), Failure> {
        let scan = Scan { org_id: Some(self.org.clone()), texts };
        let scanned = self.context.call_on(&mut self.client, &scan)?;
        (self.tally.values, self.tally.left_out) = (scanned.values, scanned.left_out);
        self.tally.untold += scanned.total - scanned.matches.len() as u64;
        self.tally.damaged.clone_from(&scanned.damaged);
        Ok((scan.texts, scanned))
    }

    /// Takes in what was found in a text: stored values, and what looks like a key where none of them stands.
    fn take_in<'m>(&mut self, looked: &Looked<'_>, stored: impl Iterator<Item = &'m ScanMatch>) {
        let mut taken: Vec<Range<usize>> = Vec::new();
        for found in stored {
            let place = range(found);
            if place.start < looked.end {
                self.findings.push(looked.finding(place.start, What::stored(found)));
            }
            taken.push(place);
        }
        let findings = &mut self.findings;
        self.patterns.search(looked.bytes, |place, what| {
            let is_stored = taken.iter().any(|one| one.start < place.end && place.start < one.end);
            if place.start < looked.end && !is_stored {
                findings.push(looked.finding(place.start, what));
            }
        });
    }
}

/// A text that was looked at.
struct Looked<'t> {
    origin: &'t Origin,
    start: Position,
    bytes: &'t [u8],
    /// Up to where what is found counts; what comes after is looked at again.
    end: usize,
}

impl Looked<'_> {
    fn finding(&self, place: usize, what: What) -> Finding {
        let before = self.bytes.get(..place).unwrap_or(self.bytes);
        Finding::new(self.origin, self.start.after(before), what)
    }
}

fn range(found: &ScanMatch) -> Range<usize> {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    number(found.offset)..number(found.offset.saturating_add(found.length))
}

/// Gives the place up to which a piece is done: before what may be cut off, but far enough to get on.
fn end_of(length: usize, judged: usize) -> usize {
    judged.min(length.saturating_sub(OVERLAP)).max(length / 2)
}

/// Fills a buffer up to a piece; gives the number of bytes that came.
fn fill(text: &mut impl Read, held: &mut Zeroizing<Vec<u8>>) -> io::Result<usize> {
    let room = SCAN_BYTES.saturating_sub(held.len());
    held.reserve_exact(room);
    text.take(room as u64).read_to_end(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_done_before_what_may_be_cut_off() {
        assert_eq!(SCAN_BYTES - OVERLAP, end_of(SCAN_BYTES, SCAN_BYTES));
        assert_eq!(SCAN_BYTES - 50_000, end_of(SCAN_BYTES, SCAN_BYTES - 50_000));
        assert_eq!(SCAN_BYTES / 2, end_of(SCAN_BYTES, 0), "or it would never end");
    }
}
