//! `cargo xtask demo`: the vault at work, explained step by step.

mod log;
mod search;
mod stage;
mod steps;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

use self::stage::Afterwards;

/// How the demo ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave the daemon running and its home in place, and say how to stop it.
    #[arg(long)]
    keep: bool,
}

/// Runs the demo; whatever ends it, a daemon that is not to be kept ends with it.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let afterwards = if args.keep { Afterwards::Keep } else { Afterwards::Remove };
    runtime.block_on(async {
        tokio::select! {
            done = steps::all(afterwards) => done,
            interrupted = interruption() => interrupted,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for the terminal or the system to end this program.
async fn interruption() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be awaited")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be awaited")?;
    let mut hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be awaited")?;
    tokio::select! {
        _ = interrupt.recv() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
        _ = hangup.recv() => bail!("the terminal is gone"),
    }
}
