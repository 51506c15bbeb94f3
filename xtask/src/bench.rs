//! `cargo xtask bench`: measures the release build beside its floors and writes `docs/performance.md`.

use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::{build_release, command, exit_code, root, status};

/// How much to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measure the same rows on smaller work, within minutes.
    #[arg(long)]
    quick: bool,
    /// Measure these families of rows alone, and write no page: requests, processes, memory, growth, reference.
    #[arg(long, value_name = "FAMILY", value_delimiter = ',')]
    only: Vec<String>,
}

/// Builds the programs for release and has them measured.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    build_release(&["vaultd", "vaultctl", "vault-bench"])?;
    let programs = root().join("target/release");
    let mut bench = command(programs.join("vault-bench"));
    bench.arg("run").arg("--programs").arg(&programs).arg("--disk").arg(root().join("target/bench"));
    if args.quick {
        bench.arg("--quick");
    }
    if args.only.is_empty() {
        bench.arg("--page").arg(root().join("docs/performance.md"));
    } else {
        bench.arg("--only").arg(args.only.join(","));
    }
    Ok(exit_code(status(&mut bench)?))
}
