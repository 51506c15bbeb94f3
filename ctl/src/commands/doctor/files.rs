//! The vault's files: private, readable, and fitting together.

use std::path::Path;

use nix::fcntl::{Flock, FlockArg};
use vault::api::{Fault, Warning};
use vault::config::{Config, Usable};
use vault::domain::{LockReason, OrgScope};
use vault::keyfile::{self, FileKeys, KeyFileError};
use vault::keyring;
use vault::secret::Passphrase;
use vault::store::{Displaced, Flaw, Flawed, SqliteStore, Store, StoreError};
use vault::vault::LOCK_MARK;

use super::Paths;
use crate::context::Context;
use crate::env;

/// Looks at the privacy of the files, and at the configuration.
pub(super) fn findings(paths: &Paths) -> Vec<Warning> {
    let beside = |suffix: &str| {
        let mut path = paths.database.clone().into_os_string();
        path.push(suffix);
        path
    };
    let (log, index) = (beside("-wal"), beside("-shm"));
    let private: [(&str, &Path, u32); 5] = [
        ("home_unsafe", &paths.home, 0o700),
        ("key_file_unsafe", &paths.key_file, 0o600),
        ("database_unsafe", &paths.database, 0o600),
        ("database_unsafe", Path::new(&log), 0o600),
        ("database_unsafe", Path::new(&index), 0o600),
    ];
    let mut found: Vec<_> =
        private.into_iter().filter_map(|(code, path, mode)| exposure(code, path, mode)).collect();
    found.extend(configuration(paths).err());
    found
}

fn exposure(code: &str, path: &Path, mode: u32) -> Option<Warning> {
    let why = vault::files::why_not_private(path, mode).ok().flatten()?;
    let (message, hint) = why.split_once("; ").unwrap_or((&why, "put the file itself there"));
    Some(Warning::new(code, message, hint))
}

/// Reads the configuration as the daemon would that has this home.
fn configuration(paths: &Paths) -> Result<Config, Warning> {
    use std::os::unix::fs::MetadataExt;
    let own =
        std::fs::metadata(&paths.home).map_or_else(|_| nix::unistd::geteuid().as_raw(), |meta| meta.uid());
    let read = Usable::read(&paths.config, own);
    let path = paths.config.display();
    read.map(|usable| usable.unwrap_or_default().config)
        .map_err(|error| Warning::new("configuration", format!("{path}: {error}"), error.hint()))
}

/// Looks, where no daemon runs, whether the key that one would find opens the database.
pub(super) fn key_findings(paths: &Paths, context: &Context) -> Option<Warning> {
    if paths.home.join(LOCK_MARK).symlink_metadata().is_ok() {
        return Some(locked(LockReason::ByRequest));
    }
    if let Some(key) = env::key() {
        return try_key(&key, paths).err().map(of_environment);
    }
    match keyfile::read(&paths.key_file) {
        Ok(Some(keys)) => try_each(&keys, paths),
        Ok(None) if is_unfounded(paths) => Some(super::no_vault(paths, context)),
        Ok(None) => {
            let message = format!("{} has no line AGENTICMAIL_VAULT_KEY=…", paths.key_file.display());
            let hint = "put back the key file that the vault was made with, or open it with the recovery key: vaultctl unlock";
            Some(Warning::new("no_key", message, hint))
        }
        // Its exposure was found already.
        Err(KeyFileError::Unsafe(_)) => None,
        Err(error) => {
            let message = format!("{}: {error}", paths.key_file.display());
            Some(Warning::new("no_key", message, "a key file is lines of UTF-8 that you may read"))
        }
    }
}

/// Says where the key was, in whose place the one of the key file may be right.
fn of_environment(finding: Warning) -> Warning {
    if finding.code != LockReason::WrongKey.as_str() {
        return finding;
    }
    let variable = keyfile::VARIABLE;
    let message =
        format!("{variable} in this environment does not open the vault, and goes before the key file");
    Warning::new(&finding.code, message, format!("leave it to the key file with: unset {variable}"))
}

