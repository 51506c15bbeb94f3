//! `vaultctl scan`

mod diff;
mod feed;
mod files;
mod finding;
mod git;
mod patterns;
mod places;
mod sarif;

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::FOUND_SOMETHING;
use crate::context::Context;
use crate::failure::{Failure, in_words, verdict};
use crate::show::{Show, Tone, counted, plain};
use feed::Feed;
use finding::{Finding, Origin};
use git::{Part, Repository};
use patterns::Patterns;
use places::Places;

/// The most files that are named as unreadable.
const NAMED: usize = 10;

/// Looks for stored values in files, history and agents' transcripts; exits 9 where something is found.
///
/// Looks for the values themselves, present and kept, however they are escaped, for lines of keys, for base64 and hex, and for
/// what has the form of a known platform's key. It prints where, never what. Without a path it looks in this folder and
/// in the histories of shells. Of a diff on standard input only what it adds counts. The text goes to the daemon over its socket: no value leaves it. Each request is in the
/// audit log. Values under 6 bytes are not looked for; what is compressed or encrypted is not opened.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl scan                              this folder, and the histories of shells
  vaultctl scan --git --agents               the history of the repository and agents' transcripts too
  vaultctl scan ~/project --format sarif > found.sarif
  vaultctl scan --staged                     before a commit
  git diff main | vaultctl scan -            what a branch adds")]
pub(crate) struct ScanArgs {
    /// Files and folders to look in, `-` for standard input [default: this folder]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Look in the whole git history of each path too
    #[arg(long)]
    git: bool,
    /// Look at what the next commit adds, in the repository of each path, and nowhere else
    #[arg(long, conflicts_with_all = ["git", "agents"])]
    staged: bool,
    /// Look where shells and coding agents keep what was typed and said
    #[arg(long)]
    agents: bool,
    /// How to print it [default: text]
    #[arg(long, conflicts_with = "json")]
    format: Option<Format>,
}

/// How to print what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each place.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

/// What was found, for programs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The places, in order.
    findings: Vec<Finding>,
    /// How much was looked at.
    looked: LookedAt,
    /// What could not be read.
    unreadable: Vec<Unreadable>,
    /// Places beyond 100 in one text, which are counted and not told.
    untold: u64,
    /// Secrets that could not be looked for: their stored values do not authenticate.
    damaged: Vec<String>,
}

/// How much was looked at.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LookedAt {
    /// Files and objects.
    texts: u64,
    /// Their bytes.
    bytes: u64,
    /// The values that were looked for.
    values: u64,
    /// The values that were not: too short, or no secrets.
    left_out: u64,
}

/// A file that could not be read.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Unreadable {
    /// Which one.
    path: String,
    /// Why not.
    error: String,
}

impl Unreadable {
    fn new(path: &Path, error: &io::Error) -> Self {
        Self { path: path.to_string_lossy().into_owned(), error: in_words(error) }
    }
}

/// Looks everywhere that was named and tells what was found.
pub(super) fn run(args: &ScanArgs, context: &Context) -> Result<ExitCode, Failure> {
    let places = args.places()?;
    let repositories = args.repositories()?;
    let mut feed = Feed::new(context, Patterns::new())?;
    let look = || look(&places, &repositories, &mut feed);
    let unreadable = context.show.while_waiting("looking for stored values", look)?;
    let report = report(feed, unreadable);
    let code = if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND_SOMETHING) };
    verdict(tell(args, &report, context), code)
}

impl ScanArgs {
    /// Lists where to look; a path that is not there is a mistake, a history that is not there is none.
    fn places(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut places = self.paths();
        if let Some(missing) = places.iter().find(|path| !is_stdin(path) && path.symlink_metadata().is_err())
        {
            let message = format!("{} is not there", missing.display());
            return Err(Failure::usage(
                message,
                "name files or folders that exist, or `-` for standard input",
            ));
        }
        if self.staged {
            return Ok(Vec::new());
        }
        let known = Places::builtin()?;
        if self.agents || self.paths.is_empty() {
            places.extend(known.histories());
        }
        if self.agents {
            places.extend(known.agents());
        }
        Ok(places)
    }

    fn repositories(&self) -> Result<Vec<Repository>, Failure> {
        let part = match (self.git, self.staged) {
            (_, true) => Part::Staged,
            (true, _) => Part::History,
            _ => return Ok(Vec::new()),
        };
        let paths = self.paths();
        paths.iter().filter(|path| !is_stdin(path)).map(|path| Repository::of(path, part)).collect()
    }

