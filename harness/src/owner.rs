//! An owner that reads one secret again and again while something else goes on, and how long each reading took.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use vault::api::{Fault, Resolve};
use vault::client::Client;

use crate::limited::Limited;

/// The secret that the owner reads; its value is its name.
pub(crate) const READ: &str = "owner-reads";

/// From when to when something went on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    began: Instant,
    ended: Instant,
}

impl Span {
    /// Times an act.
    pub(crate) fn of<T>(act: impl FnOnce() -> T) -> (T, Self) {
        let began = Instant::now();
        let done = act();
        (done, Self { began, ended: Instant::now() })
    }

    pub(crate) fn took(&self) -> Duration {
        self.ended - self.began
    }

    /// Returns for how long both went on.
    pub(crate) fn shared(&self, other: &Self) -> Duration {
        self.ended.min(other.ended).saturating_duration_since(self.began.max(other.began))
    }
}

/// Acts while an owner reads; returns what the act did and each reading.
///
/// # Errors
/// Those of the act, and a reading that was not answered, or with another value.
pub(crate) fn meanwhile<T>(daemon: &Limited, act: impl FnOnce() -> Result<T>) -> Result<(T, Vec<Span>)> {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| read(daemon, &ended));
        let acted = act();
        ended.store(true, Ordering::Relaxed);
        let readings = reading.join().map_err(|_| anyhow!("the owner's thread panicked"))?;
        Ok((acted?, readings?))
    })
}

/// Reads until it is over, on a connection of its own each time.
fn read(daemon: &Limited, ended: &AtomicBool) -> Result<Vec<Span>> {
    let mut readings = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        let (read, span) = Span::of(|| resolve(&mut Client::connect(daemon.socket())?, READ));
        ensure!(read.context("an owner was not answered")? == READ, "an owner was given another value");
        readings.push(span);
    }
    Ok(readings)
}

/// Returns the value of a name.
pub(crate) fn resolve(client: &mut Client, name: &str) -> Result<String, Fault> {
    let resolved = client.call(&Resolve { name: name.to_owned(), org_id: None })?;
    Ok(resolved.value.value().expose().to_owned())
}
