//! Which variables the command gets, and which secrets go into them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use vault::api::{Code, Fault, ResolvedValue};
use vault::discovery::is_variable;
use vault::domain::Invalid;
use vault_mask::SHORTEST;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::RunArgs;
use super::files::Files;
use crate::context::Context;
use crate::dotenv::{self, Assignment};
use crate::env::PRIVATE;
use crate::failure::{Failure, in_words};
use crate::references::{Reference, Unreadable, Values, Wanted};
use crate::show::{Show, plain};
use crate::utf8;
use crate::variables::{Passed, both, misfit, unfit};

/// The most secrets that a warning names.
const NAMED: usize = 5;

/// A variable and the secret that goes into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// The variable.
    pub(super) variable: String,
    /// The secret.
    pub(super) secret: Reference,
}

/// What a variable holds: wiped when dropped, not shown.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub(super) struct Content(String);

impl Content {
    /// Shows it; every use of it can be found by this name.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content(…)")
    }
}

/// A variable and what it holds.
#[derive(Debug, Serialize, Deserialize)]
pub(in super::super) struct Assigned {
    /// The variable.
    pub(super) variable: String,
    /// What it holds.
    pub(super) content: Content,
}

impl Assigned {
    /// Gives a variable a secret.
    pub(in super::super) fn of_secret((variable, read): &(&str, &ResolvedValue)) -> Self {
        Self::new(variable, read.value.value().expose())
    }

    /// Gives a variable what it holds.
    pub(in super::super) fn new(variable: &str, content: &str) -> Self {
        Self { variable: variable.to_owned(), content: Content(content.to_owned()) }
    }

    /// Shows the variable and what it holds, for a command's environment.
    pub(in super::super) fn pair(&self) -> (&str, &str) {
        (&self.variable, self.content.expose())
    }
}

/// Reads `VAR=NAME`.
pub(super) fn pair(text: &str) -> Result<Pair, Unreadable> {
    let (variable, name) = text.split_once('=').ok_or(Invalid("it is VAR=NAME: a variable and a secret"))?;
    let secret = Reference::argument(name)?;
    if !is_variable(variable) || name.is_empty() {
        return Err(Invalid("it is VAR=NAME: a variable and a secret").into());
    }
    if PRIVATE.contains(&variable) {
        return Err(Invalid("the vault's key and tokens are not handed on").into());
    }
    Ok(Pair { variable: variable.to_owned(), secret })
}

/// A line of a `.env` file, and the secret that it refers to.
#[derive(Debug)]
struct Line<'a> {
    path: &'a Path,
    assignment: Assignment,
    secret: Option<Reference>,
}

impl<'a> Line<'a> {
    /// Reads the reference of an assignment.
    fn of(path: &'a Path, assignment: Assignment) -> Result<Self, Failure> {
        let secret = Reference::of(&assignment.value).map_err(|why| {
            let place = place(path, &assignment);
            Failure::usage(format!("{place}: {why}"), "write vault://NAME or vault://NAME?org=ORG")
        })?;
        Ok(Self { path, assignment, secret })
    }
}

fn place(path: &Path, assignment: &Assignment) -> String {
    let file = plain(&path.display().to_string());
    format!("{file}, line {}, {}", assignment.line, plain(&assignment.name))
}

/// What is asked for.
pub(super) struct Plan<'a> {
    args: &'a RunArgs,
    lines: Vec<Line<'a>>,
}

impl<'a> Plan<'a> {
    /// Takes the arguments and reads the files that they name.
    pub(super) fn of(args: &'a RunArgs, show: Show) -> Result<Self, Failure> {
        refuse_twice(&args.env)?;
        refuse_twice(&args.file)?;
        let mut lines = Vec::new();
        for path in &args.env_file {
            let (private, others): (Vec<_>, Vec<_>) =
                read_file(path)?.into_iter().partition(|line| PRIVATE.contains(&line.name.as_str()));
            for line in private {
                show.note(format_args!("note: {} is the vault's own, and is not handed on", line.name));
            }
            lines.extend(others.into_iter().map(|line| (path.as_path(), line)));
        }
        let last: BTreeMap<_, _> =
            lines.iter().enumerate().map(|(at, (_, line))| (line.name.clone(), at)).collect();
        let mut at = 0..;
        lines.retain(|(_, line)| last.get(&line.name).copied() == at.next());
        let lines = lines.into_iter().map(|(path, line)| Line::of(path, line)).collect::<Result<_, _>>()?;
        Ok(Self { args, lines })
    }

    /// Reads every value that is asked for.
    pub(super) fn read(&self, context: &Context) -> Result<Values, Failure> {
        let mut wanted = Wanted::default();
        self.args.skill.iter().for_each(|platform| wanted.platform(platform));
        self.lines.iter().filter_map(|line| line.secret.as_ref()).for_each(|secret| wanted.secret(secret));
        self.args.env.iter().chain(&self.args.file).for_each(|pair| wanted.secret(&pair.secret));
        wanted.read(context).map_err(|failure| match failure {
            Failure::Fault(fault) if fault.code == Code::NotFound => {
                let Some(missing) = wanted.missing(context) else { return fault.into() };
                Failure::Fault(placed(missing.placed(fault), self.place_of(missing)))
            }
            other => other,
        })
    }

