//! The file that a command is told to write.

mod place;
mod unfinished;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, unlinkat};
use vault::own::Own;

use self::place::{Missing, Place};
pub(crate) use self::unfinished::Unfinished;
use crate::context::Context;
use crate::failure::Failure;
use crate::show::plain;

/// A file to write, past the symbolic links that a path leads through, so that what replaces it does not replace a link.
///
/// Its folder is held open: links that are put on the way later lead nowhere else.
#[derive(Debug)]
pub(crate) struct Target {
    place: Place,
    named: PathBuf,
}

impl Target {
    /// Finds the file that a path names, which need not be there.
    ///
    /// # Errors
    /// `invalid_request` if it is a file of the vault's own, if a folder is missing, or if the way goes through a link that
    /// another user may have left there.
    pub(crate) fn find(path: &Path, context: &Context) -> Result<Self, Failure> {
        Self::found(path, Missing::Refuse, context)
    }

    /// Does so, and makes the folders that are missing.
    ///
    /// # Errors
    /// As [`Target::find`].
    pub(crate) fn with_folders(path: &Path, context: &Context) -> Result<Self, Failure> {
        Self::found(path, Missing::Make, context)
    }

    fn found(path: &Path, missing: Missing, context: &Context) -> Result<Self, Failure> {
        let place = Place::find(path, missing)?;
        let is_known = Own::find(&place.path, &context.home).is_some();
        let is_served = |served| Own::find_served(&place.path, &served).is_some();
        if is_known || context.served_files()?.is_some_and(is_served) {
            return Err(own(path));
        }
        Ok(Self { place, named: path.to_owned() })
    }

    /// Refuses what is there if it is no regular file.
    ///
    /// # Errors
    /// `invalid_request`, with what to do instead.
    pub(crate) fn regular(self, instead: &str) -> Result<Self, Failure> {
        match self.place.stat() {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile => {
                let message = format!("{} is no regular file", plain(&self.named.to_string_lossy()));
                Err(Failure::usage(message, instead))
            }
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::file(&self.named, &error)),
            _ => Ok(self),
        }
    }

    /// Returns whether the file is there.
    pub(crate) fn is_there(&self) -> bool {
        self.place.stat().is_ok()
    }

    /// Returns the file's mode, if it is there.
    pub(crate) fn mode(&self) -> Option<u32> {
        self.place.stat().ok().map(|stat| stat.st_mode & 0o777)
    }

    /// Begins what is to take the file's place.
    ///
    /// # Errors
    /// Why nothing can be written there.
    pub(crate) fn begin(self) -> Result<Unfinished, Failure> {
        Unfinished::at(self.place).map_err(|error| Failure::file(&self.named, &error))
    }

    /// Replaces the file whole.
    ///
    /// # Errors
    /// Why it could not be written; it is as it was then.
    pub(crate) fn replace(self, bytes: &[u8]) -> Result<(), Failure> {
        self.replace_with_mode(bytes, 0o600)
    }

    /// Replaces the file whole by one of a mode.
    ///
    /// # Errors
    /// As [`Target::replace`].
    pub(crate) fn replace_with_mode(self, bytes: &[u8], mode: u32) -> Result<(), Failure> {
        let replaced = Unfinished::at(self.place).and_then(|mut file| {
            file.write_all(bytes)?;
            file.set_mode(mode)?;
            file.replace()
        });
        replaced.map_err(|error| Failure::file(&self.named, &error))
    }

    /// Removes the file.
    ///
    /// # Errors
    /// Why it could not be removed.
    pub(crate) fn remove(self) -> Result<(), Failure> {
        let removed = unlinkat(&self.place.folder, &self.place.name, AtFlags::empty());
        removed.map_err(|errno| Failure::file(&self.named, &errno.into()))
    }
}

/// Says that a path names a file of the vault's own.
pub(crate) fn own(path: &Path) -> Failure {
    let message = format!("{} is one of the vault's own files", plain(&path.to_string_lossy()));
    Failure::usage(message, "name another file; nothing was written")
}
