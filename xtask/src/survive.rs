//! `cargo xtask survive`: every harness that breaks a vault, at the size that each commit has to survive, and sabotaged.
//!
//! Most of the time they wait for a disk, so some are run at once; the words of each come together, when it has ended.

use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::say;
use crate::turns;
use crate::workspace::{build, build_programs, succeed};

/// What is run, as it is typed after `cargo`: what takes long first, so that the end is not one waiting for the other.
const RUNS: [&str; 22] = [
    "xtask fuzz --seconds 15 --at-once 1",
    "harness crash --cycles 50",
    "harness crash --cycles 100 --signal term",
    "harness powercut --images 1000",
    "harness faults --runs 40",
    "harness damage --flips 1 --pages 60 --tampers 1000 --page-flips 48 --swaps 14",
    "harness conform",
    "harness malformed --requests 10000",
    "harness steps rekey rotate-all start",
    "harness flood --seconds 20 --release",
    "harness bulk --secrets 64 --release",
    "harness conform --sabotage",
    "xtask fuzz --sabotage",
    "harness crash --cycles 20 --sabotage",
    "harness crash --cycles 3 --signal term --sabotage",
    "harness powercut --images 250 --sabotage",
    "harness faults --runs 10 --sabotage",
    "harness damage --sabotage",
    "harness malformed --requests 200 --sabotage",
    "harness steps rekey --sabotage",
    "harness flood --seconds 4 --release --sabotage",
    "harness bulk --secrets 20 --release --sabotage",
];

/// How they are run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many are run at once.
    #[arg(long, default_value_t = 2)]
    at_once: usize,
}

/// A run that has ended.
struct Ended {
    run: &'static str,
    took: Duration,
    held: bool,
}

/// Runs all of them, and names those that fail.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    build_programs()?;
    succeed(&mut build(&["vault-harness"]))?;
    let ended = Mutex::new(Vec::new());
    turns::take(args.at_once, &RUNS, |run| one(run, &ended))?;
    let ended = ended.into_inner().unwrap_or_default();
    say::headline("== seconds of each");
    for Ended { run, took, held } in &ended {
        say::line(format_args!("{:6} s  {run}{}", took.as_secs(), if *held { "" } else { ": FAILED" }));
    }
    let failed: Vec<_> = ended.iter().filter(|ended| !ended.held).map(|ended| ended.run).collect();
    ensure!(failed.is_empty(), "these fail: {}", failed.join("; "));
    Ok(ExitCode::SUCCESS)
}

/// Runs one as a process of its own, and shows its words once it has ended.
fn one(run: &'static str, ended: &Mutex<Vec<Ended>>) -> Result<()> {
    let began = Instant::now();
    let own = std::env::current_exe()?;
    let (program, words) = match run.split_once(' ') {
        Some(("harness", words)) => (own.with_file_name("vault-harness"), words),
        Some((_, words)) => (own, words),
        None => (own, run),
    };
    let output = Command::new(program).args(words.split(' ')).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cargo {run} cannot be started"))?;
    let (took, held) = (began.elapsed(), output.status.success());
    // The list is also the turn to speak.
    let mut ended = ended.lock().map_err(|_| anyhow!("a run ended by a panic"))?;
    say::headline(format_args!("== cargo {run}"));
    for words in [&output.stdout, &output.stderr] {
        say::line(String::from_utf8_lossy(words).trim_end());
    }
    ended.push(Ended { run, took, held });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_harness_that_can_be_sabotaged_is() {
        let name = |run: &&str| run.split(' ').nth(1).unwrap_or_default().to_owned();
        let sabotaged: Vec<_> = RUNS.iter().filter(|run| run.ends_with("--sabotage")).map(name).collect();
        let honest = RUNS.iter().filter(|run| !run.ends_with("--sabotage")).map(name);
        assert!(honest.into_iter().all(|harness| sabotaged.contains(&harness)), "{sabotaged:?}");
    }
}
