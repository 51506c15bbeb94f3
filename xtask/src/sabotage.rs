//! What has to be noticed: a check that cannot fail shows nothing.

use std::fmt::Display;

use anyhow::{Result, bail};

use crate::say;

/// Turns a failure of a sabotaged run into a success, and a success into a failure.
pub fn noticed<T>(what: impl Display, ended: Result<T>) -> Result<()> {
    let Err(failure) = ended else { bail!("{what}: goes unnoticed") };
    say::line(format_args!("{what}: noticed: {failure:#}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_of_a_sabotaged_run_is_a_failure() {
        assert!(noticed("a loss", Ok(())).is_err());
        assert!(noticed("a loss", Err::<(), _>(anyhow::anyhow!("gone"))).is_ok());
    }
}
