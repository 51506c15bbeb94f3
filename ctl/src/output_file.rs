//! The file that a command is told to write.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::geteuid;
use vault::files;
use vault::own::Own;

use crate::failure::Failure;
use crate::show::plain;

/// The most links that lead to a file, as the kernel has it (`path_resolution(7)`).
const MOST_LINKS: usize = 40;
/// A folder in which every user may make files and only a file's owner may remove it, as `/tmp`: mode bits.
const SHARED: u32 = 0o1002;

/// Returns the file that a path names, past symbolic links, so that what replaces it does not replace a link.
///
/// # Errors
/// `invalid_request` if what is there is not a regular file, with what to do instead, or if a link names nothing or is one that
/// [`followed`] refuses.
pub(crate) fn target(path: &Path, home: &Path, instead: &str) -> Result<PathBuf, Failure> {
    let file = followed(path, home)?;
    match file.symlink_metadata() {
        Ok(meta) if meta.is_file() => Ok(file),
        Ok(_) => Err(Failure::usage(format!("{} is no regular file", path.display()), instead)),
        Err(error) if error.kind() == ErrorKind::NotFound && file == path => Ok(file),
        Err(error) => Err(Failure::file(path, &error)),
    }
}

/// Follows the symbolic links that a path ends with, if any, to what they name, which need not be there.
///
/// # Errors
/// `invalid_request` if they lead to a file of the vault's own, or if a link in a shared folder is another user's, as with
/// `fs.protected_symlinks` (proc(5)): its owner would choose which of this user's files is replaced.
pub(crate) fn followed(path: &Path, home: &Path) -> Result<PathBuf, Failure> {
    let file = real(path)?;
    refuse_own(&file, home)?;
    Ok(file)
}

/// Refuses to write to a file of the vault's own, however it is named.
///
/// # Errors
/// `invalid_request` if it is one of the home, or the database of any vault.
pub(crate) fn refuse_own(path: &Path, home: &Path) -> Result<(), Failure> {
    match Own::find(path, home) {
        None => Ok(()),
        Some(_) => Err(own(path)),
    }
}

/// Says that a path names a file of the vault's own.
pub(crate) fn own(path: &Path) -> Failure {
    let message = format!("{} is one of the vault's own files", plain(&path.to_string_lossy()));
    Failure::usage(message, "name another file; nothing was written")
}

/// Follows the links without a look at what they name.
fn real(path: &Path) -> Result<PathBuf, Failure> {
    let mut file = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Some(link) = file.symlink_metadata().ok().filter(std::fs::Metadata::is_symlink) else {
            return Ok(file);
        };
        let folder = files::parent(&file);
        let place = folder.metadata().map_err(|error| Failure::file(&folder, &error))?;
        let is_shared = place.mode() & SHARED == SHARED;
        if is_shared && link.uid() != geteuid().as_raw() && link.uid() != place.uid() {
            let message =
                format!("{} is a link of another user (uid {})", plain(&file.to_string_lossy()), link.uid());
            return Err(Failure::usage(message, "write to a folder of your own"));
        }
        file = folder.join(file.read_link().map_err(|error| Failure::file(&file, &error))?);
    }
    Err(Failure::file(path, &Errno::ELOOP.into()))
}
