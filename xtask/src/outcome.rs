//! How a check ended: passed, failed, or skipped because this machine lacks something.

use std::fmt::{self, Display};

use anyhow::{Error, Result};
use vault_trial::REQUIRE_ALL;

/// How a check ended.
#[derive(Debug)]
pub enum Outcome {
    /// What it checks holds.
    Passed,
    /// It was not run, for this reason.
    Skipped(String),
    /// What it checks does not hold, or it could not be run.
    Failed(Error),
}

impl From<Result<()>> for Outcome {
    fn from(ended: Result<()>) -> Self {
        ended.map_or_else(Self::Failed, |()| Self::Passed)
    }
}

impl From<Result<Outcome>> for Outcome {
    fn from(ended: Result<Outcome>) -> Self {
        ended.unwrap_or_else(Self::Failed)
    }
}

impl Outcome {
    /// Turns a skip into a failure.
    #[must_use]
    pub fn required(self) -> Self {
        match self {
            Self::Skipped(reason) => {
                Self::Failed(Error::msg(format!("skipped, and {REQUIRE_ALL}=1 forbids that: {reason}")))
            }
            other => other,
        }
    }
}

/// Counts how checks ended, and keeps the names of those that did not pass.
#[derive(Debug, Default)]
pub struct Tally {
    passed: usize,
    skipped: Vec<String>,
    failed: Vec<&'static str>,
}

impl Tally {
    /// Counts a check.
    pub fn add(&mut self, name: &'static str, outcome: &Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Skipped(reason) => self.skipped.push(format!("{name} ({reason})")),
            Outcome::Failed(_) => self.failed.push(name),
        }
    }

    /// Returns the checks that failed.
    pub fn failed(&self) -> &[&'static str] {
        &self.failed
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks = if self.passed == 1 { "check" } else { "checks" };
        write!(f, "{} {checks} passed", self.passed)?;
        if !self.skipped.is_empty() {
            write!(f, ", {} skipped: {}", self.skipped.len(), self.skipped.join("; "))?;
        }
        if !self.failed.is_empty() {
            write!(f, ", {} FAILED: {}", self.failed.len(), self.failed.join("; "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_that_is_not_allowed_is_a_failure_with_its_reason() {
        let Outcome::Failed(error) = Outcome::Skipped("no Python".to_owned()).required() else {
            panic!("it passed")
        };
        assert!(error.to_string().ends_with("no Python"), "{error}");
        assert!(matches!(Outcome::Passed.required(), Outcome::Passed));
    }

    #[test]
    fn the_closing_line_names_what_was_skipped_and_why() {
        let mut tally = Tally::default();
        tally.add("style", &Outcome::Passed);
        assert_eq!("1 check passed", tally.to_string());
        tally.add("advisories", &Outcome::Skipped("no network".to_owned()));
        tally.add("lints", &Outcome::from(Err::<(), _>(Error::msg("bad"))));
        assert_eq!("1 check passed, 1 skipped: advisories (no network), 1 FAILED: lints", tally.to_string());
        assert_eq!(["lints"], *tally.failed());
    }
}
