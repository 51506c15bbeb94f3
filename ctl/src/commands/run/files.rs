//! Values in files: 0600, in memory, for as long as the command runs.
//!
//! A file in memory-backed storage rather than an anonymous one behind `/proc/self/fd`: the command may close what it
//! inherits, start others and change its user's view of `/proc`, and a path still is a path. The folder is locked
//! for as long as this process lives, so that a later one can tell and remove what a killed one left.

use std::fs::{DirBuilder, File};
use std::io::Write;
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
        let folder = base.join(format!("{PREFIX}{}", Alphanumeric.sample_string(&mut rand::rng(), 16)));
        let failed = |error: std::io::Error| Failure::file(&folder, &error);
        DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
        let lock = files::create_private(&folder.join(LOCK)).map_err(failed)?;
        let lock =
            Flock::lock(lock, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| failed(errno.into()))?;
        made.folder = Some((folder.clone(), lock));
        for pair in pairs {
            let path = folder.join(&pair.variable);
            let value = values.named(&pair.name).map(|read| read.value.value());
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

/// Removes what processes that are no more have left.
fn remove_left(base: &Path) {
    let own = nix::unistd::geteuid().as_raw();
    let entries = std::fs::read_dir(base).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for folder in ours.map(|entry| entry.path()) {
        let is_own = std::fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir() && meta.uid() == own);
        if is_own && is_left(&folder) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn is_left(folder: &Path) -> bool {
    let lock = File::open(folder.join(LOCK)).map(|lock| Flock::lock(lock, FlockArg::LockExclusiveNonblock));
    lock.is_ok_and(|lock| lock.is_ok())
}
