//! `vaultctl run`

mod ending;
mod event;
mod files;
mod launch;
mod outer;
mod outputs;
mod piped;
mod pty;
mod pump;
mod reap;
pub(crate) mod session;
mod signals;
mod terminal;
mod variables;
pub(crate) mod witness;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use variables::Pair;
use vault_mask::{Lines, Needles};

pub(super) use launch::{Launch, Surroundings};
pub(super) use signals::heeded;
pub(super) use variables::{Assigned, fit};

/// Runs a command with secrets in its environment, and masks them in what it prints.
///
/// All values are read at once, or none, and recorded. A variable that is given several times takes the last of:
/// what this program was started with, `--env-file`, `--skill`, `--env`, `--file`; two secrets for one variable in the
/// same of these are refused. Of a platform the fields that its preset names are passed; a warning names the others. The command keeps its terminal, its
/// signals and its exit code: 126 means that it may not be run, 127 that it was not found, 128 and a number that
/// signal ended it. `AGENTICMAIL_VAULT_KEY` and `AGENTICMAIL_VAULT_TOKEN` are not handed on to it.
///
/// A value, its base64, its hex and its lines are printed as `[vault:NAME]`, also as shells, URLs, JSON and markup escape
/// them; what a preset says is no secret, such as a region, is not. Output that could begin a value is held back for at
/// most half a second. That guards against accidents, not against a command that writes its secrets in a manner of its
/// own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl run --skill openai -- python agent.py
  vaultctl run --env DATABASE_URL=db-url -- psql
  vaultctl run --env-file .env -- npm start         with OPENAI_API_KEY=vault://openai in .env
  vaultctl run --file GOOGLE_APPLICATION_CREDENTIALS=gcp-key --clean-env -- ./deploy
  vaultctl run --skill aws --replace -- bash")]
pub(crate) struct RunArgs {
    /// A platform, whose fields go into all of their usual variables
    #[arg(long, value_name = "PLATFORM", add = Completes::Stored)]
    skill: Vec<String>,
    /// A variable, and the secret that goes into it
    #[arg(long, value_name = "VAR=NAME", value_parser = variables::pair, add = Completes::Variable)]
    env: Vec<Pair>,
    /// A .env file; `vault://NAME` in it stands for a secret
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// A variable for the path of a private file in memory that has the secret, for as long as the command runs
    #[arg(long, value_name = "VAR=NAME", value_parser = variables::pair, add = Completes::Variable)]
    file: Vec<Pair>,
    /// Hand on none of this environment but PATH, HOME, TERM, the language and the like
    #[arg(long)]
    clean_env: bool,
    /// Print values as the command prints them
    #[arg(long)]
    no_mask: bool,
    /// Become the command, which then prints as it likes
    #[arg(long, conflicts_with = "file")]
    replace: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Reads the values, starts the command and ends as it does.
pub(super) fn run(args: &RunArgs, context: &Context) -> Result<ExitCode, Failure> {
    let plan = variables::Plan::of(args, context.show)?;
    let values = plan.read(context)?;
    let files = files::Files::make(&args.file, &values)?;
    let launch = Launch {
        command: args.command.clone(),
        variables: plan.assigned(&values, &files, context.show)?,
        surroundings: if args.clean_env { Surroundings::Clean } else { Surroundings::Inherited },
    };
    if args.replace {
        return Ok(launch.replace(context.show));
    }
    if args.no_mask {
        return piped::run(&launch, &Arc::new(Needles::default()), context.show);
    }
    variables::warn_of_short(&values, context.show);
    let needles = Arc::new(Needles::new(values.secrets(), Lines::Long));
    drop(values);
    match outer::Outer::of_stdout() {
        Some(outer) if !needles.is_empty() => terminal::run(launch, &needles, outer, context.show),
        _ => piped::run(&launch, &needles, context.show),
    }
}
