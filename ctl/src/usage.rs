//! What is said when the arguments make no sense: the rule that was broken, never what was typed.
//!
//! A value that was put into an argument by mistake must not be repeated on the screen or in a log.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::failure::Failure;
use crate::show::Show;

const NO_VALUES: &str = "a value is never an argument: type it at the prompt, pipe it in, or use --value-file";

/// Prints help where it was asked for, else explains the mistake, and gives the exit code.
pub(crate) fn end(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let json = arguments.iter().any(|argument| argument == "--json");
    let show = Show::before_parsing(json);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            show.help(&error.render()).map_or_else(|failure| failure.exit(), |()| ExitCode::SUCCESS)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !json => {
            show.help_instead(&error.render());
            ExitCode::from(2)
        }
        _ => {
            let failure = Failure::usage(message(error), hint(error));
            show.failure(&failure);
            failure.exit()
        }
    }
}

fn message(error: &clap::Error) -> String {
    let option = text(error, ContextKind::InvalidArg).unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidSubcommand => "there is no such command".to_owned(),
        ErrorKind::UnknownArgument if option.starts_with('-') => {
            format!("there is no option {}", option.split('=').next().unwrap_or_default())
        }
        ErrorKind::UnknownArgument => "there is an argument too many".to_owned(),
        ErrorKind::MissingRequiredArgument => format!("missing: {option}"),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "no command is named".to_owned(),
        ErrorKind::ArgumentConflict => conflict(error, &option),
        ErrorKind::InvalidValue if is_missing_value(error) => format!("{option} needs a value"),
        ErrorKind::InvalidValue => format!("{option} takes one of: {}", valid(error).join(", ")),
        ErrorKind::ValueValidation => format!("{option}: {}", cause(error)),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => format!("{option} is not used rightly"),
    }
}

fn conflict(error: &clap::Error, option: &str) -> String {
    match text(error, ContextKind::PriorArg) {
        Some(other) if other == option => format!("{option} is given twice"),
        Some(other) => format!("{option} and {other} exclude each other"),
        None => format!("{option} excludes another option"),
    }
}

/// Gives the words of the type that refused the input; ours never repeat it.
fn cause(error: &clap::Error) -> String {
    std::error::Error::source(error).map_or_else(|| "the value has the wrong form".to_owned(), ToString::to_string)
}

fn hint(error: &clap::Error) -> String {
    let unknown = error.kind() == ErrorKind::UnknownArgument;
    let suggested = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(|kind| text(error, kind));
    if let Some(suggested) = suggested
        && !suggested.starts_with("--value")
    {
        return format!("did you mean {suggested}?");
    }
    let command = command_of(error);
    if unknown { format!("{NO_VALUES}; see: {command} --help") } else { format!("see: {command} --help") }
}

/// Gives the command that was used, as the usage line names it.
fn command_of(error: &clap::Error) -> String {
    let usage = text(error, ContextKind::Usage).unwrap_or_default();
    let words = usage.split_whitespace().skip_while(|word| *word != "vaultctl");
    let plain = |word: &&str| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !word.starts_with('-');
    let command: Vec<_> = words.take_while(plain).collect();
    if command.is_empty() { "vaultctl".to_owned() } else { command.join(" ") }
}

fn is_missing_value(error: &clap::Error) -> bool {
    text(error, ContextKind::InvalidValue).is_none_or(|value| value.is_empty())
}

fn valid(error: &clap::Error) -> Vec<String> {
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(all)) => all.clone(),
        _ => Vec::new(),
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(one) => Some(one.clone()),
        ContextValue::Strings(all) => Some(all.join(", ")).filter(|all| !all.is_empty()),
        ContextValue::StyledStr(one) => Some(one.to_string()),
        _ => None,
    }
}
