//! The files of a vault, which no output of a command may replace.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::api::Files;
use crate::files;
use crate::vault::LOCK_MARK;

/// What a database has next to it, by the end of its name.
const ENDS: [&str; 7] = ["-wal", "-shm", "-journal", "-reserve", ".lock", ".copy", ".restored"];
/// The bytes of a database that say what it is: <https://www.sqlite.org/fileformat2.html#database_header>.
const HEADER: usize = 72;

/// A file of a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// The database.
    Database,
    /// What stands next to a database, of the same name.
    NextToDatabase,
    /// The key file.
    KeyFile,
    /// Another one of the home.
    OfHome,
}

impl Own {
    /// Returns which file of a vault a path names, if any: one of this home, or of another one that is known by what stands next
    /// to it.
    ///
    /// A file that is there is compared by device and inode, past links; one that is not yet by its folder and name.
    pub fn find(path: &Path, home: &Path) -> Option<Self> {
        let folder = files::parent(path);
        let by_name = Self::in_home(path.file_name()?).filter(|_| is_same(&folder, home) || is_home(&folder));
        let next_to = || Self::next_to(path).filter(|database| is_database(database));
        by_name.or_else(|| Self::at(path, home)).or_else(|| next_to().map(|_| Self::NextToDatabase))
    }

    /// Returns which file of the vault that a daemon serves a path names, if any, wherever its files are.
    pub fn find_served(path: &Path, served: &Files) -> Option<Self> {
        let named = [
            (&served.database, Self::Database),
            (&served.key_file, Self::KeyFile),
            (&served.config, Self::OfHome),
        ];
        let found = named.into_iter().find_map(|(own, which)| leads_to(path, own).then_some(which));
        let next_to = || Self::next_to(path).filter(|database| leads_to(database, &served.database));
        found.or_else(|| next_to().map(|_| Self::NextToDatabase)).or_else(|| Self::find(path, &served.home))
    }

    /// Returns the path of the database that a file would stand next to, by the end of its name.
    fn next_to(path: &Path) -> Option<PathBuf> {
        let name = path.file_name()?.as_bytes();
        let database = ENDS.iter().find_map(|end| name.strip_suffix(end.as_bytes()))?;
        Some(files::parent(path).join(OsStr::from_bytes(database)))
    }

    /// Returns which file of a home has a name.
    fn in_home(name: &OsStr) -> Option<Self> {
        let name = name.to_str()?;
        match name {
            "vault.db" => Some(Self::Database),
            ".env" => Some(Self::KeyFile),
            "vault.toml" | "head" | "vault.lock" | "vault.sock" | LOCK_MARK => Some(Self::OfHome),
            name => ENDS.contains(&name.strip_prefix("vault.db")?).then_some(Self::NextToDatabase),
        }
    }

    /// Returns which file of a home, or which database, a path leads to.
    fn at(path: &Path, home: &Path) -> Option<Self> {
        let there = id(path)?;
        let mut entries = home.read_dir().into_iter().flatten().filter_map(Result::ok);
        let found = entries.find_map(|entry| {
            let own = Self::in_home(&entry.file_name())?;
            (id(&entry.path()) == Some(there)).then_some(own)
        });
        found.or_else(|| is_database(path).then_some(Self::Database))
    }
}

/// Returns whether a folder is a vault's home: it has the database, or, if that is elsewhere or lost, the empty file that a
/// daemon locks.
fn is_home(folder: &Path) -> bool {
    let is_lock = |meta: Metadata| meta.is_file() && meta.len() == 0;
    is_database(&folder.join("vault.db")) || folder.join("vault.lock").metadata().is_ok_and(is_lock)
}

/// Returns whether a path leads to a file, which need not be there.
fn leads_to(path: &Path, file: &Path) -> bool {
    let same_name = path.file_name() == file.file_name();
    is_same(path, file) || same_name && is_same(&files::parent(path), &files::parent(file))
}

/// Returns whether two paths lead to the same, which is there.
fn is_same(one: &Path, other: &Path) -> bool {
    id(one).is_some_and(|one| Some(one) == id(other))
}

/// Returns the device and the inode of what a path leads to.
fn id(path: &Path) -> Option<(u64, u64)> {
    path.metadata().ok().map(|meta| (meta.dev(), meta.ino()))
}

/// Returns whether a file is the database of a vault, by what `SQLite` has in its header.
fn is_database(path: &Path) -> bool {
    let mut header = [0; HEADER];
    let read = files::open_regular(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header.starts_with(b"SQLite format 3\0") && header.ends_with(b"AMVT")
}
