//! What the platform crate promises, on a real kernel, in real processes.
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "forks, faults and edits the environment to see what is left")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper fails its test")]

mod child;
mod descriptors;
mod environment;
mod key_page;
mod peer;
mod process;
mod stack;

/// Tells by an mlockall(2) that the kernel refuses: `AddressSanitizer` makes it do nothing and say it did.
///
/// It also keeps frames on the heap, so that neither locks nor what is left on a stack can be seen there.
fn under_address_sanitizer() -> bool {
    nix::sys::mman::mlockall(nix::sys::mman::MlockAllFlags::empty()).is_ok()
}
