//! `cargo xtask backends`: the tests of memory with each backend of the ciphers that can be had here, and as released.
//!
//! The backends are chosen by what the processor has, and go differently deep on the stack. The crates' own switches
//! force the one without special instructions; valgrind shows programs a processor without AVX-512.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::say;
use crate::tool::{NEXTEST, VALGRIND};
use crate::workspace::{build_release, cargo, root, succeed};

/// The switches of `aes`, `polyval` and `sha2`.
const SOFT: &str = "--cfg aes_backend=\"soft\" --cfg polyval_backend=\"soft\" --cfg sha2_backend=\"soft\"";
/// The tests that search the memory of a daemon.
const SEARCHES: &str = "binary_id(vault::daemon) & test(/^memory::/)";

/// Measures the depth of every use of a key, and searches the memory of each program.
pub(crate) fn run() -> Result<ExitCode> {
    NEXTEST.require()?;
    let soft = root().join("target/soft");
    say::headline("== the backend of this processor: depth, in development and release builds");
    succeed(&mut depth())?;
    succeed(depth().arg("--release"))?;
    say::headline("== without AVX-512: depth under valgrind");
    under_valgrind()?;
    say::headline("== without special instructions: depth, and the memory of a daemon");
    succeed(depth().env("CARGO_TARGET_DIR", &soft).env("RUSTFLAGS", SOFT))?;
    let mut build = cargo(["build", "--locked", "--package", "vaultd"]);
    succeed(build.env("CARGO_TARGET_DIR", &soft).env("RUSTFLAGS", SOFT))?;
    search(&soft.join("debug"))?;
    say::headline("== as released: the memory of a daemon");
    build_release(&["vaultd"])?;
    search(&root().join("target/release"))?;
    Ok(ExitCode::SUCCESS)
}

/// Makes a command that measures how deep each use of a key goes.
fn depth() -> Command {
    cargo(["nextest", "run", "--locked", "--package", "vault-primitives", "--success-output", "final"])
}

/// Runs the same tests under valgrind.
fn under_valgrind() -> Result<()> {
    VALGRIND.require()?;
    let mut list = cargo(["nextest", "list", "--locked", "--package", "vault-primitives"]);
    let list = list.args(["--message-format", "json", "--list-type", "binaries-only"]).output()?;
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).context("the list of nextest")?;
    let program = list.pointer("/rust-binaries/vault-primitives/binary-path").and_then(|path| path.as_str());
    let program = program.context("nextest names no program of vault-primitives")?;
    succeed(crate::workspace::command("valgrind").args(["--quiet", "--tool=none", program, "--nocapture"]))
}

/// Searches the memory of the `vaultd` of a folder in every test that does so.
fn search(programs: &Path) -> Result<()> {
    ensure!(programs.join("vaultd").exists(), "there is no vaultd in {}", programs.display());
    let mut tests = cargo(["nextest", "run", "--locked", "--workspace", "-E", SEARCHES]);
    succeed(tests.env(vault_testkit::programs::PROGRAMS, programs))
}
