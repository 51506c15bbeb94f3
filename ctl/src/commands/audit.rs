//! `vaultctl audit`

mod csv;
mod export;
mod follow;
mod verify;

pub(super) use verify::what_is_broken;

use std::process::ExitCode;

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};
use vault::api::{AuditAnswer, AuditEntry, AuditLog};
use vault::domain::{Action, Outcome};

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::moment::{Moment, now};
use crate::show::{Table, date};

/// Prints the audit log, newest first, or checks that nobody has changed it.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  vaultctl audit
  vaultctl audit --since 2h --action decrypt
  vaultctl audit --search openai --outcome denied
  vaultctl audit --follow --limit 5
  vaultctl audit export --since 30d > audit.jsonl
  vaultctl audit verify"
)]
pub(crate) struct AuditArgs {
    /// What to do instead of printing it.
    #[command(subcommand)]
    check: Option<AuditCommand>,
    /// Which entries to print, and how.
    #[command(flatten)]
    query: Query,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    Export(export::ExportArgs),
    Verify(verify::VerifyArgs),
}

#[derive(Debug, Args)]
struct Query {
    /// Which entries.
    #[command(flatten)]
    narrow: Narrow,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "25", value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Leave out so many before
    #[arg(long, value_name = "N")]
    offset: Option<u32>,
    /// Print entries as they are written, oldest first
    #[arg(long, short, conflicts_with_all = ["until", "offset"])]
    follow: bool,
    /// How to print it [default: table]
    #[arg(long, conflicts_with = "json")]
    format: Option<Format>,
}

/// Which entries are asked for.
#[derive(Debug, Args)]
struct Narrow {
    /// This action alone
    #[arg(long, value_parser = action_parser())]
    action: Option<Action>,
    /// This text in the secret's name or the actor
    #[arg(long, value_name = "TEXT", add = Completes::Secret)]
    search: Option<String>,
    /// This actor alone: uid:1000, agent:NAME or system
    #[arg(long)]
    actor: Option<String>,
    /// How it ended
    #[arg(long, value_parser = outcome_parser())]
    outcome: Option<Outcome>,
    /// Not before: 2h, 3d, a date, or RFC 3339
    #[arg(long, value_name = "WHEN")]
    since: Option<Moment>,
    /// Not after: 2h, 3d, a date, or RFC 3339
    #[arg(long, value_name = "WHEN")]
    until: Option<Moment>,
}

/// How to print the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns.
    Table,
    /// As the daemon answers.
    Json,
    /// Comma-separated values (RFC 4180).
    Csv,
}

fn action_parser() -> impl TypedValueParser<Value = Action> {
    super::words(Action::ALL.iter().map(|action| action.as_str()))
        .map(|word| Action::from_word(&word).unwrap_or(Action::Read))
}

fn outcome_parser() -> impl TypedValueParser<Value = Outcome> {
    super::words(Outcome::ALL.iter().map(|outcome| outcome.as_str()))
        .map(|word| Outcome::from_word(&word).unwrap_or(Outcome::Ok))
}

/// Prints the entries, or checks the chain.
pub(super) fn run(args: &AuditArgs, context: &Context) -> Result<ExitCode, Failure> {
    match &args.check {
        Some(AuditCommand::Export(args)) => export::run(args, context),
        Some(AuditCommand::Verify(args)) => verify::run(args, context),
        None => print(&args.query, context),
    }
}

fn print(query: &Query, context: &Context) -> Result<ExitCode, Failure> {
    let usual = if context.show.is_json() { Format::Json } else { Format::Table };
    let format = query.format.unwrap_or(usual);
    if query.follow {
        return follow::run(query, format, context);
    }
    let answer = context.call(&query.operation(context))?;
    match format {
        Format::Json => context.show.json(&answer)?,
        Format::Csv => context.show.bytes(csv::of(&answer.entries).as_bytes())?,
        Format::Table => table(&answer, context)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Query {
    fn operation(&self, context: &Context) -> AuditLog {
        AuditLog { limit: Some(self.limit.into()), offset: self.offset, ..self.narrow.operation(context) }
    }
}

impl Narrow {
    fn operation(&self, context: &Context) -> AuditLog {
        let now = now();
        AuditLog {
            org_id: context.orgs(),
            search: self.search.clone(),
            action: self.action.map(Into::into),
            actor: self.actor.clone(),
            outcome: self.outcome,
            since: self.since.map(|moment| moment.before(now)),
            until: self.until.map(|moment| moment.before(now)),
            ..AuditLog::default()
        }
    }
}

fn table(answer: &AuditAnswer, context: &Context) -> Result<(), Failure> {
    let mut table =
        Table::new(&["SEQ", "TIME", "ACTION", "OUTCOME", "SECRET", "ACTOR", "PROCESS", "DETAILS"]);
    for entry in &answer.entries {
        table.row(cells(entry));
    }
    if table.is_empty() {
        context.show.note("nothing found");
        return Ok(());
    }
    context.show.table(&table)?;
    let shown = answer.entries.len() as u64;
    if shown < answer.total {
        let more = if answer.total_capped { "more than " } else { "" };
        context
            .show
            .note(format_args!("{shown} of {more}{}; see more with --limit and --offset", answer.total));
    }
    Ok(())
}

fn cells(entry: &AuditEntry) -> [String; 8] {
    let dash = || "-".to_owned();
    [
        entry.seq.to_string(),
        date(entry.created_at),
        entry.action.to_string(),
        entry.outcome.to_string(),
        secret(entry).unwrap_or_else(dash),
        entry.actor.clone(),
        process(entry).unwrap_or_else(dash),
        details(entry).unwrap_or_else(dash),
    ]
}

fn secret(entry: &AuditEntry) -> Option<String> {
    let name = entry.entry_name.clone().or_else(|| entry.vault_entry_id.map(String::from))?;
    match entry.org_id.as_deref() {
        None | Some("default") => Some(name),
        Some(org) => Some(format!("{name} ({org})")),
    }
}

/// Writes the metadata as `name=value` pairs. The address is the caller's claim, and is named so in entries of any age.
fn details(entry: &AuditEntry) -> Option<String> {
    let mut metadata: Map<String, Value> = serde_json::from_str(entry.metadata.as_json()).ok()?;
    if let Some(address) = metadata.remove("ip") {
        metadata.insert("claimedAddress".to_owned(), address);
    }
    let pair = |(name, value): (&String, &Value)| match value.as_str() {
        Some(text) => format!("{name}={text}"),
        None => format!("{name}={value}"),
    };
    let pairs: Vec<_> = metadata.iter().map(pair).collect();
    (!pairs.is_empty()).then(|| pairs.join(" "))
}

/// Names the process by its program and number.
fn process(entry: &AuditEntry) -> Option<String> {
    let peer = entry.peer.as_ref()?;
    let program = peer.exe.as_deref().and_then(|exe| exe.rsplit('/').next());
    match (program, peer.pid) {
        (Some(program), Some(pid)) => Some(format!("{program}[{pid}]")),
        (Some(program), None) => Some(program.to_owned()),
        (None, pid) => pid.map(|pid| format!("[{pid}]")),
    }
}
