//! What would be written and run, and the doing of it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Code, Fault};

use crate::context::Context;
use crate::env;
use crate::failure::{Failure, in_words};
use crate::show::plain;

/// What would be written, removed and run, in this order.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(in crate::commands) struct Plan(Vec<Act>);

/// One act of a plan.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Act {
    /// Write a file; anybody may read it, it holds no secret.
    Write {
        /// Where.
        path: PathBuf,
        /// What.
        text: String,
    },
    /// Remove a file.
    Remove {
        /// Which.
        path: PathBuf,
    },
    /// Run a command.
    Run {
        /// Which.
        command: Step,
    },
    /// Run a command that may fail.
    Try {
        /// Which.
        command: Step,
    },
}

/// A command: the program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(super) struct Step(Vec<String>);

impl Step {
    /// Makes a command of words.
    pub(super) fn of(words: &[&str]) -> Self {
        Self(words.iter().map(|word| (*word).to_owned()).collect())
    }

    /// Writes it as it is typed.
    pub(super) fn written(&self) -> String {
        self.0.join(" ")
    }

    fn command(&self) -> Command {
        let mut words = self.0.iter();
        let mut command = Command::new(words.next().map_or("", String::as_str));
        command.args(words).stdin(Stdio::null());
        for secret in env::PRIVATE {
            command.env_remove(secret);
        }
        command
    }

    /// Runs it.
    ///
    /// # Errors
    /// `unavailable` where the program is missing or fails, with its words.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let output = self.command().output();
        let output = output.map_err(|error| self.failed(&in_words(&error)))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(self.failed(said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing")))
    }

    /// Runs it and gives the first word that it prints.
    pub(super) fn asked(&self) -> Option<String> {
        let output = self.command().stderr(Stdio::null()).output().ok()?;
        String::from_utf8_lossy(&output.stdout).split_whitespace().next().map(str::to_owned)
    }

    fn failed(&self, why: &str) -> Failure {
        let message = format!("{} failed: {}", self.written(), plain(why));
        let hint = "mend that and run it again; for a user's service a login session is needed, see: loginctl enable-linger";
        Fault::new(Code::Unavailable, message).hint(hint).into()
    }
}

impl Plan {
    /// Makes a plan of acts.
    pub(super) fn of(acts: Vec<Act>) -> Self {
        Self(acts)
    }

    /// Prints what would be done.
    pub(super) fn print(&self, context: &Context) -> Result<(), Failure> {
        let show = context.show;
        if show.is_json() {
            return show.json(self);
        }
        self.0.iter().try_for_each(|act| match act {
            Act::Write { path, text } => {
                show.line(format_args!("# would write {}:\n{}", path.display(), text.trim_end()))
            }
            Act::Remove { path } => show.line(format_args!("# would remove {}", path.display())),
            Act::Run { command } | Act::Try { command } => {
                show.line(format_args!("# would run: {}", command.written()))
            }
        })
    }

    /// Does it.
    ///
    /// # Errors
    /// What could not be done; what was done before stays.
    pub(super) fn carry_out(&self, context: &Context) -> Result<(), Failure> {
        self.0.iter().try_for_each(|act| match act {
            Act::Write { path, text } => write(path, text),
            Act::Remove { path } => std::fs::remove_file(path).map_err(|error| Failure::file(path, &error)),
            Act::Run { command } => command.run(),
            Act::Try { command } => {
                if let Err(Failure::Fault(fault)) = command.run() {
                    context.show.note(format_args!("note: {}", fault.message));
                }
                Ok(())
            }
        })
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = std::fs::create_dir_all(vault::files::parent(path))
        .and_then(|()| vault::files::replace_private(path, text.as_bytes()))
        .and_then(|()| std::fs::set_permissions(path, PermissionsExt::from_mode(0o644)));
    written.map_err(|error| Failure::file(path, &error))
}
