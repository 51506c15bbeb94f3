//! A home as `vaultctl init` leaves one: private, with a random key and a configuration.

use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;
use vault::files;

use crate::programs::{vaultctl, vaultd};
use crate::{Run, wait_for};

/// The configuration: the fewest rounds that are allowed, so that no test waits for many.
const CONFIGURATION: &str = "[kdf]\niterations = 100000\n";

/// A home in a temporary folder, removed when it is dropped.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    path: PathBuf,
    /// The key that its `.env` holds, or will hold.
    pub key: String,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// Makes a home with a key of its own.
    pub fn new() -> Self {
        let home = Self::without_key();
        home.set_key(&home.key);
        home
    }

    /// Makes a home with nothing but a configuration in it.
    pub fn without_key() -> Self {
        Self::below(std::env::temp_dir())
    }

    /// Makes the same in memory, if the machine has such a place: for what is not about the disk.
    pub fn without_key_in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        Self::below(if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() })
    }

    fn below(place: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("vault").tempdir_in(place).unwrap();
        let path = folder.path().to_owned();
        Self::at(folder, path)
    }

    /// Makes a home without a key in the folder of a person, who has other files there.
    pub(crate) fn of_person() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("home");
        files::make_private_folder(&path).unwrap();
        Self::at(folder, path)
    }

    fn at(folder: TempDir, path: PathBuf) -> Self {
        let home = Self { folder, path, key: random_text() };
        home.set_mode("", 0o700);
        home.write("vault.toml", CONFIGURATION);
        home
    }

    /// Returns the path of a file in the home, or of the home itself for an empty name.
    pub fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.path.clone() } else { self.path.join(name) }
    }

    /// Returns the folder that is removed with the home: the home itself, or the person's that it is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the home where it is, and returns its path.
    pub fn keep(self) -> PathBuf {
        let _ = self.folder.keep();
        self.path
    }

    /// Writes a file of the home, mode 0600.
    pub fn write(&self, name: &str, text: &str) {
        files::replace_private(&self.path(name), text.as_bytes()).unwrap();
    }

    /// Removes a file of the home.
    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    /// Reads a file of the home; nothing if it is missing.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_default()
    }

    /// Writes the key file.
    pub fn set_key(&self, key: &str) {
        self.write(".env", &format!("AGENTICMAIL_VAULT_KEY={key}\n"));
    }

    /// Changes the mode of a file, or of the home itself for an empty name.
    pub fn set_mode(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Returns the mode of a file, or of the home itself for an empty name.
    pub fn mode(&self, name: &str) -> u32 {
        mode_of(&self.path(name))
    }

    /// Prepares a `vaultd` for this home, in an empty environment, that writes its stderr to `stderr.log`.
    pub fn command(&self) -> Command {
        let mut command = self.command_of(vaultd());
        command.arg("--home").arg(self.path(""));
        command
    }

    /// Prepares a program in an empty environment that writes its stderr to `stderr.log`.
    pub fn command_of(&self, program: &Path) -> Command {
        let mut log = files::open_private(&self.path("stderr.log")).unwrap();
        log.seek(SeekFrom::End(0)).unwrap();
        let mut command = Command::new(program);
        command.env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }

    /// Runs `vaultctl` for this home, in an empty environment, with something piped in.
    pub fn ctl(&self, arguments: &[&str], input: &str) -> Run {
        let mut command = Command::new(vaultctl());
        command.env_clear().arg("--home").arg(self.path("")).args(arguments).current_dir(self.folder());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that asks for no input may have ended before it comes.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Run::of(&child.wait_with_output().unwrap(), &self.path(""))
    }

    /// Returns what every `vaultd` of this home wrote to stderr.
    pub fn log(&self) -> String {
        String::from_utf8(self.read("stderr.log")).unwrap()
    }

    /// Opens the database of a stopped daemon.
    pub fn database(&self) -> Connection {
        let connection = Connection::open(self.path("vault.db")).unwrap();
        // A large change stays in the log, as a small one does.
        connection.execute_batch("PRAGMA wal_autocheckpoint = 0").unwrap();
        connection
    }

    /// Changes the database of a stopped daemon by SQL; the statement must hit at least one row.
    pub fn sql(&self, statement: &str) {
        let changed = self.database().execute(statement, []).unwrap();
        assert!(changed > 0, "this changed nothing: {statement}");
    }

    /// Lists the files of the home, with what they hold.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(&self.path).unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        files
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                let bytes = self.read(&name);
                (name, bytes)
            })
            .collect()
    }
}

/// Runs a `vaultd` that is expected not to serve, and gives its exit code and what it said.
pub fn refusal(mut command: Command) -> (i32, String) {
    let mut said = tempfile::tempfile().unwrap();
    let mut child = command.stderr(said.try_clone().unwrap()).spawn().unwrap();
    let status = wait_for("a refusal", || child.try_wait().unwrap());
    let mut words = String::new();
    said.rewind().unwrap();
    said.read_to_string(&mut words).unwrap();
    (status.code().unwrap(), words)
}

/// Returns the mode of a file, without its type.
fn mode_of(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Draws a text of 40 characters that stands nowhere else.
pub fn random_text() -> String {
    data_encoding::BASE32_NOPAD.encode(&vault::crypto::random::<25>().unwrap())
}
