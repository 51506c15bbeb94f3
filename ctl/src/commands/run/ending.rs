//! How the command ended, as an exit code.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use vault::api::{Code, Fault};

use crate::failure::{Failure, in_words};
use crate::show::{Show, plain};

/// The exit code of a command that was found and cannot be run.
const NOT_EXECUTABLE: u8 = 126;
/// The exit code of a command that was not found.
const NOT_FOUND: u8 = 127;
/// What is added to the number of a signal.
const BY_SIGNAL: i32 = 128;

/// Gives the exit code of a command that has ended.
pub(super) fn of(status: ExitStatus) -> ExitCode {
    status.code().map_or_else(|| by_signal(status.signal().unwrap_or_default()), code)
}

/// Gives the exit code of a command that returned a number.
pub(super) fn code(number: i32) -> ExitCode {
    ExitCode::from(u8::try_from(number & 0xff).unwrap_or(1))
}

/// Gives the exit code of a command that a signal ended.
pub(super) fn by_signal(signal: i32) -> ExitCode {
    code(BY_SIGNAL + signal)
}

/// Says why a command did not start, and gives the exit code that shells give.
pub(super) fn unstarted(command: &[OsString], error: &io::Error, show: Show) -> ExitCode {
    let name = plain(&command.first().map_or_else(String::new, |name| name.to_string_lossy().into_owned()));
    let (number, fault) = if error.kind() == io::ErrorKind::NotFound {
        let hint = "check its name and PATH; the command stands after `--`";
        (NOT_FOUND, Fault::new(Code::NotFound, format!("{name}: there is no such command")).hint(hint))
    } else {
        let hint = match error.kind() {
            io::ErrorKind::ArgumentListTooLong => {
                "its arguments or variables are too long; hand a long value on in a file: --file VAR=NAME"
            }
            _ => "check that it is a program and that you may run it",
        };
        (NOT_EXECUTABLE, Fault::new(Code::Forbidden, format!("{name}: {}", in_words(error))).hint(hint))
    };
    show.failure(&Failure::Fault(fault));
    ExitCode::from(number)
}
