//! The file that a command is told to write.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Gives the file that a path names, past symbolic links, so that what replaces it does not replace a link.
///
/// # Errors
/// `invalid_request` where what is there is no regular file, with what to do instead; where a link names nothing.
pub(crate) fn target(path: &Path, instead: &str) -> Result<PathBuf, Failure> {
    match path.metadata() {
        Ok(meta) if meta.is_file() => path.canonicalize().map_err(|error| Failure::file(path, &error)),
        Ok(_) => Err(Failure::usage(format!("{} is no regular file", path.display()), instead)),
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => Ok(path.to_owned()),
        Err(error) => Err(Failure::file(path, &error)),
    }
}
