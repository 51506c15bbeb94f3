//! `vaultctl unlock`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use vault::api::{Code, Done, Fault, StatusOf, Success, UnlockVault};
use vault::keyfile;
use vault::secret::{Passphrase, Revealed, SecretValue};

use crate::context::Context;
use crate::failure::Failure;
use crate::prompt;

/// Unlocks the vault with its key or its recovery key.
///
/// The key is asked for without echo, or read from stdin where that is no terminal, from a key file's lines too.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl unlock --key-file
  vaultctl unlock
  pass show vault | vaultctl unlock")]
pub(crate) struct UnlockArgs {
    /// Take the key from the key file, or from another file of that form [default: .env in the home]
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "the form of clap for an option whose value may be left out")]
    key_file: Option<Option<PathBuf>>,
}

/// Takes a key, where the vault is locked, and unlocks it.
pub(super) fn run(args: &UnlockArgs, context: &Context) -> Result<ExitCode, Failure> {
    let status = context.call(&StatusOf::default())?;
    let (done, words) = if status.locked {
        let keys = keys(args, context)?;
        let done = context.show.while_waiting("deriving the master key", || with_any(keys, context))?;
        (done, "the vault is unlocked")
    } else {
        (Done { success: Success }, "the vault is unlocked already")
    };
    if context.show.is_json() {
        context.show.json(&done)?;
    } else {
        context.show.done(words)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Unlocks with the first key that fits, and warns if that is not the last line of the key file.
fn with_any(keys: Vec<Revealed>, context: &Context) -> Result<Done, Failure> {
    let mut refused = None;
    for key in keys {
        match context.call(&UnlockVault { key }) {
            Err(Failure::Fault(fault)) if fault.code == Code::Forbidden => _ = refused.get_or_insert(fault),
            Err(other) => return Err(other),
            Ok(done) => {
                if refused.is_some() {
                    context.show.warning(&keyfile::warning_of_earlier());
                }
                return Ok(done);
            }
        }
    }
    let none = || Fault::new(Code::Forbidden, "there is no key to try");
    Err(refused.unwrap_or_else(none).into())
}

fn keys(args: &UnlockArgs, context: &Context) -> Result<Vec<Revealed>, Failure> {
    let usual = context.home.join(".env");
    let label = match &args.key_file {
        Some(named) => return keys_in(named.as_deref().unwrap_or(&usual)),
        None if usual.exists() => {
            format!("Key, or recovery key (--key-file takes it from {})", usual.display())
        }
        None => "Key, or recovery key".to_owned(),
    };
    Ok(vec![typed(&label, context)?])
}

/// Reads the keys that a key file holds.
fn keys_in(file: &Path) -> Result<Vec<Revealed>, Failure> {
    let keys = keyfile::read(file)?.ok_or_else(|| {
        let message = format!("{} has no line {}=\u{2026}", file.display(), keyfile::VARIABLE);
        Failure::usage(message, "name the file that has it, or type the key: vaultctl unlock")
    })?;
    let text = |key: &Passphrase| std::str::from_utf8(key.expose()).unwrap_or_default().to_owned();
    keys.each().map(|key| Ok(SecretValue::new(text(key))?.into())).collect()
}

/// Takes a key as it is, or out of the lines of a key file that was piped.
fn typed(label: &str, context: &Context) -> Result<Revealed, Failure> {
    let given = prompt::key(label, context.show)?;
    let held = keyfile::key_in(given.expose()).map(|key| SecretValue::new(key.to_owned()));
    Ok(held.transpose()?.unwrap_or(given).into())
}
