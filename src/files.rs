//! Private files: 0600 from birth, replaced whole, never through a symbolic link.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc;

/// Opens a private file for reading and writing, making it 0600 where it is new; refuses what is no regular file.
pub fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC);
    regular(options.open(path)?)
}

/// Opens a regular file for reading; refuses a pipe, a folder or a device, and waits for none of them.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let waits_not = libc::O_NONBLOCK | libc::O_CLOEXEC;
    regular(OpenOptions::new().read(true).custom_flags(waits_not).open(path)?)
}

fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
}

/// Makes a new private file; refuses one that exists.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW).open(path)
}

/// Replaces a file whole: a temporary file next to it, `fsync`, rename, `fsync` of the folder.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    let temporary = parent(path).join(temporary(name, std::process::id()));
    let _ = std::fs::remove_file(&temporary);
    let put = create_private(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    });
    put.inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })?;
    File::open(parent(path))?.sync_all()
}

/// Removes what a process that was killed in [`replace_private`] left beside a file: it may hold secrets.
///
/// A process that still runs keeps its own.
pub fn remove_leftovers(path: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    for beside in parent(path).read_dir()? {
        let beside = beside?;
        if is_leftover(&beside.file_name(), name) {
            std::fs::remove_file(beside.path())?;
        }
    }
    Ok(())
}

/// Returns the name of what a process writes in a folder to replace a file of it.
fn temporary(name: &OsStr, process: u32) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.extend([name, OsStr::new("."), OsStr::new(&process.to_string())]);
    temporary
}

/// Returns whether a name is that of what a process that has ended wrote to replace a file.
fn is_leftover(name: &OsStr, replaces: &OsStr) -> bool {
    let process = || {
        let name =
            name.as_bytes().strip_prefix(b".")?.strip_prefix(replaces.as_bytes())?.strip_prefix(b".")?;
        std::str::from_utf8(name).ok()?.parse().ok()
    };
    process().is_some_and(|process| !is_running(process))
}

fn is_running(process: u32) -> bool {
    let Ok(process) = i32::try_from(process) else { return false };
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), None) != Err(nix::errno::Errno::ESRCH)
}

/// Makes sure that a file is on the disk under its name, whoever wrote it.
pub fn sync_with_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    File::open(parent(path))?.sync_all()
}

/// Gives the folder of a path, `.` where it names none.
pub fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes a folder 0700 where it is missing, with those above it.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    let missing: Vec<_> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // A folder is on the disk under its name when the one above it is synced.
    missing
        .iter()
        .filter(|folder| folder.is_dir())
        .try_for_each(|folder| File::open(parent(folder))?.sync_all())
}

/// Says why a file or folder is not private enough, or nothing where it is.
pub fn why_not_private(path: &Path, allowed_mode: u32) -> io::Result<Option<String>> {
    why_not_private_of(None, path, allowed_mode)
}

/// Says so of what may belong to one other user too, next to this one and root.
pub fn why_not_private_of(other: Option<u32>, path: &Path, allowed_mode: u32) -> io::Result<Option<String>> {
    let meta = std::fs::symlink_metadata(path)?;
    let mode = meta.permissions().mode() & 0o7777;
    let own = nix::unistd::geteuid().as_raw();
    if meta.file_type().is_symlink() {
        return Ok(Some(format!("{} is a symbolic link", path.display())));
    }
    if meta.uid() != own && meta.uid() != 0 && Some(meta.uid()) != other {
        return Ok(Some(format!("{} belongs to uid {}; chown it to uid {own}", path.display(), meta.uid())));
    }
    if mode & !allowed_mode & 0o777 != 0 {
        let path = path.display();
        return Ok(Some(format!("{path} has mode {mode:04o}; fix it with: chmod {allowed_mode:o} {path}")));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_take_its_place_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        replace_private(&folder.path().join("a"), b"secret").unwrap_err();
        assert_eq!(1, folder.path().read_dir().unwrap().count());
    }
}
