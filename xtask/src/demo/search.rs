//! Looks for texts in every file of a folder, as they are and in the forms that programs write them in.

use std::path::Path;

use anyhow::{Context, Result};
use vault_testkit::search::Needle;

/// A file that was searched.
#[derive(Debug)]
pub(super) struct Searched {
    /// Its name in the folder.
    pub(super) name: String,
    /// Its length in bytes.
    pub(super) bytes: usize,
    /// In which form each of the texts was found, if it was.
    pub(super) found: [Option<String>; 2],
}

/// The forms that are looked for, in words.
pub(super) const FORMS: &str = "plain, hex, base64 at each of its three alignments, and reversed";

/// Searches every regular file of a folder for two texts, in the order of the files' names.
pub(super) fn folder(folder: &Path, texts: [&str; 2]) -> Result<Vec<Searched>> {
    let needles = texts.map(Needle::new);
    let mut searched = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let bytes = std::fs::read(entry.path()).with_context(|| entry.path().display().to_string())?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let found = needles.each_ref().map(|needle| needle.found_in(&bytes).map(str::to_owned));
            searched.push(Searched { name, bytes: bytes.len(), found });
        }
    }
    searched.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(searched)
}
