//! Asking a person, or reading what was piped in: values, keys and confirmations.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use data_encoding::BASE64URL_NOPAD;
use rand::distr::{Alphanumeric, SampleString};
use vault::api::{Code, Fault};
use vault::secret::{SecretValue, TOO_LONG, VALUE_BYTES};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Where a value comes from, other than the prompt and stdin.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
pub(crate) struct ValueSource {
    /// Read the value from a file; one newline at its end is dropped
    #[arg(long, value_name = "FILE")]
    value_file: Option<PathBuf>,
    /// Make a random value of so many letters and digits
    #[arg(long, value_name = "LENGTH", value_parser = clap::value_parser!(u16).range(8..=1024))]
    generate: Option<u16>,
}

impl ValueSource {
    /// Tells whether a file or a length is given.
    pub(crate) fn is_given(&self) -> bool {
        self.value_file.is_some() || self.generate.is_some()
    }

    /// Takes the value from the file, the generator, the prompt or stdin.
    ///
    /// # Errors
    /// `invalid_request` for none or what is not UTF-8, `too_large` for one over 1 MiB.
    pub(crate) fn take(&self, label: &str) -> Result<SecretValue, Failure> {
        match (&self.value_file, self.generate) {
            (Some(path), _) => from_file(path),
            (None, Some(length)) => generated(length),
            (None, None) => value(label),
        }
    }
}

/// Asks for a value without echo on a terminal, else reads all of stdin.
pub(crate) fn value(label: &str) -> Result<SecretValue, Failure> {
    if io::stdin().is_terminal() { hidden(label) } else { from_stdin() }
}

/// Asks for a value on the terminal, without echo.
fn hidden(label: &str) -> Result<SecretValue, Failure> {
    checked(hidden_line(label)?)
}

/// Asks for a line on the terminal, without echo; it may be empty.
pub(crate) fn hidden_line(label: &str) -> Result<String, Failure> {
    match rpassword::prompt_password(format!("{label}: ")) {
        Ok(typed) => Ok(typed),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(none_given()),
        Err(error) => Err(error.into()),
    }
}

/// Asks for a line on the terminal that need not be hidden; it may be empty.
pub(crate) fn visible_line(label: &str) -> Result<String, Failure> {
    ask(&format!("{label}: "))
}

/// Asks twice for a new key without echo on a terminal, else reads it from stdin.
///
/// # Errors
/// `invalid_request` where the two are not the same.
pub(crate) fn new_key() -> Result<SecretValue, Failure> {
    if !io::stdin().is_terminal() {
        return from_stdin();
    }
    let first = hidden("New key")?;
    if hidden("The same again")?.expose() == first.expose() {
        return Ok(first);
    }
    Err(Failure::usage("the two keys are not the same", "type it again, or let one be made with --generate"))
}

/// Reads all of stdin as a value.
pub(crate) fn from_stdin() -> Result<SecretValue, Failure> {
    let limit = VALUE_BYTES as u64 + 3;
    let mut bytes = Zeroizing::new(Vec::new());
    io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    text_of(bytes)
}

/// Reads a file as a value.
pub(crate) fn from_file(path: &Path) -> Result<SecretValue, Failure> {
    let limit = VALUE_BYTES as u64 + 3;
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|error| {
        let message = format!("{}: {}", path.display(), crate::failure::in_words(&error));
        Failure::usage(message, "name a file that you may read")
    })?;
    text_of(bytes)
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

/// Takes bytes as text and drops one newline at the end, which an editor or `echo` has put there.
fn text_of(mut bytes: Zeroizing<Vec<u8>>) -> Result<SecretValue, Failure> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    let text = std::str::from_utf8(&bytes);
    let text = text
        .map_err(|_| Failure::usage("the value is not UTF-8", "encode it first, for example with: base64"))?;
    checked(text.to_owned())
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
