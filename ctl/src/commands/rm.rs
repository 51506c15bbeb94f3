//! `vaultctl rm`

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Args;
use vault::api::DeleteSecret;

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate;
use crate::prompt::{self, Answer};
use crate::show::plain;

/// Deletes a secret for good, after asking.
///
/// Its value is gone from the database; its name and history stay in the audit log.
#[derive(Debug, Args)]
#[command(
    visible_alias = "delete",
    after_help = "\
Examples:
  vaultctl rm old-token
  vaultctl rm skill:slack:signing_secret --yes"
)]
pub(crate) struct RmArgs {
    /// A name or an id, exactly
    #[arg(add = Completes::Secret)]
    name: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Asks, where nobody has agreed yet, and deletes.
pub(super) fn run(args: &RmArgs, context: &Context) -> Result<ExitCode, Failure> {
    if !args.yes && !std::io::stdin().is_terminal() {
        return Err(prompt::nobody_to_ask("--yes"));
    }
    let secret = locate::remains(context, &args.name)?;
    let (name, org) = (plain(&secret.name), plain(secret.org_id.as_str()));
    if !args.yes && prompt::confirm(&format!("Delete {name} of org {org} for good?"), "--yes")? == Answer::No
    {
        context.show.note("nothing was deleted");
        return Ok(ExitCode::FAILURE);
    }
    let deleted = context.call(&DeleteSecret { secret: secret.id.into() })?;
    if context.show.is_json() {
        context.show.json(&deleted)?;
        return Ok(ExitCode::SUCCESS);
    }
    context.show.done(format_args!("deleted {name}"))?;
    if deleted.pending_erase {
        context.show.note("note: a reader holds up the erasure of old pages; it follows by itself");
    }
    Ok(ExitCode::SUCCESS)
}
