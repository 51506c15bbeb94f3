//! What holds now: how the daemon keeps its keys, what it gives away, and who may reach its socket.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Group, Uid, User};
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{MemoryStatus, Status};

/// Where Linux says who may trace whom; absent where the kernel has no Yama.
const PTRACE_SCOPE: &str = "/proc/sys/kernel/yama/ptrace_scope";

/// What this machine says beside the daemon's own answer, for programs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(crate) struct Surroundings {
    /// The socket's file.
    pub(crate) socket: Option<SocketFile>,
    /// Yama's `ptrace_scope`: 0 to 3, null where there is none.
    pub(crate) ptrace_scope: Option<u8>,
    /// Which memory reaches the disk.
    #[serde(skip)]
    swap: Swap,
}

/// The socket's file: who may connect.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// In octal, as `chmod` takes it.
    mode: String,
    owner: String,
    group: String,
}

/// Which memory reaches the disk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Swap {
    /// None, as far as this machine tells.
    None,
    /// It is compressed or encrypted.
    Closed,
    /// It is written in clear to this device or file.
    Open(String),
}

impl Surroundings {
    /// Looks at the machine and at the socket's file.
    pub(crate) fn look(socket: &Path) -> Self {
        let scope = std::fs::read_to_string(PTRACE_SCOPE).ok();
        Self {
            socket: socket_file(socket),
            ptrace_scope: scope.and_then(|text| text.trim().parse().ok()),
            swap: swap(),
        }
    }

    /// Writes what holds, a line each.
    pub(crate) fn lines(&self, status: &Status) -> Vec<(&'static str, String)> {
        let memory = &status.memory;
        vec![
            ("keys", keys(status)),
            ("swap", self.swap_words(memory)),
            ("dumpable", dumpable(memory).to_owned()),
            ("core files", core_files(memory).to_owned()),
            ("ptrace scope", self.ptrace_words()),
            ("socket", self.socket_words()),
        ]
    }

    fn swap_words(&self, memory: &MemoryStatus) -> String {
        match &self.swap {
            Swap::Open(place) => format!("{}, not encrypted: {place}", memory.swap),
            Swap::Closed => format!("{}, compressed or encrypted", memory.swap),
            Swap::None => memory.swap.clone(),
        }
    }

    fn ptrace_words(&self) -> String {
        let words = match self.ptrace_scope {
            None => return "none: this kernel has no Yama".to_owned(),
            Some(0) => {
                "any process of a user may trace the user's programs (vaultd is not dumpable); narrow it with: sysctl -w kernel.yama.ptrace_scope=1"
            }
            Some(1) => "only parents may trace",
            Some(2) => "only root may trace",
            Some(_) => "nobody may trace",
        };
        format!("{}: {words}", self.ptrace_scope.unwrap_or_default())
    }

    fn socket_words(&self) -> String {
        self.socket.as_ref().map_or_else(
            || "not there".to_owned(),
            |file| format!("{}, mode {}, of {}:{}", file.path.display(), file.mode, file.owner, file.group),
        )
    }
}

fn keys(status: &Status) -> String {
    match status.memory.locked.as_str() {
        "none" if status.locked => "none held, 0 bytes locked".to_owned(),
        "none" => "held in memory that is not locked and can be swapped, 0 bytes locked".to_owned(),
        kind => format!("{} bytes locked, by {kind}", status.memory.bytes),
    }
}

fn dumpable(memory: &MemoryStatus) -> &'static str {
    if memory.dumpable { "yes: processes of the same user can read vaultd's memory" } else { "no" }
}

fn core_files(memory: &MemoryStatus) -> &'static str {
    if memory.core_dumps { "on: a crash of vaultd writes its memory to the disk" } else { "off, limit 0" }
}

fn socket_file(path: &Path) -> Option<SocketFile> {
    let meta = std::fs::symlink_metadata(path).ok().filter(|meta| meta.file_type().is_socket())?;
    let user = User::from_uid(Uid::from_raw(meta.uid())).ok().flatten().map(|user| user.name);
    let group = Group::from_gid(Gid::from_raw(meta.gid())).ok().flatten().map(|group| group.name);
    Some(SocketFile {
        path: path.to_owned(),
        mode: format!("{:04o}", meta.permissions().mode() & 0o7777),
        owner: user.unwrap_or_else(|| meta.uid().to_string()),
        group: group.unwrap_or_else(|| meta.gid().to_string()),
    })
}

/// Finds out whether memory reaches the disk in clear.
pub(crate) fn swap() -> Swap {
    let swaps = std::fs::read_to_string("/proc/swaps").unwrap_or_default();
    let places: Vec<&str> = swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    match places.iter().find(|place| is_open(place)) {
        Some(place) => Swap::Open((*place).to_owned()),
        None if places.is_empty() => Swap::None,
        None => Swap::Closed,
    }
}

/// Tells whether swap is neither compressed memory nor encrypted.
fn is_open(path: &str) -> bool {
    let device = std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let name = device.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let kind =
        std::fs::read_to_string(Path::new("/sys/block").join(&name).join("dm/uuid")).unwrap_or_default();
    !name.starts_with("zram") && !kind.starts_with("CRYPT-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_held_in_open_memory_are_not_called_absent() {
        let status = |locked: bool, by: &str| -> Status {
            let memory = serde_json::json!({
                "locked": by, "bytes": 0, "dumpable": false, "coreDumps": false, "swap": "none",
            });
            serde_json::from_value(serde_json::json!({
                "configured": true, "locked": locked, "lockReason": null, "totalEntries": 0,
                "entriesByCategory": {}, "algorithm": "", "kdf": {"name": "", "hash": "", "iterations": 1},
                "memory": memory, "audit": {"entries": 0, "head": null}, "uptimeSeconds": 0, "version": "",
                "warnings": [],
            }))
            .unwrap()
        };
        assert_eq!("none held, 0 bytes locked", keys(&status(true, "none")));
        assert!(keys(&status(false, "none")).contains("not locked"));
        assert_eq!("0 bytes locked, by mlock", keys(&status(false, "mlock")));
    }
}
