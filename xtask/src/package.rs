//! `cargo xtask package`: the package for Debian, from a release build.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::say;
use crate::tool::{DEB, SHLIBDEPS};
use crate::workspace::{build_release, cargo, command, root, succeed};

/// Where the package and what it is made from go.
const PLACE: &str = "target/package";

/// Builds the programs and the package, and says where it is.
pub(crate) fn run() -> Result<ExitCode> {
    SHLIBDEPS.require()?;
    if !DEB.is_here() {
        say::line("cargo-deb is missing and is installed first");
        succeed(&mut cargo(DEB.cargo_install()))?;
    }
    build_release(&["vaultd", "vaultctl"])?;
    let place = root().join(PLACE);
    std::fs::create_dir_all(&place)?;
    for shell in ["bash", "zsh", "fish"] {
        completions(shell, &place)?;
    }
    succeed(&mut cargo(["deb", "--locked", "--no-build", "--package", "vaultd", "--output", PLACE]))?;
    say::headline(format_args!("The package is in {PLACE}/; docs/debian.md says what it does."));
    Ok(ExitCode::SUCCESS)
}

/// Lets the program that was just built print its completions.
fn completions(shell: &str, place: &Path) -> Result<()> {
    let program = root().join("target/release/vaultctl");
    let output = command(program).args(["completions", shell]).output().context("vaultctl")?;
    ensure!(output.status.success(), "vaultctl printed no completions for {shell}");
    Ok(vault::files::replace_private(&place.join(format!("vaultctl.{shell}")), &output.stdout)?)
}
