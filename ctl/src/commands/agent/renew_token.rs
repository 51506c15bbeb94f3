//! `vaultctl agent renew-token`

use std::process::ExitCode;

use clap::Args;
use vault::api::RenewToken;
use vault::domain::AgentId;

use super::token;
use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::show::plain;

/// Gives an agent a new token and prints it, this once; the old one is worth nothing from then on.
///
/// The token alone goes to stdout, everything else to stderr. Grants, facts and expiry stay as they are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  (umask 077; vaultctl agent renew-token mailer > mailer.new && mv mailer.new mailer.token)
  vaultctl agent renew-token mailer --json | jq -r .token")]
pub(crate) struct RenewTokenArgs {
    /// Its name
    #[arg(add = Completes::Agent)]
    name: AgentId,
}

/// Gives the agent a new token and prints it.
pub(super) fn run(args: &RenewTokenArgs, context: &Context) -> Result<ExitCode, Failure> {
    let renewed = context.call(&RenewToken { name: args.name.clone() })?;
    token::print(&renewed, context)?;
    let name = plain(args.name.as_str());
    let expiry = super::expiry(&renewed.agent);
    context.show.note(format_args!(
        "agent {name} has a new token; its old one is worth nothing now; expires: {expiry}"
    ));
    token::note(&renewed, context);
    Ok(ExitCode::SUCCESS)
}
