//! `vaultctl restore`

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use vault::crypto::RecoveryKey;
use vault::domain::Timestamp;
use vault::store::SqliteStore;
use vault::{files, keyfile};

use super::backup::{Copy, files_of, keys_of};
use super::init::Place;
use crate::context::Context;
use crate::failure::Failure;
use crate::show::{Tone, counted};

/// Puts a backup into a home that has no vault, or lost its database, checked byte by byte before anything is put there.
///
/// Without a daemon, and under its lock. The key is that of the home's key file, where there is one; else it is asked
/// for, and may be the recovery key of the day the backup was made. A damaged backup is refused whole.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl restore vault-2026-11-23.backup
  vaultctl --home /srv/vault restore vault.backup < recovery-key")]
pub(crate) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// The key file [default: .env in the home]
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// The database [default: vault.db in the home]
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
}

/// What was put back, for programs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Report {
    database: PathBuf,
    secrets: u64,
    made_at: Timestamp,
}

/// Checks the backup beside its place, and puts it there.
pub(super) fn run(args: &RestoreArgs, context: &Context) -> Result<ExitCode, Failure> {
    let file = files::open_regular(&args.file).map_err(|error| Failure::file(&args.file, &error))?;
    let place = Place::prepare(&context.home, args.env_file.as_ref(), args.database.as_ref())?;
    if place.database.exists() && !SqliteStore::is_empty(&place.database).unwrap_or(false) {
        return Err(place.exists(&moved_away(&place.database)));
    }
    let mut beside = place.database.as_os_str().to_owned();
    beside.push(".restored");
    let copy = Copy::out_of(&mut BufReader::new(file), &PathBuf::from(beside))?;
    let has_key = keyfile::read(&place.key_file)?.is_some();
    let keys = keys_of(&place.key_file, context.show)?;
    let copy = context.show.while_waiting("checking the backup", || copy.open(&keys))?;
    let key = keys.into_last();
    let (secrets, made_at) = (copy.secrets()?, copy.made_at());
    let recovered = RecoveryKey::looks_like(key.expose());
    if !has_key && !recovered {
        keyfile::write(&place.key_file, &String::from_utf8_lossy(key.expose()))?;
    }
    copy.install(&place.database)?;
    let show = context.show;
    if show.is_json() {
        show.json(&Report { database: place.database.clone(), secrets, made_at })?;
        return Ok(ExitCode::SUCCESS);
    }
    let words = format!("restored {} of {made_at}", counted(secrets, "secret"));
    show.done(show.tone(Tone::Good, &words))?;
    let mut then = String::new();
    if recovered {
        then = format!(
            "\n  {} with the recovery key\n  {}",
            context.command("unlock"),
            context.command("rekey")
        );
    }
    if context.home.join("head").exists() {
        // The daemon will find that the log ends earlier than it did, which is the truth.
        then.extend(["\n  ", &context.command("doctor --accept-loss")]);
    }
    show.note(format_args!("next:\n  {} &{then}", place.daemon_command(context)));
    Ok(ExitCode::SUCCESS)
}

/// Says how to move a database away, with the commits that stand in its write-ahead log alone.
fn moved_away(database: &Path) -> String {
    let [_, log, _] = files_of(database);
    let (database, log_there) = (database.display(), log.exists());
    let move_log =
        if log_there { format!("; mv {} {database}.old-wal", log.display()) } else { String::new() };
    format!("stop vaultd and move it away with: mv {database} {database}.old{move_log}")
}