/// Looks whether the head of a log is there without its database.
pub(super) fn lost(paths: &Paths) -> Option<Warning> {
    let head = paths.home.join("head");
    let is_lost = head.exists() && (!paths.database.exists() || is_unfounded(paths) || is_log_alone(paths));
    is_lost.then(|| vault::vault::lost(&head))
}

/// Tells whether a daemon made the database and no key ever made a vault of it.
fn is_unfounded(paths: &Paths) -> bool {
    let Some(_held) = hold(&paths.home) else { return false };
    SqliteStore::is_empty(&paths.database).unwrap_or(false)
}

/// Returns whether nothing but the write-ahead log is left of the database.
fn is_log_alone(paths: &Paths) -> bool {
    matches!(SqliteStore::is_empty(&paths.database), Err(StoreError::Displaced(Displaced::LogAlone)))
}

/// Looks whether the last key of a key file opens the database, and if not, whether an earlier one does.
fn try_each(keys: &FileKeys, paths: &Paths) -> Option<Warning> {
    let mut tried = keys.each().map(|key| try_key(key, paths));
    let wrong = tried.next()?.err()?;
    let is_of_key = wrong.code == LockReason::WrongKey.as_str();
    let opens = is_of_key && tried.any(|tried| tried.is_ok());
    Some(if opens { keyfile::warning_of_earlier() } else { wrong })
}

fn try_key(key: &Passphrase, paths: &Paths) -> Result<(), Warning> {
    // A daemon that starts meanwhile must not find the database in use.
    let Some(_held) = hold(&paths.home) else { return Ok(()) };
    let config = configuration(paths).unwrap_or_default();
    match opened(key, paths, &config) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(reason)) => Err(locked(reason)),
        Err(StoreError::Damaged(_)) => Err(locked(LockReason::Damaged)),
        Err(StoreError::Displaced(what)) => Err(Warning::new("storage", what.to_string(), what.hint())),
        Err(error) => {
            let message = format!("{}: {error}", paths.database.display());
            let hint = "move the database away and bring back a backup with: vaultctl restore; one of a newer schema \
                        is read by the version that wrote it";
            Err(Warning::new("storage", message, hint))
        }
    }
}

/// Opens the database as the daemon does at its start, and reads what it reads then; an inner error says why it is
/// locked.
fn opened(key: &Passphrase, paths: &Paths, config: &Config) -> Result<Result<(), LockReason>, StoreError> {
    let store = SqliteStore::open(&paths.database)?;
    let Some(header) = store.header()? else { return Ok(Ok(())) };
    let keys = match keyring::unlock(&header, key, config.page_policy()) {
        Ok(keys) => keys,
        Err(error) => return Ok(Err(error.reason())),
    };
    store.sum_rows(&keys)?;
    store.state()?;
    store.agents()?;
    store.totals(&OrgScope::All)?;
    Ok(Ok(()))
}

/// Checks every page and index of the database, where no daemon runs; what cannot be opened is found by its key.
pub(super) fn flaws(paths: &Paths) -> Vec<Flaw> {
    let Some(_held) = hold(&paths.home) else { return Vec::new() };
    let Ok(store) = SqliteStore::open(&paths.database) else { return Vec::new() };
    // What cannot be checked is not sound.
    store.flaws().unwrap_or_else(|error| vec![Flaw { words: error.to_string(), place: Flawed::Table }])
}

/// Tells why the vault is, or would be, locked.
pub(super) fn locked(reason: LockReason) -> Warning {
    refused(Fault::locked(reason))
}

/// Tells why the vault is locked, in the words with which it refuses requests.
pub(super) fn refused(fault: Fault) -> Warning {
    Warning::new(fault.lock_reason.map_or("locked", LockReason::as_str), fault.message, fault.hint)
}

/// Holds the home against a daemon; nothing where one has it.
pub(super) fn hold(home: &Path) -> Option<Flock<std::fs::File>> {
    let file = vault::files::open_private(&home.join("vault.lock")).ok()?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()
}

/// Tells whether a daemon holds the home.
pub(in crate::commands) fn is_held(home: &Path) -> bool {
    home.join("vault.lock").exists() && hold(home).is_none()
}
