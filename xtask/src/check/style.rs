//! The style rules: short functions, short files, few parameters, no `unwrap`, and `unsafe` in one small crate alone.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::shrinking::{All, Found, Shrinking};
use super::sources::{self, Source};
use super::syntax::{self, Findings, Function, Parameters, Part, Word};
use crate::say;

/// The length that nine functions of ten keep to, in each crate.
const USUAL_FUNCTION: usize = 25;
/// The share of functions that keep to it, in percent.
const USUAL_SHARE: usize = 90;
/// The length that every function keeps to, in tests too.
const LONGEST_FUNCTION: usize = 60;
/// The length of a file without its tests, and of a file of tests.
const LONGEST_FILE: usize = 350;
/// How many parameters a function has at most, without `self`.
const MOST_PARAMETERS: usize = 4;
/// The crate that may be unsafe.
const PLATFORM: &str = "platform";
/// Its length without tests, comments and empty lines.
const LONGEST_PLATFORM: usize = 700;
/// What breaks a rule and is still allowed.
const LIST: Shrinking = Shrinking { file: "xtask/src/check/style.txt" };

/// A Rust file, and what was read from it.
struct Read {
    source: Source,
    findings: Findings,
}

impl Read {
    fn is_platform(&self) -> bool {
        self.source.path.starts_with(PLATFORM) && !self.source.is_test()
    }

    /// Returns the lines that count: without tests, unless the file has nothing else.
    fn lines(&self) -> impl Iterator<Item = &str> {
        let tests = if self.source.is_test() { &[] } else { self.findings.tests.as_slice() };
        let numbered = self.source.text.lines().zip(1..);
        numbered.filter(|(_, number)| !tests.iter().any(|range| range.contains(number))).map(|(line, _)| line)
    }

    /// Returns the functions outside tests.
    fn program(&self) -> impl Iterator<Item = &Function> {
        let is_program = |function: &&Function| function.part == Part::Program && !self.source.is_test();
        self.findings.functions.iter().filter(is_program)
    }

    /// Lists the faults of this file that no list can allow.
    fn faults(&self) -> Vec<String> {
        let path = self.source.path.display();
        let mut faults = Vec::new();
        for Function { name, line, lines, .. } in &self.findings.functions {
            if *lines > LONGEST_FUNCTION {
                faults
                    .push(format!("{path}:{line}: `{name}` takes {lines} lines; at most {LONGEST_FUNCTION}"));
            }
        }
        for (line, word) in self.findings.words.iter().filter(|_| !self.source.is_test()) {
            match word {
                Word::Unwrap => faults.push(format!("{path}:{line}: `unwrap` or `expect` outside tests")),
                Word::Unsafe if self.is_platform() => {}
                Word::Unsafe => faults.push(format!("{path}:{line}: `unsafe` outside {PLATFORM}/")),
            }
        }
        faults
    }

    /// Adds the faults of this file that the list limits.
    fn count(&self, found: &mut All) {
        let path = self.source.path.display();
        let lines = self.lines().count();
        if lines > LONGEST_FILE {
            let line = format!("{path}: {lines} lines; at most {LONGEST_FILE}");
            found.insert(format!("lines {path}"), Found { count: lines, lines: vec![line] });
        }
        let parameters = self.findings.parameters.iter().filter(|_| !self.source.is_test());
        for Parameters { name, line, all, booleans } in parameters {
            let mut add = |rule, fault| {
                found
                    .entry(format!("{rule} {path}"))
                    .or_default()
                    .add(format!("{path}:{line}: `{name}` has {fault}"));
            };
            if *all > MOST_PARAMETERS {
                add("parameters", format!("{all} parameters; at most {MOST_PARAMETERS}"));
            }
            if *booleans > 0 {
                add("booleans", "a boolean parameter; use an enum".to_owned());
            }
        }
    }
}

/// Checks every Rust file, and prints how long functions are.
pub(super) fn check() -> Result<()> {
    let files = read_all()?;
    let mut faults: Vec<_> = files.iter().flat_map(Read::faults).collect();
    faults.extend(judge_platform(&files));
    faults.extend(judge_lengths(&files)?);
    faults.extend(LIST.check(&counted(&files)).err().map(|error| error.to_string()));
    if faults.is_empty() { Ok(()) } else { bail!(faults.join("\n")) }
}

/// Lowers the list to what is found.
pub(super) fn lower() -> Result<()> {
    LIST.lower(&counted(&read_all()?))
}

fn counted(files: &[Read]) -> All {
    let mut found = All::new();
    for file in files {
        file.count(&mut found);
    }
    found
}

