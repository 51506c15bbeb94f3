//! The demo's look at the audit log.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use vault::api::{AuditEntry, AuditLog, VerifyAudit};
use vault::client::Client;

use crate::say::{explain, headline};

/// Prints the log, oldest first, and checks its chain.
pub(super) fn show(socket: &Path) -> Result<()> {
    headline("7. See who looked");
    explain("Each act was written to the log in the transaction that made it, before the answer left.");
    let mut client = Client::connect(socket)?;
    let log = client.call(&AuditLog::default())?;
    for entry in log.entries.iter().rev() {
        explain(row(entry));
    }
    let decrypted = log.entries.iter().filter(|entry| entry.action == vault::domain::Action::Decrypt).count();
    ensure!(decrypted == 3, "the value was read three times, but the log has {decrypted} entries of it");
    let checked = client.call(&VerifyAudit::default())?;
    ensure!(checked.intact, "the log is broken at entry {:?}", checked.first_broken);
    let head = checked.head.context("the log has no head")?;
    explain(
        "Each entry carries a MAC over itself and the one before, so that an edit, a gap or a cut shows.",
    );
    explain(format_args!(
        "verified: {} entries, intact, head {}…",
        checked.entries,
        head.get(..16).unwrap_or(&head)
    ));
    Ok(())
}

/// Prints one entry: its place, what was done, how it ended, to what, and by whom.
fn row(entry: &AuditEntry) -> String {
    let AuditEntry { seq, action, outcome, actor, .. } = entry;
    let name = entry.entry_name.as_deref().unwrap_or("the vault");
    let program =
        entry.peer.as_ref().and_then(|peer| peer.exe.as_deref()).map(Path::new).and_then(Path::file_name);
    let program = program.map(|name| format!(", by {}", name.display())).unwrap_or_default();
    format!("{seq:>3}  {:<8} {:<7} {name:<26} {actor}{program}", action.as_str(), outcome.as_str())
}
