//! A command that an agent runs: its output is read whole, masked, and given back.

mod output;

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use output::{Kept, texts};

use super::server::Session;
use super::tools::{Ran, Run};
use super::tree::{Report, Stop, Tree};
use crate::commands::run::{Assigned, Launch, Surroundings, fit};
use crate::context::Context;
use crate::failure::{Failure, in_words};
use crate::references::{Reference, Values, Wanted};
use crate::show::plain;
use crate::variables::{Passed, misfit};
use vault::api::{Code, Fault, ResolvedValue};
use vault::discovery::is_variable;
use vault::presets::Presets;
use vault_mask::SHORTEST;

/// How long a command may take unless it is said otherwise, in seconds.
const USUAL_SECONDS: u32 = 120;
/// The longest that a command may take, in seconds.
pub(in super::super) const MOST_SECONDS: u32 = 3600;
/// How much is returned of both outputs together unless it is said otherwise, in bytes: what a client shows a model whole.
const USUAL_BYTES: u32 = 32 * 1024;

/// What to do about a secret without a variable.
const WITHOUT: &str = "name the variable in `env`, with the secret ";

/// Runs a command to its end, and that of all that it started, and gives its exit code and masked output.
pub(super) fn run(asked: Run, session: &Session<'_>, stop: &Stop) -> Result<Ran, Failure> {
    let values = read(&asked, session.context)?;
    let passed = Passed::of(&values, |read| misfit(read).or_else(|| unmasked(read)), WITHOUT)?;
    let warning = passed.warning().map(|warning| warning.message);
    let mut launch = Launch {
        command: asked.command.iter().map(OsString::from).collect(),
        variables: assigned(&asked, &values, &passed)?,
        surroundings: Surroundings::Inherited,
    };
    session.known.add(&values);
    drop(values);
    let seconds = asked.timeout_seconds.unwrap_or(USUAL_SECONDS).clamp(1, MOST_SECONDS);
    let deadline = Instant::now() + Duration::from_secs(seconds.into());
    let (tree, Ends { mut stdin, stdout, stderr }) = start(&mut launch, &asked, stop)?;
    let over = AtomicBool::new(false);
    let limit = usize::try_from(asked.max_output_bytes.unwrap_or(USUAL_BYTES)).unwrap_or_default();
    std::thread::scope(|scope| {
        let stdout = scope.spawn(|| Kept::read(limit, stdout, &session.known, &over));
        let stderr = scope.spawn(|| Kept::read(limit, stderr, &session.known, &over));
        scope.spawn(move || stdin.write_all(asked.stdin.unwrap_or_default().as_bytes()));
        let ended = tree.wait(deadline);
        over.store(true, Ordering::Release);
        let (report, timed_out) = ended?;
        let (code, signal) = match report {
            Report::Exited(code) => (Some(code), None),
            Report::Killed(signal) => (None, Some(signal)),
            Report::Unstarted(errno) => return Err(unstarted(&io::Error::from_raw_os_error(errno))),
        };
        let kept = |output: ScopedJoinHandle<'_, Kept>| output.join().unwrap_or_default();
        let [(stdout, cut), (stderr, cut_too)] = texts(&kept(stdout), &kept(stderr));
        Ok(Ran { exit_code: code, signal, timed_out, stdout, stderr, cut: cut || cut_too, warning })
    })
}

/// Reads the values that are asked for; refuses those that could not be masked.
fn read(asked: &Run, context: &Context) -> Result<Values, Failure> {
    let mut wanted = Wanted::default();
    asked.skills.iter().for_each(|platform| wanted.platform(platform));
    for name in asked.env.values() {
        wanted.secret(&Reference::argument(name)?);
    }
    if let Some(variable) = asked.env.keys().find(|variable| !is_variable(variable)) {
        let message = format!("`{}` can be no variable", plain(variable));
        return Err(Failure::usage(message, "use letters, digits and _"));
    }
    let values = wanted.read(context).map_err(|failure| named(failure, &wanted, context))?;
    let mut named = asked.env.values().filter_map(|name| values.of(&Reference::argument(name).ok()?));
    match named.find_map(|read| Some((&read.name, unmasked(read)?))) {
        None => Ok(values),
        Some((name, why)) => Err(Failure::usage(
            format!("{}: {why}", plain(name.as_str())),
            format!("values of {SHORTEST} bytes or more can be masked; ask the user to run the command"),
        )),
    }
}

/// Names the secret that is missing.
fn named(failure: Failure, wanted: &Wanted, context: &Context) -> Failure {
    match failure {
        Failure::Fault(fault) if fault.code == Code::NotFound => match wanted.missing(context) {
            Some(missing) => {
                Fault { message: format!("there is no secret `{}`", missing.shown()), ..fault }.into()
            }
            None => fault.into(),
        },
        other => other,
    }
}

/// Says why a secret's value could not be masked.
fn unmasked(read: &ResolvedValue) -> Option<&'static str> {
    let is_short = read.value.value().expose().len() < SHORTEST;
    (is_short && Presets::builtin().is_secret(read.name.as_str()))
        .then_some("it is too short to be masked, so no agent gets to use it")
}

fn assigned(asked: &Run, values: &Values, passed: &Passed<'_>) -> Result<Vec<Assigned>, Failure> {
    let mut assigned: Vec<_> = passed.variables.pairs().iter().map(Assigned::of_secret).collect();
    for (variable, name) in &asked.env {
        let read = values.of(&Reference::argument(name)?);
        assigned.extend(read.map(|read| Assigned::new(variable, read.value.value().expose())));
    }
    fit(&assigned)?;
    Ok(assigned)
}

/// Our ends of a command's stdin, stdout and stderr.
struct Ends {
    stdin: PipeWriter,
    stdout: PipeReader,
    stderr: PipeReader,
}

fn start(launch: &mut Launch, asked: &Run, stop: &Stop) -> Result<(Tree, Ends), Failure> {
    let ((input, stdin), (stdout, output), (stderr, errors)) = (io::pipe()?, io::pipe()?, io::pipe()?);
    let theirs = [input.as_fd(), output.as_fd(), errors.as_fd()];
    let tree = stop.start(launch, asked.folder.as_deref(), theirs).map_err(|error| unstarted(&error))?;
    let tree = tree.ok_or_else(|| Failure::usage("the call was cancelled", ""))?;
    Ok((tree, Ends { stdin, stdout, stderr }))
}

fn unstarted(error: &io::Error) -> Failure {
    let hint = "check the program's name, its folder and its rights";
    Failure::usage(format!("the command did not start: {}", in_words(error)), hint)
}
