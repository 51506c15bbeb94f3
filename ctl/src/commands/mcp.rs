//! `vaultctl mcp`

mod calls;
mod captured;
mod known;
mod message;
mod outlet;
mod progress;
mod protocol;
mod server;
mod shapes;
mod tools;
pub(crate) mod tree;

use std::process::ExitCode;

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;

pub(super) use captured::MOST_SECONDS;
pub(super) use tools::Toolset;

/// Serves the vault to an AI agent, as an MCP server on stdin and stdout.
///
/// An agent's program starts it; `integrate` writes that down for the usual ones. The agent can list, discover and
/// describe secrets, ask its user to add one, and run a command with secrets in its environment and masked in
/// its output. No tool returns a value as such; a command can. With `AGENTICMAIL_VAULT_TOKEN` or `--token-file` the tools see and use what
/// the agent's grants allow; a command that they start is a process of yours, outside the agent's sandbox, and can ask as you.
/// `--tools use` leaves that tool out. All commands end with the server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl mcp
  vaultctl mcp --tools use                start no command for the agent
  vaultctl mcp --token-file ~/.agenticmail/coder.token
  vaultctl integrate claude               have Claude Code start it")]
pub(crate) struct McpArgs {
    /// The tools to offer
    #[arg(long, value_enum, default_value_t)]
    tools: Toolset,
}

/// Serves until stdin is closed.
pub(super) fn run(args: &McpArgs, context: &Context) -> Result<ExitCode, Failure> {
    server::serve(args.tools, context)?;
    Ok(ExitCode::SUCCESS)
}