fn read_all() -> Result<Vec<Read>> {
    sources::rust()?.into_iter().map(read).collect()
}

fn read(source: Source) -> Result<Read> {
    let findings = syntax::read(&source.text).with_context(|| source.path.display().to_string())?;
    Ok(Read { source, findings })
}

fn judge_platform(files: &[Read]) -> Option<String> {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    let lines: usize =
        files.iter().filter(|file| file.is_platform()).map(|file| file.lines().filter(is_code).count()).sum();
    say::line(format_args!("{PLATFORM}/ has {lines} lines of code"));
    (lines >= LONGEST_PLATFORM)
        .then(|| format!("{PLATFORM}/ has {lines} lines of code; under {LONGEST_PLATFORM}"))
}

/// Judges the lengths of each crate's functions: over all of them a bad crate would not show.
fn judge_lengths(files: &[Read]) -> Result<Vec<String>> {
    let mut lengths: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for file in files {
        let functions = file.program().map(|function| function.lines);
        lengths.entry(sources::package(&file.source.path)?).or_default().extend(functions);
    }
    Ok(lengths.into_iter().filter_map(|(package, lengths)| judge_package(&package, lengths)).collect())
}

fn judge_package(package: &Path, mut lengths: Vec<usize>) -> Option<String> {
    lengths.sort_unstable();
    let (all, short) = (lengths.len(), lengths.partition_point(|lines| *lines <= USUAL_FUNCTION));
    let middle = lengths.get(all / 2).copied().unwrap_or_default();
    let longest = lengths.last().copied()?;
    let share = 100 * short / all.max(1);
    let package = if package.as_os_str().is_empty() { Path::new("src") } else { package }.display();
    say::line(format_args!(
        "{package}: {all} functions, median {middle} lines, {share}% within {USUAL_FUNCTION}, longest {longest}"
    ));
    (share < USUAL_SHARE).then(|| {
        format!("{package}: {share}% of functions keep to {USUAL_FUNCTION} lines; at least {USUAL_SHARE}%")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Read {
        read(Source { path: path.into(), text: text.to_owned() }).unwrap()
    }

    /// Writes a function that takes as many lines as asked for.
    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    ();\n".repeat(lines - 2))
    }

    fn keys(path: &str, text: &str) -> Vec<(String, usize)> {
        counted(&[file(path, text)]).into_iter().map(|(key, found)| (key, found.count)).collect()
    }

    #[test]
    fn the_projects_own_code_passes() {
        check().unwrap();
    }

    #[test]
    fn a_long_function_fails_in_tests_and_benches_too() {
        let in_tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(61));
        for (path, text) in
            [("src/a.rs", &function(61)), ("benches/a.rs", &function(61)), ("src/a.rs", &in_tests)]
        {
            assert!(file(path, text).faults()[0].ends_with("`long` takes 61 lines; at most 60"), "{path}");
        }
        assert!(file("tests/a.rs", &function(60)).faults().is_empty());
    }

    #[test]
    fn a_long_file_fails_and_one_of_tests_has_the_same_limit() {
        let long = "// why\n".repeat(351);
        assert_eq!([("lines tests/a.rs".to_owned(), 351)], keys("tests/a.rs", &long)[..]);
        assert_eq!([("lines src/a.rs".to_owned(), 351)], keys("src/a.rs", &long)[..]);
        let with_tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert!(keys("src/a.rs", &with_tests).is_empty());
    }

    #[test]
    fn unwrap_and_unsafe_fail_outside_tests_only() {
        let text = "fn a() {\n    b().unwrap();\n    unsafe { c() }\n}\n";
        assert_eq!(2, file("src/a.rs", text).faults().len());
        assert_eq!(1, file("platform/src/a.rs", text).faults().len());
        assert!(file("tests/a.rs", text).faults().is_empty());
    }

    #[test]
    fn many_and_boolean_parameters_are_counted_by_file_outside_tests() {
        let text = "fn a(b: u8, c: u8, d: u8, e: u8, f: bool) {}\nfn g(h: bool) {}\n";
        let expected = [("booleans src/a.rs".to_owned(), 2), ("parameters src/a.rs".to_owned(), 1)];
        assert_eq!(expected, keys("src/a.rs", text)[..]);
        assert!(keys("tests/a.rs", text).is_empty());
    }

    #[test]
    fn a_crate_with_too_many_long_functions_fails() {
        let judged = |long| judge_package(Path::new("ctl"), [vec![26; long], vec![1; 10 - long]].concat());
        assert!(judged(1).is_none());
        assert_eq!(Some("ctl: 80% of functions keep to 25 lines; at least 90%".to_owned()), judged(2));
    }
}
