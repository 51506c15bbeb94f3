//! A private file that takes its place when it is whole.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rand::distr::{Alphanumeric, SampleString};
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags, flock, fstat, linkat, openat, renameat,
    unlinkat,
};
use rustix::io::retry_on_intr;

use super::place::Place;

/// The length of what is drawn at random for a name.
const RANDOM: usize = 16;

/// A private file that is written to take a place whole.
///
/// Where the system and the file system can, it has no name until then, so that nothing of it is left by a process that is
/// killed. Else it stands in its folder under another name. It is locked as long as it is written, and what is there without a
/// lock is removed when the next one is begun: the number of the process that wrote it may be another's by then.
#[derive(Debug)]
pub(crate) struct Unfinished {
    place: Place,
    file: File,
    /// Its name meanwhile, if it has one.
    temporary: Option<OsString>,
}

impl Unfinished {
    /// Makes an empty one.
    pub(super) fn at(place: Place) -> io::Result<Self> {
        let _ = remove_leftovers(&place);
        match without_name(&place) {
            Some(file) => {
                lock(&file);
                Ok(Self { place, file, temporary: None })
            }
            None => Self::with_name(place),
        }
    }

    fn with_name(place: Place) -> io::Result<Self> {
        loop {
            let temporary = temporary(&place.name);
            let file = place.create(&temporary)?;
            lock(&file);
            // Another process may have taken it for left over before it was locked.
            if fstat(&file)?.st_nlink > 0 {
                return Ok(Self { place, file, temporary: Some(temporary) });
            }
        }
    }

    /// Has it readable and writable by those that a mode lets in.
    pub(super) fn set_mode(&self, mode: u32) -> io::Result<()> {
        self.file.set_permissions(std::fs::Permissions::from_mode(mode))
    }

    /// Returns the file, to be read from its beginning.
    pub(crate) fn reread(&self) -> io::Result<&File> {
        (&self.file).rewind()?;
        Ok(&self.file)
    }

    /// Puts it in its place, whatever is there: `fsync`, rename, `fsync` of the folder.
    pub(crate) fn replace(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        // Without a file in its place it needs no other name on the way.
        if self.temporary.is_none() && self.link(&self.place.name).is_ok() {
            return self.place.sync();
        }
        let temporary = self.name_it()?;
        renameat(&self.place.folder, &temporary, &self.place.folder, &self.place.name)?;
        self.temporary = None;
        self.place.sync()
    }

    /// Puts it in its place, and refuses to replace a file.
    pub(crate) fn create(self) -> io::Result<()> {
        if self.temporary.is_none() {
            self.file.sync_all()?;
            self.link(&self.place.name)?;
            return self.place.sync();
        }
        drop(self.place.create(&self.place.name)?);
        let (folder, name) = (self.place.folder.try_clone()?, self.place.name.clone());
        self.replace().inspect_err(|_| {
            let _ = unlinkat(folder, name, AtFlags::empty());
        })
    }

    /// Gives it the name from which it is moved to its place.
    fn name_it(&mut self) -> io::Result<OsString> {
        if let Some(temporary) = &self.temporary {
            return Ok(temporary.clone());
        }
        let temporary = temporary(&self.place.name);
        self.link(&temporary)?;
        self.temporary = Some(temporary.clone());
        Ok(temporary)
    }

    fn link(&self, name: &OsStr) -> io::Result<()> {
        let itself = descriptor(&self.file);
        Ok(linkat(CWD, itself, &self.place.folder, name, AtFlags::SYMLINK_FOLLOW)?)
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
        if let Some(temporary) = &self.temporary {
            let _ = unlinkat(&self.place.folder, temporary, AtFlags::empty());
        }
    }
}

/// Makes a private file without a name, or none where it could not be given one later.
#[cfg(target_os = "linux")]
fn without_name(place: &Place) -> Option<File> {
    let nameless = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = openat(&place.folder, ".", nameless, Mode::RUSR | Mode::WUSR).ok()?.into();
    descriptor(&file).exists().then_some(file)
}

#[cfg(not(target_os = "linux"))]
fn without_name(_place: &Place) -> Option<File> {
    None
}

