//! The output of a command: read whole, masked, and kept up to a limit.

use std::io::Read;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use vault_mask::Masker;

use super::super::known::Known;

/// How often a command that runs is looked after.
const LOOK: Duration = Duration::from_millis(20);

/// What is kept of an output: its start and its end, each up to half of a limit in bytes.
#[derive(Debug, Default)]
pub(super) struct Kept {
    limit: usize,
    total: usize,
    start: Vec<u8>,
    end: Vec<u8>,
}

impl Kept {
    /// Reads and masks an output to its end, or until the command is over and nothing is left to read.
    ///
    /// A tail is held for as long as it takes: no prompt is waited for here.
    pub(super) fn read(limit: usize, mut source: impl Read + AsFd, known: &Known, over: &AtomicBool) -> Self {
        let mut kept = Self { limit, ..Self::default() };
        let mut masker = Masker::new(known.needles());
        let mut put = |bytes: &[u8]| kept.put(bytes);
        let mut chunk = vec![0; 64 * 1024];
        while is_more(&source, over)
            && let Ok(read @ 1..) = source.read(&mut chunk)
        {
            // A command that started meanwhile was given its values before it could leave them anywhere.
            masker.adopt(known.needles());
            masker.feed(chunk.get(..read).unwrap_or_default(), &mut put);
        }
        masker.flush(&mut put);
        kept
    }

    fn put(&mut self, bytes: &[u8]) {
        self.total += bytes.len();
        let room = (self.limit / 2).saturating_sub(self.start.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.start.extend_from_slice(first);
        self.end.extend_from_slice(rest);
        // An odd limit has its last byte here.
        let most = self.limit.div_ceil(2);
        if self.end.len() > 4 * most {
            self.end.drain(..self.end.len() - most);
        }
    }

    /// Returns the text within a share of the limit, and whether its middle is left out.
    fn text(&self, share: usize) -> (String, bool) {
        let kept = [&*self.start, &*self.end].concat();
        if self.total <= share {
            return (String::from_utf8_lossy(&kept).into_owned(), false);
        }
        let half = share / 2;
        let start = String::from_utf8_lossy(kept.get(..half).unwrap_or_default());
        let end = String::from_utf8_lossy(kept.get(kept.len() - half..).unwrap_or_default());
        let left_out = self.total - 2 * half;
        (format!("{start}\n[… {left_out} bytes left out; maxOutputBytes returns more …]\n{end}"), true)
    }
}

/// Returns the texts of both outputs, within the limit together: half of it each, and what one leaves goes to the other.
pub(super) fn texts(stdout: &Kept, stderr: &Kept) -> [(String, bool); 2] {
    let share = |one: &Kept, other: &Kept| one.limit.saturating_sub(other.total).max(one.limit / 2);
    [stdout.text(share(stdout, stderr)), stderr.text(share(stderr, stdout))]
}

/// Waits until there is something to read, or the end; false where the command is over and there is nothing.
fn is_more(source: &impl AsFd, over: &AtomicBool) -> bool {
    let look = Timespec::try_from(LOOK).ok();
    loop {
        let was_over = over.load(Ordering::Acquire);
        let ready = poll(&mut [PollFd::new(source, PollFlags::IN)], look.as_ref());
        if ready != Ok(0) || was_over {
            return ready != Ok(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(limit: usize, output: &[u8]) -> Kept {
        let mut kept = Kept { limit, ..Kept::default() };
        output.chunks(7).for_each(|chunk| kept.put(chunk));
        kept
    }

    /// Takes what was left out from a text.
    fn shown(text: &str) -> String {
        let (start, rest) = text.split_once("\n[…").unwrap_or((text, "]\n"));
        format!("{start}{}", rest.split_once("]\n").map_or("", |(_, end)| end))
    }

    #[test]
    fn an_output_within_the_limit_is_whole() {
        for limit in [20, 21] {
            let all = "a".repeat(limit - 8) + "bcdefgh\n";
            let [(stdout, cut), (stderr, _)] = texts(&kept(limit, all.as_bytes()), &kept(limit, b""));
            assert_eq!((all.as_str(), false, ""), (stdout.as_str(), cut, stderr.as_str()));
        }
    }

    #[test]
    fn of_a_longer_one_the_start_and_the_end_are_returned_and_what_is_left_out_is_counted() {
        let all: String = ('a'..='z').collect();
        let [(stdout, cut), _] = texts(&kept(10, all.repeat(9).as_bytes()), &kept(10, b""));
        assert_eq!("abcde\n[… 224 bytes left out; maxOutputBytes returns more …]\nvwxyz", stdout);
        assert!(cut);
    }

    #[test]
    fn both_outputs_together_stay_within_the_limit() {
        for (stdout, stderr, lengths) in
            [(99, 99, (10, 10)), (99, 4, (16, 4)), (4, 99, (4, 16)), (15, 6, (14, 6))]
        {
            let [(out, _), (err, _)] = texts(&kept(20, &vec![b'o'; stdout]), &kept(20, &vec![b'e'; stderr]));
            assert_eq!(lengths, (shown(&out).len(), shown(&err).len()), "{stdout} {stderr}");
        }
    }
}
