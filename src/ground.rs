//! What the home's files stand on: folders in which no one else can put something in their place, and texts that no
//! one else can change.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::files;

/// The bits of a mode that let group and others in.
const OTHERS: u32 = 0o077;

/// The uid that owns what users outside this user namespace own.
const UNMAPPED: u32 = 65_534;
/// The largest text that is read, in bytes.
const TEXT_BYTES: u64 = 1024 * 1024;
const STICKY: u32 = 0o1000;

/// Says why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It, or its place, could not be looked at.
    #[error(transparent)]
    Unread(#[from] io::Error),
    /// Others could change it, or put something else in its place.
    #[error("{0}")]
    Exposed(String),
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotText,
    /// It is longer than a text may be; what would be left of it is another one.
    #[error("it has more than 1 MiB")]
    TooLong,
}

/// What else may stand in the folder of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// Files of others too, where each may remove his own alone, as in `/tmp`.
    Apart,
    /// No files of others: the folder holds other files of ours.
    AmongOurs,
}

/// Refuses a path where others than a user and root could replace it, or add something next to it.
///
/// # Errors
/// [`Unfit::Exposed`], with the command that fixes it; [`Unfit::Unread`] if a folder above cannot be looked at.
pub fn check(path: &Path, stands: Stands, own: u32) -> Result<(), Unfit> {
    // A folder that is missing is reported when something is made in it.
    let Ok(folder) = std::fs::canonicalize(files::parent(path)) else { return Ok(()) };
    for above in folder.ancestors() {
        let (meta, shown) = (std::fs::symlink_metadata(above)?, above.display());
        let (uid, mode) = (meta.uid(), meta.mode());
        let outside = above != folder && uid == UNMAPPED;
        if uid != own && uid != 0 && !outside {
            return Err(Unfit::Exposed(format!(
                "{shown} belongs to uid {uid}, who could put something else in place of {}",
                path.display()
            )));
        }
        // Members of a group may have the folders above in common; a sticky folder keeps files their owners'.
        let writers = if above == folder { 0o022 } else { 0o002 };
        let shared = mode & STICKY != 0 && (above != folder || stands == Stands::Apart);
        if mode & writers != 0 && !shared {
            return Err(Unfit::Exposed(format!(
                "others could put something else in place of {}; fix it with: chmod go-w {shown}",
                path.display()
            )));
        }
    }
    Ok(())
}

/// Reads a file's text whole; refuses one that others than a user and root may change.
///
/// # Errors
/// [`Unfit`], which repeats nothing of the text.
pub fn read(file: File, path: &Path, own: u32) -> Result<String, Unfit> {
    let (meta, shown) = (file.metadata()?, path.display());
    if meta.uid() != own && meta.uid() != 0 {
        return Err(Unfit::Exposed(format!("it belongs to uid {}, who could change it", meta.uid())));
    }
    // No one else comes through a private folder, whatever the modes of what is in it.
    let private = std::fs::metadata(files::parent(path)).is_ok_and(|folder| folder.mode() & OTHERS == 0);
    if meta.mode() & 0o022 != 0 && !private {
        return Err(Unfit::Exposed(format!("others may change it; fix it with: chmod go-w {shown}")));
    }
    let mut text = Vec::new();
    file.take(TEXT_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > TEXT_BYTES {
        return Err(Unfit::TooLong);
    }
    String::from_utf8(text).map_err(|_| Unfit::NotText)
}
