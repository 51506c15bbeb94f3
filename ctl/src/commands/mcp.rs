//! `vaultctl mcp`

mod captured;
mod server;
mod tools;

use std::process::ExitCode;
use std::sync::mpsc::channel;

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;
use captured::Running;

/// Serves the vault to an AI agent, as an MCP server on stdin and stdout.
///
/// An agent's program starts it; `integrate` writes that down for the usual ones. The agent can list, discover and
/// describe secrets, ask its user to add one, and run a command with secrets in its environment and masked in
/// its output. No tool gives a value. With `AGENTICMAIL_VAULT_TOKEN` or `--token-file` the agent sees and uses what its
/// grants allow, and no more.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl mcp
  vaultctl mcp --token-file ~/.agenticmail/coder.token
  vaultctl integrate claude               have Claude Code start it")]
pub(crate) struct McpArgs {}

/// Serves until stdin is closed.
pub(super) fn run(_args: &McpArgs, context: &Context) -> Result<ExitCode, Failure> {
    let (jobs, queue) = channel::<tools::Job>();
    let running = Running::default();
    std::thread::scope(|scope| {
        let server = scope.spawn(move || server::serve(jobs));
        for job in queue {
            let running = &running;
            scope.spawn(move || job.answer(context, running));
        }
        // Nobody waits for what still runs.
        running.end();
        server.join().unwrap_or(Err(Failure::Closed))
    })?;
    Ok(ExitCode::SUCCESS)
}
