//! `cargo xtask test`: every test there is, after what they need is set up; what did not run is named.

mod ran;
mod setup;

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use vault_trial::Need;

use self::ran::Ran;
use crate::check::promises;
use crate::say;
use crate::tool::NEXTEST;
use crate::workspace::{cargo, root, status};

/// Where nextest writes what it ran, as `.config/nextest.toml` says.
const REPORT: &str = "target/nextest/default/junit.xml";

/// Which tests to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only tests with this text in their names.
    filter: Option<String>,
}

/// Sets up what the tests need inside the project, runs them, and closes with how many passed, failed and were skipped.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    setup::prepare()?;
    say_what_is_missing();
    let examples =
        status(cargo(["test", "--locked", "--doc", "--workspace", "--quiet", "--"]).args(&args.filter))?;
    let (succeeded, ran) = if NEXTEST.is_here() { with_nextest(args)? } else { with_cargo(args)? };
    let unkept = if args.filter.is_none() { unkept_promises(&ran)? } else { Vec::new() };
    say::headline(&ran);
    for promise in &unkept {
        say::line(format_args!("promised, and not run: {promise}"));
    }
    ensure!(unkept.is_empty() || !vault_trial::all_are_required(), "tests of promises did not run");
    ensure!(examples.success(), "examples in the documentation fail");
    ensure!(succeeded, "tests fail");
    Ok(ExitCode::SUCCESS)
}

/// Says in one line what this machine lacks, and how to get all of it at once.
fn say_what_is_missing() {
    let lacking: Vec<_> = Need::ALL.into_iter().filter(|need| !need.is_met()).map(Need::lack).collect();
    if !lacking.is_empty() {
        say::line(format_args!("Tests that need what is missing here are skipped: {}", lacking.join(", ")));
    }
}

/// Runs the tests with nextest, and reads its report.
fn with_nextest(args: &Args) -> Result<(bool, Ran)> {
    let report = root().join(REPORT);
    // A report of an earlier run says nothing of this one.
    let _ = std::fs::remove_file(&report);
    let ended = status(cargo(["nextest", "run", "--locked", "--workspace"]).args(&args.filter))?;
    let text = std::fs::read_to_string(&report).with_context(|| format!("nextest wrote no {REPORT}"))?;
    let mut list = cargo(["nextest", "list", "--locked", "--workspace", "--run-ignored", "only"]);
    list.args(["--message-format", "json", "--cargo-quiet"]).args(&args.filter);
    let list = list.stderr(std::process::Stdio::null()).output().context("nextest cannot be started")?;
    ensure!(list.status.success(), "nextest does not list the tests that were skipped");
    Ok((ended.success(), Ran::from_nextest(&text, &list.stdout)?))
}

/// Runs the tests with cargo's own runner, and reads what it prints.
fn with_cargo(args: &Args) -> Result<(bool, Ran)> {
    say::line("cargo-nextest is missing, so `cargo test` runs the tests: slower, with more words");
    let mut tests = cargo(["test", "--locked", "--workspace", "--all-targets", "--no-fail-fast"]);
    // Benchmarks are no tests; what they would print is no result.
    tests.args(["--exclude", "vault-bench", "--"]).args(&args.filter);
    let mut ran = Ran::default();
    let succeeded = each_line(&mut tests, |line| ran.take_line(line))?;
    Ok((succeeded, ran))
}

/// Runs a command, hands each line of its output to a function and prints it; returns whether it succeeded.
fn each_line(command: &mut Command, mut take: impl FnMut(&str)) -> Result<bool> {
    use std::io::{BufRead, BufReader};
    let mut child =
        command.stdout(std::process::Stdio::piped()).spawn().context("cargo cannot be started")?;
    let output = child.stdout.take().context("its output is not piped")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        take(&line);
        say::line(&line);
    }
    Ok(child.wait()?.success())
}

/// Lists the tests that the pages of promises name and that did not pass in this run.
fn unkept_promises(ran: &Ran) -> Result<Vec<String>> {
    let promised: BTreeSet<String> = promises::tests()?;
    Ok(promised.into_iter().filter(|promise| !ran.has_passed(promise)).collect())
}
