//! `vaultctl rotate`

use std::process::ExitCode;

use clap::Args;
use vault::api::{Code, RotateAll, RotateSecret, Warning};
use vault::domain::OrgScope;

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate;
use crate::show::{counted, plain};

/// Encrypts a secret, or all of them, afresh; the values stay.
///
/// Each gets a new salt and IV. All are done in one transaction, of every org or of the one that --org names.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl rotate openai
  vaultctl rotate --all
  vaultctl rotate --all --org team-a")]
pub(crate) struct RotateArgs {
    /// A name, an id, or a platform
    #[arg(required_unless_present = "all", conflicts_with = "all", add = Completes::Key)]
    name: Option<String>,
    /// Every secret
    #[arg(long)]
    all: bool,
}

/// Rotates one secret, or all.
pub(super) fn run(args: &RotateArgs, context: &Context) -> Result<ExitCode, Failure> {
    match &args.name {
        Some(name) => one(name, context),
        None => all(context),
    }
}

fn one(name: &str, context: &Context) -> Result<ExitCode, Failure> {
    let rotated = locate::change(context, name, |secret| RotateSecret { secret })?;
    if context.show.is_json() {
        context.show.json(&rotated)?;
    } else {
        context.show.done(format_args!("rotated {}", plain(rotated.entry.name.as_str())))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn all(context: &Context) -> Result<ExitCode, Failure> {
    let org_id = Some(context.orgs().unwrap_or(OrgScope::All));
    let operation = RotateAll { org_id };
    let rotated =
        context.show.while_waiting("encrypting every secret afresh", || context.call(&operation))?;
    if context.show.is_json() {
        context.show.json(&rotated)?;
    } else {
        context.show.done(format_args!("rotated {}", counted(rotated.rotated, "secret")))?;
        for error in &rotated.errors {
            let message = format!("{} was left as it is: {}", plain(&error.name), plain(&error.error));
            context.show.warning(&Warning::new(error.code.as_str(), message, error.code.hint()));
        }
    }
    Ok(if rotated.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(Code::Integrity.exit()) })
}
