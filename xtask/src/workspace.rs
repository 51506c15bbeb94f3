//! Where the workspace is, and how commands are run in it.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// Gives the workspace's folder, made when this program was built.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Makes a command that runs in the workspace's folder and reads nothing.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    // Cargo names the package that it runs; cargo-machete takes that for a sign that it is being developed.
    command.current_dir(root()).stdin(std::process::Stdio::null()).env_remove("CARGO_PKG_NAME");
    command
}

/// Makes a cargo command with these arguments.
pub fn cargo<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = command("cargo");
    command.args(args);
    command
}

/// Runs a command and gives its status, or says that it cannot be started.
pub fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().with_context(|| format!("{} cannot be started", command.get_program().display()))
}

/// Runs a command and fails where it fails.
pub fn succeed(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    ensure!(status.success(), "{} ended with {status}", command.get_program().display());
    Ok(())
}

/// Returns the target that the compiler runs on and builds for.
pub fn host() -> Result<String> {
    let about = printed_by_rustc("-vV")?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc names no host")
}

/// Returns the folder of the toolchain.
pub fn sysroot() -> Result<PathBuf> {
    Ok(PathBuf::from(printed_by_rustc("--print=sysroot")?.trim_end()))
}

fn printed_by_rustc(option: &str) -> Result<String> {
    let output = command("rustc").arg(option).output().context("rustc cannot be started")?;
    ensure!(output.status.success(), "rustc {option} ended with {}", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("rustc {option} prints no UTF-8"))
}

/// Builds the two programs as `cargo test` does.
pub fn build_programs() -> Result<()> {
    succeed(&mut build(&["vaultd", "vaultctl"]))
}

/// Makes a command that builds programs, with their dependencies as tests ask for them: nothing is built twice.
///
/// That is what the example is for. Without one, what only tests depend on has no say in the features of the rest.
pub fn build(programs: &[&str]) -> Command {
    let mut build = cargo(["build", "--locked", "--workspace", "--example", "golden_vectors"]);
    build.args(programs.iter().flat_map(|program| ["--bin", program]));
    build
}

/// Builds programs for release, one after the other: together, each would have what others ask of its dependencies.
pub fn build_release(packages: &[&str]) -> Result<()> {
    packages
        .iter()
        .try_for_each(|package| succeed(&mut cargo(["build", "--locked", "--release", "--package", package])))
}

/// Makes a private folder in memory, where there is such a place.
pub fn in_memory(prefix: &str) -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).permissions(Permissions::from_mode(0o700));
    Ok(if memory.is_dir() { builder.tempdir_in(memory)? } else { builder.tempdir()? })
}

/// Passes a command's exit code on; 1 where a signal ended it.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(1))
}
