//! `vaultctl discover`

use std::process::ExitCode;

use clap::Args;
use vault::api::Discover;

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::show::Table;

/// Lists what agents can find, by platform, with the variables it usually goes into.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl discover
  vaultctl discover aws
  vaultctl discover --json | jq -r '.platforms[].fields[].env'")]
pub(crate) struct DiscoverArgs {
    /// This platform alone
    #[arg(add = Completes::Stored)]
    platform: Option<String>,
}

/// Asks the daemon and prints a table.
pub(super) fn run(args: &DiscoverArgs, context: &Context) -> Result<ExitCode, Failure> {
    let found = context.call(&Discover { platform: args.platform.clone(), org_id: context.one_org()? })?;
    if context.show.is_json() {
        context.show.json(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["PLATFORM", "FIELD", "VARIABLE", "SECRET"]);
    for platform in found.platforms {
        for field in platform.fields {
            let of_field = if field.field.is_empty() { "-".to_owned() } else { field.field };
            let variable = if field.env.is_empty() { "-".to_owned() } else { field.env };
            table.row([platform.platform.to_string(), of_field, variable, field.name.to_string()]);
        }
    }
    if table.is_empty() {
        context.show.note("nothing found; store a platform's keys with: vaultctl add PLATFORM");
    } else {
        context.show.table(&table)?;
    }
    Ok(ExitCode::SUCCESS)
}
