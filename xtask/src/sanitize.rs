//! `cargo xtask sanitize`: the tests of `platform/`, the one crate with unsafe code, under `AddressSanitizer`.
//!
//! The stable toolchain ships the sanitizer's runtime, and `RUSTC_BOOTSTRAP` lets it take the flag. The standard library is
//! not built again: what it does to memory is noticed where it calls the allocator and the C library, which are replaced.

use std::path::Path;
use std::process::{Command, ExitCode, Output};

use anyhow::{Context, Result, bail, ensure};

use crate::outcome::{Outcome, Tally};
use crate::sabotage::noticed;
use crate::say;
use crate::workspace::{cargo, host, sysroot};

/// The flag, and the condition under which the test of the sabotage is there.
const FLAGS: &str = "-Zsanitizer=address --cfg address_sanitizer";
/// Where it is built, apart from what has no such flag.
const PLACE: &str = "target/sanitize";
/// What the runtime's file ends with.
const RUNTIME: &str = "_rt.asan.a";
/// The test that writes past a buffer.
const SABOTAGE: &str = "sabotage::a_write_past_a_buffer_is_made";
/// What the sanitizer prints about it.
const REPORT: &str = "AddressSanitizer: heap-buffer-overflow";

/// Options of `cargo xtask sanitize`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run a test that writes past a buffer: succeeds if that is noticed.
    #[arg(long)]
    sabotage: bool,
}

/// Builds and runs the tests; skipped if the toolchain has no runtime for this machine.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let outcome = Outcome::from(sanitized(args));
    let outcome = if vault_trial::all_are_required() { outcome.required() } else { outcome };
    let mut tally = Tally::default();
    tally.add("sanitize", &outcome);
    say::line(&tally);
    if let Outcome::Failed(error) = outcome { Err(error) } else { Ok(ExitCode::SUCCESS) }
}

fn sanitized(args: &Args) -> Result<Outcome> {
    let host = host()?;
    let libraries = sysroot()?.join("lib/rustlib").join(&host).join("lib");
    if !host.contains("linux") || !has_runtime(&libraries)? {
        return Ok(Outcome::Skipped(format!("the toolchain has no AddressSanitizer for {host}")));
    }
    if args.sabotage {
        noticed("sanitize: a write past a buffer", sabotaged(&host))?;
    } else {
        say::line(format_args!("sanitize: {}", tested(&host)?));
    }
    Ok(Outcome::Passed)
}

fn has_runtime(libraries: &Path) -> Result<bool> {
    for file in std::fs::read_dir(libraries).with_context(|| libraries.display().to_string())? {
        if file?.file_name().to_string_lossy().ends_with(RUNTIME) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes the command that builds and runs tests of the crate under the sanitizer.
fn tests(host: &str) -> Command {
    // With a target named, build scripts and macros are built without the flag.
    let mut tests = cargo(["test", "--locked", "--package", "vault-platform", "--tests", "--target", host]);
    tests.args(["--target-dir", PLACE]).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", FLAGS);
    // One thread: the tests fork, and another thread could hold a lock that the child then waits for.
    tests.args(["--", "--test-threads=1"]);
    tests
}

/// Runs all tests, and returns how many passed; prints those that were ignored, with the reasons.
fn tested(host: &str) -> Result<String> {
    let output = tests(host).output().context("cargo cannot be started")?;
    let printed = printed(&output);
    ensure!(output.status.success(), "{printed}");
    ignored(&printed).for_each(say::line);
    summed(&printed)
}

/// Runs the test that has to be noticed; fails if the sanitizer reported it.
fn sabotaged(host: &str) -> Result<()> {
    let output =
        tests(host).args(["--ignored", "--exact", SABOTAGE]).output().context("cargo cannot be started")?;
    let printed = printed(&output);
    match printed.lines().find(|line| line.contains(REPORT)) {
        Some(report) if !output.status.success() => bail!("{report}"),
        _ => Ok(()),
    }
}

fn printed(output: &Output) -> String {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&all).into_owned()
}

fn ignored(printed: &str) -> impl Iterator<Item = &str> {
    printed.lines().filter(|line| line.starts_with("test ") && line.contains(" ... ignored"))
}

/// Adds up what the test programs print at their ends.
///
/// # Errors
/// If no test passed: then nothing was shown.
fn summed(printed: &str) -> Result<String> {
    let count = |what: &str| -> usize {
        let results = printed.lines().filter(|line| line.starts_with("test result: "));
        let counts =
            results.flat_map(|line| line.split([';', '.'])).filter_map(|part| part.trim().strip_suffix(what));
        counts.filter_map(|count| count.trim().parse::<usize>().ok()).sum()
    };
    let (passed, ignored) = (count("passed"), count("ignored"));
    ensure!(passed > 0, "no test was run: {printed}");
    Ok(format!("{passed} tests passed under AddressSanitizer, {ignored} ignored"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "test a::b ... ok
test a::c ... ignored
test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
test result: ok. 32 passed; 0 failed; 2 ignored; 0 measured; 1 filtered out; finished in 0.22s
";

    #[test]
    fn the_test_programs_are_added_up_and_ignored_tests_are_named() {
        let expected = "37 tests passed under AddressSanitizer, 3 ignored";
        assert_eq!(expected, summed(PRINTED).unwrap());
        assert_eq!(vec!["test a::c ... ignored"], ignored(PRINTED).collect::<Vec<_>>());
    }

    #[test]
    fn a_run_without_tests_is_a_failure() {
        assert!(summed("test result: ok. 0 passed; 0 failed; 3 ignored; 0 measured\n").is_err());
        assert!(summed("").is_err());
    }

    #[test]
    fn the_runtime_is_found_by_the_end_of_its_name() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_runtime(folder.path()).unwrap());
        vault::files::replace_private(&folder.path().join("librustc-stable_rt.asan.a"), b"").unwrap();
        assert!(has_runtime(folder.path()).unwrap());
    }
}
