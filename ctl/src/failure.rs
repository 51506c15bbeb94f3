//! Why a command ended without doing what was asked.

use std::io;
use std::process::ExitCode;

use vault::api::{Code, Fault};
use vault::domain::Invalid;
use vault::keyfile::KeyFileError;
use vault::store::StoreError;

/// Says why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The daemon, or this program, refused; the table of codes has its exit code.
    Fault(Fault),
    /// Whoever read the output has gone: nothing is left to say.
    Closed,
}

impl Failure {
    /// Says that the command was asked wrongly (exit code 2).
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Fault::new(Code::InvalidRequest, message).hint(hint).into()
    }

    /// Says what a file or folder could not be used for.
    pub(crate) fn file(path: &std::path::Path, error: &io::Error) -> Self {
        let message = format!("{}: {}", path.display(), in_words(error));
        Fault::new(Code::Storage, message).hint("check that the path is right and that you may use it").into()
    }

    /// Gives the exit code.
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Self::Fault(fault) => ExitCode::from(fault.code.exit()),
            Self::Closed => ExitCode::SUCCESS,
        }
    }
}

/// Gives the system's words, without the number that follows them.
pub(crate) fn in_words(error: &io::Error) -> String {
    let words = error.to_string();
    let plain = words.split(" (os error").next().unwrap_or_default();
    let mut letters = plain.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().collect::<String>() + letters.as_str())
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Fault(invalid.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Fault(Fault::new(Code::Storage, error.to_string()))
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let hint = "a key file is a private file of lines; mend it and try again";
        Self::Fault(Fault::new(Code::Conflict, error.to_string()).hint(hint))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Closed;
        }
        let hint = "check that the terminal, the pipe or the disk is still there";
        Self::Fault(Fault::new(Code::Internal, in_words(&error)).hint(hint))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_names_a_next_step() {
        for code in Code::ALL {
            assert!(!Fault::new(code, "any").hint.is_empty(), "{code:?}");
        }
    }
}
