//! The demo's stage: a home of its own and the daemon that serves it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use vault::client::Client;
use vault::files;
use vault::secret::SecretValue;

/// How long the daemon may take to start: a debug build derives its key slowly on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What would lead a program to another vault of this machine.
const OTHER_VAULTS: [&str; 4] =
    ["AGENTICMAIL_VAULT_KEY", "AGENTICMAIL_HOME", "AGENTICMAIL_VAULT_SOCKET", "CREDENTIALS_DIRECTORY"];

/// What becomes of the stage after the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    /// The daemon is stopped and the home removed.
    Remove,
    /// Both stay.
    Keep,
}

/// A throw-away home; the daemon is killed, and then the home removed, when this is dropped.
#[derive(Debug)]
pub(super) struct Stage {
    daemon: Option<Child>,
    home: TempDir,
    programs: PathBuf,
    afterwards: Afterwards,
}

impl Stage {
    /// Makes a home that only its owner may enter.
    pub(super) fn new(afterwards: Afterwards) -> Result<Self> {
        let private = std::fs::Permissions::from_mode(0o700);
        let home = tempfile::Builder::new().prefix("vault-demo-").permissions(private).tempdir()?;
        let own = std::env::current_exe()?;
        Ok(Self { daemon: None, home, programs: files::parent(&own), afterwards })
    }

    /// Gives the home.
    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Gives the daemon's socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.home().join("vault.sock")
    }

    /// Runs `vaultctl` in this home and gives what it printed; a value goes to its standard input.
    pub(super) async fn vaultctl(&self, args: &[&str], value: Option<&SecretValue>) -> Result<Vec<u8>> {
        let mut command = self.command("vaultctl");
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("vaultctl cannot be started")?;
        if let Some(mut stdin) = child.stdin.take() {
            let bytes = value.map(|value| value.expose().as_bytes()).unwrap_or_default();
            stdin.write_all(bytes).await.context("vaultctl does not read its input")?;
        }
        let Output { status, stdout, stderr } = child.wait_with_output().await?;
        let words = String::from_utf8_lossy(&stderr);
        ensure!(status.success(), "`vaultctl {}` ended with {status}: {}", args.join(" "), words.trim());
        Ok(stdout)
    }

    /// Starts `vaultd` and waits until it answers.
    pub(super) async fn start_daemon(&mut self) -> Result<u32> {
        let log = files::create_private(&self.log())?;
        let mut command = self.command("vaultd");
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        if self.afterwards == Afterwards::Keep {
            // Ctrl-C in this terminal is not meant for a daemon that stays.
            command.process_group(0);
        }
        let daemon = self.daemon.insert(command.spawn().context("vaultd cannot be started")?);
        let pid = daemon.id().context("vaultd ended at once")?;
        let answers = timeout(PATIENCE, self.wait_for_answer()).await;
        match answers.context("it does not answer").flatten() {
            Ok(()) => Ok(pid),
            Err(error) => bail!("vaultd did not start: {error:#}; its log says:\n{}", self.tail_of_log()),
        }
    }

    async fn wait_for_answer(&mut self) -> Result<()> {
        let socket = self.socket();
        while Client::connect(&socket).is_err() {
            if let Some(status) = self.daemon.as_mut().and_then(|daemon| daemon.try_wait().transpose()) {
                bail!("it ended with {}", status?);
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Asks the daemon to end, and waits for it.
    pub(super) async fn stop_daemon(&mut self) -> Result<()> {
        let mut daemon = self.daemon.take().context("vaultd is not running")?;
        let pid = daemon.id().context("vaultd ended before it was asked to")?;
        kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGTERM)?;
        let ended = timeout(PATIENCE, daemon.wait()).await.context("vaultd does not end")??;
        ensure!(ended.success(), "vaultd ended with {ended}");
        Ok(())
    }

    /// Tells what becomes of the stage.
    pub(super) fn afterwards(&self) -> Afterwards {
        self.afterwards
    }

    /// Leaves the daemon running and the home in place; gives the home and the daemon's process id.
    pub(super) fn leave(mut self) -> Result<(PathBuf, u32)> {
        let daemon = self.daemon.take().context("vaultd is not running")?;
        let pid = daemon.id().context("vaultd has ended")?;
        // Dropping it would kill it.
        std::mem::forget(daemon);
        Ok((self.home.keep(), pid))
    }

    /// Gives the folder of the programs that were built with this one.
    pub(super) fn programs(&self) -> &Path {
        &self.programs
    }

    /// Makes a command of this build that finds this home, and no other vault of this machine.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        for variable in OTHER_VAULTS {
            command.env_remove(variable);
        }
        command.arg("--home").arg(self.home()).kill_on_drop(true);
        command
    }

    fn log(&self) -> PathBuf {
        self.home().join("vaultd.log")
    }

    fn tail_of_log(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let mut lines: Vec<_> = log.lines().rev().take(10).collect();
        lines.reverse();
        lines.join("\n")
    }
}
