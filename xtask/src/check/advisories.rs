//! Advisories on what is depended on, from the database of `RustSec` (<https://rustsec.org>).

use anyhow::{Context, Result, bail};

use crate::outcome::Outcome;
use crate::tool::DENY;
use crate::workspace::{cargo, command};

const DATABASE: &str = "https://github.com/RustSec/advisory-db";
/// What cargo-deny prints if it has no database to judge by: none could be fetched, or none is there, or it is too old.
const WITHOUT_DATABASE: [&str; 4] = [
    "failed to fetch advisory database",
    "failed to get 'FETCH_HEAD' metadata",
    "failed to load advisory database",
    "repository is stale",
];

/// What one run of cargo-deny came to.
#[derive(Debug, PartialEq, Eq)]
enum Run {
    Clean,
    /// The database could not be had.
    NoDatabase,
    /// What it printed.
    Failed(String),
}

/// Checks with the newest database, or else with the one that is on this machine; skipped if there is neither.
pub(super) fn check() -> Result<Outcome> {
    DENY.require()?;
    // A fetch that fails would make an old database look new: git writes its `FETCH_HEAD` first, which is what dates it.
    let options: &[&str] = if is_reachable()? { &[] } else { &["--offline"] };
    judged(run(options)?)
}

fn is_reachable() -> Result<bool> {
    let mut asked = command("git");
    asked.args(["ls-remote", "--exit-code", DATABASE, "HEAD"]).env("GIT_TERMINAL_PROMPT", "0");
    Ok(asked.output().context("git cannot be started")?.status.success())
}

fn judged(run: Run) -> Result<Outcome> {
    match run {
        Run::Clean => Ok(Outcome::Passed),
        Run::NoDatabase => Ok(Outcome::Skipped("database cannot be fetched".to_owned())),
        Run::Failed(printed) => bail!(printed),
    }
}

fn run(options: &[&str]) -> Result<Run> {
    let mut deny = cargo(["deny", "--color", "never", "--all-features"]);
    deny.args(options).args(["check", "--hide-inclusion-graph", "advisories"]);
    let output = deny.output().context("cargo deny cannot be started")?;
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    Ok(if output.status.success() { Run::Clean } else { failed(printed.trim()) })
}

/// Returns why a run failed. If the database is not named as the reason, the check fails, whatever was printed.
fn failed(printed: &str) -> Run {
    if WITHOUT_DATABASE.iter().any(|sign| printed.contains(sign)) {
        Run::NoDatabase
    } else {
        Run::Failed(printed.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_cannot_be_had_is_a_skip() {
        let offline =
            "[ERROR] failed to fetch advisory database https://example.org with cli: failed to clone";
        let stale = "[ERROR] repository is stale (last update: 2026-05-14T06:22:43Z)";
        for printed in [offline, stale] {
            let Ok(Outcome::Skipped(reason)) = judged(failed(printed)) else { panic!("{printed}") };
            assert_eq!("database cannot be fetched", reason);
        }
    }

    #[test]
    fn an_advisory_and_every_other_failure_fail() {
        for printed in ["error[vulnerability]: x\nadvisories FAILED", "error: unexpected value", ""] {
            assert!(judged(failed(printed)).is_err(), "{printed}");
        }
        assert!(matches!(judged(Run::Clean), Ok(Outcome::Passed)));
    }
}
