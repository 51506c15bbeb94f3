//! The files under a path, but for what a repository keeps compressed.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use walkdir::{DirEntry, WalkDir};

/// A file to look at, or why one cannot be.
pub(super) type Found = Result<PathBuf, (PathBuf, io::Error)>;

/// Lists the files at and under a path in order of name; links are not followed, other file systems not entered.
pub(super) fn under(path: &Path) -> impl Iterator<Item = Found> {
    let walk = WalkDir::new(path).same_file_system(true).sort_by_file_name();
    walk.into_iter().filter_entry(|entry| !is_object_store(entry)).filter_map(|entry| match entry {
        Ok(entry) => {
            // What was named is read, whatever it is: a pipe, a device, what a link leads to.
            let is_text = entry.file_type().is_file() || entry.depth() == 0 && !entry.path().is_dir();
            is_text.then(|| Ok(entry.into_path()))
        }
        Err(error) => {
            let path = error.path().map(Path::to_path_buf).unwrap_or_default();
            let error = error.into_io_error().unwrap_or_else(|| io::Error::other("it is a loop of links"));
            Some(Err((path, error)))
        }
    })
}

/// Opens a file; one that nobody named is not waited for, where it became a pipe meanwhile.
pub(super) fn open(path: &Path, is_named: bool) -> io::Result<File> {
    let flags = if is_named { OFlag::empty() } else { OFlag::O_NONBLOCK };
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}

/// Tells git's compressed objects, which `--git` looks at.
fn is_object_store(entry: &DirEntry) -> bool {
    entry.file_name() == "objects" && entry.path().parent().is_some_and(|parent| parent.ends_with(".git"))
}
