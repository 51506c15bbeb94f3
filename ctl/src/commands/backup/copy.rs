//! A database that is copied out of a backup: written beside its place, checked, then put there or thrown away.

use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vault::api::{Code, Fault};
use vault::backup::{BackupError, Unpacked, record_restored};
use vault::domain::{OrgScope, Timestamp};
use vault::files;
use vault::keyfile::{self, FileKeys};
use vault::keyring::{Keys, UnlockError, unlock};
use vault::secret::Passphrase;
use vault::store::{SqliteStore, Store};
use vault_platform::PagePolicy;

use crate::failure::Failure;
use crate::moment::now;
use crate::prompt;
use crate::show::Show;

/// The copy; unless it is put in its place, its files go when this is dropped.
pub(in crate::commands) struct Copy {
    path: PathBuf,
    unpacked: Unpacked,
    opened: Option<(SqliteStore, Arc<Keys>)>,
}

/// Takes the keys of a key file, or asks for one.
pub(in crate::commands) fn keys_of(key_file: &Path, show: Show) -> Result<FileKeys, Failure> {
    if let Some(keys) = keyfile::read(key_file)? {
        return Ok(keys);
    }
    let typed = prompt::key("Key, or recovery key, of the backup", show)?;
    Ok(FileKeys::only(Passphrase::new(typed.expose().into())?))
}

impl Copy {
    /// Copies the database of a backup to a path.
    pub(in crate::commands) fn out_of(from: &mut impl Read, path: &Path) -> Result<Self, Failure> {
        for file in files_of(path) {
            let _ = std::fs::remove_file(file);
        }
        let file = files::create_private(path).map_err(|error| Failure::file(path, &error))?;
        let mut to = BufWriter::new(file);
        let copied = Unpacked::copy(from, &mut to).and_then(|unpacked| {
            to.flush()?;
            to.get_ref().sync_all()?;
            Ok(unpacked)
        });
        match copied {
            Ok(unpacked) => Ok(Self { path: path.to_owned(), unpacked, opened: None }),
            Err(error) => {
                let _ = std::fs::remove_file(path);
                Err(refused(error))
            }
        }
    }

    /// Opens it with a key and makes sure that every byte is as the vault wrote it.
    pub(in crate::commands) fn open(mut self, keys: &FileKeys) -> Result<Self, Failure> {
        let store = SqliteStore::open(&self.path).map_err(|_| refused(BackupError::Damaged))?;
        let header = store.header().ok().flatten().ok_or_else(|| refused(BackupError::Damaged))?;
        let page = PagePolicy { secretmem: true, require_lock: false };
        let mut opened = keys.each().map(|key| unlock(&header, key, page));
        let first = opened.next().unwrap_or(Err(UnlockError::WrongKey));
        let opened = first.or_else(|error| opened.find_map(Result::ok).ok_or(error));
        let keys = opened.map_err(|error| match error {
            UnlockError::WrongKey => Failure::from(
                Fault::new(Code::Forbidden, "the key does not fit this backup")
                    .hint("use the AGENTICMAIL_VAULT_KEY of the day it was made, or that day's recovery key"),
            ),
            UnlockError::Mistyped(typing) => Failure::from(
                Fault::new(Code::Forbidden, typing.to_string())
                    .hint("compare it letter by letter with what you kept"),
            ),
            _ => refused(BackupError::Damaged),
        })?;
        self.unpacked.check(&keys).map_err(refused)?;
        self.opened = Some((store, keys));
        Ok(self)
    }

    /// Gives the moment at which the backup was made.
    pub(in crate::commands) fn made_at(&self) -> Timestamp {
        self.unpacked.head.made_at
    }

    /// Counts its secrets.
    pub(in crate::commands) fn secrets(&self) -> Result<u64, Failure> {
        let Some((store, _)) = &self.opened else { return Ok(0) };
        Ok(store.totals(&OrgScope::All)?.iter().map(|(_, count)| count).sum())
    }

    /// Records in its log that it was put back, and puts it in its place.
    pub(in crate::commands) fn install(mut self, database: &Path) -> Result<(), Failure> {
        if let Some((store, keys)) = self.opened.take() {
            record_restored(&store, &keys, self.made_at(), now())
                .map_err(|refusal| Fault::new(Code::Storage, refusal.to_string()))?;
        }
        let [_, log, index] = files_of(database);
        set_aside(&log)?;
        let _ = std::fs::remove_file(index);
        let placed = std::fs::rename(&self.path, database)
            .and_then(|()| std::fs::File::open(files::parent(database))?.sync_all());
        placed.map_err(|error| Failure::file(database, &error))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        drop(self.opened.take());
        for file in files_of(&self.path) {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Moves the write-ahead log that another database left behind away: it does not belong to this one, and may hold commits
/// that stand nowhere else.
fn set_aside(log: &Path) -> Result<(), Failure> {
    let mut aside = log.as_os_str().to_owned();
    aside.push(".old");
    let aside = PathBuf::from(aside);
    if log.metadata().is_ok_and(|meta| meta.len() == 0) {
        return std::fs::remove_file(log).map_err(|error| Failure::file(log, &error));
    }
    if !log.exists() {
        return Ok(());
    }
    if aside.exists() {
        let message = format!("{} and {} are there already", log.display(), aside.display());
        return Err(Fault::new(Code::Conflict, message).hint("move both of them away").into());
    }
    std::fs::rename(log, &aside).map_err(|error| Failure::file(log, &error))
}

/// Gives a database's files: itself, and those that `SQLite` keeps beside it.
pub(in crate::commands) fn files_of(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

fn refused(error: BackupError) -> Failure {
    match error {
        BackupError::Io(error) => error.into(),
        error => Fault::new(Code::Integrity, error.to_string())
            .hint("nothing was changed; take another copy of the backup")
            .into(),
    }
}
