//! `vaultctl lock`

use std::process::ExitCode;

use clap::Args;
use vault::api::LockVault;

use crate::context::Context;
use crate::failure::Failure;

/// Locks the vault: its keys are wiped from memory.
///
/// It stays locked until `unlock`, a key file with another key, or a restart of the daemon.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl lock")]
pub(crate) struct LockArgs {}

/// Asks the daemon to lock.
pub(super) fn run(_args: &LockArgs, context: &Context) -> Result<ExitCode, Failure> {
    context.unlocked()?;
    let done = context.call(&LockVault {})?;
    if context.show.is_json() {
        context.show.json(&done)?;
    } else {
        context.show.done("the vault is locked")?;
    }
    Ok(ExitCode::SUCCESS)
}
