//! `vaultctl audit --follow`: the entries as they are written, over server-sent events.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

use serde::Deserialize;
use vault::api::{AuditEntry, AuditLog, Code, Fault};
use vault::domain::{LockReason, OrgScope};

use super::{Format, Narrow, Query, cells, csv};
use crate::context::Context;
use crate::failure::Failure;
use crate::show::plain;

/// How long a stream may be silent; the daemon shows every fifteen seconds that it is alive.
const SILENCE: Duration = Duration::from_mins(1);
/// How wide the columns are that precede the secret's name.
const WIDTHS: [usize; 8] = [6, 20, 8, 7, 28, 12, 16, 0];

/// Prints what is in the log already, then each entry as it comes, until somebody ends it.
pub(super) fn run(query: &Query, format: Format, context: &Context) -> Result<ExitCode, Failure> {
    let newest = AuditLog { limit: Some(1), ..AuditLog::default() };
    let last = context.call(&newest)?.entries.first().map_or(0, |entry| entry.seq);
    let past = context.call(&query.operation(context))?;
    if format == Format::Csv {
        context.show.bytes(csv::HEADING.as_bytes())?;
    }
    for entry in past.entries.iter().rev().filter(|entry| entry.seq <= last) {
        print(entry, format, context)?;
    }
    let mut stream = Stream::open(last, context)?;
    while let Some(entry) = stream.next() {
        if query.narrow.asks_for(&entry, context.orgs().as_ref()) {
            print(&entry, format, context)?;
        }
    }
    // A stream ends without a word: the next request says why a caller may follow no more.
    Err(context.call(&newest).err().unwrap_or_else(gone))
}

fn print(entry: &AuditEntry, format: Format, context: &Context) -> Result<(), Failure> {
    match format {
        Format::Json => context.show.json_line(entry),
        Format::Csv => context.show.bytes(csv::line(entry).as_bytes()),
        Format::Table => {
            let padded = cells(entry).into_iter().zip(WIDTHS);
            let padded: Vec<_> = padded.map(|(cell, width)| format!("{:width$}", plain(&cell))).collect();
            context.show.line(padded.join("  ").trim_end())
        }
    }
}

impl Narrow {
    /// Tells whether an entry is one of those that were asked for.
    fn asks_for(&self, entry: &AuditEntry, orgs: Option<&OrgScope>) -> bool {
        let org = orgs.and_then(OrgScope::one);
        let of_org = org.is_none_or(|org| entry.org_id.as_deref().is_none_or(|one| one == org.as_str()));
        let found = |text: &String| {
            let text = text.to_lowercase();
            let name = entry.entry_name.as_deref().unwrap_or_default();
            name.to_lowercase().contains(&text) || entry.actor.to_lowercase().contains(&text)
        };
        of_org
            && self.action.is_none_or(|action| action == entry.action)
            && self.outcome.is_none_or(|outcome| outcome == entry.outcome)
            && self.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
            && self.search.as_ref().is_none_or(found)
    }
}

/// A stream of server-sent events.
struct Stream(BufReader<UnixStream>);

/// An error as HTTP carries it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    error: String,
    code: Code,
    hint: String,
    #[serde(default)]
    lock_reason: Option<LockReason>,
}

impl Stream {
    /// Opens the stream of what follows an entry.
    fn open(last: u64, context: &Context) -> Result<Self, Failure> {
        let stream = context.get(&format!("/vault/events?since={last}"), "")?;
        stream.set_read_timeout(Some(SILENCE))?;
        let mut opened = Self(BufReader::new(stream));
        let status = opened.line().ok_or_else(gone)?;
        while !opened.line().ok_or_else(gone)?.is_empty() {}
        if status.split(' ').nth(1) == Some("200") { Ok(opened) } else { Err(opened.refusal(context)) }
    }

    /// Reads a line; `None` at the end, or after a long silence.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    }

    fn refusal(&mut self, context: &Context) -> Failure {
        let mut body = String::new();
        let read = self.0.read_to_string(&mut body);
        let refusal = read.ok().and_then(|_| serde_json::from_str::<Refusal>(&body).ok());
        refusal.map_or_else(gone, |Refusal { error, code, hint, lock_reason }| {
            let fault = Fault { lock_reason, ..Fault::new(code, error).hint(hint) };
            context.advised_as_agent(fault).into()
        })
    }

    /// Waits for the next entry; `None` at the end of the stream.
    fn next(&mut self) -> Option<AuditEntry> {
        loop {
            let line = self.line()?;
            if let Some(entry) = line.strip_prefix("data: ").and_then(|json| serde_json::from_str(json).ok())
            {
                return Some(entry);
            }
        }
    }
}

fn gone() -> Failure {
    let hint = "the daemon has ended or is too busy; see: vaultctl doctor";
    Fault::new(Code::Unavailable, "the daemon sends no more entries").hint(hint).into()
}
