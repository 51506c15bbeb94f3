//! `cargo harness bulk`: what changes or writes out all secrets of a large vault, by a daemon with the memory that its unit allows.
//!
//! ```text
//! fill → rotate-all → rekey → export → read again
//!        └ owner: another secret's value, again and again, timed ┘
//! ```

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use vault::api::{Export, Fault, PortionLimit, Rekey, RotateAll, VerifyAudit};
use vault::client::Client;
use vault::domain::{OrgScope, SecretName};

use crate::limited::{LIMIT, Limited, MIB, Run};
use crate::owner::{self, READ, Span, resolve};
use crate::world::keeper::secret;
use crate::world::writer::create;
use xtask::say;

/// How much more memory than before the daemon may take, in bytes.
const BOUND: u64 = 32 * MIB;
/// Memory for a daemon that stores large values, and for none that has many of them, in bytes.
const TOO_LITTLE: u64 = 20 * MIB;
/// What an owner waits at most in addition to the change that is under way.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many values are sent at once to have much in memory.
const GATHERED: usize = 64;
/// How many secrets are read again at the end.
const READ_AGAIN: usize = 20;

/// How much.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How many secrets are stored, of one mebibyte each.
    #[arg(long, default_value_t = 400)]
    secrets: usize,
    #[command(flatten)]
    run: Run,
}

/// What is done to show that it would be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sabotage {
    None,
    Stop,
    Gather,
    TooLittleMemory,
}

/// Something that was done to all secrets.
struct Done {
    name: &'static str,
    span: Span,
}

/// Changes all and writes all out, and fails if the daemon dies, takes much memory, loses something or lets an owner wait for
/// longer than a change.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let sabotages = [
        ("a daemon that stands still", Sabotage::Stop),
        ("a daemon that has much in memory", Sabotage::Gather),
        ("a daemon that is killed", Sabotage::TooLittleMemory),
    ];
    args.run.each(Sabotage::None, &sabotages, |program, sabotage| bulk(program, args.secrets, sabotage))
}

fn bulk(program: &Path, secrets: usize, sabotage: Sabotage) -> Result<()> {
    let memory = if sabotage == Sabotage::TooLittleMemory { TOO_LITTLE } else { LIMIT };
    let daemon = Limited::start(program, memory, "[kdf]\niterations = 100000\n");
    let outcome = survive(&daemon, secrets, sabotage);
    let kills = daemon.kills();
    outcome.with_context(|| format!("{kills} processes were killed because of too little memory"))
}

/// Fills the vault, changes all of it and judges what came of that.
fn survive(daemon: &Limited, secrets: usize, sabotage: Sabotage) -> Result<()> {
    fill(daemon, secrets).context("the vault could not be filled")?;
    let before = daemon.memory("VmHWM");
    let ((changes, export), readings) = owner::meanwhile(daemon, || act(daemon, secrets, sabotage))?;
    let most = daemon.memory("VmHWM");
    read_again(daemon, secrets)?;
    let longest = |span: &Span| readings.iter().map(|reading| reading.shared(span)).max().unwrap_or_default();
    for Done { name, span } in changes.iter().chain([&export]) {
        say::line(format_args!(
            "{name}: {secrets} secrets of 1 MiB in {:.1?}, of which an owner waited {:.1?} at most",
            span.took(),
            longest(span)
        ));
    }
    let beyond = readings.iter().map(|reading| beyond(reading, &changes)).max().unwrap_or_default();
    let (asked, grown) = (readings.len(), most.saturating_sub(before));
    say::line(format_args!(
        "{asked} values of the owner, for which it waited {beyond:.1?} more than that at most"
    ));
    say::line(format_args!(
        "{} MiB before, {} MiB at most; {} kills",
        before / MIB,
        most / MIB,
        daemon.kills()
    ));
    ensure!(grown <= BOUND, "{} MiB more were in memory, over {} MiB", grown / MIB, BOUND / MIB);
    // An export changes nothing, so that waiting for all of it is waiting beyond every change.
    ensure!(beyond <= PATIENCE, "an owner waited {beyond:?} longer than for a change");
    Ok(())
}

