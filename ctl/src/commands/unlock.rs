//! `vaultctl unlock`

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use vault::api::{Code, Done, Fault, Status, StatusOf, Success, UnlockVault};
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
    /// Take the key from the daemon's key file, or from another file of that form
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "the form of clap for an option whose value may be left out")]
    key_file: Option<Option<PathBuf>>,
}

/// Takes a key, where the vault is locked, and unlocks it.
pub(super) fn run(args: &UnlockArgs, context: &Context) -> Result<ExitCode, Failure> {
    let status = context.call(&StatusOf::default())?;
    let (done, words) = if status.locked {
        let keys = keys(args, &KeyFile::of(&status, context), context)?;
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

/// The key file of the vault, and the user that the daemon runs as, whose it may be.
struct KeyFile {
    path: PathBuf,
    keeper: Option<u32>,
}

impl KeyFile {
    /// Takes the daemon's if it says where its files are, which it says to owners alone, else the home's.
    fn of(status: &Status, context: &Context) -> Self {
        match &status.files {
            Some(files) => Self {
                path: files.key_file.clone(),
                keeper: files.home.metadata().ok().map(|home| home.uid()),
            },
            None => Self { path: context.home.join(".env"), keeper: None },
        }
    }
}

fn keys(args: &UnlockArgs, usual: &KeyFile, context: &Context) -> Result<Vec<Revealed>, Failure> {
    let label = match &args.key_file {
        Some(None) => return keys_in(usual),
        Some(Some(named)) => return keys_in(&KeyFile { path: named.clone(), ..*usual }),
        None if usual.path.exists() => {
            format!("Key, or recovery key (--key-file takes it from {})", usual.path.display())
        }
        None => "Key, or recovery key".to_owned(),
    };
    Ok(vec![typed(&label, context)?])
}

/// Reads the keys that a key file holds.
fn keys_in(file: &KeyFile) -> Result<Vec<Revealed>, Failure> {
    let keys = keyfile::read_of(file.keeper, &file.path)?.ok_or_else(|| {
        let message = format!("{} has no line {}=\u{2026}", file.path.display(), keyfile::VARIABLE);
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
