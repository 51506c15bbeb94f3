//! `vaultctl agent test`

use std::process::ExitCode;

use clap::Args;
use clap::builder::TypedValueParser;
use schemars::JsonSchema;
use serde::Serialize;
use vault::agents::GRANTABLE;
use vault::api::{AgentEntry, AgentTested, Code, Fault, ListSecrets, TestAgent};
use vault::client::Client;
use vault::domain::{Action, AgentId, OrgId, OrgScope, SecretName};

use super::{facts, grant};
use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::listing;
use crate::locate;
use crate::show::{Table, plain};

/// Says what an agent could do, and which grant decides.
///
/// With a secret, stored or not yet, every action on it; without, what it could do to each stored secret. A platform
/// alone stands for its key. Facts that the process must match are not looked at. With --action it exits 5 where the
/// agent may not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl agent test mailer
  vaultctl agent test mailer skill:sendgrid:access_token
  vaultctl agent test mailer sendgrid --action decrypt")]
pub(crate) struct TestArgs {
    /// Its name
    #[arg(add = Completes::Agent)]
    name: AgentId,
    /// A secret's name or a platform
    #[arg(add = Completes::Key)]
    secret: Option<String>,
    /// This action alone: create, encrypt, read, decrypt, rotate or delete
    #[arg(long, hide_possible_values = true, value_parser = action_parser(), requires = "secret")]
    action: Option<Action>,
}

fn action_parser() -> impl TypedValueParser<Value = Action> {
    crate::commands::words(GRANTABLE.map(Action::as_str))
        .map(|word| Action::from_word(&word).unwrap_or(Action::Read))
}

/// What an agent could do to one secret, for programs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(in crate::commands) struct Tested {
    org_id: OrgId,
    secret: SecretName,
    actions: Vec<Verdict>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Verdict {
    action: Action,
    #[serde(flatten)]
    tested: AgentTested,
}

/// Asks what the agent could do, and prints it.
pub(super) fn run(args: &TestArgs, context: &Context) -> Result<ExitCode, Failure> {
    let agent = super::find(&args.name, context)?;
    let mut client = context.connect()?;
    let Some(secret) = &args.secret else {
        all(&agent, &mut client, context)?;
        return Ok(ExitCode::SUCCESS);
    };
    let org = context.one_org()?.unwrap_or_default();
    let secret = stored(secret, context)?;
    let actions = args.action.map_or(GRANTABLE.to_vec(), |action| vec![action]);
    let tested = tested(&agent, (org, secret), (&actions, &mut client, context))?;
    one(&agent, &tested, context)?;
    let refused = args.action.is_some() && tested.actions.iter().any(|one| !one.tested.allowed);
    Ok(if refused { ExitCode::from(Code::Forbidden.exit()) } else { ExitCode::SUCCESS })
}

/// Gives the stored name of what was typed, or takes it as a name to come.
fn stored(typed: &str, context: &Context) -> Result<SecretName, Failure> {
    match locate::secret(context, typed) {
        Ok(secret) => Ok(secret.name),
        Err(Failure::Fault(Fault { code: Code::NotFound, .. })) => {
            SecretName::try_from(typed.to_owned()).map_err(|rule| Fault::from(rule).into())
        }
        Err(other) => Err(other),
    }
}

fn tested(
    agent: &AgentEntry,
    (org_id, secret): (OrgId, SecretName),
    (actions, client, context): (&[Action], &mut Client, &Context),
) -> Result<Tested, Failure> {
    let mut verdicts = Vec::new();
    for action in actions {
        let question = TestAgent {
            name: agent.name.clone(),
            action: *action,
            secret: secret.clone(),
            org_id: Some(org_id.clone()),
        };
        let tested = context.call_on(client, &question)?;
        verdicts.push(Verdict { action: *action, tested });
    }
    Ok(Tested { org_id, secret, actions: verdicts })
}

fn one(agent: &AgentEntry, tested: &Tested, context: &Context) -> Result<(), Failure> {
    if context.show.is_json() {
        return context.show.json(tested);
    }
    let mut table = Table::new(&["ACTION", "MAY", "BECAUSE"]);
    for verdict in &tested.actions {
        let word = if verdict.tested.allowed { "yes" } else { "no" };
        table.row([verdict.action.to_string(), word.to_owned(), why(agent, &verdict.tested)]);
    }
    let (name, secret) = (plain(agent.name.as_str()), plain(tested.secret.as_str()));
    context.show.note(format_args!("agent {name} and {secret} of org {}:", plain(tested.org_id.as_str())));
    note_agent(agent, context);
    context.show.table(&table)
}

/// Names the deciding grant as it is typed.
fn why(agent: &AgentEntry, tested: &AgentTested) -> String {
    let grant = tested.grant.and_then(|place| agent.grants.get(place));
    grant.map_or_else(|| tested.rule.clone(), |grant| format!("grant {}", grant::lines(grant).join(" ")))
}

fn all(agent: &AgentEntry, client: &mut Client, context: &Context) -> Result<(), Failure> {
    let org_id = Some(context.orgs().unwrap_or(OrgScope::All));
    let list = listing::list(&ListSecrets { org_id, ..ListSecrets::default() }, context)?;
    let mut every = Vec::new();
    for secret in list.secrets {
        every.push(tested(agent, (secret.org_id, secret.name), (&GRANTABLE, client, context))?);
    }
    if context.show.is_json() {
        return context.show.json(&every);
    }
    let mut table = Table::new(&["ORG", "SECRET", "MAY", "BECAUSE"]);
    for tested in every.iter().filter(|one| one.actions.iter().any(|verdict| verdict.tested.allowed)) {
        let allowed = || tested.actions.iter().filter(|verdict| verdict.tested.allowed);
        let may: Vec<&str> = allowed().map(|verdict| verdict.action.as_str()).collect();
        let mut because: Vec<String> = allowed().map(|verdict| why(agent, &verdict.tested)).collect();
        because.dedup();
        table.row([tested.org_id.to_string(), tested.secret.to_string(), may.join(","), because.join(" ")]);
    }
    note_agent(agent, context);
    if table.is_empty() {
        context.show.note("it may do nothing to any stored secret");
        return Ok(());
    }
    context.show.table(&table)
}

/// Says what does not depend on a secret: the facts that the process must match, and what the agent sees of the whole.
fn note_agent(agent: &AgentEntry, context: &Context) {
    for sight in grant::sights(&agent.grants) {
        context.show.note(sight);
    }
    let facts = facts::written(&agent.matches);
    if facts != "-" {
        context.show.note(format_args!("its process must match: {}", plain(&facts)));
    }
}
