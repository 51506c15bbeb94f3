//! `vaultctl rollback`

use std::process::ExitCode;

use clap::Args;
use vault::api::Rollback;

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate;
use crate::show::plain;

/// Brings an older value back, as a new version.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl history db-url
  vaultctl rollback db-url --to 3")]
pub(crate) struct RollbackArgs {
    /// A name, an id, or a platform
    #[arg(add = Completes::Key)]
    name: String,
    /// The version to bring back, as `history` numbers them
    #[arg(long, value_name = "N")]
    to: u64,
}

/// Finds the secret and brings the version back.
pub(super) fn run(args: &RollbackArgs, context: &Context) -> Result<ExitCode, Failure> {
    let changed = locate::change(context, &args.name, |secret| Rollback { secret, version: args.to })?;
    if context.show.is_json() {
        context.show.json(&changed)?;
    } else {
        let (name, version) = (plain(changed.entry.name.as_str()), changed.entry.version);
        context
            .show
            .done(format_args!("{name} has the value of version {} again, as version {version}", args.to))?;
    }
    Ok(ExitCode::SUCCESS)
}
