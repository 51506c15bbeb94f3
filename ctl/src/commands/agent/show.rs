//! `vaultctl agent show`

use std::process::ExitCode;

use clap::Args;
use vault::api::AgentEntry;
use vault::domain::AgentId;

use super::{facts, grant};
use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::show::{date, plain};

/// Prints one agent: its grants, what it must match, and until when it is valid; never its token.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl agent show mailer")]
pub(crate) struct ShowArgs {
    /// Its name
    #[arg(add = Completes::Agent)]
    name: AgentId,
}

/// Finds the agent and prints it.
pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<ExitCode, Failure> {
    let agent = super::find(&args.name, context)?;
    if context.show.is_json() {
        context.show.json(&agent)?;
    } else {
        print(&agent, context)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints an agent for a person.
pub(super) fn print(agent: &AgentEntry, context: &Context) -> Result<(), Failure> {
    let mut pairs = vec![
        ("agent", plain(agent.name.as_str())),
        ("must match", plain(&facts::written(&agent.matches))),
        ("expires", super::expiry(agent)),
        ("made", format!("{} by {}", date(agent.created_at), plain(&agent.created_by))),
        ("changed", date(agent.updated_at)),
    ];
    let grants = agent.grants.iter().flat_map(grant::lines);
    pairs.extend(grants.map(|grant| ("grant", plain(&grant))));
    pairs.extend(grant::sights(&agent.grants).into_iter().map(|sight| ("note", sight.to_owned())));
    if agent.never_matches {
        let never =
            "no process can match its exe or sha256: vaultd sees the executables of its own user alone";
        pairs.push(("note", never.to_owned()));
    }
    context.show.pairs(&pairs)
}
