//! `vaultctl env`

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use vault::api::{Code, Fault, ResolvedValue};
use vault::discovery::{self, is_variable};
use zeroize::Zeroizing;

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::quote;
use crate::references::{Reference, Unreadable, Values, Wanted};
use crate::show::plain;
use crate::variables::{Passed, Variables, misfit};

/// Prints secrets as assignments of variables, for a shell or a file.
///
/// A platform's fields go into all of their usual variables, and a secret of a platform into the first of them. For any
/// other secret write VAR=NAME; without VAR the variable is the name in capitals. Values are printed to a pipe or a file; on a terminal
/// only with `--reveal`. Where the command that needs them can be started by `run`, that keeps them out of the shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl env DATABASE_URL=db-url --format dotenv > .env
  eval \"$(vaultctl env --skill openai)\"
  vaultctl env --skill aws --format fish | source
  vaultctl env openai stripe --format json | jq keys")]
pub(crate) struct EnvArgs {
    /// A platform, whose fields are printed as run passes them
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
pub(super) enum Format {
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
    secret: Reference,
}

impl<'a> Asked<'a> {
    /// Takes `VAR=NAME` apart; a name may have a `=` of its own after what is no variable, and may be a reference.
    fn of(text: &'a str) -> Result<Self, Unreadable> {
        let (variable, name) = match text.split_once('=') {
            Some((variable, name)) if is_variable(variable) && !name.is_empty() => (Some(variable), name),
            _ => (None, text),
        };
        Ok(Self { variable, secret: Reference::argument(name)? })
    }
}

/// Reads the values and prints them.
pub(super) fn run(args: &EnvArgs, context: &Context) -> Result<ExitCode, Failure> {
    if !args.reveal {
        super::refuse_terminal("env … | COMMAND")?;
    }
    let usual = if context.show.is_json() { Format::Json } else { Format::Sh };
    let format = args.format.unwrap_or(usual);
    let asked = args.names.iter().map(|name| Asked::of(name)).collect::<Result<Vec<_>, _>>()?;
    let mut wanted = Wanted::default();
    args.skill.iter().for_each(|platform| wanted.platform(platform));
    for asked in &asked {
        wanted.secret(&asked.secret);
    }
    let values = wanted.read(context).map_err(|failure| placed(failure, &wanted, context))?;
    let own = own_variables(&asked, &values)?;
    let variables = chosen(&asked, &values, &own, context)?;
    if format == Format::Json {
        let pairs = variables.pairs().iter();
        let object: BTreeMap<_, _> = pairs.map(|(variable, read)| (variable, &read.value)).collect();
        context.show.json(&object)?;
    } else {
        context.show.revealed(&assignments(variables.pairs(), format)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Says in which org a secret is missing, if a reference names one.
fn placed(failure: Failure, wanted: &Wanted, context: &Context) -> Failure {
    match failure {
        Failure::Fault(fault) if fault.code == Code::NotFound => match wanted.missing(context) {
            Some(missing) => missing.placed(fault).into(),
            None => fault.into(),
        },
        other => other,
    }
}

/// Gives each name that came without a variable the one that it usually goes into, else one made of it.
fn own_variables(asked: &[Asked<'_>], values: &Values) -> Result<Vec<String>, Failure> {
    let own = |asked: &Asked<'_>| match (asked.variable, values.of(&asked.secret)) {
        (Some(variable), _) => Ok(variable.to_owned()),
        (None, None) => Ok(String::new()),
        (None, Some(read)) => match discovery::variables(&read.name) {
            Ok(usual) => Ok(usual.into_iter().next().unwrap_or_default()),
            Err(why) => {
                let message = format!("`{}` {why}", plain(read.name.as_str()));
                Err(Failure::usage(message, "name the variable: VARIABLE=NAME"))
            }
        },
    };
    asked.iter().map(own).collect()
}

/// Puts every secret into its variable; one that was named for a secret is not given to a platform's.
fn chosen<'v>(
    asked: &[Asked<'_>],
    values: &'v Values,
    own: &'v [String],
    context: &Context,
) -> Result<Variables<'v>, Failure> {
    let mut named = Variables::default();
    let with_own =
        asked.iter().zip(own).filter_map(|(asked, own)| Some((asked, own, values.of(&asked.secret)?)));
    for (asked, own, read) in with_own.clone() {
        if asked.variable.is_some() {
            named.put(own, read)?;
        }
    }
    let mut passed = Passed::of(values, misfit, "name the variable: vaultctl env VARIABLE=")?;
    passed.yield_to(|variable, read| {
        let mut own = with_own.clone().filter(|(asked, own, _)| asked.variable.is_none() && *own == variable);
        own.find_map(|(_, _, other)| (other.entry.id != read.entry.id).then(|| plain(other.name.as_str())))
    });
    passed.warning().iter().for_each(|warning| context.show.warning(warning));
    let mut all = Variables::default();
    let others = passed.variables.pairs().iter().filter(|(variable, _)| !named.has(variable));
    others.copied().try_for_each(|(variable, read)| all.put(variable, read))?;
    for (asked, own, read) in with_own {
        if asked.variable.is_some() || !named.has(own) {
            all.put(own, read)?;
        }
    }
    Ok(all)
}

/// Writes assignments, one a line.
pub(super) fn assignments(
    pairs: &[(&str, &ResolvedValue)],
    format: Format,
) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    for (variable, read) in pairs {
        let value = read.value.value().expose();
        if value.contains('\0') {
            return Err(unfit(read, "it has a zero byte, which no variable can hold"));
        }
        let (before, between, quoted) = match format {
            Format::Fish => ("set -gx ", " ", quote::for_fish(value)),
            Format::Dotenv => {
                ("", "=", quote::for_dotenv(value).ok_or_else(|| unfit(read, quote::NO_DOTENV))?)
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_may_stand_before_the_name() {
        let asked = |text| {
            let asked = Asked::of(text).unwrap();
            (asked.variable.map(str::to_owned), asked.secret.name)
        };
        assert_eq!((Some("KEY".into()), "skill:a:b".into()), asked("KEY=skill:a:b"));
        assert_eq!((None, "no-variable=x".into()), asked("no-variable=x"));
    }
}
