//! `vaultctl env`

pub(super) mod quote;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use vault::api::{Code, Fault, ResolvedValue};
use zeroize::Zeroizing;

use crate::complete::Completes;
use crate::context::Context;
use crate::dotenv;
use crate::failure::Failure;
use crate::references::Wanted;
use crate::show::plain;

/// Prints secrets as assignments of variables, for a shell or a file.
///
/// A platform's fields go into their usual variables, and so does a secret of a platform. For any other secret write
/// VAR=NAME; without VAR the variable is the name in capitals. Values are printed to a pipe or a file; on a terminal only
/// with `--reveal`. Where the command that needs them can be started by `run`, that keeps them out of the shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl env DATABASE_URL=db-url --format dotenv > .env
  eval \"$(vaultctl env --skill openai)\"
  vaultctl env --skill aws --format fish | source
  vaultctl env openai stripe --format json | jq keys")]
pub(crate) struct EnvArgs {
    /// A platform, all of whose fields are printed
    #[arg(long, value_name = "PLATFORM", add = Completes::Stored)]
    skill: Vec<String>,
    /// Secrets, each as NAME or VAR=NAME
    #[arg(value_name = "NAME", required_unless_present = "skill", add = Completes::Key)]
    names: Vec<String>,
    /// How to print: sh, fish, dotenv or json [default: sh, or json with --json]
    #[arg(long, hide_possible_values = true, conflicts_with = "json")]
    format: Option<Format>,
    /// Print values on a terminal
    #[arg(long)]
    reveal: bool,
}

/// How to print assignments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `export NAME='value'`, for any POSIX shell.
    Sh,
    /// `set -gx NAME 'value'`
    Fish,
    /// `NAME='value'`
    Dotenv,
    /// An object.
    Json,
}

/// A name as it was asked for.
struct Asked<'a> {
    variable: Option<&'a str>,
    name: &'a str,
}

impl<'a> Asked<'a> {
    /// Takes `VAR=NAME` apart; a name may have a `=` of its own after what is no variable.
    fn of(text: &'a str) -> Self {
        match text.split_once('=') {
            Some((variable, name)) if dotenv::is_variable(variable) && !name.is_empty() => {
                Self { variable: Some(variable), name }
            }
            _ => Self { variable: None, name: text },
        }
    }

    fn variable(&self, read: &ResolvedValue) -> String {
        let usual = || read.env.clone().unwrap_or_else(|| in_capitals(read.name.as_str()));
        self.variable.map_or_else(usual, str::to_owned)
    }
}

/// Reads the values and prints them.
pub(super) fn run(args: &EnvArgs, context: &Context) -> Result<ExitCode, Failure> {
    if !args.reveal {
        super::refuse_terminal("env … | COMMAND")?;
    }
    let usual = if context.show.is_json() { Format::Json } else { Format::Sh };
    let format = args.format.unwrap_or(usual);
    let asked: Vec<_> = args.names.iter().map(|name| Asked::of(name)).collect();
    let mut wanted = Wanted::default();
    args.skill.iter().for_each(|platform| wanted.platform(platform));
    for asked in &asked {
        wanted.name(asked.name);
    }
    let values = wanted.read(context)?;
    let mut pairs = Vec::new();
    for read in values.of_platforms() {
        pairs.push((read.env.clone().unwrap_or_else(|| in_capitals(read.name.as_str())), read));
    }
    for asked in &asked {
        pairs.extend(values.named(asked.name).map(|read| (asked.variable(read), read)));
    }
    if format == Format::Json {
        let object: BTreeMap<_, _> = pairs.iter().map(|(variable, read)| (variable, &read.value)).collect();
        context.show.json(&object)?;
    } else {
        context.show.revealed(&assignments(&pairs, format)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn assignments(pairs: &[(String, &ResolvedValue)], format: Format) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    for (variable, read) in pairs {
        let value = read.value.value().expose();
        if value.contains('\0') {
            return Err(unfit(read, "it has a zero byte, which no variable can hold"));
        }
        let (before, between, quoted) = match format {
            Format::Fish => ("set -gx ", " ", quote::for_fish(value)),
            Format::Dotenv => ("", "=", quote::for_dotenv(value)),
            Format::Sh | Format::Json => ("export ", "=", quote::for_sh(value)),
        };
        for part in [before, variable, between, &quoted, "\n"] {
            text.push_str(part);
        }
    }
    Ok(text)
}

fn unfit(read: &ResolvedValue, why: &str) -> Failure {
    let message = format!("{}: {why}", plain(read.name.as_str()));
    Fault::new(Code::InvalidRequest, message).hint("print it with --format json, or use: vaultctl get").into()
}

/// Makes a variable of a name: capitals, digits and `_`.
fn in_capitals(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let text: String = name.chars().map(letter).collect();
    if dotenv::is_variable(&text) { text } else { format!("_{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_variable() {
        assert_eq!(
            ["DB_URL", "_1PASSWORD", "A_B_"],
            ["db-url", "1password", "a b\u{e9}"].map(in_capitals).each_ref().map(|s| &**s)
        );
    }

    #[test]
    fn a_variable_may_stand_before_the_name() {
        let asked = |text| {
            let asked = Asked::of(text);
            (asked.variable.map(str::to_owned), asked.name.to_owned())
        };
        assert_eq!((Some("KEY".into()), "skill:a:b".into()), asked("KEY=skill:a:b"));
        assert_eq!((None, "no-variable=x".into()), asked("no-variable=x"));
    }
}
