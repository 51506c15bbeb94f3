//! `vaultctl man`, for packagers.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory};

use crate::cli::Cli;
use crate::context::Context;
use crate::failure::Failure;

/// Writes the man pages into a folder.
#[derive(Debug, Args)]
#[command(
    hide = true,
    after_help = "\
Examples:
  vaultctl man target/man"
)]
pub(crate) struct ManArgs {
    /// The folder
    folder: PathBuf,
}

/// Writes a page for the program and one for each command.
pub(super) fn run(args: &ManArgs, _context: &Context) -> Result<ExitCode, Failure> {
    let written = std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), &args.folder));
    written.map_err(|error| Failure::file(&args.folder, &error))?;
    Ok(ExitCode::SUCCESS)
}