    /// Says where a secret is asked for, without repeating its name: it may be a value that was put there by mistake.
    fn place_of(&self, secret: &Reference) -> Option<String> {
        let (env, file) = (self.args.env.iter(), self.args.file.iter());
        let pairs = env.map(|pair| ("--env", pair)).chain(file.map(|pair| ("--file", pair)));
        let of_pair = |(option, pair): (&str, &Pair)| {
            (pair.secret == *secret).then(|| format!("{option} {}", pair.variable))
        };
        let of_line = |line: &Line<'_>| {
            (line.secret.as_ref() == Some(secret)).then(|| place(line.path, &line.assignment))
        };
        self.lines.iter().find_map(of_line).or_else(|| pairs.map(of_pair).find_map(|place| place))
    }

    /// Says where a file has a line for a variable.
    fn place_of_line(&self, variable: &str) -> Option<String> {
        let line = self.lines.iter().find(|line| line.assignment.name == variable)?;
        Some(place(line.path, &line.assignment))
    }

    /// Gives the variables, the ones that count last.
    pub(super) fn assigned(
        &self,
        values: &Values,
        files: &Files,
        show: Show,
    ) -> Result<Vec<Assigned>, Failure> {
        let of_line = |Line { assignment, secret, .. }: &Line<'_>| {
            let content = secret.as_ref().map(|secret| content_of(values, secret));
            Assigned::new(&assignment.name, content.unwrap_or(&assignment.value))
        };
        let mut assigned: Vec<_> = self.lines.iter().map(of_line).collect();
        let mut passed = Passed::of(values, misfit, "name the variable: --env VARIABLE=")?;
        passed.yield_to(|variable, _| self.place_of_line(variable));
        passed.warning().iter().for_each(|warning| show.warning(warning));
        assigned.extend(passed.variables.pairs().iter().map(Assigned::of_secret));
        let pairs = self.args.env.iter();
        assigned.extend(pairs.map(|pair| Assigned::new(&pair.variable, content_of(values, &pair.secret))));
        assigned.extend(files.paths().map(|(variable, path)| Assigned::new(variable, &path)));
        fit(&assigned)?;
        Ok(assigned)
    }
}

/// Refuses one variable for two secrets.
fn refuse_twice(pairs: &[Pair]) -> Result<(), Failure> {
    let mut known: BTreeMap<&str, &Reference> = BTreeMap::new();
    for pair in pairs {
        match known.insert(&pair.variable, &pair.secret) {
            Some(other) if *other != pair.secret => {
                return Err(both(&pair.variable, &other.shown(), &pair.secret.shown()).into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Puts the place before a fault's words.
fn placed(fault: Fault, place: Option<String>) -> Fault {
    match place {
        Some(place) => Fault { message: format!("{place}: {}", fault.message), ..fault },
        None => fault,
    }
}

fn content_of<'v>(values: &'v Values, secret: &Reference) -> &'v str {
    values.of(secret).map_or("", |read| read.value.value().expose())
}

/// Refuses what an environment cannot hold.
pub(in super::super) fn fit(assigned: &[Assigned]) -> Result<(), Failure> {
    for Assigned { variable, content } in assigned {
        if let Some(why) = unfit(variable, content.expose()) {
            let hint = format!("hand it on in a file: --file {variable}=NAME");
            return Err(Failure::usage(format!("the value for {variable} does not fit: {why}"), hint));
        }
    }
    Ok(())
}

fn read_file(path: &Path) -> Result<Vec<Assignment>, Failure> {
    let shown = plain(&path.display().to_string());
    let bytes = std::fs::read(path).map(Zeroizing::new).map_err(|error| {
        Failure::usage(format!("{shown}: {}", in_words(&error)), "name a file that you may read")
    })?;
    dotenv::read(utf8::text(&bytes, &shown, "convert it first")?).map_err(|malformed| {
        let hint = "a line is NAME=value or NAME=vault://SECRET; `#` begins a remark";
        Failure::usage(format!("{shown}, line {}: {}", malformed.line, malformed.why), hint)
    })
}

/// Warns once of all secrets that are too short to be masked.
pub(super) fn warn_of_short(values: &Values, show: Show) {
    let short: BTreeSet<_> = values.secrets().filter(|(_, value)| value.len() < SHORTEST).collect();
    let names: Vec<_> = short.iter().take(NAMED).map(|(name, _)| plain(name)).collect();
    let more = match short.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let are = if short.len() > 1 { "are" } else { "is" };
    if !short.is_empty() {
        let message = format!("{}{more} {are} too short to be masked in the output", names.join(", "));
        let hint = format!("values of {SHORTEST} bytes or more are masked");
        show.warning(&vault::api::Warning::new("short_value", message, hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_a_variable_and_a_secret() {
        let expected = Pair { variable: "KEY".into(), secret: Reference::argument("skill:a:b").unwrap() };
        assert_eq!(expected, pair("KEY=skill:a:b").unwrap());
        assert_eq!(expected, pair("KEY=vault://skill:a:b").unwrap());
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        for text in ["KEY", "=name", "KEY=", "1KEY=name", "A B=name", "AGENTICMAIL_VAULT_TOKEN=name"] {
            assert!(pair(text).is_err(), "{text}");
        }
    }
}
