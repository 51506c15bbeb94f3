//! `vaultctl audit verify`

use std::process::ExitCode;

use clap::Args;
use vault::api::{Verification, VerifyAudit};

use crate::commands::FOUND_SOMETHING;
use crate::context::Context;
use crate::failure::{Failure, verdict};
use crate::show::{Show, Tone, plain};

/// Checks that every entry of the log is as it was written, and that none is missing.
///
/// Also checks that the indexes of the database lead to all that is stored. Exits 9 if something is broken, and names the
/// first entry that is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl audit verify
  vaultctl audit verify --json | jq .head")]
pub(crate) struct VerifyArgs {}

/// Asks the daemon for the check and prints what it found.
pub(super) fn run(_args: &VerifyArgs, context: &Context) -> Result<ExitCode, Failure> {
    let found = context.call(&VerifyAudit::default())?;
    let is_sound = found.intact && found.flaws.is_empty();
    let code = if is_sound { ExitCode::SUCCESS } else { ExitCode::from(FOUND_SOMETHING) };
    verdict(print(&found, context.show), code)
}

fn print(found: &Verification, show: Show) -> Result<(), Failure> {
    if show.is_json() {
        return show.json(found);
    }
    for flaw in &found.flaws {
        show.line(format_args!("{}: {}", show.tone(Tone::Bad, "damaged"), plain(flaw)))?;
    }
    if found.intact {
        let head = found.head.as_deref().map(|head| format!(", head {}", plain(head))).unwrap_or_default();
        show.done(format_args!("{}: {} entries{head}", show.tone(Tone::Good, "intact"), found.entries))
    } else {
        show.line(format_args!("{}: {}", show.tone(Tone::Bad, "broken"), what_is_broken(found)))?;
        show.line(
            "  hint: keep a copy of the vault's folder, compare it with a backup, and see: vaultctl doctor",
        )
    }
}

/// Says in words what a check found.
pub(in crate::commands) fn what_is_broken(found: &Verification) -> String {
    let place = found.first_broken.map_or_else(|| "the log".to_owned(), |seq| format!("entry {seq}"));
    let entries = found.entries;
    match found.reason.as_deref() {
        Some("edited") => format!("{place} is not as it was written ({entries} entries read)"),
        Some("missing") => format!("{place} is missing ({entries} entries read)"),
        Some("cut") => format!("{place} and what followed were cut off ({entries} entries read)"),
        _ => format!("{place} does not fit the chain ({entries} entries read)"),
    }
}
