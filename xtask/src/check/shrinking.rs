//! Committed lists of what still breaks a rule: each number may fall, and none may rise.
//!
//! A line is a key and a number. What is not on the list may not break the rule at all, and a number that is too high
//! fails too: otherwise an improvement could be lost again without a word.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::workspace::root;

/// What was found under one key.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The number that the list limits.
    pub(super) count: usize,
    /// What to print if it is over the limit, one line each.
    pub(super) lines: Vec<String>,
}

impl Found {
    /// Counts one more case.
    pub(super) fn add(&mut self, line: String) {
        self.count += 1;
        self.lines.push(line);
    }
}

/// Everything that was found, by key.
pub(super) type All = BTreeMap<String, Found>;

/// A committed list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shrinking {
    /// Its file, from the workspace's folder.
    pub(super) file: &'static str,
}

type Counts = BTreeMap<String, usize>;

impl Shrinking {
    /// Compares the committed list with what was found.
    ///
    /// # Errors
    /// If a number rose, or a line has to be lowered or removed.
    pub(super) fn check(self, found: &All) -> Result<()> {
        let faults = self.compare(&self.read()?, found);
        if faults.is_empty() { Ok(()) } else { bail!(faults.join("\n")) }
    }

    /// Lowers the committed list to what was found; raises nothing.
    pub(super) fn lower(self, found: &All) -> Result<()> {
        let text = written(&lowered(&self.read()?, found));
        Ok(vault::files::replace_private(&root().join(self.file), text.as_bytes())?)
    }

    fn read(self) -> Result<Counts> {
        let text = std::fs::read_to_string(root().join(self.file)).context(self.file)?;
        parse(&text).with_context(|| self.file.to_owned())
    }

    fn compare(self, kept: &Counts, found: &All) -> Vec<String> {
        let grown = found.iter().filter_map(|(key, now)| self.grown(key, kept.get(key).copied(), now));
        let shrunk = kept.iter().filter_map(|(key, allowed)| self.shrunk(key, *allowed, found.get(key)));
        grown.chain(shrunk).collect()
    }

    fn grown(self, key: &str, allowed: Option<usize>, now: &Found) -> Option<String> {
        let file = self.file;
        let lines = || now.lines.join("\n");
        match allowed {
            None if now.count > 0 => Some(lines()),
            Some(allowed) if now.count > allowed => {
                Some(format!("{}\n{key}: {} found, {file} allows {allowed}", lines(), now.count))
            }
            _ => None,
        }
    }

    fn shrunk(self, key: &str, allowed: usize, now: Option<&Found>) -> Option<String> {
        let file = self.file;
        let advice = "or run: cargo xtask check --lower";
        match now.map_or(0, |now| now.count) {
            0 => Some(format!("{file}: remove the line \"{key} {allowed}\" ({advice})")),
            count if count < allowed => {
                Some(format!("{file}: write \"{key} {count}\" for \"{key} {allowed}\" ({advice})"))
            }
            _ => None,
        }
    }
}

/// Parses a list: sorted lines of a key, a space and a number above zero.
fn parse(text: &str) -> Result<Counts> {
    let line = |line: &str| {
        let (key, count) = line.rsplit_once(' ')?;
        Some((key.to_owned(), count.parse().ok().filter(|count| *count > 0)?))
    };
    let lines = text.lines().map(|one| line(one).with_context(|| format!("not a key and a number: {one}")));
    let counts: Counts = lines.collect::<Result<_>>()?;
    if written(&counts) == text {
        Ok(counts)
    } else {
        bail!("the lines are not sorted, or one is there twice")
    }
}

fn written(counts: &Counts) -> String {
    let lines = counts.iter().flat_map(|(key, count)| [key.clone(), format!(" {count}\n")]);
    lines.collect()
}

fn lowered(kept: &Counts, found: &All) -> Counts {
    let lower = |(key, allowed): (&String, &usize)| {
        let now = found.get(key).map_or(0, |now| now.count);
        (now > 0).then(|| (key.clone(), now.min(*allowed)))
    };
    kept.iter().filter_map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Shrinking = Shrinking { file: "list.txt" };

    fn faults(kept: &str, count: usize) -> Vec<String> {
        let found = Found { count, lines: vec!["a.rs:1: bad".to_owned()] };
        LIST.compare(&parse(kept).unwrap(), &All::from([("a.rs".to_owned(), found)]))
    }

    #[test]
    fn what_the_list_allows_passes() {
        assert!(faults("a.rs 2\n", 2).is_empty());
        assert!(faults("", 0).is_empty());
    }

    #[test]
    fn a_file_that_is_not_on_the_list_may_not_break_the_rule() {
        assert_eq!(["a.rs:1: bad"], faults("", 1)[..]);
    }

    #[test]
    fn a_number_that_rose_fails_and_shows_each_case() {
        assert_eq!(["a.rs:1: bad\na.rs: 3 found, list.txt allows 2"], faults("a.rs 2\n", 3)[..]);
    }

    #[test]
    fn a_number_that_fell_has_to_be_lowered_and_the_line_to_write_is_printed() {
        let faults = faults("a.rs 2\n", 1);
        assert!(faults[0].starts_with("list.txt: write \"a.rs 1\" for \"a.rs 2\""), "{faults:?}");
    }

    #[test]
    fn a_file_that_no_longer_exists_or_no_longer_fails_has_to_be_removed() {
        for faults in [faults("a.rs 2\n", 0), LIST.compare(&parse("a.rs 2\n").unwrap(), &All::new())] {
            assert!(faults[0].starts_with("list.txt: remove the line \"a.rs 2\""), "{faults:?}");
        }
    }

    #[test]
    fn lowering_raises_nothing_and_adds_nothing() {
        let found = |count| Found { count, lines: Vec::new() };
        let found = [("a", found(9)), ("b", found(1)), ("d", found(4))];
        let found = found.into_iter().map(|(key, one)| (key.to_owned(), one)).collect();
        let kept = parse("a 3\nb 2\nc 1\n").unwrap();
        assert_eq!("a 3\nb 1\n", written(&lowered(&kept, &found)));
    }

    #[test]
    fn a_list_is_sorted_and_has_a_number_in_each_line() {
        for bad in ["b 1\na 1\n", "a 1\na 2\n", "a\n", "a 0\n", "a -1\n", "a 1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(1, parse("a key of words 7\n").unwrap().len());
    }
}
