//! `vaultctl man`, for packagers.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command, CommandFactory};

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
    let program = Cli::command().disable_help_subcommand(true);
    let written = std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(program.clone(), &args.folder))
        .and_then(|()| program.get_subcommands().try_for_each(|command| put_dashes(command, &args.folder)));
    written.map_err(|error| Failure::file(&args.folder, &error))?;
    Ok(ExitCode::SUCCESS)
}

/// Puts two dashes before an argument that stands behind them, which `clap_mangen` leaves out.
fn put_dashes(command: &Command, folder: &Path) -> io::Result<()> {
    let Some(last) = command.get_positionals().find(|argument| argument.is_last_set()) else { return Ok(()) };
    let page = folder.join(format!("vaultctl-{}.1", command.get_name()));
    let name = last.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let (shown, meant) = (format!("<\\fI{name}\\fR>"), format!("\\-\\- <\\fI{name}\\fR>..."));
    let text = std::fs::read_to_string(&page)?;
    let mut file = std::fs::OpenOptions::new().write(true).truncate(true).open(&page)?;
    file.write_all(text.replacen(&shown, &meant, 1).as_bytes())
}
