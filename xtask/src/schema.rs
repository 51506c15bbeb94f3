//! The schema of what `vaultctl --json` prints, written from the types that are printed.

use anyhow::{Context, Result, ensure};

use crate::workspace::{build, command, root, succeed};

/// Where it is kept.
const KEPT: &str = "docs/json-output.schema.json";

/// Writes the schema into the documentation.
pub(crate) fn write() -> Result<()> {
    Ok(vault::files::replace_private(&root().join(KEPT), &fresh()?)?)
}

/// Fails where the schema in the documentation is not what would be written now.
pub(crate) fn check() -> Result<()> {
    let kept = std::fs::read(root().join(KEPT)).context(KEPT)?;
    ensure!(kept == fresh()?, "{KEPT} is not current; write it with: cargo xtask schema");
    Ok(())
}

/// Has the program print its schema.
fn fresh() -> Result<Vec<u8>> {
    succeed(build(&["vaultctl"]).arg("--quiet"))?;
    let output = command("target/debug/vaultctl").arg("schema").output();
    let output = output.context("vaultctl cannot be started")?;
    ensure!(output.status.success(), "vaultctl prints no schema");
    Ok(output.stdout)
}
