//! `vaultctl unlock`

use std::process::ExitCode;

use clap::Args;
use vault::api::{Done, StatusOf, Success, UnlockVault};

use crate::context::Context;
use crate::failure::Failure;
use crate::prompt;

/// Unlocks the vault with its key or its recovery key.
///
/// The key is asked for without echo, or read from stdin where that is no terminal.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl unlock
  pass show vault | vaultctl unlock")]
pub(crate) struct UnlockArgs {}

/// Takes a key, where the vault is locked, and unlocks it.
pub(super) fn run(_args: &UnlockArgs, context: &Context) -> Result<ExitCode, Failure> {
    let status = context.call(&StatusOf::default())?;
    let (done, words) = if status.locked {
        let key = prompt::value("Key, or recovery key")?.into();
        let operation = UnlockVault { key };
        let done = context.show.while_waiting("deriving the master key", || context.call(&operation))?;
        (done, "the vault is unlocked")
    } else {
        (Done { success: Success }, "the vault is unlocked already")
    };
    if context.show.is_json() {
        context.show.json(&done)?;
    } else {
        context.show.done(words)?;
    }
    Ok(ExitCode::SUCCESS)
}
