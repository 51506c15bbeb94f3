//! `cargo xtask clients`: clients that others make of the description of the HTTP interface, at work over the socket.
//!
//! ```text
//! describe::openapi → openapi-python-client, openapi-typescript, hey-api → a program for each → vaultd
//! ```
//!
//! The programs list, create, read and delete; the one in Python reads the counters by Prometheus' own parsers too.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vault::files;
use vault_testkit::{Daemon, Home};

use crate::installed::Packages;
use crate::say;
use crate::workspace::{build_programs, command, root, succeed};

/// The makers of clients, and what the programs import.
const PACKAGES: Packages = Packages { folder: "xtask/clients", venv: "target/clients/venv" };
/// Where clients are made, and the programs compiled.
const FOLDER: &str = "target/clients";

/// Makes the clients and runs the programs; fails where one does not work.
pub(crate) fn run() -> Result<ExitCode> {
    PACKAGES.install()?;
    build_programs()?;
    let description = root().join(FOLDER).join("openapi.json");
    files::replace_private(&description, vault::describe::openapi().to_string().as_bytes())?;
    succeed(&mut with(of_python("openapi-spec-validator"), &[&description]))?;
    say::line("openapi-spec-validator finds no fault");
    in_python(&description)?;
    say::line(
        "the client of openapi-python-client lists, creates, reads and deletes; Prometheus' parsers read the counters",
    );
    in_typescript(&description)?;
    say::line("the clients of openapi-typescript and hey-api list, create, read and delete");
    Ok(ExitCode::SUCCESS)
}

fn in_python(description: &Path) -> Result<()> {
    let package = root().join(FOLDER).join("python/vault_client");
    let mut make = command(of_python("openapi-python-client"));
    make.args(["generate", "--meta", "none", "--overwrite", "--fail-on-warning", "--path"]).arg(description);
    make.arg("--output-path").arg(&package);
    make.arg("--config").arg(root().join(PACKAGES.folder).join("openapi-python-client.yaml"));
    succeed(&mut make)?;
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let grants = json!([{ "orgId": "*", "names": ["*"], "actions": ["read"] }]);
    let added = daemon.http("POST", "/vault/agents", json!({ "name": "client", "grants": grants }));
    let token =
        added.body.get("token").and_then(Value::as_str).context("there is no token for the client")?;
    let program = root().join(PACKAGES.folder).join("python.py");
    let mut run = with(PACKAGES.python(), &[&program]);
    run.arg(root().join(FOLDER).join("python")).arg(daemon.socket()).arg(token);
    succeed(run.env("PYTHONDONTWRITEBYTECODE", "1"))
}

fn in_typescript(description: &Path) -> Result<()> {
    let lists = root().join(PACKAGES.folder);
    let made = lists.join("made");
    std::fs::create_dir_all(&made)?;
    for file in ["client.ts", "tsconfig.json"] {
        std::fs::copy(lists.join(file), made.join(file))?;
    }
    succeed(with(of_node("openapi-typescript"), &[description]).arg("-o").arg(made.join("openapi.ts")))?;
    let mut hey = with(of_node("openapi-ts"), &[]);
    hey.arg("-i").arg(description).arg("-o").arg(made.join("hey"));
    succeed(hey.args(["-c", "@hey-api/client-fetch"]))?;
    succeed(with(of_node("tsc"), &[]).arg("-p").arg(&made))?;
    let program = made.join("client.js");
    ensure!(program.exists(), "tsc wrote no program");
    let home = Home::new();
    let daemon = Daemon::start(&home);
    succeed(with("node".into(), &[&program]).arg(daemon.socket()))
}

/// Returns a program of Python's packages.
fn of_python(program: &str) -> PathBuf {
    root().join(PACKAGES.venv).join("bin").join(program)
}

/// Returns a program of node's packages.
fn of_node(program: &str) -> PathBuf {
    root().join(PACKAGES.folder).join("node_modules/.bin").join(program)
}

/// Makes a command with paths as its arguments.
fn with(program: PathBuf, paths: &[&Path]) -> Command {
    let mut command = command(program);
    command.args(paths);
    command
}
