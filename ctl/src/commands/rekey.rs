//! `vaultctl rekey`

use std::process::ExitCode;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Rekey, Rekeyed, Warning};
use vault::secret::{Revealed, SecretValue};

use super::recovery::{another, print_key};
use crate::context::Context;
use crate::failure::Failure;
use crate::prompt;
use crate::show::{counted, plain};

/// Changes the vault's key and encrypts everything afresh.
///
/// The new key is asked for twice without echo, read from stdin where that is no terminal, or made with --generate.
/// The daemon puts it into the key file; where its key comes from elsewhere, it says what to change. The recovery
/// key changes too and is printed once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl rekey --generate
  vaultctl rekey
  openssl rand -base64 32 | vaultctl rekey")]
pub(crate) struct RekeyArgs {
    /// Make a random key: 32 bytes
    #[arg(long)]
    generate: bool,
}

/// The daemon's answer, with the key where nobody else has it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Report<'a> {
    #[serde(flatten)]
    answer: &'a Rekeyed,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_key: Option<&'a str>,
}

/// Takes the new key and has the daemon change to it.
pub(super) fn run(args: &RekeyArgs, context: &Context) -> Result<ExitCode, Failure> {
    context.unlocked()?;
    let key = if args.generate { prompt::random_key()? } else { prompt::new_key(context.show)? };
    warn_of_weakness(&key, context)?;
    let operation = Rekey { new_key: Revealed::new(key) };
    let answer = context.show.while_waiting("encrypting everything afresh", || context.call(&operation))?;
    let drawn = args.generate.then(|| operation.new_key.value().expose());
    // Where the daemon could not put it into the key file, a generated key is known to nobody but this process.
    let new_key = drawn.filter(|_| answer.pending.is_some());
    let printed = if context.show.is_json() {
        context.show.json(&Report { answer: &answer, new_key })
    } else {
        print(&answer, new_key, context)
    };
    printed.map_err(|failure| match (new_key, &answer.recovery_key) {
        (Some(_), _) => {
            let again = context.command("rekey --generate");
            failure.unseen("the new key", format!("make another with: {again}"))
        }
        (None, Some(_)) => failure.unseen("the new recovery key", another(context)),
        (None, None) => failure,
    })?;
    Ok(ExitCode::SUCCESS)
}

fn warn_of_weakness(key: &SecretValue, context: &Context) -> Result<(), Failure> {
    if vault::secret::Passphrase::new(key.expose().as_bytes().to_vec())?.is_weak() {
        let message = "the new key is short or has few different characters";
        context.show.warning(&Warning::new(
            "weak_key",
            message,
            "let one be made: vaultctl rekey --generate",
        ));
    }
    Ok(())
}

fn print(answer: &Rekeyed, new_key: Option<&str>, context: &Context) -> Result<(), Failure> {
    let show = context.show;
    show.done(format_args!(
        "the vault has a new key; encrypted afresh: {}",
        counted(answer.rekeyed, "secret")
    ))?;
    if let Some(source) = &answer.pending {
        let message = format!("the daemon cannot change {}", plain(source));
        let hint = "put the new key there before the daemon is started again; until then the old one opens the vault too";
        show.warning(&Warning::new("pending", message, hint));
    }
    if let Some(key) = new_key {
        show.done("\nThe new key, shown this once:\n")?;
        show.secret_line(key)?;
    }
    match &answer.recovery_key {
        Some(key) if show.is_brief() => show.secret_line(key.value().expose()),
        Some(key) => print_key(show, key.value().expose()),
        None => Ok(()),
    }
}
