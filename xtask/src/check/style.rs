//! The style rules: short functions, short files, no `unwrap`, and `unsafe` in one small crate alone.

use anyhow::{Context, Result, bail};

use super::sources::{self, Source};
use super::syntax::{self, Findings, Function, Word};
use crate::say;

/// The length that nine functions of ten keep to.
const USUAL_FUNCTION: usize = 25;
/// The share of functions that keep to it, in percent.
const USUAL_SHARE: usize = 90;
/// The length that every function keeps to.
const LONGEST_FUNCTION: usize = 60;
/// The length of a file without its tests.
const LONGEST_FILE: usize = 350;
/// The crate that may be unsafe.
const PLATFORM: &str = "platform";
/// Its length without tests, comments and empty lines.
const LONGEST_PLATFORM: usize = 420;

/// A Rust file that is no test, and what was read from it.
struct Read {
    source: Source,
    findings: Findings,
}

impl Read {
    fn is_platform(&self) -> bool {
        self.source.path.starts_with(PLATFORM)
    }

    /// Gives the lines outside tests.
    fn lines(&self) -> impl Iterator<Item = &str> {
        let tests = &self.findings.tests;
        let numbered = self.source.text.lines().zip(1..);
        numbered.filter(|(_, number)| !tests.iter().any(|range| range.contains(number))).map(|(line, _)| line)
    }

    /// Says what is wrong with this file alone.
    fn faults(&self) -> Vec<String> {
        let path = self.source.path.display();
        let mut faults = Vec::new();
        let lines = self.lines().count();
        if lines > LONGEST_FILE {
            faults.push(format!("{path}: {lines} lines without tests; at most {LONGEST_FILE}"));
        }
        for Function { name, line, lines } in &self.findings.functions {
            if *lines > LONGEST_FUNCTION {
                faults
                    .push(format!("{path}:{line}: `{name}` takes {lines} lines; at most {LONGEST_FUNCTION}"));
            }
        }
        for (line, word) in &self.findings.words {
            match word {
                Word::Unwrap => faults.push(format!("{path}:{line}: `unwrap` or `expect` outside tests")),
                Word::Unsafe if self.is_platform() => {}
                Word::Unsafe => faults.push(format!("{path}:{line}: `unsafe` outside {PLATFORM}/")),
            }
        }
        faults
    }
}

/// Checks every Rust file, and says how long functions are.
pub(super) fn check() -> Result<()> {
    let files = read_all()?;
    let mut faults: Vec<_> = files.iter().flat_map(Read::faults).collect();
    faults.extend(judge_platform(&files));
    faults.extend(judge_lengths(&files));
    if faults.is_empty() { Ok(()) } else { bail!(faults.join("\n")) }
}

fn read_all() -> Result<Vec<Read>> {
    let sources = sources::rust()?.into_iter().filter(|source| !source.is_test());
    let read = |source: Source| {
        let findings = syntax::read(&source.text).with_context(|| source.path.display().to_string())?;
        Ok(Read { source, findings })
    };
    sources.map(read).collect()
}

fn judge_platform(files: &[Read]) -> Option<String> {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    let lines: usize =
        files.iter().filter(|file| file.is_platform()).map(|file| file.lines().filter(is_code).count()).sum();
    say::line(format_args!("{PLATFORM}/ has {lines} lines of code"));
    (lines >= LONGEST_PLATFORM)
        .then(|| format!("{PLATFORM}/ has {lines} lines of code; under {LONGEST_PLATFORM}"))
}

fn judge_lengths(files: &[Read]) -> Option<String> {
    let functions = files.iter().flat_map(|file| &file.findings.functions);
    let mut lengths: Vec<_> = functions.map(|function| function.lines).collect();
    lengths.sort_unstable();
    let (all, short) = (lengths.len(), lengths.partition_point(|lines| *lines <= USUAL_FUNCTION));
    let middle = lengths.get(all / 2).copied().unwrap_or_default();
    let longest = lengths.last().copied().unwrap_or_default();
    let share = 100 * short / all.max(1);
    say::line(format_args!(
        "{all} functions: median {middle} lines, {share}% within {USUAL_FUNCTION}, longest {longest}"
    ));
    (share < USUAL_SHARE)
        .then(|| format!("{share}% of functions keep to {USUAL_FUNCTION} lines; at least {USUAL_SHARE}%"))
}
