//! Private files: 0600 from birth, replaced whole, never through a symbolic link.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
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
    let mut file = Unfinished::next_to(path)?;
    file.write_all(bytes)?;
    file.replace()
}

/// A private file that is written next to another, to take its place whole; it is removed if it is dropped before.
#[derive(Debug)]
pub struct Unfinished {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
}

impl Unfinished {
    /// Makes an empty one next to a file, which need not be there yet.
    pub fn next_to(target: &Path) -> io::Result<Self> {
        let temporary = parent(target).join(format!("{}{}", temporary(target), std::process::id()));
        let _ = std::fs::remove_file(&temporary);
        let file = create_private(&temporary)?;
        Ok(Self { file, temporary, target: target.to_owned() })
    }

    /// Puts it in the place of the file: `fsync`, rename, `fsync` of the folder.
    pub fn replace(self) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.temporary, &self.target)?;
        File::open(parent(&self.target))?.sync_all()
    }

    /// Puts it in its place, and refuses to replace a file.
    pub fn create(self) -> io::Result<()> {
        self.file.sync_all()?;
        drop(create_private(&self.target)?);
        let target = self.target.clone();
        self.replace().inspect_err(|_| {
            let _ = std::fs::remove_file(target);
        })
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.temporary);
    }
}

/// Removes what a process that was killed in [`replace_private`] left beside a file: it may hold secrets.
///
/// A process that still runs keeps its own.
pub fn remove_leftovers(path: &Path) -> io::Result<()> {
    let begins = temporary(path);
    for beside in parent(path).read_dir()? {
        let beside = beside?;
        let name = beside.file_name();
        let writer = name.to_str().and_then(|name| name.strip_prefix(&begins)?.parse::<u32>().ok());
        if writer.is_some_and(|writer| !is_running(writer)) {
            std::fs::remove_file(beside.path())?;
        }
    }
    Ok(())
}

/// Gives the name of what is written to replace a file, up to the number of the process that writes it.
fn temporary(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
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
    let meta = std::fs::symlink_metadata(path)?;
    let mode = meta.permissions().mode() & 0o7777;
    let own = nix::unistd::geteuid().as_raw();
    if meta.file_type().is_symlink() {
        return Ok(Some(format!("{} is a symbolic link", path.display())));
    }
    if meta.uid() != own && meta.uid() != 0 {
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

    /// Lists the files of a folder, in order, each with what it holds.
    fn held(folder: &Path) -> Vec<(String, String)> {
        let held = |file: std::fs::DirEntry| {
            (file.file_name().into_string().unwrap(), std::fs::read_to_string(file.path()).unwrap())
        };
        let mut held: Vec<_> = folder.read_dir().unwrap().map(|file| held(file.unwrap())).collect();
        held.sort();
        held
    }

    fn file(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn a_file_is_as_it_was_until_the_one_that_takes_its_place_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        replace_private(&target, b"old").unwrap();
        let mut unfinished = Unfinished::next_to(&target).unwrap();
        unfinished.write_all(b"new").unwrap();
        assert_eq!("old", std::fs::read_to_string(&target).unwrap());
        drop(unfinished);
        assert_eq!(vec![file("a", "old")], held(folder.path()));
        let mut unfinished = Unfinished::next_to(&target).unwrap();
        unfinished.write_all(b"new").unwrap();
        unfinished.replace().unwrap();
        assert_eq!(vec![file("a", "new")], held(folder.path()));
        assert_eq!(0o600, target.metadata().unwrap().mode() & 0o777);
    }

    #[test]
    fn a_file_that_came_meanwhile_is_not_replaced_if_a_new_one_was_to_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let make = || Unfinished::next_to(&target).unwrap();
        make().create().unwrap();
        assert_eq!(io::ErrorKind::AlreadyExists, make().create().unwrap_err().kind());
        assert_eq!(vec![file("a", "")], held(folder.path()));
    }
}
