//! `vaultctl audit --follow`: the entries as they are written, over server-sent events.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

use serde::Deserialize;
use vault::api::{AuditEntry, AuditLog, Code, Fault};
use vault::client::Client;
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
    let newest = context.call(&AuditLog { limit: Some(1), ..AuditLog::default() })?.entries;
    let mut last = newest.first().map_or(0, |entry| entry.seq);
    let past = context.call(&query.operation(context))?;
    if format == Format::Csv {
        context.show.bytes(csv::HEADING.as_bytes())?;
    }
    for entry in past.entries.iter().rev().filter(|entry| entry.seq <= last) {
        print(entry, format, context)?;
    }
    loop {
        let mut stream = Stream::open(last, context)?;
        while let Event::Entry(entry) = stream.next()? {
            last = entry.seq;
            if query.narrow.asks_for(&entry, context.orgs().as_ref()) {
                print(&entry, format, context)?;
            }
        }
    }
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

/// What a stream brings.
enum Event {
    /// An entry.
    Entry(Box<AuditEntry>),
    /// The daemon had too many for us: the stream has to be opened again.
    Lagged,
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
        let socket = context.socket();
        // This checks who listens there.
        drop(Client::connect(&socket)?);
        let mut stream = UnixStream::connect(&socket).map_err(|_| gone())?;
        stream.set_read_timeout(Some(SILENCE))?;
        // The older version has no chunks to put together.
        let request = format!("GET /vault/events?since={last} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).map_err(|_| gone())?;
        let mut opened = Self(BufReader::new(stream));
        let status = opened.line()?;
        while !opened.line()?.is_empty() {}
        if status.split(' ').nth(1) == Some("200") { Ok(opened) } else { Err(opened.refusal()) }
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(read) if read > 0 => Ok(line.trim_end().to_owned()),
            _ => Err(gone()),
        }
    }

    fn refusal(&mut self) -> Failure {
        let mut body = String::new();
        let read = self.0.read_to_string(&mut body);
        let refusal = read.ok().and_then(|_| serde_json::from_str::<Refusal>(&body).ok());
        refusal.map_or_else(gone, |Refusal { error, code, hint, lock_reason }| {
            Fault { lock_reason, ..Fault::new(code, error).hint(hint) }.into()
        })
    }

    /// Waits for the next event.
    fn next(&mut self) -> Result<Event, Failure> {
        loop {
            let line = self.line()?;
            if line == "event: lagged" {
                return Ok(Event::Lagged);
            }
            if let Some(entry) = line.strip_prefix("data: ").and_then(|json| serde_json::from_str(json).ok())
            {
                return Ok(Event::Entry(entry));
            }
        }
    }
}

fn gone() -> Failure {
    let hint = "the daemon has ended or is too busy; see: vaultctl doctor";
    Fault::new(Code::Unavailable, "the daemon sends no more entries").hint(hint).into()
}
