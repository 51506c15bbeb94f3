//! The files of the project: what git tracks, and what is new and not ignored.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::workspace::{command, root};

/// A file with its text.
#[derive(Debug)]
pub(super) struct Source {
    /// Its place, from the workspace's folder.
    pub(super) path: PathBuf,
    /// What stands in it.
    pub(super) text: String,
}

impl Source {
    /// Returns whether the file holds nothing but tests and measurements, or the world that they run in.
    pub(super) fn is_test(&self) -> bool {
        const FOLDERS: [&str; 4] = ["tests", "benches", "fuzz", "testkit"];
        let in_folder = self.path.iter().any(|part| FOLDERS.iter().any(|folder| part == *folder));
        in_folder || self.path.file_name().is_some_and(|name| name == "tests.rs")
    }
}

/// Reads every file that is text.
pub(super) fn texts() -> Result<Vec<Source>> {
    let listing = command("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output();
    let listing = listing.context("git cannot be started")?;
    ensure!(listing.status.success(), "git lists no files here");
    let names = String::from_utf8(listing.stdout).context("a file's name is not UTF-8")?;
    Ok(names.split_terminator('\0').filter_map(read).collect())
}

/// Reads every Rust file.
pub(super) fn rust() -> Result<Vec<Source>> {
    let mut sources = texts()?;
    sources.retain(|source| source.path.extension().is_some_and(|extension| extension == "rs"));
    Ok(sources)
}

/// Returns the folder of the package that a file belongs to; empty for the workspace's own.
///
/// # Errors
/// If no folder above the file has a manifest.
pub(super) fn package(path: &Path) -> Result<PathBuf> {
    let has_manifest = |folder: &&Path| root().join(folder).join("Cargo.toml").exists();
    let folder = path.ancestors().skip(1).find(has_manifest);
    folder.map(Path::to_owned).with_context(|| format!("{} belongs to no package", path.display()))
}

/// Reads a file; nothing where it was removed, or is no text.
fn read(name: &str) -> Option<Source> {
    let path = Path::new(name);
    let text = std::fs::read_to_string(root().join(path)).ok()?;
    Some(Source { path: path.to_owned(), text })
}
