//! `cargo harness flood`: callers that ask for much and read nothing, against a daemon with the memory that its unit allows.
//!
//! ```text
//! stock → rest (memory) → guest (512 connections, batches, reads nothing) + owner (timed) → rest
//!                         agent (100 lists at once), for the first half
//! ```

mod crowd;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use nix::sys::signal::Signal;

use crate::limited::{LIMIT, MIB, Run};
use crate::owner::{self, Span};
use crowd::{Stage, agent, guest};
use xtask::say;

/// What the daemon may take of it, in bytes.
const BOUND: u64 = LIMIT / 2;
/// Too little memory for any flood, in bytes.
const TOO_LITTLE: u64 = 24 * MIB;
/// What an owner waits at most, in 99 of 100 cases.
const PATIENCE: Duration = Duration::from_secs(1);
/// What it waits at most in any case.
const LONGEST: Duration = Duration::from_secs(5);
/// How long the daemon may take to return what a flood took.
const RETURNED: Duration = Duration::from_secs(10);
/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// How long.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How many seconds the flood lasts.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    #[command(flatten)]
    run: Run,
}

/// What is done to show that it would be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sabotage {
    None,
    Stop,
    TooLittleMemory,
}

/// What the guest and the agent did.
struct Crowd {
    sent: u64,
    listed: u64,
    /// How much was in memory meanwhile at most, in bytes.
    most: u64,
}

/// What came of it.
struct Outcome {
    waits: Vec<Duration>,
    crowd: Crowd,
    /// In bytes: before, at most during the flood, and within ten seconds after it.
    memory: [u64; 3],
}

/// Floods, and fails if the daemon dies, an owner waits for long, or memory is not returned.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let sabotages = [
        ("a daemon that stands still", Sabotage::Stop),
        ("a daemon that is killed", Sabotage::TooLittleMemory),
    ];
    args.run.each(Sabotage::None, &sabotages, |program, sabotage| flood(program, args.seconds, sabotage))
}

fn flood(program: &Path, seconds: u64, sabotage: Sabotage) -> Result<()> {
    let memory = if sabotage == Sabotage::TooLittleMemory { TOO_LITTLE } else { LIMIT };
    let stage = Stage::set(program, memory)?;
    let before = stage.memory();
    let lasts = Duration::from_secs(seconds);
    let (crowd, readings) = owner::meanwhile(&stage.daemon, || Ok(crowd(&stage, lasts, sabotage)))?;
    let after = returned(&stage, 2 * before)?;
    let most = before.max(crowd.most);
    let waits = readings.iter().map(Span::took).collect();
    let outcome = Outcome { waits, crowd, memory: [before, most, after] };
    say::line(&outcome);
    ensure!(most <= BOUND, "{} MiB were in memory, over {} MiB", most / MIB, BOUND / MIB);
    let [long, longest] = [99, 100].map(|percent| outcome.quantile(percent));
    ensure!(long <= PATIENCE, "an owner waited {long:?} in one of a hundred cases");
    ensure!(longest <= LONGEST, "an owner waited {longest:?}");
    Ok(())
}

/// Has a guest and, for the first half, an agent ask for much.
fn crowd(stage: &Stage, lasts: Duration, sabotage: Sabotage) -> Crowd {
    let (listed_enough, ended, began) = (AtomicBool::new(false), AtomicBool::new(false), Instant::now());
    let mut most = 0;
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| guest(stage, &ended));
        let listing = scope.spawn(|| agent(stage, &listed_enough));
        while began.elapsed() < lasts {
            if began.elapsed() > lasts / 2 {
                // A guest alone gets more done, and so asks for more.
                listed_enough.store(true, Ordering::Relaxed);
                if sabotage == Sabotage::Stop {
                    stage.daemon.signal(Signal::SIGSTOP);
                }
            }
            most = most.max(stage.memory());
            std::thread::sleep(PAUSE);
        }
        listed_enough.store(true, Ordering::Relaxed);
        ended.store(true, Ordering::Relaxed);
        if sabotage == Sabotage::Stop {
            std::thread::sleep(LONGEST);
            stage.daemon.signal(Signal::SIGCONT);
        }
        let [sent, listed] = [sending.join(), listing.join()].map(std::thread::Result::unwrap_or_default);
        Crowd { sent, listed, most }
    })
}

/// Waits until no more than this is in memory.
fn returned(stage: &Stage, most: u64) -> Result<u64> {
    let ended = Instant::now();
    loop {
        let now = stage.memory();
        if now <= most {
            return Ok(now);
        }
        if ended.elapsed() > RETURNED {
            bail!("{} MiB are in memory ten seconds after the flood, over {} MiB", now / MIB, most / MIB);
        }
        std::thread::sleep(PAUSE);
    }
}

impl Stage {
    /// Returns how much of the daemon is in memory, in bytes; 0 if it was killed.
    fn memory(&self) -> u64 {
        self.daemon.memory("VmRSS")
    }
}

impl Outcome {
    fn quantile(&self, percent: usize) -> Duration {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        waits
            .get((waits.len() * percent / 100).min(waits.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, most, after] = self.memory.map(|bytes| bytes / MIB);
        let (asked, Crowd { sent, listed, .. }) = (self.waits.len(), &self.crowd);
        writeln!(f, "{sent} batches of a guest, none of whose answers was read; {listed} lists of an agent")?;
        let [median, long, longest] = [50, 99, 100].map(|percent| self.quantile(percent));
        writeln!(f, "{asked} values of an owner: p50 {median:?}, p99 {long:?}, longest {longest:?}")?;
        write!(f, "{before} MiB before, {most} MiB at most, {after} MiB after")
    }
}
