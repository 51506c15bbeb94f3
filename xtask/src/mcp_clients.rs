//! `cargo xtask mcp-clients`: whether the libraries and programs that agents use MCP servers by drive every tool of
//! `vaultctl mcp`, and take its schemas.
//!
//! ```text
//! vaultd ← vaultctl mcp ← the official SDKs, FastMCP, Inspector; Google's SDK and Ajv, which read schemas
//! ```

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use vault_testkit::{Daemon, Home, vaultctl};

use crate::installed::Packages;
use crate::say;
use crate::workspace::{build_programs, command, root};

/// The packages.
const PACKAGES: Packages = Packages { folder: "xtask/mcp-clients", venv: "target/mcp-clients" };
/// The programs, each of which starts a server and drives it.
const PROGRAMS: [&str; 6] = [
    "python/official.py",
    "python/fast.py",
    "python/gemini.py",
    "node/official.mjs",
    "node/inspector.mjs",
    "node/schemas.mjs",
];
/// What is stored for them.
const SECRETS: [(&str, &str); 2] =
    [("key", "a-value-that-is-masked"), ("skill:openai:access_token", "sk-another-value")];

/// Which programs to try.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only programs with this text in their names, such as `python` or `inspector`.
    filter: Option<String>,
}

/// Tries all programs, and fails where one does not succeed.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    PACKAGES.install()?;
    build_programs()?;
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    for (name, value) in SECRETS {
        let stored = home.ctl(&["set", name], value);
        ensure!(stored.code == Some(0), "{name} is not stored: {}", stored.stderr);
    }
    let wanted = args.filter.as_deref().unwrap_or_default();
    let programs: Vec<_> = PROGRAMS.into_iter().filter(|program| program.contains(wanted)).collect();
    let mut failed = Vec::new();
    for program in &programs {
        if let Err(error) = tried(program, &home) {
            say::problem(format_args!("{program}: {error:#}"));
            failed.push(*program);
        }
    }
    ensure!(failed.is_empty(), "these do not get on with the server: {}", failed.join(", "));
    say::headline(format_args!("{} clients drive every tool, or take its schemas", programs.len()));
    Ok(ExitCode::SUCCESS)
}

/// Runs a program with the server's command as its arguments, and shows what it says of itself.
fn tried(program: &str, home: &Home) -> Result<()> {
    let path = root().join(PACKAGES.folder).join(program);
    let is_python = path.extension().is_some_and(|extension| extension == "py");
    let interpreter = if is_python { PACKAGES.python() } else { Path::new("node").to_owned() };
    let began = Instant::now();
    let mut client = command(&interpreter);
    client.arg(&path).arg(vaultctl()).arg("--home").arg(home.path("")).arg("mcp");
    client.env("HOME", home.path("")).env("PYTHONDONTWRITEBYTECODE", "1").env("DO_NOT_TRACK", "1");
    let ended = client.output().with_context(|| format!("{} cannot be started", interpreter.display()))?;
    ensure!(ended.status.success(), "{}\n{}", ended.status, String::from_utf8_lossy(&ended.stderr).trim());
    let seconds = began.elapsed().as_secs();
    for line in String::from_utf8_lossy(&ended.stdout).lines() {
        say::line(format_args!("{line}, {seconds} s"));
    }
    Ok(())
}
