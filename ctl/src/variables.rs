//! Which secret goes into which variable, for `run`, `env`, `resolve` and the tools of `mcp`.

use vault::api::{Code, Fault, ResolvedValue, Warning};
use vault::discovery::usual;
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
    /// Puts the secrets of platforms into all of their variables; leaves out those that do not fit there. What can be done
    /// about one without a variable is said in words that its name follows.
    ///
    /// # Errors
    /// `conflict` if two platforms have secrets for one variable; `invalid_request` if a platform has nothing else.
    pub(crate) fn of(
        values: &'v Values,
        misfit: impl Fn(&ResolvedValue) -> Option<&'static str>,
        instead: &str,
    ) -> Result<Self, Failure> {
        let mut passed = Self::default();
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
                of_secret(read, instead)?
                    .iter()
                    .try_for_each(|variable| passed.variables.put(variable, read))?;
            }
            let bad = bad.iter().map(|read| (read.name.as_str(), misfit(read).unwrap_or_default()));
            let others = platform.left_out.iter().map(|other| (other.name.as_str(), other.error.as_str()));
            let shown = others.chain(bad).map(|(name, why)| format!("{} ({})", plain(name), plain(why)));
            passed.left_out.extend(shown);
        }
        Ok(passed)
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

/// Refuses two secrets for one variable.
pub(crate) fn both(variable: &str, one: &str, other: &str) -> Fault {
    let message = format!("{} and {} would both be {}", plain(one), plain(other), plain(variable));
    Fault::new(Code::Conflict, message).hint("nothing was done; name one of them alone")
}

/// Says why a value does not fit into the environment of a command.
pub(crate) fn misfit(read: &ResolvedValue) -> Option<&'static str> {
    let value = read.value.value().expose();
    let variable = read.variables.iter().map(String::len).max().unwrap_or_default();
    if value.contains('\0') {
        return Some("it has a zero byte, which no variable can hold");
    }
    (value.len() + variable + 2 > LONGEST).then_some("it is longer than a variable can be, 128 KiB")
}
