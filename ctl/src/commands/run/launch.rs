//! The command as it is started: its arguments, its variables, and what it must not see.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use super::ending;
use super::variables::Assigned;
use crate::show::Show;
use crate::{birth, env};

/// Which of this process's variables the command gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Surroundings {
    /// All but the vault's own.
    Inherited,
    /// The few without which programs do not work.
    Clean,
}

/// What is to be started.
pub(in super::super) struct Launch {
    /// The program and its arguments.
    pub(in super::super) command: Vec<OsString>,
    /// Its variables, the ones that count last.
    pub(in super::super) variables: Vec<Assigned>,
    /// What else it finds in its environment.
    pub(in super::super) surroundings: Surroundings,
}

impl Launch {
    /// Prepares the command with all of its environment.
    pub(in super::super) fn prepared(&self) -> Command {
        let mut words = self.command.iter();
        let mut command = Command::new(words.next().map_or_else(OsString::new, Clone::clone));
        command.args(words);
        self.surround(&mut command);
        command.envs(self.variables.iter().map(Assigned::pair));
        command
    }

    /// Gives a program the environment of the command without the variables.
    pub(in super::super) fn surround(&self, command: &mut Command) {
        if self.surroundings == Surroundings::Clean {
            command.env_clear().envs(env::basics());
        }
        for variable in env::PRIVATE {
            command.env_remove(variable);
        }
    }

    /// Becomes the command; comes back with an exit code only where that fails.
    pub(super) fn replace(&self, show: Show) -> ExitCode {
        let error: io::Error = birth::given_back(|| self.prepared().exec());
        ending::unstarted(&self.command, &error, show)
    }
}
