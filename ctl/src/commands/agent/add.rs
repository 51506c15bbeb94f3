//! `vaultctl agent add`

use std::process::ExitCode;

use clap::Args;
use vault::agents::Match;
use vault::api::{AddAgent, AgentAdded};
use vault::domain::AgentId;

use super::facts::FactArgs;
use super::grant::{self, GrantText};
use super::token;
use crate::context::Context;
use crate::failure::Failure;
use crate::moment::Expiry;
use crate::show::plain;

/// Makes an agent and prints its token, this once.
///
/// The token alone goes to stdout, everything else to stderr. A grant is `[ORG/]ACTIONS:NAMES`: actions with commas
/// between them (create, encrypt, read, decrypt, rotate, delete, or `*`), and a name in which `*` stands for any text.
/// Without ORG it is for the org of --org, or `default`; `*` is every org. `audit:*` lets it read and follow the log, and
/// `metrics:*` the daemon's counters, of every org and without a value.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl agent add mailer --grant 'read,decrypt:skill:sendgrid:*' --expires 30d
  vaultctl agent add ci --uid 1001 --grant 'acme/read,decrypt:skill:github:*' --grant 'acme/read:*'
  (umask 077; vaultctl agent add bot --grant 'read,decrypt:*' > bot.token)
  (umask 077; vaultctl agent add shipper --grant 'audit:*' > shipper.token)
  vaultctl --token-file bot.token get openai")]
pub(crate) struct AddArgs {
    /// Its name: 1 to 64 of a-z, A-Z, 0-9, `.`, `_`, `-`
    name: AgentId,
    /// What it may do; can be given several times
    #[arg(long = "grant", required = true, value_name = "GRANT")]
    grants: Vec<GrantText>,
    /// When its token stops being valid: 30d, 2h, a date, RFC 3339, or never
    #[arg(long, value_name = "WHEN", default_value = "never")]
    expires: Expiry,
    /// What its process must match.
    #[command(flatten)]
    facts: FactArgs,
}

/// Makes the agent and prints its token.
pub(super) fn run(args: &AddArgs, context: &Context) -> Result<ExitCode, Failure> {
    let facts = args.facts.over(Match::default(), context)?;
    let added = context.call(&AddAgent {
        name: args.name.clone(),
        matches: Some(facts),
        expires_at: args.expires.moment(),
        grants: grant::settled(&args.grants, context),
    })?;
    token::print(&added, context)?;
    note(&added, context);
    Ok(ExitCode::SUCCESS)
}

fn note(added: &AgentAdded, context: &Context) {
    let agent = &added.agent;
    let name = plain(agent.name.as_str());
    let grants: Vec<String> = agent.grants.iter().flat_map(grant::lines).collect();
    let show = context.show;
    show.note(format_args!(
        "added agent {name}: {}; expires: {}",
        plain(&grants.join(", ")),
        super::expiry(agent)
    ));
    for sight in grant::sights(&agent.grants) {
        show.note(format_args!("note: {sight}"));
    }
    token::note(added, context);
}
