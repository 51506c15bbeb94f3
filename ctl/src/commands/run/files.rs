//! Values in files: 0600, in memory, for as long as the command runs.
//!
//! A file in memory-backed storage rather than an anonymous one behind `/proc/self/fd`: the command may close what it
//! inherits, start others and change its user's view of `/proc`, and a path still is a path. The folder is locked
//! for as long as this process lives, so that a later one can tell and remove what a killed one left.

use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use rand::distr::{Alphanumeric, SampleString};
use vault::api::{Code, Fault};
use vault::files;

use super::variables::Pair;
use crate::env;
use crate::failure::Failure;
use crate::references::Values;

/// What the folders' names begin with.
const PREFIX: &str = "vaultctl-run-";
/// The file in each folder that its process holds locked.
const LOCK: &str = ".lock";

/// The files of one command, removed when dropped.
#[derive(Debug, Default)]
pub(super) struct Files {
    folder: Option<(PathBuf, Flock<File>)>,
    paths: Vec<(String, PathBuf)>,
}

impl Files {
    /// Writes the values of the pairs into files.
    ///
    /// # Errors
    /// `storage` where there is no memory-backed folder, or it is full.
    pub(super) fn make(pairs: &[Pair], values: &Values) -> Result<Self, Failure> {
        let mut made = Self::default();
        if pairs.is_empty() {
            return Ok(made);
        }
        let base = base()?;
        remove_left(&base);
        let (folder, lock) = locked_folder(&base).map_err(|error| Failure::file(&base, &error))?;
        let failed = |error: std::io::Error| Failure::file(&folder, &error);
        made.folder = Some((folder.clone(), lock));
        for pair in pairs {
            let path = folder.join(&pair.variable);
            let value = values.of(&pair.secret).map(|read| read.value.value());
            let mut file = files::create_private(&path).map_err(failed)?;
            file.write_all(value.map_or("", |value| value.expose()).as_bytes()).map_err(failed)?;
            made.paths.push((pair.variable.clone(), path));
        }
        Ok(made)
    }

    /// Gives each variable with the path of its file.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&str, String)> {
        self.paths.iter().map(|(variable, path)| (variable.as_str(), path.to_string_lossy().into_owned()))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Some((folder, _)) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Finds a folder in memory: the user's own runtime folder, else the one that all share.
fn base() -> Result<PathBuf, Failure> {
    let found =
        env::runtime_folder().into_iter().chain([PathBuf::from("/dev/shm")]).find(|path| in_memory(path));
    found.ok_or_else(|| {
        Fault::new(Code::Storage, "there is no folder in memory for the file")
            .hint("set XDG_RUNTIME_DIR to a folder on tmpfs, or hand the value on with --env")
            .into()
    })
}

#[cfg(target_os = "linux")]
fn in_memory(path: &Path) -> bool {
    use nix::sys::statfs::{TMPFS_MAGIC, statfs};
    statfs(path).is_ok_and(|about| about.filesystem_type() == TMPFS_MAGIC)
}

#[cfg(not(target_os = "linux"))]
fn in_memory(_path: &Path) -> bool {
    false
}

/// Makes a folder that is locked by this process.
fn locked_folder(base: &Path) -> std::io::Result<(PathBuf, Flock<File>)> {
    loop {
        let folder = base.join(format!("{PREFIX}{}", Alphanumeric.sample_string(&mut rand::rng(), 16)));
        DirBuilder::new().mode(0o700).create(&folder)?;
        // Until it is locked, another process may take the folder for left behind, and remove it.
        match files::create_private(&folder.join(LOCK)).map(held) {
            Ok(Some(lock)) => return Ok((folder, lock)),
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

/// Locks a file; `None` if another process has locked or removed it.
fn held(lock: File) -> Option<Flock<File>> {
    let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock).ok()?;
    lock.metadata().is_ok_and(|meta| meta.nlink() > 0).then_some(lock)
}

/// Removes what processes that are no more have left.
fn remove_left(base: &Path) {
    let own = nix::unistd::geteuid().as_raw();
    let entries = std::fs::read_dir(base).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for folder in ours.map(|entry| entry.path()) {
        let is_own = std::fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir() && meta.uid() == own);
        // Held until it is removed: a process that has just made it learns that it lost it.
        if is_own && let Some(_lock) = File::open(folder.join(LOCK)).ok().and_then(held) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_another_took_or_removed_before_it_was_held_is_not_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK);
        let made = files::create_private(&path).unwrap();
        let remover = held(File::open(&path).unwrap());
        assert!(held(made.try_clone().unwrap()).is_none());
        std::fs::remove_file(&path).unwrap();
        drop(remover);
        assert!(held(made).is_none());
        assert!(held(files::create_private(&path).unwrap()).is_some());
    }

    #[test]
    fn a_folder_in_use_is_not_taken_for_left_behind_and_one_that_was_left_is_removed() {
        let base = tempfile::tempdir().unwrap();
        let (used, _lock) = locked_folder(base.path()).unwrap();
        let (left, lock) = locked_folder(base.path()).unwrap();
        drop(lock);
        remove_left(base.path());
        assert_eq!((true, false), (used.exists(), left.exists()));
    }
}
