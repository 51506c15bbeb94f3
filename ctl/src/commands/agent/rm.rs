//! `vaultctl agent rm`

use std::process::ExitCode;

use clap::Args;
use vault::api::DeleteAgent;
use vault::domain::AgentId;

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::show::plain;

/// Removes an agent at once, without asking: its token is worth nothing from then on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl agent rm mailer")]
pub(crate) struct RmArgs {
    /// Its name
    #[arg(add = Completes::Agent)]
    name: AgentId,
    /// Understood, since other commands ask
    #[arg(long, short, hide = true)]
    yes: bool,
}

/// Removes the agent.
pub(super) fn run(args: &RmArgs, context: &Context) -> Result<ExitCode, Failure> {
    let done = context.call(&DeleteAgent { name: args.name.clone() })?;
    if context.show.is_json() {
        context.show.json(&done)?;
    } else {
        let name = plain(args.name.as_str());
        context.show.done(format_args!("removed agent {name}; its token is worth nothing now"))?;
    }
    Ok(ExitCode::SUCCESS)
}
