//! The one place that prints.

use std::fmt::Display;
use std::io::Write;

/// Prints a line on stdout.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Says on stderr what is being measured.
pub(crate) fn progress(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "… {text}");
}

/// Says on stderr what went wrong.
pub(crate) fn problem(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "vault-bench: {text}");
}
