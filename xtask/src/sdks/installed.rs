//! The libraries and servers, as `PyPI` and npm have them, in the versions that the lists pin.

use std::path::Path;

use anyhow::{Context, Result};

use crate::say;
use crate::tool::{NPM, PYTHON};
use crate::workspace::{command, root, succeed};

/// Where Python's packages are put.
const VENV: &str = "target/sdks";
/// The interpreter there.
pub(super) const PYTHON_PROGRAM: &str = "target/sdks/bin/python";
const REQUIREMENTS: &str = "xtask/sdks/requirements.txt";
/// The folder of node's packages, next to the programs that import them.
const NODE: &str = "xtask/sdks";

/// Installs both lists, unless they are installed.
pub(super) fn prepare() -> Result<()> {
    PYTHON.require()?;
    NPM.require()?;
    unless_there(REQUIREMENTS, &root().join(VENV).join("installed.txt"), || {
        say::line("Installing the libraries of Python in target/sdks");
        succeed(command("python3").args(["-m", "venv", "--clear", VENV]))?;
        let mut pip = command(format!("{VENV}/bin/pip"));
        succeed(pip.args([
            "install",
            "--quiet",
            "--no-compile",
            "--require-hashes",
            "--requirement",
            REQUIREMENTS,
        ]))
    })?;
    let lock = format!("{NODE}/package-lock.json");
    unless_there(&lock, &root().join(NODE).join("node_modules/installed.json"), || {
        say::line("Installing the libraries of node in xtask/sdks/node_modules");
        let mut npm = command("npm");
        succeed(npm.args(["ci", "--prefix", NODE, "--ignore-scripts", "--no-audit", "--no-fund"]))
    })
}

/// Installs a list unless its copy says that it is installed.
fn unless_there(list: &str, copy: &Path, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let list = root().join(list);
    let wanted = std::fs::read(&list).with_context(|| list.display().to_string())?;
    if std::fs::read(copy).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    install()?;
    std::fs::copy(&list, copy)?;
    Ok(())
}
