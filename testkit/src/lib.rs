//! The world that tests, campaigns and measurements run in; for development alone.
//!
//! ```text
//! let home = Home::new();                         a private folder with a key and a cheap configuration
//! let daemon = Daemon::start(&home);              returns once the socket answers
//! let id = daemon.create("a", "value");           the usual acts have words of their own
//! daemon.http("GET", "/vault/status", NONE)       each face is one call: `http`, `rpc`, `stream`
//! daemon.stop();                                  SIGTERM; asserts that it ends well (dropping it kills it)
//! home.sql("UPDATE secret SET …");                edits the database of a stopped daemon
//!
//! let test = TestEnvironment::served();           a home as a person has it, made by `vaultctl init`, with a daemon
//! test.ctl(&["get", "openai"]).ended_with(3);     runs `vaultctl`
//! terminal::drive(…)                              plays a person at a terminal
//!
//! let inside = Inside::open().await;              a vault in this process, whose clock is turned by hand
//! ```
//!
//! What a test needs of the machine (root, a browser …) it says by `vault-trial`. A helper that fails panics, and so
//! fails its test.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "a failing helper fails its test, and reads as short as it can"
)]

#[cfg(target_os = "linux")]
pub mod cgroup;
mod daemon;
mod home;
pub mod inside;
pub mod memory;
mod pages;
mod person;
pub mod programs;
pub mod search;
pub mod terminal;
#[cfg(target_os = "linux")]
pub mod traced;
#[cfg(target_os = "linux")]
pub mod users;
pub mod wire;

use std::time::{Duration, Instant};

pub use daemon::Daemon;
pub use home::{Home, random_text, refusal};
pub use inside::Inside;
pub use pages::{FreeList, Leaf};
pub use person::{Run, TestEnvironment};
pub use programs::{vaultctl, vaultd};
pub use wire::{Answer, connect, encoded, exchange, parse};

/// No body.
pub const NONE: serde_json::Value = serde_json::Value::Null;
/// An id that no secret has.
pub const NO_ID: &str = "01890000-0000-7000-8000-000000000000";

/// The longest wait for something that is bound to happen.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long to leave the processor to others between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// Asks again and again until there is an answer.
///
/// # Panics
/// With `what`, if no answer comes within a minute.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not happen within {PATIENCE:?}");
        std::thread::sleep(PAUSE);
    }
}
