//! `vaultctl mcp`

mod calls;
mod captured;
mod message;
mod protocol;
mod server;
mod shapes;
mod tools;

use std::process::ExitCode;

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;

/// Serves the vault to an AI agent, as an MCP server on stdin and stdout.
///
/// An agent's program starts it; `integrate` writes that down for the usual ones. The agent can list, discover and
/// describe secrets, ask its user to add one, and run a command with secrets in its environment and masked in
/// its output. No tool gives a value. With `AGENTICMAIL_VAULT_TOKEN` or `--token-file` the tools see and use what the
/// agent's grants allow; a command that they start is a process of yours, and can ask as you.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl mcp
  vaultctl mcp --token-file ~/.agenticmail/coder.token
  vaultctl integrate claude               have Claude Code start it")]
pub(crate) struct McpArgs {}

/// Serves until stdin is closed.
pub(super) fn run(_args: &McpArgs, context: &Context) -> Result<ExitCode, Failure> {
    server::serve(context)?;
    Ok(ExitCode::SUCCESS)
}
