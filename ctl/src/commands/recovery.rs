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
    let show = context.show;
    if show.is_json() {
        show.json(&made)?;
    } else if show.is_brief() {
        show.secret_line(made.recovery_key.value().expose())?;
    } else {
        print_key(show, made.recovery_key.value().expose())?;
        show.line("A recovery key from before opens nothing any more.")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a recovery key, with what to do with it.
pub(super) fn print_key(show: Show, recovery_key: &str) -> Result<(), Failure> {
    let text = Zeroizing::new(format!(
        "\nThe recovery key, shown this once:\n\n  {recovery_key}\n\nIt opens the vault when the key file is lost. Keep it \
         apart from this machine: on paper, or in another safe.\n"
    ));
    show.bytes(text.as_bytes())
}
