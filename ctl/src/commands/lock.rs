//! `vaultctl lock`

use std::process::ExitCode;

use clap::Args;
use vault::api::LockVault;

use crate::context::Context;
use crate::failure::Failure;

/// Locks the vault: its keys are wiped from memory.
///
/// It stays locked, over restarts of the daemon too, until `unlock`. The key file opens it by itself only if it had no
/// key of the vault so far. A vault that locked itself, or that no key fits yet, stays locked in the same way.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl lock")]
pub(crate) struct LockArgs {}

/// Asks the daemon to lock.
pub(super) fn run(_args: &LockArgs, context: &Context) -> Result<ExitCode, Failure> {
    let done = context.call(&LockVault {})?;
    if context.show.is_json() {
        context.show.json(&done)?;
    } else {
        let until = if done.restart_opens { "" } else { ", and stays locked until: vaultctl unlock" };
        context.show.done(format_args!("the vault is locked{until}"))?;
    }
    if done.restart_opens {
        context.show.note(
            "warning: the lock could not be marked on the disk, so a restart of vaultd may open the vault",
        );
    }
    Ok(ExitCode::SUCCESS)
}
