//! Other users of the machine, for tests that run as root.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::unistd::{Gid, Uid, getgroups, setegid, seteuid, setgroups};
use tempfile::TempDir;

use super::{Home, vaultd};

static TURN: Mutex<()> = Mutex::new(());

/// Takes the turn of a test that changes the process's user: no other one in this process may run beside it.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A user with the groups that it is a member of; its own group has its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) groups: &'static [u32],
}

impl User {
    /// Does something as this user.
    pub(crate) fn does<T>(self, act: impl FnOnce() -> T) -> T {
        let before = getgroups().unwrap();
        let groups: Vec<_> = self.groups.iter().map(|group| Gid::from_raw(*group)).collect();
        setgroups(&groups).unwrap();
        setegid(Gid::from_raw(self.uid)).unwrap();
        seteuid(Uid::from_raw(self.uid)).unwrap();
        let done = act();
        seteuid(Uid::from_raw(0)).unwrap();
        setegid(Gid::from_raw(0)).unwrap();
        setgroups(&before).unwrap();
        done
    }

    /// Gives everything in a home to this user.
    pub(crate) fn owns(self, home: &Home) {
        chown(home.path(""), Some(self.uid), Some(self.uid)).unwrap();
        for entry in std::fs::read_dir(home.path("")).unwrap() {
            chown(entry.unwrap().path(), Some(self.uid), Some(self.uid)).unwrap();
        }
    }

    /// Prepares a `vaultd` that runs as this user.
    pub(crate) fn vaultd(self, home: &Home, program: &Path) -> Command {
        let groups: Vec<_> = self.groups.iter().map(u32::to_string).collect();
        let mut command = home.command_of(Path::new("setpriv"));
        let uid = self.uid.to_string();
        command.args(["--reuid", &uid, "--regid", &uid]);
        if groups.is_empty() {
            command.arg("--clear-groups");
        } else {
            command.args(["--groups", &groups.join(",")]);
        }
        command.arg("--").arg(program).arg("--home").arg(home.path(""));
        command
    }
}

/// A folder that every user may enter, with a `vaultd` that every user may run.
pub(crate) fn public_folder() -> (TempDir, PathBuf) {
    let folder = TempDir::with_prefix("public").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), mode).unwrap();
    let program = folder.path().join("vaultd");
    std::fs::copy(vaultd(), &program).unwrap();
    (folder, program)
}
