//! The machine: whether keys can be locked in memory, and whether memory reaches the disk.

use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};
use vault::api::Warning;

/// The least that a user may lock, in bytes: the key page and what lies around it.
const LOCKED_BYTES: u64 = 64 * 1024;

/// Looks at the limits and the swap.
pub(super) fn findings() -> impl Iterator<Item = Warning> {
    low_limit().into_iter().chain(open_swap())
}

fn low_limit() -> Option<Warning> {
    let (soft, _) = getrlimit(Resource::RLIMIT_MEMLOCK).ok()?;
    let unbound = nix::unistd::geteuid().is_root();
    (soft < LOCKED_BYTES && !unbound).then(|| {
        let message = format!("only {soft} bytes of memory may be locked, and the keys need {LOCKED_BYTES}");
        Warning::new("low_memlock", message, "raise the limit: ulimit -l 64, or LimitMEMLOCK= in the service")
    })
}

/// Finds swap that is neither compressed memory nor encrypted.
fn open_swap() -> Option<Warning> {
    let swaps = std::fs::read_to_string("/proc/swaps").ok()?;
    let open =
        swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next()).find(|path| is_open(path))?;
    let message = format!("memory is swapped to {open}, which is not encrypted: values can reach the disk");
    Some(Warning::new("swap", message, "encrypt the swap, or turn it off with: swapoff -a"))
}

fn is_open(path: &str) -> bool {
    let device = std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let name = device.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let kind =
        std::fs::read_to_string(Path::new("/sys/block").join(&name).join("dm/uuid")).unwrap_or_default();
    !name.starts_with("zram") && !kind.starts_with("CRYPT-")
}
