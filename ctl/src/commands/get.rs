//! `vaultctl get`

use std::process::ExitCode;

use clap::Args;
use vault::api::{Code, GetSecret, Resolve, Resolved};
use vault::domain::{SecretId, SecretRef};

use crate::context::Context;
use crate::failure::Failure;

/// Prints a secret's value, raw.
///
/// A full name or an id gives that secret; a platform alone gives its key, as `resolve` does. A newline follows
/// on a terminal alone. Each reading is recorded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl get openai
  vaultctl get skill:aws:secret_access_key
  curl -H @<(printf 'Authorization: Bearer %s' \"$(vaultctl get github)\") https://api.github.com/user
  vaultctl get openai --json | jq -r .name")]
pub(crate) struct GetArgs {
    /// A name, an id, or a platform
    name: String,
}

/// Finds the secret and prints its value.
pub(super) fn run(args: GetArgs, context: &mut Context) -> Result<ExitCode, Failure> {
    let org_id = context.one_org()?;
    let found = match by_id(&args.name, context)? {
        Some(found) => found,
        None => context.call(&Resolve { name: args.name, org_id })?,
    };
    if context.show.is_json() {
        context.show.json(&found)?;
    } else {
        context.show.value(&found.value)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads by id what looks like one; a name may look so too.
fn by_id(asked: &str, context: &Context) -> Result<Option<Resolved>, Failure> {
    let Ok(id) = SecretId::try_from(asked.to_owned()) else { return Ok(None) };
    match context.call(&GetSecret { id: SecretRef::from(id) }) {
        Ok(found) => {
            Ok(Some(Resolved { name: found.entry.name.clone(), value: found.value, entry: found.entry }))
        }
        Err(Failure::Fault(fault)) if fault.code == Code::NotFound && !has_expired(&fault.message) => {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Tells whether the words say that the secret is there but past its time.
fn has_expired(message: &str) -> bool {
    message.contains("expired")
}
