//! The test vectors, opened by a second implementation in Python.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::tool::PYTHON;
use crate::workspace::{command, root, succeed};

const PROGRAM: &str = "tests/vectors/open.py";

/// Runs the program that opens them.
pub(super) fn check() -> Result<()> {
    ensure!(root().join(PROGRAM).exists(), "{PROGRAM} is missing");
    PYTHON.require()?;
    let python = python();
    let has_library = command(&python).args(["-c", "import cryptography"]).output()?.status.success();
    ensure!(
        has_library,
        "Python's cryptography is missing; get it with: \
         python3 -m venv target/venv && target/venv/bin/pip install cryptography"
    );
    succeed(command(&python).arg(PROGRAM))
}

/// Gives the Python of `target/venv` where there is one, else the machine's.
fn python() -> PathBuf {
    let own = root().join("target/venv/bin/python");
    if own.exists() { own } else { PathBuf::from("python3") }
}
