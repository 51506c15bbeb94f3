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

/// What a spreadsheet may take for the begin of a formula, also behind white space: the signs, full-width and small ones too.
const SIGNS: [char; 12] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫'];

/// Returns whether a cell is written with a `'` in front: one that a spreadsheet would take for a formula (OWASP, CSV injection), and
/// one that has a `'` there itself, so that a reader who takes one away has the cell as it was.
fn is_defused(cell: &str) -> bool {
    let text = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    text.starts_with(SIGNS) || cell.starts_with(['\t', '\r', '\n', '\''])
}

/// Quotes a cell if its text needs it.
fn quoted(cell: &str) -> String {
    let defused = is_defused(cell).then(|| format!("'{cell}"));
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
    fn a_formula_behind_white_space_or_in_other_widths_is_text() {
        for cell in [
            " =1",
            "\u{3000}+1",
            "\u{a0}@SUM",
            "\u{feff}=1",
            "\n=1",
            " \t-1",
            "＝1",
            "＋1",
            "－1",
            "＠SUM",
            " ＝1",
            "﹦1",
        ] {
            assert!(quoted(cell).trim_start_matches('"').starts_with('\''), "{cell:?}");
        }
        for cell in ["a＝1", " a", "\u{3000}", "1-1", "", "_x"] {
            assert_eq!(cell, quoted(cell));
        }
    }

    #[test]
    fn a_reader_who_takes_the_sign_in_front_away_has_the_cell_as_it_was() {
        for cell in ["=1", "'=1", "''", "'", " =\"1\"", "＝1,2", "\r=1", "plain", "a'b", "\"'\"", " '=1"] {
            let written = quoted(cell);
            let unquoted = written.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            let text = unquoted.map_or_else(|| written.clone(), |text| text.replace("\"\"", "\""));
            assert_eq!(cell, text.strip_prefix('\'').unwrap_or(&text), "{written}");
        }
    }

    #[test]
    fn a_cell_with_a_comma_or_a_quote_is_quoted() {
        assert_eq!("\"a,\"\"b\"\"\"", quoted("a,\"b\""));
        assert_eq!("plain", quoted("plain"));
    }
}
