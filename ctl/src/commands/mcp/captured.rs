//! A command that an agent runs: its output is read whole, masked, and given back.

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::known::Known;
use super::server::Session;
use super::tools::{Ran, Run};
use super::tree::{Report, Stop, Tree};
use crate::commands::run::{Assigned, Launch, Surroundings, without_nul};
use crate::context::Context;
use crate::failure::{Failure, in_words};
use crate::references::{Values, Wanted};
use crate::show::plain;
use crate::variables::{Passed, misfit};
use vault::api::{Code, Fault, ResolvedValue};
use vault::discovery::is_variable;
use vault::presets::Presets;
use vault_mask::{Masker, SHORTEST};

/// How long a command may take unless it is said otherwise, in seconds.
const USUAL_SECONDS: u32 = 120;
/// The longest that a command may take, in seconds.
pub(in super::super) const MOST_SECONDS: u32 = 3600;
/// The most that is given back of an output, in bytes: the start and the end of a longer one.
const MOST_BYTES: usize = 128 * 1024;
/// How often a command that runs is looked after.
const LOOK: Duration = Duration::from_millis(20);

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
    std::thread::scope(|scope| {
        let stdout = scope.spawn(|| masked(stdout, &session.known, &over));
        let stderr = scope.spawn(|| masked(stderr, &session.known, &over));
        scope.spawn(move || stdin.write_all(asked.stdin.unwrap_or_default().as_bytes()));
        let ended = tree.wait(deadline);
        over.store(true, Ordering::Release);
        let (report, timed_out) = ended?;
        let (code, signal) = match report {
            Report::Exited(code) => (Some(code), None),
            Report::Killed(signal) => (None, Some(signal)),
            Report::Unstarted(errno) => return Err(unstarted(&io::Error::from_raw_os_error(errno))),
        };
        let text = |output: std::thread::ScopedJoinHandle<'_, Output>| output.join().unwrap_or_default();
        let (stdout, stderr) = (text(stdout), text(stderr));
        Ok(Ran {
            exit_code: code,
            signal,
            timed_out,
            cut: stdout.cut || stderr.cut,
            stdout: stdout.text,
            stderr: stderr.text,
            warning,
        })
    })
}

/// Reads the values that are asked for; refuses those that could not be masked.
fn read(asked: &Run, context: &Context) -> Result<Values, Failure> {
    let mut wanted = Wanted::default();
    asked.skills.iter().for_each(|platform| wanted.platform(platform));
    asked.env.values().for_each(|name| wanted.name(name));
    if let Some(variable) = asked.env.keys().find(|variable| !is_variable(variable)) {
        let message = format!("`{}` can be no variable", plain(variable));
        return Err(Failure::usage(message, "use letters, digits and _"));
    }
    let values = wanted.read(context).map_err(|failure| named(failure, &wanted, context))?;
    let mut named = asked.env.values().filter_map(|name| values.named(name));
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
            Some(name) => Fault { message: format!("there is no secret `{}`", plain(name)), ..fault }.into(),
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
        assigned.extend(values.named(name).map(|read| Assigned::new(variable, read.value.value().expose())));
    }
    without_nul(&assigned)?;
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

/// A masked output.
#[derive(Debug, Default)]
struct Output {
    text: String,
    cut: bool,
}

/// Reads and masks an output to its end, or until the command is over and nothing is left to read.
///
/// A tail is held for as long as it takes: nobody waits for a prompt here.
fn masked(mut source: impl Read + AsFd, known: &Known, over: &AtomicBool) -> Output {
    let mut masker = Masker::new(known.needles());
    let (mut start, mut end) = (Vec::new(), Vec::new());
    let mut put = |bytes: &[u8]| keep(bytes, &mut start, &mut end);
    let mut chunk = vec![0; 64 * 1024];
    while is_more(&source, over)
        && let Ok(read @ 1..) = source.read(&mut chunk)
    {
        // A command that started meanwhile was given its values before it could leave them anywhere.
        masker.adopt(known.needles());
        masker.feed(chunk.get(..read).unwrap_or_default(), &mut put);
    }
    masker.flush(&mut put);
    let left_out = end.len().saturating_sub(MOST_BYTES / 2);
    let mut text = String::from_utf8_lossy(&start).into_owned();
    if left_out > 0 {
        text.push_str("\n[… output left out …]\n");
    }
    text.push_str(&String::from_utf8_lossy(end.get(left_out..).unwrap_or_default()));
    Output { text, cut: left_out > 0 }
}

/// Waits until there is something to read, or the end; false where the command is over and there is nothing.
fn is_more(source: &impl AsFd, over: &AtomicBool) -> bool {
    let look = Timespec::try_from(LOOK).ok();
    loop {
        let was_over = over.load(Ordering::Acquire);
        let ready = poll(&mut [PollFd::new(source, PollFlags::IN)], look.as_ref());
        if ready != Ok(0) || was_over {
            return ready != Ok(0);
        }
    }
}

/// Keeps the start of an output, and about as much of its end.
fn keep(bytes: &[u8], start: &mut Vec<u8>, end: &mut Vec<u8>) {
    let room = (MOST_BYTES / 2).saturating_sub(start.len()).min(bytes.len());
    let (first, rest) = bytes.split_at(room);
    start.extend_from_slice(first);
    end.extend_from_slice(rest);
    if end.len() > 2 * MOST_BYTES {
        // One byte more than is given back, so that it shows that something was left out.
        end.drain(..end.len() - MOST_BYTES / 2 - 1);
    }
}
