//! `vaultctl completions`

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::context::Context;
use crate::failure::Failure;

/// Prints the completions for a shell.
///
/// They complete names of secrets, platforms, agents and orgs too, never values: the script asks this program, and it
/// asks the daemon while you type. Such a look is recorded as any list is, with `completion` as what the client said
/// that it is.
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
    let script = match args.shell {
        ShellName::Bash => include_str!("../complete/scripts/vaultctl.bash"),
        ShellName::Zsh => include_str!("../complete/scripts/vaultctl.zsh"),
        ShellName::Fish => include_str!("../complete/scripts/vaultctl.fish"),
    };
    context.show.bytes(script.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
