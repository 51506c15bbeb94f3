//! The schema of what `vaultctl --json` prints, written from the types that are printed.

use anyhow::{Context, Result, ensure};

use crate::workspace::{command, root};

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
    let output = command("cargo").args(["run", "--quiet", "--package", "vaultctl", "--", "schema"]).output();
    let output = output.context("cargo cannot be started")?;
    ensure!(output.status.success(), "vaultctl prints no schema");
    Ok(output.stdout)
}
