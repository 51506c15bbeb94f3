//! The place of a file: its folder, held open, and its name in it, past the links that may be followed.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Stat, fstat, fsync, mkdirat, open, openat, readlinkat, statat,
};
#[cfg(target_os = "linux")]
use rustix::fs::{PROC_SUPER_MAGIC, fstatfs};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::failure::Failure;
use crate::show::plain;

/// The most links that lead to a file, as the kernel has it (`path_resolution(7)`).
const MOST_LINKS: usize = 40;
/// The bits of a folder's mode that let others than its owner make files in it.
const OTHERS_WRITE: u32 = 0o022;
/// How a folder is opened that is only gone through: it need not be readable where the system knows that.
const FOLDER: OFlags = THROUGH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
#[cfg(target_os = "linux")]
const THROUGH: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const THROUGH: OFlags = OFlags::empty();

/// What to do about a folder that is missing on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Refuse the path.
    Refuse,
    /// Make the folder.
    Make,
}

/// Where a file is, or may be made.
#[derive(Debug)]
pub(super) struct Place {
    /// Its folder, whatever takes that one's place meanwhile.
    pub(super) folder: OwnedFd,
    /// Its name in the folder, which is not a link's.
    pub(super) name: OsString,
    /// Its path without links.
    pub(super) path: PathBuf,
}

impl Place {
    /// Goes to the file that a path names, which need not be there.
    ///
    /// A link that is neither this user's nor root's is followed only in a folder to which no one else may write: its owner would
    /// choose what is written to. `fs.protected_symlinks` (proc(5)) refuses it in a sticky folder that all may write to.
    ///
    /// # Errors
    /// `invalid_request` for another user's link, for a path or a last link that names no file, for what a process has open
    /// (`/dev/stdout`), and for a folder that is missing.
    pub(super) fn find(path: &Path, missing: Missing) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::file(path, &error);
        if names_folder(path) {
            return Err(folder(path));
        }
        let mut way = Way::begin(path).map_err(failed)?;
        while let Some(name) = way.left.pop() {
            match way.look(&name).map_err(failed)? {
                Seen::Link { owner, .. } if way.is_planted(owner).map_err(failed)? => {
                    return Err(planted(&way.path.join(name), owner));
                }
                Seen::Link { .. } if way.is_at_open_file().map_err(failed)? => return Err(open_file(path)),
                Seen::Link { target, .. } if way.left.is_empty() && names_folder(&target) => {
                    return Err(folder(&target));
                }
                Seen::Link { target, .. } => way.follow(&target).map_err(failed)?,
                Seen::Other if way.left.is_empty() && name != ".." => {
                    return Ok(Self { path: way.path.join(&name), folder: way.folder, name });
                }
                Seen::Other => way.enter(&name, missing).map_err(failed)?,
            }
        }
        Err(failed(Errno::ISDIR.into()))
    }
}

