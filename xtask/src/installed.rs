//! Packages of `PyPI` and npm for programs of other ecosystems, in the versions that a folder's lists pin.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::say;
use crate::tool::{NPM, PYTHON};
use crate::workspace::{command, root, succeed};

/// A folder of programs with its lists, `requirements.txt` and `package-lock.json`; node's packages are put next to them.
#[derive(Debug)]
pub(crate) struct Packages {
    /// The folder, from the root of the project.
    pub(crate) folder: &'static str,
    /// Where Python's packages are put, from there too.
    pub(crate) venv: &'static str,
}

impl Packages {
    /// Returns Python's interpreter, which finds the packages.
    pub(crate) fn python(&self) -> PathBuf {
        root().join(self.venv).join("bin/python")
    }

    /// Installs both lists, unless they are installed.
    pub(crate) fn install(&self) -> Result<()> {
        let Self { folder, venv } = self;
        PYTHON.require()?;
        NPM.require()?;
        let requirements = format!("{folder}/requirements.txt");
        unless_there(&requirements, &root().join(venv).join("installed.txt"), || {
            say::line(format_args!("Installing packages of Python in {venv}"));
            succeed(command("python3").args(["-m", "venv", "--clear", venv]))?;
            let mut pip = command(format!("{venv}/bin/pip"));
            pip.args([
                "install",
                "--quiet",
                "--no-compile",
                "--require-hashes",
                "--requirement",
                &requirements,
            ]);
            succeed(&mut pip)
        })?;
        let lock = format!("{folder}/package-lock.json");
        unless_there(&lock, &root().join(folder).join("node_modules/installed.json"), || {
            say::line(format_args!("Installing packages of node in {folder}/node_modules"));
            let mut npm = command("npm");
            succeed(npm.args(["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"]))
        })
    }
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
