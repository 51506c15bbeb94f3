//! `vaultctl recovery`

use std::process::ExitCode;

use clap::Args;
use vault::api::MakeRecovery;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::failure::Failure;
use crate::show::Show;

/// Makes a recovery key, in place of the one before, and prints it once.
///
/// It opens the vault when the key file is lost.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl recovery
  vaultctl recovery --quiet | lpr")]
pub(crate) struct RecoveryArgs {}

/// Asks the daemon for a recovery key and prints it.
pub(super) fn run(_args: &RecoveryArgs, context: &Context) -> Result<ExitCode, Failure> {
    context.unlocked()?;
    let made = context.show.while_waiting("making a recovery key", || context.call(&MakeRecovery {}))?;
    let (show, key) = (context.show, made.recovery_key.value().expose());
    let printed = if show.is_json() {
        show.json(&made)
    } else if show.is_brief() {
        show.secret_line(key)
    } else {
        print_key(show, key)
    };
    printed.map_err(|failure| failure.unseen("the recovery key", another(context)))?;
    show.done("A recovery key from before opens nothing any more.")?;
    Ok(ExitCode::SUCCESS)
}

/// Says how to get a recovery key in place of one that nobody has seen.
pub(super) fn another(context: &Context) -> String {
    format!("make another with: {}", context.command("recovery"))
}

/// Prints a recovery key, with what to do with it.
pub(super) fn print_key(show: Show, recovery_key: &str) -> Result<(), Failure> {
    let text = Zeroizing::new(format!(
        "\nThe recovery key, shown this once:\n\n  {recovery_key}\n\nIt opens the vault when the key file is lost. Keep it \
         apart from this machine: on paper, or in another safe.\n"
    ));
    show.bytes(text.as_bytes())
}
