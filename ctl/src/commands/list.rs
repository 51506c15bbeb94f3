//! `vaultctl list`

use std::process::ExitCode;

use clap::Args;
use clap::builder::TypedValueParser;
use vault::api::{Expiry, ListSecrets, Secret, SecretList, SortBy, Warning};
use vault::domain::{Category, Invalid, OrgScope, PlatformName};

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::listing;
use crate::moment::now;
use crate::show::{Table, date, plain};

/// Lists secrets, never a value.
///
/// They are in the order of their names, byte by byte (`10`, `9`, `Zebra`, `apple`), and those of one name in that of their
/// orgs.
#[derive(Debug, Args)]
#[command(
    visible_alias = "ls",
    after_help = "\
Examples:
  vaultctl list
  vaultctl list --platform aws
  vaultctl list --search token --sort -updatedAt --limit 10
  vaultctl list --all-orgs --json | jq -r '.secrets[].name'"
)]
pub(crate) struct ListArgs {
    /// This platform alone, by any of its names
    #[arg(long, add = Completes::Stored)]
    platform: Option<PlatformName>,
    /// This category alone
    #[arg(long, value_parser = super::category_parser())]
    category: Option<Category>,
    /// This text in the name, whatever the case of A to Z
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those that have expired, expire soon (within 30 days), have an expiry set, or never expire
    #[arg(long, value_parser = expiry_parser())]
    expiry: Option<Expiry>,
    /// By name, category, createdAt, updatedAt, rotatedAt, versionCreatedAt or expiresAt; `-` before it reverses
    #[arg(long, value_name = "KEY", value_parser = sort_by, allow_hyphen_values = true)]
    sort: Option<SortBy>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Leave out so many before
    #[arg(long, value_name = "N")]
    offset: Option<u32>,
    /// Every org, as `--org '*'` does
    #[arg(long, conflicts_with = "org")]
    all_orgs: bool,
}

fn expiry_parser() -> impl TypedValueParser<Value = Expiry> {
    super::words(Expiry::ALL.iter().map(|expiry| expiry.as_str()))
        .map(|word| Expiry::from_word(&word).unwrap_or(Expiry::Set))
}

fn sort_by(text: &str) -> Result<SortBy, Invalid> {
    SortBy::try_from(text.to_owned())
}

/// Asks the daemon and prints a table.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<ExitCode, Failure> {
    let org_id = if args.all_orgs { Some(OrgScope::All) } else { context.orgs() };
    let several = org_id == Some(OrgScope::All);
    let query = ListSecrets {
        org_id,
        id: None,
        name: None,
        category: args.category,
        platform: args.platform.clone(),
        search: args.search.clone(),
        expiry: args.expiry,
        sort: args.sort,
        limit: args.limit,
        offset: args.offset,
    };
    let list = listing::list(&query, context)?;
    if context.show.is_json() {
        context.show.json(&list)?;
    } else {
        print(&list, if several { Columns::WithOrg } else { Columns::OfOneOrg }, context)?;
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    OfOneOrg,
    WithOrg,
}

fn print(list: &SecretList, columns: Columns, context: &Context) -> Result<(), Failure> {
    let show = context.show;
    let mut heading = vec!["NAME", "CATEGORY", "VERSION", "UPDATED", "EXPIRES"];
    if columns == Columns::WithOrg {
        heading.insert(0, "ORG");
    }
    let mut table = Table::new(&heading);
    for secret in &list.secrets {
        let org = (columns == Columns::WithOrg).then(|| secret.org_id.to_string());
        table.row(org.into_iter().chain(cells(secret)));
    }
    if table.is_empty() {
        show.note(if list.total == 0 { "nothing found" } else { "nothing on this page" });
    } else {
        show.table(&table)?;
    }
    if !list.secrets.is_empty() && (list.secrets.len() as u64) < list.total {
        show.note(format_args!("{} of {}", list.secrets.len(), list.total));
    }
    if !list.damaged.is_empty() {
        let names: Vec<_> = list.damaged.iter().map(|secret| secret.name.as_str()).collect();
        let message = format!("stored rows do not authenticate: {}", plain(&names.join(", ")));
        show.warning(&Warning::new("damaged", message, vault::api::Code::Integrity.hint()));
    }
    Ok(())
}

fn cells(secret: &Secret) -> [String; 5] {
    let expires = secret.expires_at.map_or_else(
        || "-".to_owned(),
        |at| if at <= now() { format!("{} (expired)", date(at)) } else { date(at) },
    );
    let category = secret.category.id().to_owned();
    [secret.name.to_string(), category, secret.version.to_string(), date(secret.updated_at), expires]
}
