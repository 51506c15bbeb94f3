//! `vaultctl agent update`

use std::process::ExitCode;

use clap::Args;
use vault::agents::{Grant, Match};
use vault::api::{AgentEntry, UpdateAgent};
use vault::domain::AgentId;

use super::facts::FactArgs;
use super::grant::{self, GrantText};
use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::moment::Expiry;

/// Changes what an agent may do, must match, or until when; its token stays.
///
/// What is not named stays as it is. --grant replaces all grants, --add-grant adds to them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl agent update mailer --add-grant 'read:skill:smtp:*'
  vaultctl agent update mailer --grant 'read,decrypt:skill:sendgrid:*'
  vaultctl agent update mailer --expires 30d --any-process")]
pub(crate) struct UpdateArgs {
    /// Its name
    #[arg(add = Completes::Agent)]
    name: AgentId,
    /// What it may do from now on, instead of its grants; can be given several times
    #[arg(long = "grant", value_name = "GRANT", conflicts_with = "more")]
    grants: Vec<GrantText>,
    /// What it may do besides; can be given several times
    #[arg(long = "add-grant", value_name = "GRANT")]
    more: Vec<GrantText>,
    /// When its token stops being valid: 30d, 2h, a date, RFC 3339, or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<Expiry>,
    /// Drop the facts that it must match
    #[arg(long)]
    any_process: bool,
    /// What its process must match.
    #[command(flatten)]
    facts: FactArgs,
}

/// Changes the agent and prints it.
pub(super) fn run(args: &UpdateArgs, context: &Context) -> Result<ExitCode, Failure> {
    let (same_grants, same_facts) =
        (args.grants.is_empty() && args.more.is_empty(), args.facts.is_empty() && !args.any_process);
    if same_grants && same_facts && args.expires.is_none() {
        let hint = "add --grant, --add-grant, --expires, --any-process or a fact such as --uid";
        return Err(Failure::usage("there is nothing to change", hint));
    }
    let before = super::find(&args.name, context)?;
    let changed = context.call(&UpdateAgent {
        name: args.name.clone(),
        matches: if same_facts { None } else { Some(facts(args, &before, context)?) },
        expires_at: args.expires.map(Expiry::moment),
        grants: (!same_grants).then(|| grants(args, &before, context)),
    })?;
    if context.show.is_json() {
        context.show.json(&changed)?;
    } else {
        super::show::print(&changed.agent, context)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn facts(args: &UpdateArgs, before: &AgentEntry, context: &Context) -> Result<Match, Failure> {
    let kept = if args.any_process { Match::default() } else { before.matches.clone() };
    args.facts.over(kept, context)
}

fn grants(args: &UpdateArgs, before: &AgentEntry, context: &Context) -> Vec<Grant> {
    if !args.grants.is_empty() {
        return grant::settled(&args.grants, context);
    }
    let mut all = before.grants.clone();
    for more in grant::settled(&args.more, context) {
        if !all.contains(&more) {
            all.push(more);
        }
    }
    all
}
