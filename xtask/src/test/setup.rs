//! What the tests need inside the project: node packages and a virtual environment of Python.

use std::process::Command;

use anyhow::Result;

use crate::say;
use crate::tool::PYTHON;
use crate::workspace::{command, root};

/// Where the page's tests are, with the versions of the packages that drive the browser.
const PAGE: &str = "ctl/tests/page";
const VENV: &str = "target/venv";

/// Installs what is missing; says what cannot be installed, and goes on without it.
pub(crate) fn prepare() -> Result<()> {
    PYTHON.require()?;
    if !succeeds(command(format!("{VENV}/bin/python")).args(["-c", "import cryptography"])) {
        say::line("Making a virtual environment of Python in target/venv");
        let made = succeeds(command("python3").args(["-m", "venv", "--clear", VENV]))
            && succeeds(command(format!("{VENV}/bin/pip")).args(["install", "--quiet", "cryptography"]));
        if !made {
            say::line("Going on without Python's cryptography (apt-get install python3-venv)");
        }
    }
    let modules = root().join(PAGE).join("node_modules");
    let installed = modules.join("playwright-core").exists() && modules.join("axe-core").exists();
    if !installed && succeeds(command("npm").arg("--version")) {
        say::line("Installing the node packages of ctl/tests/page");
        let made = succeeds(command("npm").args(["ci", "--prefix", PAGE, "--no-audit", "--no-fund"]));
        if !made {
            say::line("Going on without playwright-core and axe-core (npm ci --prefix ctl/tests/page)");
        }
    }
    Ok(())
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