/// Returns the path of an open file that may have no other.
fn descriptor(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Marks a file as being written, until it is closed. A file system without locks keeps what is left over.
fn lock(file: &File) {
    let _ = retry_on_intr(|| flock(file, FlockOperation::LockExclusive));
}

/// Draws the name of what is written in a folder to take the place of a file: `.NAME.PID.RANDOM`.
fn temporary(name: &OsStr) -> OsString {
    let end = format!(".{}.{}", std::process::id(), Alphanumeric.sample_string(&mut rand::rng(), RANDOM));
    [OsStr::new("."), name, OsStr::new(&end)].into_iter().collect()
}

/// Returns whether a name is that of what is written to take the place of a file. Older programs wrote `.NAME.PID`.
fn is_temporary(name: &OsStr, replaces: &OsStr) -> bool {
    let end = || {
        let end =
            name.as_bytes().strip_prefix(b".")?.strip_prefix(replaces.as_bytes())?.strip_prefix(b".")?;
        std::str::from_utf8(end).ok()
    };
    end().is_some_and(|end| {
        let (process, random) = end.split_once('.').map_or((end, None), |(pid, random)| (pid, Some(random)));
        let is_random =
            |text: &str| text.len() == RANDOM && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        process.parse::<u32>().is_ok() && random.is_none_or(is_random)
    })
}

/// Removes what processes that were killed left in the folder: it may hold values.
fn remove_leftovers(place: &Place) -> io::Result<()> {
    for entry in Dir::new(place.read_folder()?)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if is_temporary(name, &place.name) {
            // The rest is looked at whatever one of them is.
            let _ = remove_unlocked(place, name);
        }
    }
    Ok(())
}

/// Removes a regular file, unless it is locked.
fn remove_unlocked(place: &Place, name: &OsStr) -> io::Result<()> {
    // Network file systems lock for writing only what is open for that.
    let at_once = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(&place.folder, name, at_once, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&file)?.st_mode) == FileType::RegularFile {
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        unlinkat(&place.folder, name, AtFlags::empty())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use vault::files;

    use super::*;
    use crate::output_file::place::Missing;

    fn place(folder: &Path) -> Place {
        Place::find(&folder.join("a"), Missing::Refuse).unwrap()
    }

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

    /// The two ways of making one; a file system may have the second alone.
    const WAYS: [fn(Place) -> io::Result<Unfinished>; 2] = [Unfinished::at, Unfinished::with_name];

    #[test]
    fn a_file_is_as_it_was_until_the_one_that_takes_its_place_is_whole() {
        for begin in WAYS {
            let folder = tempfile::tempdir().unwrap();
            files::replace_private(&folder.path().join("a"), b"old").unwrap();
            let mut unfinished = begin(place(folder.path())).unwrap();
            unfinished.write_all(b"new").unwrap();
            assert_eq!("old", std::fs::read_to_string(folder.path().join("a")).unwrap());
            drop(unfinished);
            assert_eq!(vec![file("a", "old")], held(folder.path()));
            let mut unfinished = begin(place(folder.path())).unwrap();
            unfinished.write_all(b"new").unwrap();
            unfinished.replace().unwrap();
            assert_eq!(vec![file("a", "new")], held(folder.path()));
            assert_eq!(0o600, folder.path().join("a").metadata().unwrap().permissions().mode() & 0o777);
        }
    }

    #[test]
    fn a_file_that_came_meanwhile_is_not_replaced_if_a_new_one_was_to_be_made() {
        for begin in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let make = || begin(place(folder.path())).unwrap();
            make().create().unwrap();
            assert_eq!(io::ErrorKind::AlreadyExists, make().create().unwrap_err().kind());
            assert_eq!(vec![file("a", "")], held(folder.path()));
        }
    }

    #[test]
    fn what_a_killed_process_left_goes_whatever_has_its_number_now() {
        let folder = tempfile::tempdir().unwrap();
        let own = std::process::id();
        for left in [format!(".a.{own}"), ".a.1".to_owned(), format!(".a.{own}.0123456789abcdef")] {
            files::replace_private(&folder.path().join(left), b"value").unwrap();
        }
        drop(Unfinished::at(place(folder.path())).unwrap());
        assert!(held(folder.path()).is_empty());
    }

    #[test]
    fn what_another_still_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let named = Unfinished::with_name(place(folder.path())).unwrap();
        let mut nameless = Unfinished::at(place(folder.path())).unwrap();
        nameless.name_it().unwrap();
        drop(Unfinished::at(place(folder.path())).unwrap());
        assert_eq!(2, held(folder.path()).len());
        named.replace().unwrap();
        nameless.replace().unwrap();
        assert_eq!(vec![file("a", "")], held(folder.path()));
    }

    #[test]
    fn a_name_that_is_taken_is_in_no_ones_way() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(format!(".a.{}", std::process::id()))).unwrap();
        let mut unfinished = Unfinished::with_name(place(folder.path())).unwrap();
        unfinished.write_all(b"new").unwrap();
        unfinished.replace().unwrap();
        assert_eq!("new", std::fs::read_to_string(folder.path().join("a")).unwrap());
    }

    #[test]
    fn what_has_another_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        let stay = [".a.1.short", ".a.backup", ".a.x.0123456789abcdef", ".b.1"];
        for name in stay {
            files::replace_private(&folder.path().join(name), b"").unwrap();
        }
        drop(Unfinished::at(place(folder.path())).unwrap());
        assert_eq!(stay.map(|name| file(name, "")).to_vec(), held(folder.path()));
    }
}
