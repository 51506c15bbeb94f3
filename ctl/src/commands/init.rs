//! `vaultctl init`

mod place;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Code, Fault, Warning};
use vault::config::{Config, Usable};
use vault::keyfile::{self, FileKeys, KeyFileError};
use vault::keyring::UnlockError;
use vault::secret::Passphrase;
use vault::store::{SqliteStore, Store, StoreError};
use vault::vault::{FoundError, Founding, Plan, found, lost};
use zeroize::Zeroizing;

use super::recovery::{another, print_key};
use crate::context::Context;
use crate::failure::Failure;
use crate::moment::now;
use crate::show::Tone;
use crate::{env, prompt};
pub(super) use place::Place;

/// What a new `vault.toml` says: the defaults, commented.
const CONFIG: &str = include_str!("init/vault.toml");

/// What to do with a vault that is there.
const USE_IT: &str = "use it as it is, or name another folder with --home";

/// Makes a vault, once: its folder, key file, database and recovery key.
///
/// The key is 32 random bytes; a key that is there already is used instead, from where `vaultd` takes it: `AGENTICMAIL_VAULT_KEY`
/// in the environment goes before the key file. Needs no daemon, and refuses where one runs or where there is a vault already. The recovery key is printed this
/// once; keep it apart from this machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl init
  vaultctl init --home /srv/agents
  vaultctl init --json | jq -r .recoveryKey | lpr")]
pub(crate) struct InitArgs {
    /// The key file [default: .env in the home]
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// The database [default: vault.db in the home]
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
}

/// What was made.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Report<'a> {
    home: &'a std::path::Path,
    key_file: &'a std::path::Path,
    database: &'a std::path::Path,
    recovery_key: &'a str,
}

/// Where the key of the new vault comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyOrigin {
    Drawn,
    Kept,
    Environment,
}

