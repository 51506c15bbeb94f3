//! Who may come in: the daemon's own user, and the users, groups and owners that the configuration names.

use std::sync::Arc;

use nix::unistd::geteuid;
use tokio::sync::watch;
use vault::agents::Executables;
use vault::config::{Admitted, Usable};
use vault::vault::Standing;
use vault_platform::PeerProcess;

/// The uid that stands for users outside this user namespace; it names no one.
const UNMAPPED: u32 = 65_534;
/// The place of `CAP_SYS_PTRACE` among capabilities (Linux, capability.h).
const SYS_PTRACE: u64 = 1 << 19;

/// The configuration in force, and the news of the next one.
pub(crate) type InForce = watch::Receiver<Arc<Usable>>;

/// Returns what a process is at the door; `None` for a stranger.
pub(crate) fn standing(admitted: &Admitted, process: &PeerProcess) -> Option<Standing> {
    let uid = process.uid();
    if uid == geteuid().as_raw() || admitted.owners.contains(&uid) {
        return Some(Standing::Owner);
    }
    if uid == UNMAPPED {
        return None;
    }
    let member = || {
        let groups = process.groups();
        let admits = |group: &u32| admitted.groups.contains(group);
        admits(&process.gid()) || groups.iter().any(admits)
    };
    let is_guest = admitted.users.contains(&uid) || (!admitted.groups.is_empty() && member());
    is_guest.then_some(Standing::Guest)
}

/// Waits until a process is no longer at the door what it was when it came in.
pub(crate) async fn changed(process: &PeerProcess, was: Standing, mut in_force: InForce) {
    while in_force.changed().await.is_ok() {
        if standing(&in_force.borrow_and_update().admitted, process) != Some(was) {
            return;
        }
    }
    std::future::pending::<()>().await;
}

/// Returns whose executables the kernel shows to this process, among those that it lets in.
pub(crate) fn executables(admitted: &Admitted) -> Executables {
    if admitted.is_empty() || cfg!(not(target_os = "linux")) || traces_others() {
        Executables::OfAll
    } else {
        Executables::Of(geteuid().as_raw())
    }
}

/// Returns whether this process may look at those of other users (`CAP_SYS_PTRACE`, proc(5)).
fn traces_others() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    bits.is_some_and(|bits| bits & SYS_PTRACE != 0)
}
