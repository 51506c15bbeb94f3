//! Other users of the machine, for tests that run as root.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Gid, Uid, getgroups};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use tempfile::TempDir;

use crate::Home;
use crate::programs::vaultd;

/// A user with the groups that it is a member of; its own group has its number.
#[derive(Debug, Clone, Copy)]
pub struct User {
    /// Its number, and its own group's.
    pub uid: u32,
    /// The groups that it is a member of.
    pub groups: &'static [u32],
}

/// Makes this thread root again when it is dropped, also by a panic.
struct BackToRoot(Vec<Gid>);

impl Drop for BackToRoot {
    fn drop(&mut self) {
        set_thread_res_uid(None, Some(Uid::ROOT), None).unwrap();
        set_thread_res_gid(None, Some(Gid::ROOT), None).unwrap();
        set_thread_groups(&self.0).unwrap();
    }
}

impl User {
    /// Does something as this user: this thread alone changes its user, as the kernel can and POSIX does not.
    pub fn does<T>(self, act: impl FnOnce() -> T) -> T {
        let _back = BackToRoot(getgroups().unwrap());
        let groups: Vec<_> = self.groups.iter().map(|group| Gid::from_raw(*group)).collect();
        set_thread_groups(&groups).unwrap();
        set_thread_res_gid(None, Some(Gid::from_raw(self.uid)), None).unwrap();
        set_thread_res_uid(None, Some(Uid::from_raw(self.uid)), None).unwrap();
        act()
    }

    /// Gives everything in a home to this user.
    pub fn owns(self, home: &Home) {
        chown(home.path(""), Some(self.uid), Some(self.uid)).unwrap();
        for entry in std::fs::read_dir(home.path("")).unwrap() {
            chown(entry.unwrap().path(), Some(self.uid), Some(self.uid)).unwrap();
        }
    }

    /// Prepares a `vaultd` that runs as this user.
    pub fn vaultd(self, home: &Home, program: &Path) -> Command {
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

/// Makes a folder that every user may enter, with a `vaultd` that every user may run.
pub fn public_folder() -> (TempDir, PathBuf) {
    let folder = TempDir::with_prefix("public").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), mode).unwrap();
    let program = folder.path().join("vaultd");
    std::fs::copy(vaultd(), &program).unwrap();
    (folder, program)
}
