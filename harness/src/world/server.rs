//! The daemon that is killed, and its home.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use vault::api::{Fault, Status, StatusOf, UnlockVault};
use vault::client::Client;
use vault::domain::LockReason;
use vault::files;
use vault_testkit::Home;

use xtask::workspace::root;

use super::keeper::key_in;

/// Where the daemons of a home log to.
const LOG: &str = "vaultd.log";
/// Where the database is, unless it was placed elsewhere; what lies beside it begins so too.
const DATABASE: &str = "vault.db";
/// How long a start may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a daemon may take to end once it is told to.
const ENDS_WITHIN: Duration = Duration::from_secs(5);
/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// A home, and the daemon on it.
#[derive(Debug)]
pub(crate) struct Server {
    home: Option<Home>,
    path: PathBuf,
    programs: PathBuf,
    log: File,
    /// Where the database is, if not at its usual place.
    database: Option<PathBuf>,
    environment: Vec<(&'static str, OsString)>,
    daemon: Option<Child>,
    slowest_end: Duration,
}

impl Server {
    /// Makes a home with a vault in it.
    pub(crate) fn make() -> Result<Self> {
        let server = Self::prepare()?;
        server.init()?;
        Ok(server)
    }

    /// Makes a home in memory with a vault in it, for what is about the daemon and not about the disk.
    pub(crate) fn make_in_memory() -> Result<Self> {
        let server = Self::at(Home::without_key_in_memory())?;
        server.init()?;
        Ok(server)
    }

    /// Makes a home for a vault.
    pub(crate) fn prepare() -> Result<Self> {
        Self::at(Home::without_key())
    }

    fn at(home: Home) -> Result<Self> {
        let path = std::fs::canonicalize(home.path(""))?;
        let programs = files::parent(&std::env::current_exe()?);
        let log = files::create_private(&path.join(LOG))?;
        Ok(Self {
            home: Some(home),
            path,
            programs,
            log,
            database: None,
            environment: Vec::new(),
            daemon: None,
            slowest_end: Duration::ZERO,
        })
    }

    /// Makes the vault.
    pub(crate) fn init(&self) -> Result<()> {
        let mut command = self.command("vaultctl");
        let made = command.arg("init").args(self.named_database()).stdout(Stdio::null()).status()?;
        if made.success() { Ok(()) } else { bail!("vaultctl init ended with {made}") }
    }

    /// Runs the programs that were built for release from now on.
    pub(crate) fn use_release(&mut self) {
        self.programs = root().join("target/release");
    }

    /// Gives a variable to the programs that are started from now on.
    pub(crate) fn set(&mut self, variable: &'static str, value: impl Into<OsString>) {
        self.environment.push((variable, value.into()));
    }

    /// Puts the database at another place in the home.
    pub(crate) fn place_database(&mut self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        files::make_private_folder(&files::parent(&path))?;
        self.database = Some(path);
        Ok(())
    }

    fn named_database(&self) -> impl Iterator<Item = &OsStr> {
        self.database.iter().flat_map(|path| [OsStr::new("--database"), path.as_os_str()])
    }

    /// Gives the home.
    pub(crate) fn home(&self) -> &Path {
        &self.path
    }

    /// Gives the socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.path.join("vault.sock")
    }

    /// Gives the key file.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.path.join(".env")
    }

    /// Gives what its daemons logged from a place on.
    pub(crate) fn log(&self, from: u64) -> Result<String> {
        let mut file = File::open(self.path.join(LOG))?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Starts the daemon.
    pub(crate) fn start(&mut self) -> Result<()> {
        let mut command = self.command("vaultd");
        command
            .args(self.named_database())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(self.log.try_clone()?);
        self.daemon = Some(command.spawn().context("vaultd cannot be started")?);
        Ok(())
    }

    /// Waits until the daemon answers and its vault is open.
    pub(crate) fn wait_until_ready(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            match self.opened() {
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

    /// Asks how the vault is, and opens one that a keeper had locked when the daemon was killed.
    fn opened(&self) -> Result<Status, Fault> {
        let mut client = Client::connect(&self.socket())?;
        let status = client.call(&StatusOf::default())?;
        if status.lock_reason != Some(LockReason::ByRequest) {
            return Ok(status);
        }
        client.call(&UnlockVault { key: key_in(&self.key_file())? })?;
        client.call(&StatusOf::default())
    }

    /// Kills the daemon, which learns nothing of it.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill()?;
            daemon.wait()?;
        }
        Ok(())
    }

    /// Ends the daemon as a service manager does: it has five seconds, and must say that all went well.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.signal(Signal::SIGTERM)?;
        let began = Instant::now();
        let Some(daemon) = &mut self.daemon else { return Ok(()) };
        while began.elapsed() < ENDS_WITHIN {
            if let Some(ended) = daemon.try_wait()? {
                self.slowest_end = self.slowest_end.max(began.elapsed());
                self.daemon = None;
                ensure!(ended.success(), "vaultd ended with {ended}; its log is {LOG}");
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        self.kill()?;
        bail!("vaultd has not ended {} s after SIGTERM; its log is {LOG}", ENDS_WITHIN.as_secs())
    }

    /// Gives the longest that a daemon took to end.
    pub(crate) fn slowest_end(&self) -> Duration {
        self.slowest_end
    }

    /// Sends the daemon a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let Some(id) = self.id() else { return Ok(()) };
        Ok(nix::sys::signal::kill(Pid::from_raw(i32::try_from(id)?), signal)?)
    }

    /// Gives the daemon's process, where there is one.
    pub(crate) fn id(&self) -> Option<u32> {
        self.daemon.as_ref().map(Child::id)
    }

    /// Tells whether the daemon ended by itself.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.daemon.as_mut().map(Child::try_wait).transpose()?.flatten().is_some())
    }

    /// Tells whether there is a daemon that has not ended.
    pub(crate) fn is_running(&mut self) -> Result<bool> {
        Ok(self.daemon.is_some() && !self.has_ended()?)
    }

    /// Takes the write-ahead log away, and with it what was committed since the last checkpoint.
    pub(crate) fn lose_log(&self) -> Result<()> {
        match std::fs::remove_file(self.path.join("vault.db-wal")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Tells whether there is a database.
    pub(crate) fn has_database(&self) -> bool {
        self.path.join(DATABASE).exists()
    }

    /// Takes the database away, with all that lies beside it; the log's head too, which would tell that a restored log
    /// was longer once.
    pub(crate) fn lose_database(&self) -> Result<()> {
        for file in std::fs::read_dir(&self.path)? {
            let file = file?;
            let name = file.file_name();
            if name == "head" || name.to_string_lossy().starts_with(DATABASE) {
                std::fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }

    /// Leaves the home in place for whoever looks into it.
    pub(crate) fn keep(&mut self) {
        if let Some(home) = self.home.take() {
            xtask::say::problem(format_args!("the home is left in {}", home.keep().display()));
        }
    }

    /// Prepares a program on this home.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        let environment = self.environment.iter().map(|(variable, value)| (variable, value));
        command.env_clear().envs(environment).args(["--home".as_ref(), self.path.as_os_str()]);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing is left to tell.
        let _ = self.kill();
    }
}
