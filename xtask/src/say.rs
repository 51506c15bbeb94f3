//! The one place that prints. Where nobody listens any more, nothing is lost.

use std::fmt::Display;
use std::io::Write;

/// Prints a line on stdout.
pub fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints an empty line and a headline on stdout.
pub fn headline(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "\n{text}");
}

/// Prints a line of explanation, indented.
pub fn explain(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "   {text}");
}

/// Prints what went wrong on stderr.
pub fn problem(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "error: {text}");
}
