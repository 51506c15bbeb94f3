//! `vaultctl history`

use std::process::ExitCode;

use clap::Args;
use vault::api::{ListVersions, Secret};
use vault::domain::SecretRef;

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate::{self, About};
use crate::show::{Table, date};

/// Lists the values that a secret had, without showing them.
///
/// The last ten are kept.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl history openai
  vaultctl history db-url --json | jq '.versions[0].version'")]
pub(crate) struct HistoryArgs {
    /// A name, an id, or a platform
    #[arg(add = Completes::Key)]
    name: String,
}

/// Finds the secret and lists its versions.
pub(super) fn run(args: &HistoryArgs, context: &Context) -> Result<ExitCode, Failure> {
    let secret = locate::secret(context, &args.name)?;
    let history = context.call(&ListVersions { id: SecretRef::from(secret.id) })?;
    if context.show.is_json() {
        let Secret { org_id, name, .. } = secret;
        context.show.json(&About { org_id, name: name.to_string(), answer: history })?;
        return Ok(ExitCode::SUCCESS);
    }
    locate::note(context, &args.name, &secret.name);
    let mut table = Table::new(&["VERSION", "STORED", "BY", ""]);
    for version in history.versions {
        let present = if version.version == secret.version { "present" } else { "" };
        let cells = [version.version.to_string(), date(version.created_at), version.created_by];
        table.row(cells.into_iter().chain([present.to_owned()]));
    }
    context.show.table(&table)?;
    Ok(ExitCode::SUCCESS)
}
