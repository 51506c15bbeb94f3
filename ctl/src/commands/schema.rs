//! `vaultctl schema`: what the commands print with `--json`, as one JSON Schema, made from the types that are printed.

#[cfg(debug_assertions)]
mod shapes;

use std::process::ExitCode;

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;

/// Prints the JSON Schema of what `--json` prints.
///
/// Each command has a definition under its name, as `agent-add`; `error` is what stderr gets where a command fails.
#[derive(Debug, Args)]
#[command(
    hide = true,
    after_help = "\
Examples:
  vaultctl schema > vaultctl.schema.json
  vaultctl schema | jq '.\"$defs\".list'"
)]
pub(crate) struct SchemaArgs {}

/// Prints the schema.
pub(super) fn run(_args: &SchemaArgs, context: &Context) -> Result<ExitCode, Failure> {
    context.show.bytes(text().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Makes the schema from the types.
#[cfg(debug_assertions)]
fn text() -> String {
    format!("{:#}\n", shapes::document())
}

/// Gives the schema as a build for debugging made it; `cargo xtask check` sees that it is current.
// What describes the types takes four times the room of what it writes.
#[cfg(not(debug_assertions))]
fn text() -> &'static str {
    include_str!("../../../docs/json-output.schema.json")
}
