//! Which secret goes into which variable, for `run`, `env`, `resolve` and the tools of `mcp`.

use vault::api::{Code, Fault, ResolvedValue, Warning};
use vault::discovery::{is_made_up, usual};
use vault::domain::SecretName;

use crate::failure::Failure;
use crate::quote;
use crate::references::Values;
use crate::show::plain;

/// The most bytes of a variable with its `=`, its value and the zero byte at its end (Linux: `MAX_ARG_STRLEN`).
const LONGEST: usize = 128 * 1024;
/// The most secrets that a warning names.
const NAMED: usize = 5;

/// Variables, each with the secret that goes into it, in the order in which they were put there.
#[derive(Debug, Default)]
pub(crate) struct Variables<'v>(Vec<(&'v str, &'v ResolvedValue)>);

impl<'v> Variables<'v> {
    /// Puts a secret into a variable.
    ///
    /// # Errors
    /// `conflict`, with both names, if another secret is in it already.
    pub(crate) fn put(&mut self, variable: &'v str, read: &'v ResolvedValue) -> Result<(), Failure> {
        match self.0.iter().find(|(known, _)| *known == variable) {
            Some((_, other)) if other.entry.id == read.entry.id => Ok(()),
            Some((_, other)) => Err(both(variable, other.name.as_str(), read.name.as_str()).into()),
            None => {
                self.0.push((variable, read));
                Ok(())
            }
        }
    }

    /// Returns whether a secret is in a variable.
    pub(crate) fn has(&self, variable: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == variable)
    }

    /// Lists them.
    pub(crate) fn pairs(&self) -> &[(&'v str, &'v ResolvedValue)] {
        &self.0
    }
}

/// What the platforms of a command pass, and what they do not.
#[derive(Debug, Default)]
pub(crate) struct Passed<'v> {
    /// The variables.
    pub(crate) variables: Variables<'v>,
    left_out: Vec<String>,
}

impl<'v> Passed<'v> {
    /// Puts the secrets of platforms into all of their variables; leaves out those that do not fit there, and those whose
    /// variable is made of their name and would be another secret's too. What can be done about one without a variable is said
    /// in words that its name follows.
    ///
    /// # Errors
    /// `conflict` if the presets of two platforms name one variable; `invalid_request` if a platform has nothing else.
    pub(crate) fn of(
        values: &'v Values,
        misfit: impl Fn(&ResolvedValue) -> Option<&'static str>,
        instead: &str,
    ) -> Result<Self, Failure> {
        let (mut passed, mut claims) = (Self::default(), Vec::new());
        for platform in values.platforms() {
            let (bad, good): (Vec<_>, Vec<_>) =
                platform.values.iter().partition(|read| misfit(read).is_some());
            if let ([], [first, ..]) = (&good[..], &bad[..]) {
                let message =
                    format!("{}: {}", plain(first.name.as_str()), misfit(first).unwrap_or_default());
                return Err(Failure::usage(
                    message,
                    "pass it in a file (run --file VARIABLE=NAME), or use: vaultctl get",
                ));
            }
            for read in good {
                claims.extend(of_secret(read, instead)?.iter().map(|variable| (variable.as_str(), read)));
            }
            let bad = bad.iter().map(|read| (read.name.as_str(), misfit(read).unwrap_or_default()));
            let others = platform.left_out.iter().map(|other| (other.name.as_str(), other.error.as_str()));
            let shown = others.chain(bad).map(|(name, why)| format!("{} ({})", plain(name), plain(why)));
            passed.left_out.extend(shown);
        }
        for (variable, read) in &claims {
            let is_rival =
                |(known, other): &&(_, &ResolvedValue)| known == variable && other.entry.id != read.entry.id;
            match claims.iter().find(is_rival).filter(|_| is_made_up(&read.name)) {
                Some((_, other)) => passed.left_out.push(twice_made_up(&read.name, variable, &other.name)),
                None => passed.variables.put(variable, read)?,
            }
        }
        Ok(passed)
    }

    /// Leaves out what would go into a variable that is made of its name and that the command gives to something else.
    pub(crate) fn yield_to(&mut self, named: impl Fn(&str, &ResolvedValue) -> Option<String>) {
        let Self { variables, left_out } = self;
        variables.0.retain(|(variable, read)| {
            let before = named(variable, read).filter(|_| is_made_up(&read.name));
            left_out.extend(
                before.iter().map(|other| format!("{} ({other} goes before it)", plain(read.name.as_str()))),
            );
            before.is_none()
        });
    }

    /// Names what was left out, in one warning.
    pub(crate) fn warning(&self) -> Option<Warning> {
        let named: Vec<&str> = self.left_out.iter().take(NAMED).map(String::as_str).collect();
        let more = self.left_out.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        let message = format!("left out: {}{more}", named.join(", "));
        (!named.is_empty()).then(|| {
            Warning::new("left_out", message, "name the variable to pass one of them anyway: VARIABLE=NAME")
        })
    }
}

/// Lists the variables that a secret usually goes into.
///
/// # Errors
/// `invalid_request` if it has none.
pub(crate) fn of_secret<'v>(read: &'v ResolvedValue, instead: &str) -> Result<&'v [String], Failure> {
    if read.variables.is_empty() { Err(without(&read.name, instead)) } else { Ok(&read.variables) }
}

/// Says that a secret has no variable of its own, and what to do instead: words that the secret's name follows.
fn without(name: &SecretName, instead: &str) -> Failure {
    let why =
        usual(name).err().map_or_else(|| "has no variable of its own".to_owned(), |why| why.to_string());
    let name = name.as_str();
    Failure::usage(
        format!("`{}` {why}", plain(name)),
        format!("{instead}{}", plain(&quote::for_argument(name))),
    )
}

/// Says that a secret is left out, since its variable is made of its name and another secret would go into it too.
pub(crate) fn twice_made_up(name: &SecretName, variable: &str, other: &SecretName) -> String {
    format!("{} ({} would be {variable} too)", plain(name.as_str()), plain(other.as_str()))
}

/// Refuses two secrets for one variable.
pub(crate) fn both(variable: &str, one: &str, other: &str) -> Fault {
    let message = format!("{} and {} would both be {}", plain(one), plain(other), plain(variable));
    Fault::new(Code::Conflict, message).hint("nothing was done; name one of them alone")
}

/// Says why a value does not fit into the environment of a command.
pub(crate) fn misfit(read: &ResolvedValue) -> Option<&'static str> {
    let variable = read.variables.iter().max_by_key(|variable| variable.len());
    unfit(variable.map_or("", String::as_str), read.value.value().expose())
}

/// Says why a variable cannot hold a value.
pub(crate) fn unfit(variable: &str, value: &str) -> Option<&'static str> {
    if value.contains('\0') {
        return Some("it has a zero byte, which no variable can hold");
    }
    (value.len() + variable.len() + 2 > LONGEST).then_some("it is longer than a variable can be, 128 KiB")
}
