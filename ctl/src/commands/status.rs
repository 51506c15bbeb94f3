//! `vaultctl status`

use std::process::ExitCode;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Status, StatusOf};
use vault::domain::LockReason;

use crate::context::Context;
use crate::failure::Failure;
use crate::posture::Surroundings;
use crate::show::{Tone, plain, span};

/// Says how the vault is: locked or not, how much it holds, what protects it, what should be mended.
///
/// It succeeds while the vault is locked too: the daemon answers, and says why.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl status
  vaultctl status --json | jq -e '.locked | not'")]
pub(crate) struct StatusArgs {}

/// The daemon's answer, and what this machine says beside it.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Answer {
    #[serde(flatten)]
    status: Status,
    #[serde(flatten)]
    surroundings: Surroundings,
}

/// Asks the daemon and prints what it says.
pub(super) fn run(_args: &StatusArgs, context: &Context) -> Result<ExitCode, Failure> {
    let status = context.call(&StatusOf { org_id: context.orgs() })?;
    let show = context.show;
    let surroundings = Surroundings::look(&context.socket());
    if show.is_json() {
        show.json(&Answer { status, surroundings })?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut pairs = vec![
        ("vault", state(&status, context)),
        ("secrets", secrets(&status)),
        ("sealing", sealing(&status)),
    ];
    pairs.extend(surroundings.lines(&status));
    pairs.push(("audit", audit(&status)));
    pairs.push(("daemon", format!("version {}, up {}", plain(&status.version), span(status.uptime_seconds))));
    show.pairs(&pairs)?;
    for warning in &status.warnings {
        let word = show.tone(Tone::Warn, "warning:");
        show.line(format!("{word} {}\n  hint: {}", plain(&warning.message), plain(&warning.hint)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn state(status: &Status, context: &Context) -> String {
    match status.refusal() {
        Some(fault) => {
            let word = context.show.tone(Tone::Bad, "locked");
            let why = fault.message.strip_prefix("the vault is locked").filter(|why| why.starts_with(':'));
            let reason = fault.lock_reason.map_or("", LockReason::as_str);
            format!("{word} ({reason}){}\n  hint: {}", why.unwrap_or_default(), plain(&fault.hint))
        }
        None if status.locked => context.show.tone(Tone::Bad, "locked"),
        None => context.show.tone(Tone::Good, "unlocked"),
    }
}

fn secrets(status: &Status) -> String {
    let present = status.entries_by_category.iter().filter(|(_, count)| **count > 0);
    let by_category: Vec<_> =
        present.map(|(category, count)| format!("{} {count}", plain(category))).collect();
    if by_category.is_empty() {
        return status.total_entries.to_string();
    }
    format!("{} ({})", status.total_entries, by_category.join(", "))
}

fn sealing(status: &Status) -> String {
    let kdf = &status.kdf;
    format!("{}; key by {} with {}, {} rounds", status.algorithm, kdf.name, kdf.hash, kdf.iterations)
}

fn audit(status: &Status) -> String {
    let head = status.audit.head.as_deref().and_then(|head| head.get(..16));
    let head = head.map_or_else(String::new, |head| format!(", head {}…", plain(head)));
    format!("{} entries{head}", status.audit.entries)
}
