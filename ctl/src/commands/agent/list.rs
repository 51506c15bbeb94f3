//! `vaultctl agent list`

use std::process::ExitCode;

use clap::Args;
use vault::api::ListAgents;

use super::{facts, grant};
use crate::context::Context;
use crate::failure::Failure;
use crate::show::Table;

/// Lists the agents, what each must match and may do.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl agent list
  vaultctl agent list --json | jq -r '.agents[].name'")]
pub(crate) struct ListArgs {}

/// Asks the daemon and prints a table.
pub(super) fn run(_args: &ListArgs, context: &Context) -> Result<ExitCode, Failure> {
    let list = context.call(&ListAgents::default())?;
    if context.show.is_json() {
        context.show.json(&list)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["NAME", "GRANTS", "MUST MATCH", "EXPIRES"]);
    for agent in &list.agents {
        let grants: Vec<String> = agent.grants.iter().flat_map(grant::lines).collect();
        let facts = facts::written(&agent.matches);
        table.row([agent.name.to_string(), grants.join(" "), facts, super::expiry(agent)]);
    }
    if table.is_empty() {
        context.show.note("there is no agent; make one with: vaultctl agent add NAME --grant GRANT");
    } else {
        context.show.table(&table)?;
    }
    Ok(ExitCode::SUCCESS)
}
