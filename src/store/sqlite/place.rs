//! The files of the database: whether they are still those that were opened.
//!
//! `SQLite` goes on with what it has open, whatever becomes of the path: a commit into a file that is gone would be
//! acknowledged and lost at the next start.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::connect::{absolute, next_to};
use crate::store::{Displaced, StoreError};

/// The file of the database and its write-ahead log, as they were opened.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    log: PathBuf,
    /// Closed after every connection: closing any descriptor of a file releases the process' locks on it (fcntl(2)).
    file: Option<File>,
    seen: Mutex<Seen>,
}

/// What was last seen of them.
#[derive(Debug, Default)]
struct Seen {
    file: Option<Id>,
    log: Option<Id>,
    /// Nothing makes the database shorter but a checkpoint.
    length: u64,
    written: Moment,
    /// Checkpoints that are under way: only these write to the file of the database.
    moving: u32,
    displaced: Option<Displaced>,
}

/// The device and the inode of a file.
type Id = (u64, u64);
/// Seconds and nanoseconds of a file's last change.
type Moment = (i64, i64);

impl Place {
    /// Takes what the path names for the file of the database; its connections are open already.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let path = absolute(path)?;
        let (file, log) = (crate::files::open_regular(&path)?, next_to(&path, "-wal"));
        let now = file.metadata()?;
        let seen = Seen {
            file: Some(id(&now)),
            log: log.symlink_metadata().ok().as_ref().map(id),
            length: now.len(),
            written: moment(&now),
            moving: 0,
            displaced: None,
        };
        Ok(Self { path, log, file: Some(file), seen: Mutex::new(seen) })
    }

    /// Stands for files that were not opened.
    pub(super) fn unopened(path: &Path, why: Displaced) -> Self {
        let seen = Seen { displaced: Some(why), ..Seen::default() };
        Self { path: path.to_owned(), log: next_to(path, "-wal"), file: None, seen: Mutex::new(seen) }
    }

    /// Compares the files with those that were opened: one look at each.
    ///
    /// # Errors
    /// [`StoreError::Displaced`] if one of them is not there, or is another, or was changed by another program.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let mut seen = self.seen();
        let found = seen.displaced.filter(|before| before.is_final()).or_else(|| self.compare(&seen));
        if found != seen.displaced {
            self.log(found);
            seen.displaced = found;
        }
        drop(seen);
        self.refuse()
    }

    /// Refuses what the last look found displaced.
    ///
    /// # Errors
    /// [`StoreError::Displaced`] if it did.
    pub(super) fn refuse(&self) -> Result<(), StoreError> {
        self.seen().displaced.map_or(Ok(()), |what| Err(what.into()))
    }

    /// Compares the length of the write-ahead log with the frames that it must have, which holds while no one else writes.
    ///
    /// # Errors
    /// [`StoreError::Displaced`] if some are gone.
    pub(super) fn check_log(&self, bytes: u64) -> Result<(), StoreError> {
        if self.log.symlink_metadata().is_ok_and(|log| log.len() >= bytes) {
            return Ok(());
        }
        self.seen().displaced.get_or_insert(Displaced::LogCutShort);
        self.check()
    }

    /// Runs a checkpoint, which alone may write to the file of the database.
    ///
    /// # Errors
    /// [`StoreError::Displaced`] if it would write to another file, or from another log, and those of the checkpoint.
    pub(super) fn checkpoint<T>(
        &self,
        run: impl FnOnce() -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        match self.check() {
            // What was committed to a log that is gone is still open here, and saved by this.
            Err(StoreError::Displaced(Displaced::LogGone)) => {}
            checked => checked?,
        }
        self.seen().moving += 1;
        let done = run();
        let mut seen = self.seen();
        seen.moving -= 1;
        if let Some(now) = self.opened() {
            (seen.length, seen.written) = (now.len(), moment(&now));
        }
        Ok(done?)
    }

    /// Prepares a connection for its end: the last one would move the write-ahead log into the file and remove it by its
    /// path, whatever is there now.
    pub(super) fn before_close(&self, connection: &Connection) {
        if self.check().is_err() {
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }

    fn compare(&self, seen: &Seen) -> Option<Displaced> {
        let Ok(now) = self.path.symlink_metadata() else {
            let is_linked = self.opened().is_some_and(|file| file.nlink() > 0);
            return Some(if is_linked { Displaced::Moved } else { Displaced::Removed });
        };
        if Some(id(&now)) != seen.file {
            return Some(Displaced::Replaced);
        }
        if seen.moving == 0 && now.len() < seen.length {
            return Some(Displaced::CutShort);
        }
        if seen.moving == 0 && moment(&now) != seen.written {
            return Some(Displaced::Overwritten);
        }
        let log = self.log.symlink_metadata().ok().as_ref().map(id);
        (log != seen.log).then_some(Displaced::LogGone)
    }

    fn log(&self, found: Option<Displaced>) {
        let file = self.path.display();
        if let Some(what) = found {
            tracing::error!(%file, hint = what.hint(), "{what}");
        } else {
            tracing::info!(%file, "the files of the database are back in their place");
        }
    }

    fn opened(&self) -> Option<Metadata> {
        self.file.as_ref()?.metadata().ok()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id(file: &Metadata) -> Id {
    (file.dev(), file.ino())
}

fn moment(file: &Metadata) -> Moment {
    (file.mtime(), file.mtime_nsec())
}
