//! The daemon that is killed, and its home.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use vault::api::StatusOf;
use vault::client::Client;
use vault::files;

/// Where the daemons of a home log to.
const LOG: &str = "vaultd.log";
/// How long a start may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the client waits between two looks for the socket.
const PAUSE: Duration = Duration::from_millis(5);

/// A home, and the daemon on it.
#[derive(Debug)]
pub(super) struct Server {
    folder: Option<TempDir>,
    home: PathBuf,
    programs: PathBuf,
    log: File,
    daemon: Option<Child>,
}

impl Server {
    /// Makes a home with a vault of the fewest rounds allowed, so that the time goes into crashes.
    pub(super) fn make() -> Result<Self> {
        let private = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("vault-crash-").permissions(private).tempdir()?;
        let home = folder.path().to_owned();
        let programs = files::parent(&std::env::current_exe()?);
        files::replace_private(&home.join("vault.toml"), b"[kdf]\niterations = 100000\n")?;
        let log = files::create_private(&home.join(LOG))?;
        let server = Self { folder: Some(folder), home, programs, log, daemon: None };
        let made = server.command("vaultctl").arg("init").stdout(Stdio::null()).status()?;
        if made.success() { Ok(server) } else { bail!("vaultctl init ended with {made}") }
    }

    /// Gives the socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.home.join("vault.sock")
    }

    /// Gives the key file.
    pub(super) fn key_file(&self) -> PathBuf {
        self.home.join(".env")
    }

    /// Starts the daemon.
    pub(super) fn start(&mut self) -> Result<()> {
        let mut command = self.command("vaultd");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(self.log.try_clone()?);
        self.daemon = Some(command.spawn().context("vaultd cannot be started")?);
        Ok(())
    }

    /// Waits until the daemon answers and its vault is open.
    pub(super) fn wait_until_ready(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            let answer =
                Client::connect(&self.socket()).and_then(|mut client| client.call(&StatusOf::default()));
            match answer {
                Ok(status) if !status.locked => return Ok(()),
                Ok(status) if began.elapsed() > PATIENCE => {
                    bail!("it stays locked: {:?}", status.lock_reason)
                }
                Err(fault) if began.elapsed() > PATIENCE => bail!("it does not answer: {}", fault.message),
                _ => {}
            }
            if let Some(status) = self.daemon.as_mut().and_then(|daemon| daemon.try_wait().transpose()) {
                bail!("vaultd ended with {}; its log is {LOG}", status?);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Kills the daemon, which learns nothing of it.
    pub(super) fn kill(&mut self) -> Result<()> {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill()?;
            daemon.wait()?;
        }
        Ok(())
    }

    /// Takes the write-ahead log away, and with it what was committed since the last checkpoint.
    pub(super) fn lose_log(&self) -> Result<()> {
        match std::fs::remove_file(self.home.join("vault.db-wal")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Leaves the home in place for whoever looks into it.
    pub(super) fn keep(&mut self) {
        if let Some(folder) = self.folder.take() {
            crate::say::problem(format_args!("the home is left in {}", folder.keep().display()));
        }
    }

    /// Prepares a program on this home.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.env_clear().args(["--home".as_ref(), self.home.as_os_str()]);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing is left to tell.
        let _ = self.kill();
    }
}
