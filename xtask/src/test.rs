//! `cargo xtask test`: every test there is.

use std::process::ExitCode;

use anyhow::Result;

use crate::tool::{self, CHROMIUM, NEXTEST, NODE, PAGE, PYTHON};
use crate::workspace::{cargo, exit_code, status};

/// Which tests to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only tests with this text in their names.
    filter: Option<String>,
}

/// Runs the documentation's examples, then everything else, so that nextest's summary comes last.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    tool::require_all(&[NEXTEST, PYTHON, NODE, CHROMIUM, PAGE])?;
    let mut examples = cargo(["test", "--locked", "--doc", "--workspace", "--quiet", "--"]);
    let examples = status(examples.args(&args.filter))?;
    let mut tests = cargo(["nextest", "run", "--locked", "--workspace"]);
    let tests = status(tests.args(&args.filter))?;
    Ok(exit_code(if tests.success() { examples } else { tests }))
}
