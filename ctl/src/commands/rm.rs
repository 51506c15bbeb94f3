//! `vaultctl rm`

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Args;
use vault::api::{Address, DamagedSecret, DeleteSecret};
use vault::domain::OrgId;

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate::{self, About, Meaning, Meant};
use crate::prompt::{self, Answer};
use crate::show::plain;

/// Deletes a secret for good, after asking.
///
/// Its value is gone from the database; its name and history stay in the audit log.
#[derive(Debug, Args)]
#[command(
    visible_alias = "delete",
    after_help = "\
Examples:
  vaultctl rm old-token
  vaultctl rm skill:slack:signing_secret --yes"
)]
pub(crate) struct RmArgs {
    /// A name, an id, or a platform
    #[arg(add = Completes::Key)]
    name: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Asks, unless --yes agrees already, and deletes.
pub(super) fn run(args: &RmArgs, context: &Context) -> Result<ExitCode, Failure> {
    if !args.yes && !std::io::stdin().is_terminal() {
        return Err(prompt::nobody_to_ask("--yes"));
    }
    let Condemned { secret, name, org_id } = Condemned::find(&args.name, context)?;
    let (shown, org) = (plain(&name), plain(org_id.as_str()));
    if !args.yes && prompt::confirm(&format!("Delete {shown} of org {org} for good?"), "--yes")? == Answer::No
    {
        context.show.note("nothing was deleted");
        return Ok(ExitCode::FAILURE);
    }
    let deleted = context.call(&DeleteSecret { secret })?;
    if context.show.is_json() {
        context.show.json(&About { org_id, name, answer: deleted })?;
        return Ok(ExitCode::SUCCESS);
    }
    context.show.done(format_args!("deleted {shown}"))?;
    if deleted.pending_erase {
        context.show.note("note: a reader holds up the erasure of old pages; it follows by itself");
    }
    Ok(ExitCode::SUCCESS)
}

/// What is to be deleted.
struct Condemned {
    secret: Address,
    name: String,
    org_id: OrgId,
}

impl Condemned {
    /// Finds what a word means, damaged secrets too if they are named exactly.
    fn find(asked: &str, context: &Context) -> Result<Self, Failure> {
        let Meant { context, asked } = &Meant::of(asked, context)?;
        if let Some(DamagedSecret { id, org_id, name }) = locate::remains(context, asked)? {
            return Ok(Self { secret: id.into(), name, org_id });
        }
        match locate::meaning(context, asked)? {
            Meaning::Stored(found) => {
                locate::note(context, asked, &found.name);
                Ok(Self { secret: found.id.into(), name: found.name.to_string(), org_id: found.org_id })
            }
            Meaning::Fields(names) => Err(locate::one_of(asked, &names)),
            Meaning::Unseen(name) | Meaning::Itself(name) => {
                let org_id = context.one_org()?.unwrap_or_default();
                Ok(Self { name: name.to_string(), secret: locate::named(context, name)?, org_id })
            }
        }
    }
}
