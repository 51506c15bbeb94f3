//! What is said when the arguments make no sense: the rule that was broken, never what was typed.
//!
//! A value that was put into an argument by mistake must not be repeated on the screen or in a log.

use std::ffi::OsString;
use std::num::ParseIntError;
use std::process::ExitCode;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::failure::Failure;
use crate::show::Show;

const NO_VALUES: &str =
    "a value is never an argument: type it at the prompt, pipe it in, or use --value-file";

const NO_TOKEN: &str = "a token is never an argument: set AGENTICMAIL_VAULT_TOKEN, or use --token-file";

/// Options that people try, and that would put a value where every process can read it.
const VALUE_OPTIONS: [&str; 5] = ["--value", "--key", "--password", "--secret", "--token"];

/// Prints help where it was asked for, else explains the mistake, and gives the exit code.
pub(crate) fn end(error: &clap::Error, arguments: &[OsString], program: &Command) -> ExitCode {
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
            let failure = Failure::usage(message(error), hint(error, program, &named(program, arguments)));
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
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "no command is named".to_owned()
        }
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

/// Gives the words of the type that refused the input; a number's type repeats it, so its range alone is told.
fn cause(error: &clap::Error) -> String {
    let source = std::error::Error::source(error);
    let words = source.map(ToString::to_string).unwrap_or_default();
    if let Some((_, range)) = words.split_once(" is not in ") {
        return format!("a number of {range} is expected").replace("..=", " to ");
    }
    if source.is_none_or(<dyn std::error::Error>::is::<ParseIntError>) {
        return "a whole number is expected".to_owned();
    }
    words
}

fn hint(error: &clap::Error, program: &Command, command: &str) -> String {
    let unknown = error.kind() == ErrorKind::UnknownArgument;
    let asked = text(error, ContextKind::InvalidArg).unwrap_or_default();
    if unknown && asked == "--token" {
        return NO_TOKEN.to_owned();
    }
    if unknown && command == "vaultctl run" && !asked.starts_with('-') {
        return format!("the command stands after two dashes: {command} OPTIONS -- COMMAND");
    }
    let may_be_value = !asked.starts_with('-') && takes_values(program, command);
    if unknown && (may_be_value || VALUE_OPTIONS.contains(&asked.as_str())) {
        return format!("{NO_VALUES}; see: {command} --help");
    }
    let suggested = subcommands(error, program).or_else(|| {
        [ContextKind::SuggestedArg, ContextKind::SuggestedValue]
            .into_iter()
            .find_map(|kind| text(error, kind))
    });
    suggested
        .map_or_else(|| format!("see: {command} --help"), |suggested| format!("did you mean {suggested}?"))
}

/// Gives the commands that may have been meant, but for those that are for packagers alone.
fn subcommands(error: &clap::Error, program: &Command) -> Option<String> {
    let Some(ContextValue::Strings(all)) = error.get(ContextKind::SuggestedSubcommand) else { return None };
    let is_hidden = |name: &&String| program.find_subcommand(name).is_some_and(Command::is_hide_set);
    let shown: Vec<_> = all.iter().filter(|name| !is_hidden(name)).map(String::as_str).collect();
    Some(shown.join(" or ")).filter(|shown| !shown.is_empty())
}

/// Gives the command that the arguments name, for a hint at its help.
fn named(program: &Command, arguments: &[OsString]) -> String {
    let mut words = vec![program.get_name()];
    let mut command = program;
    for argument in arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
        if let Some(found) = command.find_subcommand(argument) {
            words.push(found.get_name());
            command = found;
        }
    }
    words.join(" ")
}

/// Tells whether people may put a value, or a key, behind a command.
fn takes_values(program: &Command, command: &str) -> bool {
    let named = command.split(' ').skip(1).try_fold(program, |from, word| from.find_subcommand(word));
    named.is_some_and(|command| {
        let by_name = ["unlock", "rekey"].contains(&command.get_name());
        by_name || command.get_arguments().any(|argument| argument.get_long() == Some("value-file"))
    })
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
        ContextValue::Strings(all) => Some(all.join(" or ")).filter(|all| !all.is_empty()),
        ContextValue::StyledStr(one) => Some(one.to_string()),
        _ => None,
    }
}