    fn paths(&self) -> Vec<PathBuf> {
        if self.paths.is_empty() { vec![PathBuf::from(".")] } else { self.paths.clone() }
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Looks everywhere; gives what could not be read.
fn look(
    places: &[PathBuf],
    repositories: &[Repository],
    feed: &mut Feed<'_>,
) -> Result<Vec<Unreadable>, Failure> {
    let mut unreadable = Vec::new();
    for place in places {
        if is_stdin(place) {
            look_at_stdin(feed)?;
        } else {
            look_under(place, feed, &mut unreadable)?;
        }
    }
    for repository in repositories {
        repository.look(feed)?;
    }
    feed.flush()?;
    for repository in repositories {
        repository.name_commits(&mut feed.findings);
    }
    Ok(unreadable)
}

/// Looks at standard input; if it is a diff, at what that adds.
fn look_at_stdin(feed: &mut Feed<'_>) -> Result<(), Failure> {
    let mut input = io::stdin().lock();
    let mut start = Zeroizing::new(Vec::new());
    (&mut input).take(diff::START).read_to_end(&mut start)?;
    let text = start.as_slice().chain(input);
    if diff::is_diff(&start) {
        feed.look_at_diff(BufReader::new(text))
    } else {
        Ok(feed.look(&Origin::Stdin, text)??)
    }
}

fn look_under(place: &Path, feed: &mut Feed<'_>, unreadable: &mut Vec<Unreadable>) -> Result<(), Failure> {
    for found in files::under(place) {
        let (path, read) = match found {
            Ok(path) => {
                let read = match files::open(&path, path == place) {
                    Ok(file) => feed.look(&Origin::File(path.clone()), file)?,
                    Err(error) => Err(error),
                };
                (path, read)
            }
            Err((path, error)) => (path, Err(error)),
        };
        if let Err(error) = read {
            unreadable.push(Unreadable::new(&path, &error));
        }
    }
    Ok(())
}

fn report(feed: Feed<'_>, unreadable: Vec<Unreadable>) -> Report {
    let (mut findings, tally) = (feed.findings, feed.tally);
    findings.sort();
    findings.dedup();
    let looked =
        LookedAt { texts: tally.texts, bytes: tally.bytes, values: tally.values, left_out: tally.left_out };
    let damaged = tally.damaged.iter().map(ToString::to_string).collect();
    Report { findings, looked, unreadable, untold: tally.untold, damaged }
}

fn tell(args: &ScanArgs, report: &Report, context: &Context) -> Result<(), Failure> {
    let show = context.show;
    let usual = if show.is_json() { Format::Json } else { Format::Text };
    match args.format.unwrap_or(usual) {
        Format::Json => show.json(report),
        Format::Sarif => show.json(&sarif::Log::of(&report.findings)),
        Format::Text => in_text(report, show),
    }
}

fn in_text(report: &Report, show: Show) -> Result<(), Failure> {
    for finding in &report.findings {
        show.line(format_args!("{}: {}", show.tone(Tone::Strong, &finding.place()), finding.what.words()))?;
    }
    for one in report.unreadable.iter().take(NAMED) {
        show.note(format_args!("not read: {}: {}", plain(&one.path), one.error));
    }
    if let Some(more) = report.unreadable.len().checked_sub(NAMED).filter(|more| *more > 0) {
        show.note(format_args!("not read: {}", counted(more as u64, "other file")));
    }
    for name in &report.damaged {
        show.note(format_args!("not looked for: {}, whose stored value is damaged", plain(name)));
    }
    let looked = &report.looked;
    let (values, texts) = (counted(looked.values, "value"), counted(looked.texts, "text"));
    let found = report.findings.len() as u64 + report.untold;
    let words = if found == 0 { "nothing found".to_owned() } else { counted(found, "place") };
    show.note(format_args!("{words}: looked for {values} in {texts}, {} bytes", looked.bytes));
    if looked.left_out > 0 {
        let left = counted(looked.left_out, "value");
        show.note(format_args!("{left} not looked for: under 6 bytes, or no secret"));
    }
    if found > 0 {
        show.note("a key that got out is replaced at its issuer; then: vaultctl set NAME");
    }
    Ok(())
}