impl Place {
    /// Returns what is there: its type, its owner and its mode.
    pub(super) fn stat(&self) -> io::Result<Stat> {
        Ok(statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Makes a new private file in the folder; refuses one that exists.
    pub(super) fn create(&self, name: &OsStr) -> io::Result<File> {
        let new = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(&self.folder, name, new, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// Opens the folder to be read.
    pub(super) fn read_folder(&self) -> io::Result<OwnedFd> {
        Ok(openat(&self.folder, ".", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
    }

    /// Makes sure that the folder is on the disk as it is.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(fsync(self.read_folder()?)?)
    }
}

fn planted(link: &Path, owner: u32) -> Failure {
    let message = format!("{} is a link of another user (uid {owner})", plain(&link.to_string_lossy()));
    Failure::usage(message, "name the folder that it leads to, or write to one of your own")
}

/// Returns whether a path ends as only a folder's may: the end is not among its components.
fn names_folder(path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    path.ends_with(b"/") || path.ends_with(b"/.")
}

fn folder(path: &Path) -> Failure {
    let message = format!("{} names a folder, not a file", plain(&path.to_string_lossy()));
    Failure::usage(message, "name a file in it, or leave out the `/` at the end")
}

fn open_file(path: &Path) -> Failure {
    let message =
        format!("{} is what a process has open, not a file's own path", plain(&path.to_string_lossy()));
    Failure::usage(
        message,
        "name the file by its own path; `inject` and `export` write to stdout without `-o`",
    )
}

/// Returns whether what a user owns is as this user or root wants it.
fn is_trusted(owner: u32) -> bool {
    owner == geteuid().as_raw() || owner == 0
}

/// What has a name in a folder.
enum Seen {
    /// A symbolic link.
    Link { owner: u32, target: PathBuf },
    /// Anything else, or nothing.
    Other,
}

impl Seen {
    fn link(stat: &Stat, target: CString) -> Self {
        Self::Link { owner: stat.st_uid, target: OsString::from_vec(target.into_bytes()).into() }
    }
}

fn is_link(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Symlink
}

/// A path that is gone along.
struct Way {
    folder: OwnedFd,
    /// The folder's path without links.
    path: PathBuf,
    /// The names that are left, the next one last.
    left: Vec<OsString>,
    links: usize,
}

impl Way {
    fn begin(path: &Path) -> io::Result<Self> {
        // The current folder may be one that was removed, and then has no path.
        let (start, start_path) =
            if path.is_absolute() { ("/", "/".into()) } else { (".", std::env::current_dir()?) };
        let folder = open(start, FOLDER, Mode::empty())?;
        let mut way = Self { folder, path: start_path, left: Vec::new(), links: 0 };
        way.lead(path)?;
        Ok(way)
    }

    /// Puts a path before what is left of the way.
    fn lead(&mut self, path: &Path) -> io::Result<()> {
        for component in path.components().rev() {
            match component {
                Component::RootDir | Component::Prefix(_) => {
                    self.folder = open("/", FOLDER, Mode::empty())?;
                    self.path = "/".into();
                }
                Component::CurDir => {}
                Component::ParentDir => self.left.push("..".into()),
                Component::Normal(name) => self.left.push(name.to_owned()),
            }
        }
        Ok(())
    }

    /// Looks at what has a name. The link that is judged is the one that is read, whatever takes its place meanwhile.
    #[cfg(target_os = "linux")]
    fn look(&self, name: &OsStr) -> io::Result<Seen> {
        let itself = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let seen = match openat(&self.folder, name, itself, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(Seen::Other),
            seen => seen?,
        };
        let stat = fstat(&seen)?;
        Ok(if is_link(&stat) { Seen::link(&stat, readlinkat(&seen, "", Vec::new())?) } else { Seen::Other })
    }

    /// Looks at what has a name.
    #[cfg(not(target_os = "linux"))]
    fn look(&self, name: &OsStr) -> io::Result<Seen> {
        let stat = match statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(Seen::Other),
            stat => stat?,
        };
        let target = || readlinkat(&self.folder, name, Vec::new());
        Ok(if is_link(&stat) { Seen::link(&stat, target()?) } else { Seen::Other })
    }

    /// Goes on to a folder.
    fn enter(&mut self, name: &OsStr, missing: Missing) -> io::Result<()> {
        let mut entered = openat(&self.folder, name, FOLDER, Mode::empty());
        if entered.as_ref().is_err_and(|errno| *errno == Errno::NOENT) && missing == Missing::Make {
            mkdirat(&self.folder, name, Mode::RWXU | Mode::RWXG | Mode::RWXO)?;
            entered = openat(&self.folder, name, FOLDER, Mode::empty());
        }
        self.folder = entered?;
        if name == ".." {
            self.path.pop();
        } else {
            self.path.push(name);
        }
        Ok(())
    }

    fn follow(&mut self, target: &Path) -> io::Result<()> {
        self.links += 1;
        if self.links > MOST_LINKS { Err(Errno::LOOP.into()) } else { self.lead(target) }
    }

    /// Returns whether a link of `/proc` ends the way, as that of `/dev/stdout`: what it leads to can be written to, and not replaced.
    #[cfg(target_os = "linux")]
    fn is_at_open_file(&self) -> io::Result<bool> {
        Ok(self.left.is_empty() && fstatfs(&self.folder)?.f_type == PROC_SUPER_MAGIC)
    }

    /// Returns `false`: `/dev/fd` has no links.
    #[cfg(not(target_os = "linux"))]
    fn is_at_open_file(&self) -> io::Result<bool> {
        Ok(false)
    }

    /// Returns whether another user may have left a link of some owner for this user to follow.
    fn is_planted(&self, owner: u32) -> io::Result<bool> {
        if is_trusted(owner) {
            return Ok(false);
        }
        let folder = fstat(&self.folder)?;
        Ok(!is_trusted(folder.st_uid) || folder.st_mode & OTHERS_WRITE != 0)
    }
}
