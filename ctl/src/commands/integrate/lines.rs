//! Two texts, line by line: what both begin and end with, and what lies between.

use crate::show::plain;

/// How one text became another.
#[derive(Debug)]
pub(super) struct Change<'t> {
    old: Vec<&'t str>,
    new: Vec<&'t str>,
    /// How many lines both begin with, whatever ends them.
    before: usize,
    /// How many more both end with.
    after: usize,
}

impl<'t> Change<'t> {
    /// Compares two texts.
    pub(super) fn between(old: &'t str, new: &'t str) -> Self {
        let lines = |text: &'t str| text.split_inclusive('\n').collect::<Vec<_>>();
        let (old, new) = (lines(old), lines(new));
        let same = |(old, new): &(&&str, &&str)| bare(old) == bare(new);
        let before = old.iter().zip(&new).take_while(same).count();
        let most = old.len().min(new.len()) - before;
        let after = old.iter().rev().zip(new.iter().rev()).take(most).take_while(same).count();
        Self { old, new, before, after }
    }

    /// Returns the new text with the line ends of the old one.
    ///
    /// A line that came in ends as the one before it. The last line of all ends as the last one did: with none, or with one.
    pub(super) fn with_line_ends(&self) -> String {
        let (kept, rest) = self.old.split_at(self.before);
        let example = kept.iter().rev().chain(rest).find(|line| line.ends_with('\n'));
        let end = example.and_then(|line| line.strip_prefix(bare(line))).unwrap_or("\n");
        let mut text = kept.concat();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(end);
        }
        for line in part(&self.new, self.before, self.after) {
            text.extend([bare(line), end]);
        }
        text.extend(part(&self.old, self.old.len() - self.after, 0).iter().copied());
        let is_ended = self.old.last().is_none_or(|line| line.ends_with('\n'));
        if is_ended { text } else { bare(&text).to_owned() }
    }

    /// Shows the lines that went, and those that came.
    pub(super) fn shown(&self) -> impl Iterator<Item = String> {
        let went = part(&self.old, self.before, self.after).iter().map(|line| ("-", line));
        let came = part(&self.new, self.before, self.after).iter().map(|line| ("+", line));
        went.chain(came).map(|(sign, line)| format!("{sign} {}", plain(bare(line))))
    }
}

/// Returns the lines without some at the start and at the end.
fn part<'a, 't>(lines: &'a [&'t str], before: usize, after: usize) -> &'a [&'t str] {
    lines.get(before..lines.len() - after).unwrap_or_default()
}

/// Returns a line without its end.
fn bare(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}
