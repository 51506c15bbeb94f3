//! The man pages, written from the same definitions as `--help`.

use std::path::Path;

use anyhow::{Result, bail};
use clap::CommandFactory;

use crate::check::generated::{compare, names};
use crate::workspace::{build, command, root, succeed};

/// Where they are kept.
const KEPT: &str = "docs/man";

/// Writes all man pages into the documentation, and removes those of commands that no longer exist.
pub(crate) fn renew() -> Result<()> {
    let (fresh, kept) = (tempfile::tempdir()?, root().join(KEPT));
    write(fresh.path())?;
    let (now, before) = (names(fresh.path())?, names(&kept)?);
    for name in &now {
        vault::files::replace_private(&kept.join(name), &std::fs::read(fresh.path().join(name))?)?;
    }
    for stale in before.difference(&now) {
        std::fs::remove_file(kept.join(stale))?;
    }
    Ok(())
}

/// Fails if the pages in `docs/man` are not what would be written now, or one of them would not be written.
pub(crate) fn check() -> Result<()> {
    let fresh = tempfile::tempdir()?;
    write(fresh.path())?;
    let faults = differences(fresh.path(), &root().join(KEPT))?;
    if faults.is_empty() { Ok(()) } else { bail!("{}\nwrite them with: cargo xtask man", faults.join("\n")) }
}

/// Writes all man pages into a folder.
fn write(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let daemon = vaultd::Options::command();
    let mut page = Vec::new();
    clap_mangen::Man::new(daemon).section("8").render(&mut page)?;
    let path = folder.join("vaultd.8");
    vault::files::replace_private(&path, &page)?;
    succeed(build(&["vaultctl"]).arg("--quiet"))?;
    succeed(command("target/debug/vaultctl").arg("man").arg(folder))
}

/// Lists the pages that are missing, stale or not current.
fn differences(fresh: &Path, kept: &Path) -> Result<Vec<String>> {
    let (now, before) = (names(fresh)?, names(kept)?);
    let mut faults = compare(KEPT, &now, &before);
    for name in now.intersection(&before) {
        if std::fs::read(kept.join(name))? != std::fs::read(fresh.join(name))? {
            faults.push(format!("{KEPT}: {name} is not current"));
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_missing_stale_or_not_current_is_named() {
        let (fresh, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let write = |folder: &Path, name: &str, text: &str| {
            vault::files::replace_private(&folder.join(name), text.as_bytes()).unwrap();
        };
        for (name, text) in [("a.1", "same"), ("b.1", "new"), ("c.1", "new")] {
            write(fresh.path(), name, text);
        }
        for (name, text) in [("a.1", "same"), ("b.1", "old"), ("d.1", "old")] {
            write(kept.path(), name, text);
        }
        let expected = ["c.1 is missing", "d.1 is stale; remove it", "b.1 is not current"];
        assert_eq!(
            expected.map(|fault| format!("docs/man: {fault}")),
            differences(fresh.path(), kept.path()).unwrap()[..]
        );
    }
}
