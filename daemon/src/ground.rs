//! What the home's files stand on: folders in which nobody else can put something in their place, and a
//! configuration that nobody else can change.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::bail;
use vault::files;

/// The bits of a mode that let group and others in.
const OTHERS: u32 = 0o077;

/// The uid that owns what users outside this user namespace own.
const UNMAPPED: u32 = 65_534;
/// The largest configuration that is read, in bytes.
const TEXT_BYTES: u64 = 1024 * 1024;
const STICKY: u32 = 0o1000;

/// What else may stand in the folder of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Files of others too, where each may remove his own alone, as in `/tmp`.
    Apart,
    /// None of theirs: the file has others beside it that are ours too.
    AmongOurs,
}

/// Refuses a path where others could put something of theirs in its place, or beside it.
pub(crate) fn check(path: &Path, stands: Stands) -> anyhow::Result<()> {
    // A folder that is missing is told of when something is made in it.
    let Ok(folder) = std::fs::canonicalize(files::parent(path)) else { return Ok(()) };
    let own = nix::unistd::geteuid().as_raw();
    for above in folder.ancestors() {
        let (meta, shown) = (std::fs::symlink_metadata(above)?, above.display());
        let (uid, mode) = (meta.uid(), meta.mode());
        let outside = above != folder && uid == UNMAPPED;
        if uid != own && uid != 0 && !outside {
            bail!(
                "{shown} belongs to uid {uid}, who could put something else in place of {}",
                path.display()
            );
        }
        // Members of a group may have the folders above in common; a sticky folder keeps files their owners'.
        let writers = if above == folder { 0o022 } else { 0o002 };
        let shared = mode & STICKY != 0 && (above != folder || stands == Stands::Apart);
        if mode & writers != 0 && !shared {
            bail!(
                "others could put something else in place of {}; mend it with: chmod go-w {shown}",
                path.display()
            );
        }
    }
    Ok(())
}

/// Reads a file's text; refuses one that others may change.
pub(crate) fn read(file: File, path: &Path) -> anyhow::Result<String> {
    let (meta, shown) = (file.metadata()?, path.display());
    if meta.uid() != nix::unistd::geteuid().as_raw() && meta.uid() != 0 {
        bail!("it belongs to uid {}, who could change it", meta.uid());
    }
    // Nobody else comes through a private folder, whatever the modes of what is in it.
    let private = std::fs::metadata(files::parent(path)).is_ok_and(|folder| folder.mode() & OTHERS == 0);
    if meta.mode() & 0o022 != 0 && !private {
        bail!("others may change it; mend it with: chmod go-w {shown}");
    }
    let mut text = String::new();
    file.take(TEXT_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
