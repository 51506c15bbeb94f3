//! How the bytes of a file or of stdin become a value.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use vault::secret::{SecretValue, VALUE_BYTES};
use zeroize::Zeroizing;

use super::checked;
use crate::failure::{Failure, in_words};
use crate::show::Show;
use crate::utf8;

/// The most bytes that are read: a value, what may be dropped of it, and one more that makes it too large.
const READ_BYTES: u64 = VALUE_BYTES as u64 + 6;

/// Which bytes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bytes {
    /// All but the line end that `echo` puts behind a token, and a mark in front.
    OfText,
    /// All.
    Exact,
}

/// Reads values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    bytes: Bytes,
    show: Show,
}

impl Reading {
    /// Reads these bytes, and notes through this printer.
    pub(crate) fn new(bytes: Bytes, show: Show) -> Self {
        Self { bytes, show }
    }

    /// Reads all of stdin as a value.
    ///
    /// # Errors
    /// `invalid_request` for what is empty or not UTF-8, `too_large` for more than 1 MiB.
    pub(crate) fn stdin(self) -> Result<SecretValue, Failure> {
        self.all_of(io::stdin().lock(), "stdin")
    }

    /// Reads a file as a value.
    ///
    /// # Errors
    /// As [`Reading::stdin`]; and for a file that cannot be read.
    pub(crate) fn file(self, path: &Path) -> Result<SecretValue, Failure> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
        self.all_of(file, &name)
    }

    fn all_of(self, source: impl Read, name: &str) -> Result<SecretValue, Failure> {
        let mut bytes = Zeroizing::new(Vec::new());
        let read = source.take(READ_BYTES).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(name, &error))?;
        let text = utf8::text(&bytes, name, "encode it first, for example with: base64")?;
        let mut text = Zeroizing::new(text.to_owned());
        if self.bytes == Bytes::OfText {
            if utf8::drop_mark(&mut text) {
                self.show.note(format_args!("note: {}", utf8::mark_left_out(name)));
            }
            drop_only_line_end(&mut text);
        }
        checked(std::mem::take(&mut *text))
    }
}

/// Drops the line end of a text of one line; a text of several lines keeps all of its own.
pub(crate) fn drop_only_line_end(text: &mut String) {
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    if let Some(line) = line.filter(|line| !line.contains('\n')) {
        text.truncate(line.len());
    }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::usage(format!("{name}: {}", in_words(error)), "name a file that you may read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> String {
        let mut text = text.to_owned();
        drop_only_line_end(&mut text);
        text
    }

    #[test]
    fn one_line_loses_its_end_and_several_keep_all() {
        for (given, right) in [
            ("token", "token"),
            ("token\n", "token"),
            ("token\r\n", "token"),
            ("token\r", "token\r"),
            ("\n", ""),
            ("a\nb", "a\nb"),
            ("a\nb\n", "a\nb\n"),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("token\n\n", "token\n\n"),
            ("\ntoken\n", "\ntoken\n"),
        ] {
            assert_eq!(right, kept(given), "{given:?}");
        }
    }
}
