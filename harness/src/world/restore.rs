//! A restore that is killed at random moments: afterwards there is no vault, or the restored one whole.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use vault::files;

use super::keeper::key_in;
use super::oracle::words;
use super::server::Server;
use xtask::workspace::succeed;

/// How often a restore is killed before one may end.
const KILLS: u32 = 3;
/// The longest that one lives until it is killed, in milliseconds; about as long as it takes.
const LONGEST: u64 = 400;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    /// How many were killed.
    pub(crate) killed: u64,
    /// How many of these had put the vault in its place.
    pub(crate) placed: u64,
}

/// A vault whose database was lost, with a backup of it and its key.
pub(crate) struct Lost {
    backup: PathBuf,
    key: PathBuf,
}

impl Lost {
    /// Makes a backup, ends the daemon and loses the database; the key file too, or not.
    pub(crate) fn with(server: &mut Server, key_file_too: bool) -> Result<Self> {
        let lost = Self { backup: server.home().join("crash.backup"), key: server.home().join("crash.key") };
        let held = key_in(&server.key_file()).map_err(words)?;
        files::replace_private(&lost.key, held.value().expose().as_bytes())?;
        succeed(server.command("vaultctl").args(["backup", "--quiet", "--force"]).arg(&lost.backup))?;
        server.kill()?;
        server.lose_database()?;
        if key_file_too {
            std::fs::remove_file(server.key_file())?;
        }
        Ok(lost)
    }

    /// Starts a restore, which reads the key from its stdin where there is no key file.
    pub(crate) fn begin(&self, server: &Server) -> Result<Child> {
        let mut command = server.command("vaultctl");
        command.arg("restore").arg(&self.backup).stdin(File::open(&self.key)?);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("vaultctl cannot be started")
    }

    /// Restores it after restores that were killed.
    pub(crate) fn restore(&self, server: &Server) -> Result<()> {
        let ended = self.begin(server)?.wait()?;
        ensure!(ended.success(), "a restore after one that was killed ended with {ended}");
        Ok(())
    }
}

/// Loses the database and restores it, killed again and again.
pub(crate) fn amid_kills(server: &mut Server, random: &mut Rng) -> Result<Restored> {
    let lost = Lost::with(server, random.bool())?;
    let mut restored = Restored::default();
    for _ in 0..KILLS {
        let mut restore = lost.begin(server)?;
        std::thread::sleep(Duration::from_millis(random.u64(0..=LONGEST)));
        restore.kill()?;
        let killed = restore.wait()?.code().is_none();
        restored.killed += u64::from(killed);
        if server.has_database() {
            restored.placed += u64::from(killed);
            return Ok(restored);
        }
        ensure!(killed, "a restore ended by itself, without a vault");
    }
    lost.restore(server)?;
    Ok(restored)
}
