//! `cargo xtask check`: what holds for every commit.

mod dependencies;
mod paths;
pub(crate) mod promises;
mod sources;
mod style;
mod syntax;
mod units;
mod vectors;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::say;
use crate::tool::{DENY, MACHETE};
use crate::workspace::{cargo, succeed};

/// One thing that is checked.
struct Check {
    name: &'static str,
    holds: fn() -> Result<()>,
}

const CHECKS: [Check; 13] = [
    Check { name: "style", holds: style::check },
    Check { name: "paths of this machine", holds: paths::check },
    Check { name: "docs/dependencies.md", holds: dependencies::check },
    Check { name: "promises and their tests", holds: promises::check },
    Check { name: "units of systemd and launchd", holds: units::check },
    Check { name: "format", holds: format },
    Check { name: "unused dependencies", holds: unused },
    Check { name: "licences, sources, banned crates", holds: deny },
    Check { name: "man pages", holds: crate::man::check },
    Check { name: "schema of JSON output", holds: crate::schema::check },
    Check { name: "lints", holds: lints },
    Check { name: "documentation", holds: documentation },
    Check { name: "test vectors, by another implementation", holds: vectors::check },
];

/// Runs every check, the quick ones first, and names those that fail.
pub(crate) fn run() -> Result<ExitCode> {
    let failed: Vec<_> = CHECKS.iter().filter(|check| !passes(check)).map(|check| check.name).collect();
    say::headline(if failed.is_empty() { "Every check passes." } else { "Some checks fail." });
    if failed.is_empty() { Ok(ExitCode::SUCCESS) } else { bail!("these checks fail: {}", failed.join("; ")) }
}

fn passes(check: &Check) -> bool {
    say::headline(format_args!("== {}", check.name));
    let start = Instant::now();
    let held = (check.holds)();
    let seconds = start.elapsed().as_secs_f32();
    match &held {
        Ok(()) => say::line(format_args!("ok, {seconds:.1} s")),
        Err(error) => say::line(format_args!("{error:#}\nFAILED, {seconds:.1} s")),
    }
    held.is_ok()
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
