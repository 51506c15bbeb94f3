//! `vaultctl completions`

use std::process::ExitCode;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::context::Context;
use crate::failure::Failure;

/// Prints the completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl completions bash > ~/.local/share/bash-completion/completions/vaultctl
  vaultctl completions zsh > ~/.zfunc/_vaultctl
  vaultctl completions fish > ~/.config/fish/completions/vaultctl.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: ShellName,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShellName {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script.
pub(super) fn run(args: &CompletionsArgs, context: &Context) -> Result<ExitCode, Failure> {
    let shell = match args.shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Zsh => Shell::Zsh,
        ShellName::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vaultctl", &mut script);
    context.show.bytes(&script)?;
    Ok(ExitCode::SUCCESS)
}
