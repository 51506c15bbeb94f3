//! `cargo xtask check`: what holds for every commit.

mod advisories;
mod dependencies;
pub(crate) mod generated;
mod paths;
pub(crate) mod promises;
mod shrinking;
mod sources;
mod style;
mod syntax;
mod vectors;
mod words;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::outcome::{Outcome, Tally};
use crate::say;
use crate::tool::{DENY, MACHETE};
use crate::units;
use crate::workspace::{cargo, succeed};

/// Options of `cargo xtask check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Lower the lists of what still breaks a rule to what is found, and check nothing; no number is raised.
    #[arg(long)]
    lower: bool,
}

/// One thing that is checked.
struct Check {
    name: &'static str,
    run: fn() -> Outcome,
}

/// What needs the network, and may be skipped even where everything else is required.
const ADVISORIES: &str = "advisories";

const CHECKS: [Check; 17] = [
    Check { name: "style", run: || style::check().into() },
    Check { name: "plain words", run: || words::check().into() },
    Check { name: "paths of this machine", run: || paths::check().into() },
    Check { name: "docs/dependencies.md", run: || dependencies::check().into() },
    Check { name: "promises and their tests", run: || promises::check().into() },
    Check { name: "property lists of launchd", run: || units::plists().into() },
    Check { name: "units of systemd", run: || units::units().into() },
    Check { name: "generated files", run: || generated::check().into() },
    Check { name: "format", run: || format().into() },
    Check { name: "unused dependencies", run: || unused().into() },
    Check { name: "licences, sources, banned crates", run: || deny().into() },
    Check { name: ADVISORIES, run: || advisories::check().into() },
    Check { name: "man pages", run: || crate::man::check().into() },
    Check { name: "schema of JSON output", run: || crate::schema::check().into() },
    Check { name: "lints", run: || lints().into() },
    Check { name: "documentation", run: || documentation().into() },
    Check { name: "test vectors, by another implementation", run: || vectors::check().into() },
];

/// Runs every check, the quick ones first, and names those that were skipped or failed.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.lower {
        return words::lower().and_then(|()| style::lower()).map(|()| ExitCode::SUCCESS);
    }
    let mut tally = Tally::default();
    for check in &CHECKS {
        tally.add(check.name, &ended(check));
    }
    say::headline(&tally);
    ensure!(tally.failed().is_empty(), "these checks fail: {}", tally.failed().join("; "));
    Ok(ExitCode::SUCCESS)
}

/// Runs a check, and prints how it ended.
fn ended(check: &Check) -> Outcome {
    say::headline(format_args!("== {}", check.name));
    let start = Instant::now();
    let outcome = (check.run)();
    let is_required = check.name != ADVISORIES && vault_trial::all_are_required();
    let outcome = if is_required { outcome.required() } else { outcome };
    let seconds = start.elapsed().as_secs_f32();
    match &outcome {
        Outcome::Passed => say::line(format_args!("ok, {seconds:.1} s")),
        Outcome::Skipped(reason) => say::line(format_args!("SKIPPED: {reason}")),
        Outcome::Failed(error) => say::line(format_args!("{error:#}\nFAILED, {seconds:.1} s")),
    }
    outcome
}

fn format() -> Result<()> {
    succeed(&mut cargo(["fmt", "--all", "--check"]))
}

fn lints() -> Result<()> {
    succeed(&mut cargo(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn documentation() -> Result<()> {
    let mut doc = cargo(["doc", "--locked", "--no-deps", "--workspace"]);
    succeed(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn deny() -> Result<()> {
    DENY.require()?;
    succeed(&mut cargo([
        "deny",
        "--all-features",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))
}

fn unused() -> Result<()> {
    MACHETE.require()?;
    succeed(&mut cargo(["machete"]))
}
