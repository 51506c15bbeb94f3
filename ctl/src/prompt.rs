//! Asking a person, or reading what was piped in: values, keys and confirmations.

mod line;
mod reading;

use std::io::{self, BufRead, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;

use clap::Args;
use data_encoding::BASE64URL_NOPAD;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::termios::{FlushArg, tcflush};
use rand::distr::{Alphanumeric, SampleString};
use vault::api::{Code, Fault};
use vault::secret::{SecretValue, TOO_LONG};

use crate::failure::Failure;
use crate::show::Show;

use line::Instead;
use reading::Bytes;
pub(crate) use reading::{Reading, drop_only_line_end};

/// Where a value comes from, other than the prompt and stdin.
#[derive(Debug, Default, Args)]
pub(crate) struct ValueSource {
    #[command(flatten)]
    given: Given,
    /// Take every byte of the file or of stdin, the line end of a token too
    #[arg(long, conflicts_with = "generate")]
    exact: bool,
}

/// What is given in place of stdin.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
struct Given {
    /// Read the value from a file, as it is; a single line loses its end
    #[arg(long, value_name = "FILE")]
    value_file: Option<PathBuf>,
    /// Make a random value of so many letters and digits
    #[arg(long, value_name = "LENGTH", value_parser = clap::value_parser!(u16).range(8..=1024))]
    generate: Option<u16>,
}

impl ValueSource {
    /// Tells whether a file or a length is given.
    pub(crate) fn is_given(&self) -> bool {
        self.given.value_file.is_some() || self.given.generate.is_some()
    }

    /// Returns how files and stdin are read.
    pub(crate) fn reading(&self, show: Show) -> Reading {
        Reading::new(if self.exact { Bytes::Exact } else { Bytes::OfText }, show)
    }

    /// Takes the value from the file, the generator, the prompt or stdin.
    ///
    /// # Errors
    /// `invalid_request` for none or what is not UTF-8, `too_large` for one over 1 MiB.
    pub(crate) fn take(&self, label: &str, show: Show) -> Result<SecretValue, Failure> {
        match (&self.given.value_file, self.given.generate) {
            (Some(path), _) => self.reading(show).file(path),
            (None, Some(length)) => generated(length),
            (None, None) if io::stdin().is_terminal() => hidden(label, Instead::Value),
            (None, None) => self.reading(show).stdin(),
        }
    }
}

/// Asks for a key without echo on a terminal, else reads all of stdin.
pub(crate) fn key(label: &str, show: Show) -> Result<SecretValue, Failure> {
    if io::stdin().is_terminal() {
        return hidden(label, Instead::Key);
    }
    Reading::new(Bytes::OfText, show).stdin()
}

/// Asks for a value on the terminal, without echo.
fn hidden(label: &str, instead: Instead) -> Result<SecretValue, Failure> {
    let mut text = line::hidden(label, instead)?;
    drop_only_line_end(&mut text);
    checked(std::mem::take(&mut *text))
}

/// Asks for a platform's field on the terminal, without echo; it may be empty.
pub(crate) fn hidden_line(label: &str) -> Result<String, Failure> {
    let mut text = line::hidden(label, Instead::Field)?;
    drop_only_line_end(&mut text);
    Ok(std::mem::take(&mut *text))
}

/// Asks for a platform's field on the terminal that need not be hidden; it may be empty.
///
/// # Errors
/// `invalid_request` for more input behind the line.
pub(crate) fn visible_line(label: &str) -> Result<String, Failure> {
    let line = ask(&format!("{label}: "))?;
    let stdin = io::stdin();
    let mut waiting = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    if poll(&mut waiting, line::BEHIND_MS).is_ok_and(|ready| ready > 0) {
        let _ = tcflush(&stdin, FlushArg::TCIFLUSH);
        return Err(line::several_lines(Instead::Field));
    }
    Ok(line)
}

/// Asks twice for a new key without echo on a terminal, else reads it from stdin.
///
/// # Errors
/// `invalid_request` where the two are not the same.
pub(crate) fn new_key(show: Show) -> Result<SecretValue, Failure> {
    if !io::stdin().is_terminal() {
        return Reading::new(Bytes::OfText, show).stdin();
    }
    let first = hidden("New key", Instead::Key)?;
    if hidden("The same again", Instead::Key)?.expose() == first.expose() {
        return Ok(first);
    }
    Err(Failure::usage("the two keys are not the same", "type it again, or let one be made with --generate"))
}

/// Makes a random value of letters and digits.
fn generated(length: u16) -> Result<SecretValue, Failure> {
    checked(Alphanumeric.sample_string(&mut rand::rng(), usize::from(length)))
}

/// Draws a new `AGENTICMAIL_VAULT_KEY`: 32 random bytes in base64url (RFC 4648), 43 characters.
pub(crate) fn random_key() -> Result<SecretValue, Failure> {
    let drawn = vault::crypto::random_key().map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
    checked(BASE64URL_NOPAD.encode(drawn.expose()))
}

/// Takes a text as a value.
pub(crate) fn checked(text: String) -> Result<SecretValue, Failure> {
    if text.is_empty() {
        return Err(none_given());
    }
    SecretValue::new(text).map_err(|_| Fault::new(Code::TooLarge, TOO_LONG).into())
}

fn none_given() -> Failure {
    Failure::usage("no value was given", "type it at the prompt, or pipe it in")
}

/// Asks a question on the terminal; only `y` or `yes` agrees.
///
/// # Errors
/// `invalid_request` where nobody can be asked, with the option that answers beforehand.
pub(crate) fn confirm(question: &str, option: &str) -> Result<Answer, Failure> {
    if !io::stdin().is_terminal() {
        return Err(nobody_to_ask(option));
    }
    let agreed = matches!(ask(&format!("{question} [y/N] "))?.to_lowercase().as_str(), "y" | "yes");
    Ok(if agreed { Answer::Yes } else { Answer::No })
}

fn ask(question: &str) -> Result<String, Failure> {
    let mut stderr = io::stderr().lock();
    stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush())?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Says that a question needs a terminal, or the option that answers it beforehand.
pub(crate) fn nobody_to_ask(option: &str) -> Failure {
    Failure::usage("there is no terminal to ask on", format!("to do it without being asked, add {option}"))
}

/// What a person answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Do it.
    Yes,
    /// Leave it.
    No,
}