/// Makes the vault and prints its recovery key.
pub(super) fn run(args: &InitArgs, context: &Context) -> Result<ExitCode, Failure> {
    let place = Place::prepare(&context.home, args.env_file.as_ref(), args.database.as_ref())?;
    let kept = kept_key(&place)?;
    let config = configuration(&place)?;
    let opened = SqliteStore::open(&place.database);
    if matches!(opened, Err(StoreError::Displaced(_))) {
        refuse_lost(&place)?;
    }
    let store = opened?;
    if store.header()?.is_some() {
        return Err(place.exists(USE_IT));
    }
    refuse_lost(&place)?;
    let (key, origin) = key(&place, kept)?;
    let plan = Plan {
        founding: Founding::WithRecovery,
        iterations: config.iterations().map_err(|error| malformed(&place, &error.to_string()))?,
        page: config.page_policy(),
        now: now(),
    };
    let founded = found(&store, &key, plan).map_err(|error| refused(error, &place))?;
    drop(store);
    let recovery_key = founded.recovery_key.unwrap_or_default();
    print(&place, origin, &recovery_key, context).map_err(|failure| {
        let (daemon, another) = (place.daemon_command(context), another(context));
        failure.unseen("the recovery key", format!("start the daemon with: {daemon}; then {another}"))
    })?;
    next(&place, origin, context)?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses to make a vault in the place of another one, whose database is gone and the head of its log is not.
fn refuse_lost(place: &Place) -> Result<(), Failure> {
    let head = place.home.join("head");
    if head.exists() {
        let Warning { message, hint, .. } = lost(&head);
        return Err(Fault::new(Code::Conflict, message).hint(hint).into());
    }
    Ok(())
}

/// Reads the configuration as a daemon would, or writes one with the defaults.
fn configuration(place: &Place) -> Result<Config, Failure> {
    let read = Usable::read(&place.config, nix::unistd::geteuid().as_raw());
    if let Some(usable) = read.map_err(|error| malformed(place, &error.to_string()))? {
        return Ok(usable.config);
    }
    let written = vault::files::replace_private(&place.config, CONFIG.as_bytes());
    written.map_err(|error| Failure::file(&place.config, &error))?;
    Ok(Config::default())
}

fn malformed(place: &Place, reason: &str) -> Failure {
    Failure::usage(format!("{}: {reason}", place.config.display()), "mend the configuration, or move it away")
}

/// Reads the key that the key file has; before anything is made, so that a file that cannot be used leaves nothing behind.
fn kept_key(place: &Place) -> Result<Option<Passphrase>, Failure> {
    let folder = place.key_file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(Err(error)) = folder.map(std::fs::metadata) {
        return Err(Failure::file(&place.key_file, &error));
    }
    let keys = keyfile::read(&place.key_file).map_err(|error| unusable(place, error))?;
    Ok(keys.map(FileKeys::into_last))
}

/// Takes the key that a daemon would take, or draws one and writes it into the key file.
fn key(place: &Place, kept: Option<Passphrase>) -> Result<(Passphrase, KeyOrigin), Failure> {
    if let Some(key) = env::key() {
        return Ok((key, KeyOrigin::Environment));
    }
    if let Some(kept) = kept {
        return Ok((kept, KeyOrigin::Kept));
    }
    let drawn = prompt::random_key()?;
    keyfile::write(&place.key_file, drawn.expose()).map_err(|error| unusable(place, error))?;
    Ok((Passphrase::new(drawn.expose().as_bytes().to_vec())?, KeyOrigin::Drawn))
}

fn unusable(place: &Place, error: KeyFileError) -> Failure {
    match error {
        KeyFileError::Io(error) => Failure::file(&place.key_file, &error),
        other => other.into(),
    }
}

fn refused(error: FoundError, place: &Place) -> Failure {
    match error {
        FoundError::Exists => place.exists(USE_IT),
        FoundError::Store(error) => error.into(),
        FoundError::Keys(error @ UnlockError::Page(_)) => Fault::locked(error.reason()).into(),
        FoundError::Keys(error) => {
            Fault::new(Code::Internal, error.to_string()).hint("run vaultctl init again").into()
        }
    }
}

fn print(
    place: &Place,
    origin: KeyOrigin,
    recovery_key: &Zeroizing<String>,
    context: &Context,
) -> Result<(), Failure> {
    let show = context.show;
    if show.is_json() {
        let (home, key_file, database) = (&*place.home, &*place.key_file, &*place.database);
        return show.json(&Report { home, key_file, database, recovery_key });
    }
    if show.is_brief() {
        return show.secret_line(recovery_key);
    }
    let key = match origin {
        KeyOrigin::Drawn => "a new random key",
        KeyOrigin::Kept => "the key that was there is used",
        KeyOrigin::Environment => "not used: the key is that of AGENTICMAIL_VAULT_KEY",
    };
    show.line(show.tone(Tone::Good, "The vault is made."))?;
    show.pairs(&[
        ("  home", place.home.display().to_string()),
        ("  key file", format!("{} ({key})", place.key_file.display())),
        ("  database", place.database.display().to_string()),
    ])?;
    print_key(show, recovery_key)
}

/// Says what to do with a new vault.
fn next(place: &Place, origin: KeyOrigin, context: &Context) -> Result<(), Failure> {
    let show = context.show;
    show.done(format_args!(
        "\nNext:\n  {} &\n  {}",
        place.daemon_command(context),
        context.command("add openai")
    ))?;
    if origin == KeyOrigin::Environment {
        show.note(
            "note: the key is that of AGENTICMAIL_VAULT_KEY in this environment, and is written nowhere; vaultd needs the \
             variable at each start",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_states_the_defaults() {
        assert_eq!(Config::default(), Config::parse(CONFIG).unwrap());
        let assigns = |line: &&str| line.starts_with("# ") && line.contains(" = ");
        let is_other = |line: &&str| line.starts_with('[');
        let lines = CONFIG.lines().filter(|line| assigns(line) || is_other(line));
        let uncommented: Vec<_> = lines.map(|line| line.trim_start_matches("# ")).collect();
        let uncommented = uncommented.join("\n");
        assert_eq!(Config::default(), Config::parse(&uncommented).unwrap());
    }
}
