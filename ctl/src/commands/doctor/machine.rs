//! The machine: whether keys can be locked in memory, and whether memory reaches the disk.

use nix::sys::resource::{Resource, getrlimit};
use vault::api::Warning;

use crate::posture::{Swap, swap};

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
        let hint = "raise the limit with: ulimit -l 64, or LimitMEMLOCK=64K in the service";
        Warning::new("low_memlock", message, hint)
    })
}

fn open_swap() -> Option<Warning> {
    let Swap::Open(place) = swap() else { return None };
    let message = format!("memory is swapped to {place}, which is not encrypted: values can reach the disk");
    Some(Warning::new("swap", message, "encrypt the swap, or turn it off with: swapoff -a"))
}
