//! `vaultctl get`

use std::process::ExitCode;

use clap::Args;
use vault::api::{Code, GetSecret, Resolve, Resolved};
use vault::domain::{SecretId, SecretRef};

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate::{self, Meant};

/// Prints a secret's value, raw.
///
/// A full name, an id or a reference (`vault://NAME?org=ORG`) gives that secret; a platform alone gives its key, as `resolve` does. On a terminal a newline
/// follows, and control characters of the value, which a terminal would obey, are shown as `\u{…}`; a pipe gets every byte as it is.
/// Each reading is recorded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl get openai
  vaultctl get skill:aws:secret_access_key
  vaultctl get db-url --version 3
  vaultctl get openai --json | jq -r .name")]
pub(crate) struct GetArgs {
    /// A name, an id, a platform, or a reference
    #[arg(add = Completes::Key)]
    name: String,
    /// An older value, as `history` numbers them
    #[arg(long, value_name = "N")]
    version: Option<u64>,
}

/// Finds the secret and prints its value.
pub(super) fn run(args: &GetArgs, context: &Context) -> Result<ExitCode, Failure> {
    let Meant { context, asked } = &Meant::of(&args.name, context)?;
    let org_id = context.one_org()?;
    let found = match (args.version, SecretId::try_from(asked.clone())) {
        (Some(_), _) => Some(read(locate::secret(context, &args.name)?.id, args.version, context)?),
        (None, Ok(id)) => by_id(id, context)?,
        (None, Err(_)) => None,
    };
    let found = match found {
        Some(found) => found,
        None => context.call(&Resolve { name: asked.clone(), org_id })?,
    };
    if context.show.is_json() {
        context.show.json(&found)?;
    } else {
        context.show.value(&found.value)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(id: SecretId, version: Option<u64>, context: &Context) -> Result<Resolved, Failure> {
    let found = context.call(&GetSecret { id: SecretRef::from(id), version })?;
    Ok(Resolved { name: found.entry.name.clone(), value: found.value, entry: found.entry })
}

/// Reads by id what looks like one; a name may look so too.
fn by_id(id: SecretId, context: &Context) -> Result<Option<Resolved>, Failure> {
    match read(id, None, context) {
        Ok(found) => Ok(Some(found)),
        Err(Failure::Fault(fault)) if fault.code == Code::NotFound && fault.expired_at.is_none() => Ok(None),
        Err(failure) => Err(failure),
    }
}
