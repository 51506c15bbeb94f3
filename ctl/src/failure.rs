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

    /// Says what a file or folder could not be used for: a path that is not right is a mistake, and only the rest is the
    /// disk's.
    pub(crate) fn file(path: &std::path::Path, error: &io::Error) -> Self {
        let message = format!("{}: {}", path.display(), in_words(error));
        let code = match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::InvalidFilename => Code::InvalidRequest,
            _ => Code::Storage,
        };
        Fault::new(code, message).hint("check that the path is right and that you may use it").into()
    }

    /// Says that what is shown once was made and could not be printed; the hint names the way to another.
    pub(crate) fn unseen(self, what: &str, hint: impl Into<String>) -> Self {
        let why = match self {
            Self::Fault(fault) => fault.message,
            Self::Closed => "nobody reads the output".to_owned(),
        };
        let message = format!("{what} was made and could not be printed: {why}");
        Fault::new(Code::Internal, message).hint(hint).into()
    }

    /// Gives the exit code.
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Self::Fault(fault) => ExitCode::from(fault.code.exit()),
            Self::Closed => ExitCode::SUCCESS,
        }
    }
}

/// Gives a check's exit code, though nobody may read what it found.
///
/// # Errors
/// Why it could not be printed, where somebody would have read it.
pub(crate) fn verdict(printed: Result<(), Failure>, code: ExitCode) -> Result<ExitCode, Failure> {
    match printed {
        Ok(()) | Err(Failure::Closed) => Ok(code),
        Err(failure) => Err(failure),
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
        let hint = "a key file is a private file of lines; fix it and try again";
        Self::usage(error.to_string(), hint)
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
    fn a_path_that_is_not_right_is_no_failure_of_the_disk() {
        let code = |kind: io::ErrorKind| match Failure::file("x".as_ref(), &kind.into()) {
            Failure::Fault(fault) => fault.code,
            Failure::Closed => Code::Internal,
        };
        assert_eq!(Code::InvalidRequest, code(io::ErrorKind::NotFound));
        assert_eq!(Code::InvalidRequest, code(io::ErrorKind::PermissionDenied));
        assert_eq!(Code::Storage, code(io::ErrorKind::StorageFull));
        assert_eq!(Code::Storage, code(io::ErrorKind::ReadOnlyFilesystem));
    }

    #[test]
    fn every_error_names_a_next_step() {
        for code in Code::ALL {
            assert!(!Fault::new(code, "any").hint.is_empty(), "{code:?}");
        }
    }
}
