//! Live completion: what a shell offers while a command is typed, names of secrets and platforms among it.
//!
//! The scripts of `vaultctl completions` start this program with the words so far. It answers in lines: first whether
//! file names are wanted, then a candidate each. Whatever goes wrong, it offers less and says nothing.

mod lookup;
mod words;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::builder::ArgExt;
use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::CompletionCandidate;
use clap_complete::engine::{ArgValueCompleter, complete};
use vault::presets::Presets;

use crate::cli::Cli;
use crate::show::{Show, plain};
use lookup::{Place, Question};
use words::Typed;

/// The first argument of a call from a completion script.
const CALL: &str = "__complete";

/// What completes an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completes {
    /// The name of a secret.
    Secret,
    /// The name of a secret, or a platform alone.
    Key,
    /// `VAR=` and one of those.
    Variable,
    /// A platform of which something is stored.
    Stored,
    /// A platform that the vault knows.
    Preset,
    /// The name of an agent.
    Agent,
    /// An org.
    Org,
}

impl ArgExt for Completes {}

/// Tells whether a completion script started this program.
pub(crate) fn is_asked(arguments: &[OsString]) -> bool {
    arguments.get(1).is_some_and(|first| first == CALL)
}

/// Prints what completes the words so far; always succeeds.
pub(crate) fn answer(arguments: &[OsString]) -> ExitCode {
    let asked: Vec<String> =
        arguments.iter().skip(2).map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(text) = Typed::of(&asked).and_then(|typed| offered(&typed)) {
        let _ = Show::before_parsing(false).bytes(text.as_bytes());
    }
    ExitCode::SUCCESS
}

/// Writes the answer for the words so far.
fn offered(typed: &Typed) -> Option<String> {
    let files = Arc::new(AtomicBool::new(false));
    let place = Arc::new(Place::of(&typed.words));
    let mut program = attach(Cli::command().disable_help_subcommand(true), &place, &files);
    let index = typed.words.len().checked_sub(1)?;
    let words = typed.words.iter().map(OsString::from).collect();
    let mut found = complete(&mut program, words, index, None).ok()?;
    let is_option = |one: &CompletionCandidate| one.get_value().as_encoded_bytes().starts_with(b"-");
    if typed.current().is_empty() && !found.iter().all(is_option) {
        found.retain(|one| !is_option(one));
    }
    let wants_files = found.is_empty() && files.load(Ordering::Relaxed);
    let mut text = if wants_files { "files\n" } else { "words\n" }.to_owned();
    for one in found.iter().filter_map(|one| typed.line(one)) {
        text.push_str(&one);
        text.push('\n');
    }
    Some(text)
}

/// Gives each argument that has a completer its way to the daemon.
fn attach(command: Command, place: &Arc<Place>, files: &Arc<AtomicBool>) -> Command {
    command
        .mut_args(|arg| with_completer(arg, place, files))
        .mut_subcommands(|command| attach(command, place, files))
}

fn with_completer(arg: Arg, place: &Arc<Place>, files: &Arc<AtomicBool>) -> Arg {
    if let Some(kind) = arg.get::<Completes>().copied() {
        let place = Arc::clone(place);
        return arg.add(ArgValueCompleter::new(move |current: &OsStr| candidates(kind, current, &place)));
    }
    let is_path = matches!(arg.get_value_hint(), ValueHint::AnyPath) || arg.is_last_set();
    if !is_path {
        return arg;
    }
    let files = Arc::clone(files);
    arg.add(ArgValueCompleter::new(move |current: &OsStr| {
        if !current.as_encoded_bytes().starts_with(b"-") {
            files.store(true, Ordering::Relaxed);
        }
        Vec::new()
    }))
}

/// Gives what completes a word that is no option.
fn candidates(kind: Completes, current: &OsStr, place: &Place) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str().filter(|text| !text.starts_with('-')) else { return Vec::new() };
    let (before, sought) = match (kind, current.split_once('=')) {
        (Completes::Variable, None) => return Vec::new(),
        (Completes::Variable | Completes::Key, Some((variable, name))) => (format!("{variable}="), name),
        _ => (String::new(), current),
    };
    let names = match kind {
        Completes::Preset => known_platforms(),
        Completes::Secret => place.ask(Question::Secrets, sought),
        Completes::Key | Completes::Variable => place.ask(Question::Keys, sought),
        Completes::Stored => place.ask(Question::Platforms, sought),
        Completes::Agent => place.ask(Question::Agents, sought),
        Completes::Org => place.ask(Question::Orgs, sought),
    };
    // A name that would turn the line around, or that this program would read as an option, is not offered.
    let fits = |name: &str| name.starts_with(sought) && !name.starts_with('-') && plain(name) == name;
    let fitting = names.into_iter().filter(|(name, _)| fits(name));
    fitting
        .map(|(name, help)| CompletionCandidate::new(format!("{before}{name}")).help(Some(help.into())))
        .collect()
}

fn known_platforms() -> Vec<(String, String)> {
    let all = Presets::builtin().all().iter();
    all.map(|preset| (preset.platform.clone(), preset.label.clone())).collect()
}
