//! A home as `vaultctl init` leaves one: private, with a random key and a configuration.

use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;
use vault::files;

use super::{vaultd, wait_for};

/// The configuration: the fewest rounds that are allowed.
const CONFIGURATION: &str = "[kdf]\niterations = 100000\n";

/// A home in a temporary folder, gone when it is dropped.
pub(crate) struct Home {
    folder: TempDir,
    /// The key that its `.env` holds.
    pub(crate) key: String,
}

impl Home {
    /// Makes a home with a key of its own.
    pub(crate) fn new() -> Self {
        let home = Self { folder: TempDir::with_prefix("vault").unwrap(), key: random_text() };
        home.set_mode("", 0o700);
        home.write("vault.toml", CONFIGURATION);
        home.set_key(&home.key);
        home
    }

    /// Gives the path of a file in the home, or of the home itself for an empty name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.folder.path().to_owned() } else { self.folder.path().join(name) }
    }

    /// Writes a file of the home, mode 0600.
    pub(crate) fn write(&self, name: &str, text: &str) {
        files::replace_private(&self.path(name), text.as_bytes()).unwrap();
    }

    /// Removes a file of the home.
    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    /// Reads a file of the home; nothing where there is none.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_default()
    }

    /// Writes the key file.
    pub(crate) fn set_key(&self, key: &str) {
        self.write(".env", &format!("AGENTICMAIL_VAULT_KEY={key}\n"));
    }

    /// Changes the mode of a file, or of the home itself for an empty name.
    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Gives the mode of a file, or of the home itself for an empty name.
    pub(crate) fn mode(&self, name: &str) -> u32 {
        mode_of(&self.path(name))
    }

    /// Prepares a `vaultd` for this home, in an empty environment, that writes its stderr to `stderr.log`.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.command_of(vaultd());
        command.arg("--home").arg(self.path(""));
        command
    }

    /// Prepares a program in an empty environment that writes its stderr to `stderr.log`.
    pub(crate) fn command_of(&self, program: &Path) -> Command {
        let mut log = files::open_private(&self.path("stderr.log")).unwrap();
        log.seek(SeekFrom::End(0)).unwrap();
        let mut command = Command::new(program);
        command.env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }

    /// Gives what every `vaultd` of this home wrote to stderr.
    pub(crate) fn log(&self) -> String {
        String::from_utf8(self.read("stderr.log")).unwrap()
    }

    /// Opens the database of a stopped daemon.
    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.path("vault.db")).unwrap()
    }

    /// Changes the database of a stopped daemon by SQL; the statement must hit at least one row.
    pub(crate) fn sql(&self, statement: &str) {
        let changed = self.database().execute(statement, []).unwrap();
        assert!(changed > 0, "this changed nothing: {statement}");
    }

    /// Lists the files of the home, with what they hold.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap);
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
pub(crate) fn refusal(mut command: Command) -> (i32, String) {
    let mut said = tempfile::tempfile().unwrap();
    let mut child = command.stderr(said.try_clone().unwrap()).spawn().unwrap();
    let status = wait_for("a refusal", || child.try_wait().unwrap());
    let mut words = String::new();
    said.rewind().unwrap();
    said.read_to_string(&mut words).unwrap();
    (status.code().unwrap(), words)
}

/// Gives the mode of a file, without its type.
fn mode_of(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Draws a text of 40 characters that stands nowhere else.
pub(crate) fn random_text() -> String {
    data_encoding::BASE32_NOPAD.encode(&vault::crypto::random::<25>().unwrap())
}
