//! `vaultctl audit export`

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use vault::api::AuditLog;

use super::{Narrow, csv};
use crate::context::Context;
use crate::failure::Failure;

/// How many entries are asked for at once.
const PAGE: u64 = 1000;

/// Prints all entries of the log, oldest first, for an archive or another program.
///
/// In CSV a cell that a spreadsheet would take for a formula, or that begins with `'`, has one more `'` in front.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl audit export > audit.jsonl
  vaultctl audit export --format csv --since 30d > audit.csv
  vaultctl audit export --after 41200 >> audit.jsonl
  vaultctl audit export --action decrypt | jq -r .entryName | sort | uniq -c")]
pub(crate) struct ExportArgs {
    /// Which entries to print.
    #[command(flatten)]
    narrow: Narrow,
    /// Only entries after this one, as the last `seq` of the export before; CSV then has no heading, to be appended
    #[arg(long, value_name = "SEQ", default_value_t = 0, hide_default_value = true)]
    after: u64,
    /// How to print them
    #[arg(long, default_value = "jsonl", conflicts_with = "json")]
    format: Format,
}

/// How to print all entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON object a line (JSON Lines).
    Jsonl,
    /// Comma-separated values (RFC 4180).
    Csv,
}

/// Asks page by page and prints each as it comes.
pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<ExitCode, Failure> {
    let show = context.show;
    if args.format == Format::Csv && args.after == 0 {
        show.bytes(csv::HEADING.as_bytes())?;
    }
    let mut page = AuditLog { after: Some(args.after), limit: Some(PAGE), ..args.narrow.operation(context) };
    loop {
        let entries = context.call(&page)?.entries;
        for entry in &entries {
            match args.format {
                Format::Jsonl => show.json_line(entry)?,
                Format::Csv => show.bytes(csv::line(entry).as_bytes())?,
            }
        }
        match entries.last() {
            Some(last) => page.after = Some(last.seq),
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}
