//! A home as a person has it, `vaultctl`, and a daemon that ends with the test.

use std::fmt;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::programs::{vaultctl, vaultd};
use crate::{Home, wait_for};

/// Keys may be in memory that is not locked, as for a person whose limit is low.
const CONFIG: &str = "[kdf]\niterations = 100000\n\n[memory]\nlock = \"try\"\n";

/// A home and what runs on it.
#[derive(Debug)]
pub struct TestEnvironment {
    home: Home,
    daemon: Option<Child>,
}

/// How the program ended, and what it printed.
#[derive(Debug)]
pub struct Run {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed on stdout.
    pub stdout: String,
    /// What it printed on stderr.
    pub stderr: String,
}

impl TestEnvironment {
    /// Makes a home with nothing but a configuration in it.
    pub fn empty() -> Self {
        let home = Home::of_person();
        home.write("vault.toml", CONFIG);
        Self { home, daemon: None }
    }

    /// Makes a vault, and starts a daemon on it.
    pub fn served() -> Self {
        let mut test = Self::empty();
        test.ctl(&["init"]).succeeded();
        test.start();
        test
    }

    /// Starts a daemon, and waits until it says that it is ready.
    pub fn start(&mut self) {
        self.launch(Self::daemon(&self.home()));
    }

    /// Starts a daemon with further arguments.
    pub fn start_with(&mut self, arguments: &[&str]) {
        let mut command = Self::daemon(&self.home());
        command.args(arguments);
        self.launch(command);
    }

    /// Starts a daemon whose environment has the key.
    pub fn start_with_key(&mut self, key: &str) {
        let mut command = Self::daemon(&self.home());
        command.env(vault::keyfile::VARIABLE, key);
        self.launch(command);
    }

    /// Starts a daemon on what may be damaged; returns whether it serves, or has ended instead.
    pub fn tries_to_start(&mut self) -> bool {
        self.becomes_ready(Self::daemon(&self.home()))
    }

    fn daemon(home: &Path) -> Command {
        let mut command = Command::new(vaultd());
        command.env_clear().arg("--home").arg(home);
        command
    }

    fn launch(&mut self, command: Command) {
        assert!(self.becomes_ready(command), "vaultd ended at once");
    }

    /// Starts a daemon; returns whether it says that it is ready, or has ended instead.
    fn becomes_ready(&mut self, command: Command) -> bool {
        let socket = self.spawn(command);
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut notice = [0; 256];
        wait_for("a daemon that is ready or has ended", || match socket.recv(&mut notice) {
            Ok(length) => notice[..length].starts_with(b"READY=1").then_some(true),
            // A signal that another test causes ends a `recv` with a timeout, too.
            Err(_) => self.daemon.as_mut()?.try_wait().unwrap().map(|_| false),
        })
    }

    /// Starts a daemon, and gives the socket on which it tells that it is ready.
    fn spawn(&mut self, mut command: Command) -> UnixDatagram {
        let notices = self.home.folder().join("ready");
        let _ = std::fs::remove_file(&notices);
        let socket = UnixDatagram::bind(&notices).unwrap();
        command.env("NOTIFY_SOCKET", &notices);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.daemon = Some(command.spawn().unwrap());
        socket
    }

    /// Returns the daemon's process.
    ///
    /// # Panics
    /// If none was started.
    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().map(Child::id).unwrap()
    }

    /// Ends the daemon.
    pub fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }

    /// Returns the home.
    pub fn home(&self) -> PathBuf {
        self.home.path("")
    }

    /// Returns a path in the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path(name)
    }

    /// Writes a private file in the home.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        self.home.write(name, text);
        self.path(name)
    }

    /// Changes the database behind the daemon's back.
    pub fn sql(&self, statements: &str) {
        self.home.database().execute_batch(statements).unwrap();
    }

    /// Prepares the program, with an environment that has this home alone.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(vaultctl());
        command.env_clear().env("HOME", self.home.folder()).env("AGENTICMAIL_HOME", self.home());
        command.args(arguments).current_dir(self.home.folder());
        command
    }

    /// Runs the program without input.
    pub fn ctl(&self, arguments: &[&str]) -> Run {
        self.ctl_with(arguments, "")
    }

    /// Runs the program with something piped in.
    pub fn ctl_with(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
        self.run(self.command(arguments), input)
    }

    /// Runs a prepared command with something piped in.
    pub fn run(&self, mut command: Command, input: impl AsRef<[u8]>) -> Run {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Who asks for no input may have ended before it comes.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Run::of(&child.wait_with_output().unwrap(), &self.home())
    }
}

impl Drop for TestEnvironment {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Run {
    /// Takes what a program printed, with the home's path made the same for all.
    pub fn of(output: &std::process::Output, home: &Path) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(home.to_str().unwrap(), "HOME");
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Makes sure that it succeeded.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(Some(0), self.code, "{self}");
        self
    }

    /// Makes sure that it ended with a code.
    #[track_caller]
    pub fn ended_with(self, code: i32) -> Self {
        assert_eq!(Some(code), self.code, "{self}");
        self
    }

    /// Reads what it printed as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}[exit {}]", self.stdout, self.stderr, self.code.map_or(-1, |code| code))
    }
}
