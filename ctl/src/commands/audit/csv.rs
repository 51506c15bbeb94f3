//! The log as comma-separated values (RFC 4180).

use std::fmt::Display;

use vault::api::AuditEntry;

/// The line of headings.
pub(super) const HEADING: &str =
    "seq,createdAt,action,outcome,orgId,entryName,vaultEntryId,actor,uid,gid,pid,exe,metadata,id,mac\r\n";

/// Writes the entries, one a line, after a line of headings.
pub(super) fn of(entries: &[AuditEntry]) -> String {
    let mut text = HEADING.to_owned();
    for entry in entries {
        text.push_str(&line(entry));
    }
    text
}

/// Writes one entry.
pub(super) fn line(entry: &AuditEntry) -> String {
    let peer = entry.peer.as_ref();
    let cells = [
        entry.seq.to_string(),
        entry.created_at.to_string(),
        entry.action.to_string(),
        entry.outcome.to_string(),
        or_empty(entry.org_id.as_ref()),
        or_empty(entry.entry_name.as_ref()),
        or_empty(entry.vault_entry_id),
        entry.actor.clone(),
        or_empty(peer.map(|peer| peer.uid)),
        or_empty(peer.map(|peer| peer.gid)),
        or_empty(peer.and_then(|peer| peer.pid)),
        or_empty(peer.and_then(|peer| peer.exe.as_ref())),
        entry.metadata.as_json().to_owned(),
        entry.id.to_string(),
        entry.mac.clone(),
    ];
    cells.map(|cell| quoted(&cell)).join(",") + "\r\n"
}

fn or_empty(cell: Option<impl Display>) -> String {
    cell.map_or_else(String::new, |cell| cell.to_string())
}

/// Quotes a cell where its text needs it; one that a spreadsheet would take for a formula begins with `'` (OWASP, CSV injection).
fn quoted(cell: &str) -> String {
    let defused = cell.starts_with(['=', '+', '-', '@', '\t', '\r']).then(|| format!("'{cell}"));
    let cell = defused.as_deref().unwrap_or(cell);
    if cell.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_compute_is_text() {
        for (cell, safe) in [
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("+1", "'+1"),
            ("-1+cmd", "'-1+cmd"),
            ("@SUM", "'@SUM"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(safe, quoted(cell));
        }
    }

    #[test]
    fn a_cell_with_a_comma_or_a_quote_is_quoted() {
        assert_eq!("\"a,\"\"b\"\"\"", quoted("a,\"b\""));
        assert_eq!("plain", quoted("plain"));
    }
}
