//! The man pages, written from the same definitions as `--help`.

use std::path::Path;

use anyhow::{Result, ensure};
use clap::CommandFactory;

use crate::workspace::{build, command, root, succeed};

/// Writes all man pages into a folder.
pub(crate) fn write(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let daemon = vaultd::Options::command();
    let mut page = Vec::new();
    clap_mangen::Man::new(daemon).section("8").render(&mut page)?;
    let path = folder.join("vaultd.8");
    vault::files::replace_private(&path, &page)?;
    succeed(build(&["vaultctl"]).arg("--quiet"))?;
    succeed(command("target/debug/vaultctl").arg("man").arg(folder))
}

/// Fails where the pages in `docs/man` are not what would be written now.
pub(crate) fn check() -> Result<()> {
    let fresh = tempfile::tempdir()?;
    write(fresh.path())?;
    let kept = root().join("docs/man");
    for entry in std::fs::read_dir(fresh.path())? {
        let name = entry?.file_name();
        let same = std::fs::read(kept.join(&name)).ok() == std::fs::read(fresh.path().join(&name)).ok();
        ensure!(same, "docs/man/{} is not current; write it with: cargo xtask man", name.display());
    }
    Ok(())
}
