//! Servers that are measured: a `vaultd` with a home of its own, and others beside it.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use vault::api::{CreateSecret, Import, ImportEntry, OnConflict};
use vault::client::Client;
use vault::clock::SystemClock;
use vault::secret::SecretValue;
use vault_testkit::Inside;

use crate::plan::{Bench, Cores, Place};
use crate::say;

/// The key of every vault here.
pub(crate) const KEY: &str = "kJ2vX9qLr7TzW4mNc8BpYh3Fd6Gs1Ae5Uo0Ki2Xw";
/// The secret that is asked for.
pub(crate) const NAME: &str = "skill:openai:access_token";
/// How many secrets one unit stores.
const UNIT: usize = 10_000;
/// The longest that a server takes to answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    /// Where it listens.
    pub(crate) socket: PathBuf,
}

impl Server {
    /// Starts a `vaultd` on a home with so many secrets.
    pub(crate) fn vaultd(bench: &Bench, place: &Place, secrets: usize) -> Result<Self> {
        let folder = home(place)?;
        fill(folder.path(), secrets)?;
        let mut command = Command::new(bench.program("vaultd"));
        command.env_clear().arg("--home").arg(folder.path());
        Self::start(command, folder, "vault.sock")
    }

    /// Starts a server that answers everything alike.
    pub(crate) fn echo(bench: &Bench) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = bench.client(Cores::All);
        command.arg("echo").arg("--socket").arg(folder.path().join("echo.sock"));
        Self::start(command, folder, "echo.sock")
    }

    /// Starts a server that makes a socket of this name in its folder.
    pub(crate) fn start(mut command: Command, folder: TempDir, socket: &str) -> Result<Self> {
        let socket = folder.path().join(socket);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.with_context(|| format!("{}", command.get_program().display()))?;
        let mut server = Self { child, folder, socket };
        let start = Instant::now();
        while UnixStream::connect(&server.socket).is_err() {
            let ended = server.child.try_wait()?;
            ensure!(ended.is_none(), "{} ended at once", command.get_program().display());
            ensure!(start.elapsed() < PATIENCE, "{} does not answer", command.get_program().display());
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(server)
    }

    /// Ends it as a service manager does, starts it again and gives the time from start to answer.
    pub(crate) fn restart(&mut self, bench: &Bench) -> Result<Duration> {
        Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().context("kill")?;
        self.child.wait()?;
        let start = Instant::now();
        let mut command = Command::new(bench.program("vaultd"));
        command.env_clear().arg("--home").arg(self.folder.path());
        self.child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        while UnixStream::connect(&self.socket).is_err() {
            ensure!(start.elapsed() < PATIENCE, "vaultd does not come back");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(start.elapsed())
    }

    /// Gives its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps all of its threads on one core, or lets them go.
    pub(crate) fn run_on(&self, cores: Cores) -> Result<()> {
        let list = if cores == Cores::One { "0" } else { "0-1023" };
        let mut command = Command::new("taskset");
        command.args(["-a", "-c", "-p", list]).arg(self.child.id().to_string());
        let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status().context("taskset")?;
        ensure!(done.success(), "taskset failed");
        Ok(())
    }

    /// Gives the memory that it has in use, in bytes.
    pub(crate) fn resident(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes: f64 =
            line.and_then(|line| line.split_whitespace().next()).context("VmRSS")?.parse()?;
        Ok(kibibytes * 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a home with a key and a configuration.
pub(crate) fn home(place: &Place) -> Result<TempDir> {
    let private = std::fs::Permissions::from_mode(0o700);
    let folder =
        tempfile::Builder::new().prefix("vault-bench").permissions(private).tempdir_in(&place.folder)?;
    let private =
        |name: &str, text: String| vault::files::replace_private(&folder.path().join(name), text.as_bytes());
    private(".env", format!("AGENTICMAIL_VAULT_KEY={KEY}\n"))?;
    private("vault.toml", "[kdf]\niterations = 100000\n[memory]\nlock = \"try\"\n".to_owned())?;
    Ok(folder)
}

/// Opens a folder's vault in this process, or makes it, its keys on a page that is locked by `mlock` alone.
pub(crate) async fn open(home: &Path) -> Result<Inside<SystemClock>> {
    let inside = Inside::at(&home.join("vault.db"), &Arc::new(SystemClock), None)?;
    if inside.vault.exists()? {
        inside.unlock_with(KEY).await?;
    } else {
        inside.found(KEY).await;
    }
    Ok(inside)
}

/// Stores the secrets that are asked for, and so many others.
pub(crate) async fn store(inside: &Inside<SystemClock>, secrets: usize) -> Result<()> {
    for from in (0..secrets).step_by(UNIT) {
        if from > 0 {
            say::progress(format_args!("{from} secrets stored"));
        }
        let entries = (from..secrets.min(from + UNIT)).map(entry).collect::<Result<_>>()?;
        inside.call(Import { entries, on_conflict: OnConflict::Fail, dry_run: false }).await?;
    }
    for (name, text) in [
        (NAME, "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz0123456789"),
        ("skill:aws:access_key_id", "AKIA0123456789ABCDEF"),
        ("skill:aws:secret_access_key", "0123456789abcdefghijklmnopqrstuvwxyz0123"),
    ] {
        inside.call(create(name, text)?).await?;
    }
    Ok(())
}

/// Makes the vault that a daemon will serve.
fn fill(home: &Path, secrets: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let inside = open(home).await?;
        store(&inside, secrets).await?;
        inside.vault.close().await;
        Ok(())
    })
}

fn value(text: &str) -> Result<vault::secret::Revealed> {
    Ok(SecretValue::new(text.to_owned())?.into())
}

fn entry(number: usize) -> Result<ImportEntry> {
    Ok(ImportEntry {
        org_id: None,
        name: format!("service-{number:07}-token").try_into()?,
        value: value(&format!("value-of-{number:07}-0123456789abcdefghijklmnopqrstuvwxyz"))?,
        category: None,
        metadata: None,
        expires_at: None,
        created_at: None,
        created_by: None,
    })
}

/// Makes the operation that stores a secret.
pub(crate) fn create(name: &str, text: &str) -> Result<CreateSecret> {
    Ok(CreateSecret {
        org_id: None,
        name: name.to_owned().try_into()?,
        value: value(text)?,
        category: None,
        metadata: None,
        expires_at: None,
        created_by: None,
    })
}

/// Connects as a command does.
pub(crate) fn connect(server: &Server) -> Result<Client> {
    Ok(Client::connect(&server.socket)?)
}
