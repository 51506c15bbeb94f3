//! The files of a vault, which no output of a command may replace.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

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
    /// Returns which file of a vault a path names, if any: one of this home, or the database of another one.
    ///
    /// A file that is there is compared by device and inode, past links; one that is not yet by its folder and name.
    pub fn find(path: &Path, home: &Path) -> Option<Self> {
        let name = path.file_name()?;
        let folder = files::parent(path);
        let in_home = id(&folder).is_some_and(|folder| Some(folder) == id(home));
        let by_name = Self::in_home(name).filter(|_| in_home);
        by_name.or_else(|| Self::at(path, home)).or_else(|| {
            let database = ENDS.iter().find_map(|end| name.as_bytes().strip_suffix(end.as_bytes()))?;
            is_database(&folder.join(OsStr::from_bytes(database))).then_some(Self::NextToDatabase)
        })
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