fn fill(daemon: &Limited, secrets: usize) -> Result<(), Fault> {
    let mut client = Client::connect(daemon.socket())?;
    let mut store = |name: String, value| client.call(&create(SecretName::try_from(name)?, secret(value)?));
    store(READ.to_owned(), READ.to_owned())?;
    for number in 0..secrets {
        store(name(number), large(number))?;
    }
    Ok(())
}

fn name(number: usize) -> String {
    format!("large-{number:03}")
}

/// A value of a mebibyte.
fn large(number: usize) -> String {
    format!("{number:08}").repeat(128 * 1024)
}

/// Changes all secrets in each way, then writes them out.
fn act(daemon: &Limited, secrets: usize, sabotage: Sabotage) -> Result<(Vec<Done>, Done)> {
    let mut client = Client::connect(daemon.socket())?;
    let rotate = RotateAll { org_id: Some(OrgScope::All) };
    let rotated = Done::time("rotate-all", || client.call(&rotate).map(drop))?;
    let rekey = Rekey { new_key: secret("another key that is long enough to be one".to_owned())? };
    let rekeyed = Done::time("rekey", || client.call(&rekey).map(drop))?;
    let mut written = 0;
    let exported = Done::time("export", || export(&mut client).map(|number| written = number))?;
    ensure!(written == secrets + 1, "{written} secrets were written out, not {}", secrets + 1);
    match sabotage {
        Sabotage::None | Sabotage::TooLittleMemory => {}
        Sabotage::Stop => {
            daemon.signal(Signal::SIGSTOP);
            std::thread::sleep(2 * PATIENCE);
            daemon.signal(Signal::SIGCONT);
        }
        Sabotage::Gather => gather(daemon),
    }
    Ok((vec![rotated, rekeyed], exported))
}

/// Writes all secrets out, a portion after the other; returns how many there were.
fn export(client: &mut Client) -> Result<usize, Fault> {
    let mut portion = Export { org_id: Some(OrgScope::All), limit: Some(PortionLimit::MOST), after: None };
    let mut written = 0;
    loop {
        let exported = client.call(&portion)?;
        written += exported.entries.len();
        portion.after = exported.next;
        if portion.after.is_none() {
            return Ok(written);
        }
    }
}

/// Has the daemon hold many values at once: each is sent on a connection of its own.
fn gather(daemon: &Limited) {
    std::thread::scope(|scope| {
        for number in 0..GATHERED {
            scope.spawn(move || {
                let mut client = Client::connect(daemon.socket())?;
                client.call(&create(SecretName::try_from(format!("more-{number}"))?, secret(large(number))?))
            });
        }
    });
}

/// Fails if a value is not what it was, or the log is not whole.
fn read_again(daemon: &Limited, secrets: usize) -> Result<()> {
    let mut client = Client::connect(daemon.socket())?;
    for number in (0..secrets).step_by(secrets.div_ceil(READ_AGAIN).max(1)) {
        let name = name(number);
        ensure!(resolve(&mut client, &name)? == large(number), "`{name}` has another value");
    }
    let verified = client.call(&VerifyAudit { pages: true })?;
    ensure!(verified.intact && verified.flaws.is_empty(), "the database is not whole");
    Ok(())
}

impl Done {
    fn time(name: &'static str, act: impl FnOnce() -> Result<(), Fault>) -> Result<Self> {
        let (done, span) = Span::of(act);
        done.context(name)?;
        Ok(Self { name, span })
    }
}

/// Returns how much longer a reading took than the one change that it had to wait for.
fn beyond(reading: &Span, changes: &[Done]) -> Duration {
    let waited = changes.iter().map(|change| reading.shared(&change.span)).max().unwrap_or_default();
    reading.took().saturating_sub(waited)
}
