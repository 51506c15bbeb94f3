//! `cargo harness bulk`: what changes all secrets of a large vault at once, by a daemon with the memory that its unit allows.
//!
//! ```text
//! fill → rotate-all → rekey → read again
//!        └ owner: another secret's value, again and again, timed ┘
//! ```

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use nix::sys::signal::Signal;
use vault::api::{Fault, Rekey, Resolve, RotateAll, VerifyAudit};
use vault::client::Client;
use vault::domain::{OrgScope, SecretName};

use crate::limited::{Built, LIMIT, Limited, MIB};
use crate::world::keeper::secret;
use crate::world::writer::create;
use xtask::sabotage::noticed;
use xtask::say;

/// How much more memory than before the daemon may take, in bytes.
const BOUND: u64 = 32 * MIB;
/// Memory for a daemon that stores large values, and for none that has many of them, in bytes.
const TOO_LITTLE: u64 = 20 * MIB;
/// What an owner waits at most in addition to the change that is under way.
const PATIENCE: Duration = Duration::from_secs(1);
/// The secret that the owner reads.
const SMALL: &str = "small";
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
    built: Built,
    /// Stop the daemon for a while, have it hold many values at once, and give it too little memory: succeeds if each is noticed.
    #[arg(long)]
    sabotage: bool,
}

/// What is done to show that it would be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sabotage {
    None,
    Stop,
    Gather,
    TooLittleMemory,
}

/// From when to when something went on.
#[derive(Debug, Clone, Copy)]
struct Span {
    began: Instant,
    ended: Instant,
}

/// A change of all secrets.
struct Change {
    name: &'static str,
    span: Span,
}

/// Changes all, and fails if the daemon dies, takes much memory, loses something or lets an owner wait for longer than a change.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let Some(program) = args.built.program()? else { return Ok(ExitCode::SUCCESS) };
    let bulk = |sabotage| bulk(&program, args.secrets, sabotage);
    if args.sabotage {
        noticed("a daemon that stands still", bulk(Sabotage::Stop))?;
        noticed("a daemon that has much in memory", bulk(Sabotage::Gather))?;
        noticed("a daemon that is killed", bulk(Sabotage::TooLittleMemory))?;
    } else {
        bulk(Sabotage::None)?;
    }
    Ok(ExitCode::SUCCESS)
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
    let ended = AtomicBool::new(false);
    let (changes, waits) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| owner(daemon, &ended));
        let changes = change_all(daemon, sabotage);
        ended.store(true, Ordering::Relaxed);
        (changes, asking.join())
    });
    let (changes, waits) = (changes?, waits.map_err(|_| anyhow!("the owner's thread panicked"))??);
    let most = daemon.memory("VmHWM");
    read_again(daemon, secrets)?;
    for Change { name, span } in &changes {
        let longest = waits.iter().map(|wait| wait.shared(span)).max().unwrap_or_default();
        say::line(format_args!(
            "{name}: {secrets} secrets of 1 MiB in {:.1?}, of which an owner waited {longest:.1?} at most",
            span.took()
        ));
    }
    let beyond = waits.iter().map(|wait| wait.beyond(&changes)).max().unwrap_or_default();
    let (asked, grown) = (waits.len(), most.saturating_sub(before));
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
    ensure!(beyond <= PATIENCE, "an owner waited {beyond:?} longer than for a change");
    Ok(())
}

fn fill(daemon: &Limited, secrets: usize) -> Result<(), Fault> {
    let mut client = Client::connect(daemon.socket())?;
    let mut store = |name: String, value| client.call(&create(SecretName::try_from(name)?, secret(value)?));
    store(SMALL.to_owned(), SMALL.to_owned())?;
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

/// Returns the value of a name.
fn resolve(client: &mut Client, name: &str) -> Result<String, Fault> {
    let resolved = client.call(&Resolve { name: name.to_owned(), org_id: None })?;
    Ok(resolved.value.value().expose().to_owned())
}

/// Changes all secrets in each way.
fn change_all(daemon: &Limited, sabotage: Sabotage) -> Result<Vec<Change>> {
    let mut client = Client::connect(daemon.socket())?;
    let mut changes = Vec::new();
    let rotate = RotateAll { org_id: Some(OrgScope::All) };
    changes.push(Change::time("rotate-all", || client.call(&rotate).map(drop))?);
    let rekey = Rekey { new_key: secret("another key that is long enough to be one".to_owned())? };
    changes.push(Change::time("rekey", || client.call(&rekey).map(drop))?);
    match sabotage {
        Sabotage::None | Sabotage::TooLittleMemory => {}
        Sabotage::Stop => {
            daemon.signal(Signal::SIGSTOP);
            std::thread::sleep(2 * PATIENCE);
            daemon.signal(Signal::SIGCONT);
        }
        Sabotage::Gather => gather(daemon),
    }
    Ok(changes)
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

/// Reads a value again and again, on a connection of its own each time; returns when each of them was asked for and answered.
fn owner(daemon: &Limited, ended: &AtomicBool) -> Result<Vec<Span>> {
    let mut waits = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        let (read, span) = Span::of(|| resolve(&mut Client::connect(daemon.socket())?, SMALL));
        ensure!(read.context("an owner was not answered")? == SMALL, "an owner was given another value");
        waits.push(span);
    }
    Ok(waits)
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

impl Change {
    fn time(name: &'static str, change: impl FnOnce() -> Result<(), Fault>) -> Result<Self> {
        let (done, span) = Span::of(change);
        done.context(name)?;
        Ok(Self { name, span })
    }
}

impl Span {
    fn of<T>(act: impl FnOnce() -> T) -> (T, Self) {
        let began = Instant::now();
        let done = act();
        (done, Self { began, ended: Instant::now() })
    }

    fn took(&self) -> Duration {
        self.ended - self.began
    }

    /// Returns for how long both went on.
    fn shared(&self, other: &Self) -> Duration {
        self.ended.min(other.ended).saturating_duration_since(self.began.max(other.began))
    }

    /// Returns how much longer this was than for the one change that it had to wait for.
    fn beyond(&self, changes: &[Change]) -> Duration {
        let waited = changes.iter().map(|change| self.shared(&change.span)).max().unwrap_or_default();
        self.took().saturating_sub(waited)
    }
}
