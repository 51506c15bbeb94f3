//! `cargo harness conform`: schemathesis asks a daemon for all that the `OpenAPI` description says it answers.
//!
//! ```text
//! schemathesis (Python) → relay (TCP on loopback) → vaultd (Unix socket) → relay (spoils answers, if asked) → checks
//! ```
//!
//! What is asked for is made from the description: fields as described, at the edges of what is described, and beyond;
//! operations one after the other where one gives what the next one takes.

mod relay;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use vault::files;

use crate::world::server::Server;
use relay::{Relay, Spoil};
use xtask::sabotage::noticed;
use xtask::say;
use xtask::tool::{SCHEMATHESIS, SCHEMATHESIS_PROGRAM};
use xtask::workspace::{build_programs, command, root};

/// How many cases come of the description alone, at its edges.
const EDGES: u64 = 1000;
/// How many more come of each that is drawn for every operation, at least.
const SHARE: u64 = 30;
/// How answers are spoiled to show that each kind of wrong one would be noticed.
const SPOILS: [Spoil; 4] = [
    Spoil { what: "a failure of the server", from: "HTTP/1.1 200 OK", to: "HTTP/1.1 500 OK" },
    Spoil { what: "a status that is not described", from: "HTTP/1.1 400 Bad", to: "HTTP/1.1 418 Bad" },
    Spoil { what: "a body of another type", from: "application/json", to: "application/jsot" },
    Spoil { what: "a body of another form", from: "\"total\":", to: "\"totel\":" },
];

/// How many, and from where on the random numbers are drawn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How many requests are made at least.
    #[arg(long, default_value_t = 2000)]
    cases: u64,
    /// What they are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Spoil the answers on their way, each time in another way: succeeds where each is noticed, and shows that it
    /// would be.
    #[arg(long)]
    sabotage: bool,
}

/// Asks, and fails at the first answer that is not as described.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    SCHEMATHESIS.require()?;
    build_programs()?;
    let began = Instant::now();
    if args.sabotage {
        SPOILS.iter().try_for_each(|spoil| is_noticed(args, spoil))?;
        return Ok(ExitCode::SUCCESS);
    }
    let each = (args.cases.saturating_sub(EDGES) / SHARE).max(1).to_string();
    let asked = campaign(
        args,
        None,
        &["--exclude-path", "/vault/events", "--exclude-path", "/rpc", "--max-examples", &each],
    )?;
    ensure!(asked >= args.cases, "only {asked} cases came of it; {} were wanted", args.cases);
    say::line(format_args!(
        "conform: {asked} cases, seed {}, {} s: 0 answers that are not described, 0 failures of the server",
        args.seed,
        began.elapsed().as_secs()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Fails where spoiled answers go unnoticed, or the run fails at something else.
fn is_noticed(args: &Args, spoil: &Spoil) -> Result<()> {
    let listing = ["--include-operation-id", "listSecrets", "--phases", "coverage", "--max-examples", "10"];
    let what = format!("conform: {}", spoil.what);
    match campaign(args, Some(spoil), &listing).map_err(|error| error.to_string()) {
        Ok(asked) => noticed(what, Ok(asked)),
        Err(words) => {
            let found: Vec<_> = words.lines().filter(|line| line.starts_with("- ST")).collect();
            ensure!(!found.is_empty(), "{words}");
            noticed(what, Err::<(), _>(anyhow!(found.join("; "))))
        }
    }
}

/// Has a new daemon asked, and gives how many requests were made.
fn campaign(args: &Args, spoil: Option<&Spoil>, wanted: &[&str]) -> Result<u64> {
    let mut server = Server::make_in_memory()?;
    server.start()?;
    server.wait_until_ready()?;
    let relay = Relay::open(&server.socket(), spoil.copied())?;
    let (description, report) = (server.home().join("openapi.json"), server.home().join("conform.json"));
    files::replace_private(&description, vault::describe::openapi().to_string().as_bytes())?;
    let mut asking = asking(args, &relay, &report);
    asking.args(wanted).arg(description).env("VAULT_KEY_FILE", server.key_file());
    // It leaves what failed in the folder in which it runs.
    asking.current_dir(server.home());
    let said = asking.output().context("schemathesis cannot be started")?;
    let words = [said.stdout, said.stderr].concat();
    ensure!(said.status.success(), "schemathesis found:\n{}", String::from_utf8_lossy(&words));
    let report: Value = serde_json::from_slice(&std::fs::read(&report)?)?;
    report.pointer("/test_cases/generated").and_then(Value::as_u64).context("no cases were counted")
}

/// Prepares schemathesis: what it draws, what it asks, and where it writes down what came of it.
fn asking(args: &Args, relay: &Relay, report: &Path) -> Command {
    let mut command = command(root().join(SCHEMATHESIS_PROGRAM));
    let url = format!("http://{}", relay.address());
    command.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", root().join("harness/src/conform"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command.args(["run", "--no-color", "--warnings", "off", "--no-shrink", "--generation-database", "none"]);
    // What is refused beyond what is described, such as a name of spaces, is refused in words.
    command.args(["--exclude-checks", "positive_data_acceptance"]);
    command.args(["--seed", &args.seed.to_string(), "--url", &url, "--report-json-path"]).arg(report);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spoil_keeps_the_length_of_an_answer() {
        assert!(SPOILS.iter().all(|spoil| spoil.from.len() == spoil.to.len() && spoil.from != spoil.to));
    }
}
