//! What the platform crate promises, on a real kernel, in real processes.
#![allow(unsafe_code, reason = "forks, faults and edits the environment to see what is left")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failing helper fails its test"
)]

#[macro_use]
extern crate vault_trial;

mod child;
mod descriptors;
mod environment;
mod key_page;
mod peer;
mod process;
#[cfg(address_sanitizer)]
mod sabotage;
mod stack;

fn main() -> std::process::ExitCode {
    vault_trial::main()
}
