//! What the daemon takes while nobody asks it for anything: memory and descriptors.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use vault::api::StatusOf;
use vault::client::Client;

use crate::world::oracle::words;
use crate::world::server::Server;

/// How much more memory a daemon may have than after the warm-up.
const MORE_MEMORY: u64 = 5 * 1024 * 1024;
/// How long a daemon may take to give back what connections took.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_millis(100);
const MIB: u64 = 1024 * 1024;

/// What a daemon takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    memory: u64,
    descriptors: usize,
}

impl Taken {
    /// Measures once the descriptors have been the same for a while.
    pub(super) fn at_rest(server: &Server) -> Result<Self> {
        let id = server.id().context("there is no daemon")?;
        let began = Instant::now();
        let mut taken = Self::now(id)?;
        let mut since = Instant::now();
        while since.elapsed() < PAUSE * 10 && began.elapsed() < PATIENCE {
            std::thread::sleep(PAUSE);
            let now = Self::now(id)?;
            if now.descriptors != taken.descriptors {
                since = Instant::now();
            }
            taken = now;
        }
        Ok(taken)
    }

    fn now(id: u32) -> Result<Self> {
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        let memory = kilobytes.context("its resident memory is not told")? * 1024;
        let open = std::fs::read_dir(format!("/proc/{id}/fd"));
        let descriptors = open.context("a daemon's descriptors are root's alone to count")?.count();
        Ok(Self { memory, descriptors })
    }

    /// Makes sure that a daemon takes no more than it did, but for a little memory.
    pub(super) fn is_no_more_than(self, before: Self) -> Result<()> {
        let more = self.descriptors.saturating_sub(before.descriptors);
        ensure!(more == 0, "{more} descriptors were not given back: {before}, then {self}");
        let more = self.memory.saturating_sub(before.memory);
        ensure!(more <= MORE_MEMORY, "memory grew: {before}, then {self}");
        Ok(())
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.memory * 10 / MIB;
        write!(f, "{}.{} MiB and {} descriptors", tenths / 10, tenths % 10, self.descriptors)
    }
}

/// Waits until the vault is open and has nothing to say of its key file any more.
pub(super) fn settles(server: &Server) -> Result<()> {
    let began = Instant::now();
    let mut client = Client::connect(&server.socket()).map_err(words)?;
    loop {
        let status = client.call(&StatusOf::default()).map_err(words)?;
        let warned = status.warnings.iter().any(|warning| warning.code == "key_file");
        if !status.locked && !warned {
            return Ok(());
        }
        let reason = status.lock_reason;
        ensure!(began.elapsed() < 2 * PATIENCE, "it does not recover: locked {reason:?}, warned {warned}");
        std::thread::sleep(PAUSE);
    }
}
