//! `vaultctl agent`

mod add;
mod facts;
mod grant;
mod list;
mod renew_token;
mod rm;
mod show;
mod test;
mod token;
mod update;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use vault::api::{AgentEntry, Code, Fault, ListAgents};
use vault::domain::AgentId;

#[cfg(debug_assertions)]
pub(super) use test::Tested;

use crate::context::Context;
use crate::failure::Failure;
use crate::moment::now;
use crate::show::date;

/// Named callers with a token, and what each of them may do.
///
/// An agent may do what its grants say and nothing else. A program speaks as the agent whose token it has: `vaultctl`
/// takes it from `AGENTICMAIL_VAULT_TOKEN` or --token-file. The facts --uid, --gid, --exe and --sha256 narrow an agent;
/// a process that the daemon lets in and whose --uid fits needs no token.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  (umask 077; vaultctl agent add mailer --grant 'read,decrypt:skill:sendgrid:*' > mailer.token)
  vaultctl agent list
  vaultctl agent test mailer skill:sendgrid:access_token
  (umask 077; vaultctl agent renew-token mailer > mailer.new && mv mailer.new mailer.token)
  vaultctl agent rm mailer"
)]
pub(crate) struct AgentArgs {
    /// What to do.
    #[command(subcommand)]
    command: AgentCommand,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    Add(add::AddArgs),
    Update(update::UpdateArgs),
    RenewToken(renew_token::RenewTokenArgs),
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    Show(show::ShowArgs),
    #[command(visible_alias = "delete")]
    Rm(rm::RmArgs),
    Test(test::TestArgs),
}

/// Does what is asked with agents.
pub(super) fn run(args: &AgentArgs, context: &Context) -> Result<ExitCode, Failure> {
    match &args.command {
        AgentCommand::Add(args) => add::run(args, context),
        AgentCommand::Update(args) => update::run(args, context),
        AgentCommand::RenewToken(args) => renew_token::run(args, context),
        AgentCommand::List(args) => list::run(args, context),
        AgentCommand::Show(args) => show::run(args, context),
        AgentCommand::Rm(args) => rm::run(args, context),
        AgentCommand::Test(args) => test::run(args, context),
    }
}

/// Finds an agent by its name.
fn find(name: &AgentId, context: &Context) -> Result<AgentEntry, Failure> {
    let agents = context.call(&ListAgents::default())?.agents;
    let found = agents.into_iter().find(|agent| agent.name == *name);
    found.ok_or_else(no_agent)
}

fn no_agent() -> Failure {
    Fault::new(Code::NotFound, "there is no such agent")
        .hint("see the agents with: vaultctl agent list")
        .into()
}

/// Writes when an agent's token stops being valid.
fn expiry(agent: &AgentEntry) -> String {
    agent.expires_at.map_or_else(
        || "never".to_owned(),
        |at| if at <= now() { format!("{} (expired)", date(at)) } else { date(at) },
    )
}
