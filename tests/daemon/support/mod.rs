//! A real `vaultd` on a real socket, for tests that read as sentences.
//!
//! ```text
//! let home = Home::new();                         a private folder with a key and a cheap configuration
//! let daemon = Daemon::start(&home);              returns once the socket answers
//! let id = daemon.create("a", "value");           the usual acts have words of their own
//! daemon.http("GET", "/vault/status", NONE)       each face is one call: `http`, `rpc`, `stream`
//! daemon.stop();                                  SIGTERM; asserts that it ends well (dropping it kills it)
//! home.sql("UPDATE secret SET …");                edits the database of a stopped daemon
//! ```

mod binary;
mod daemon;
mod home;
pub(crate) mod memory;
pub(crate) mod search;
#[cfg(target_os = "linux")]
pub(crate) mod users;
mod wire;

use std::io::Write;
use std::time::{Duration, Instant};

pub(crate) use binary::vaultd;
pub(crate) use daemon::Daemon;
pub(crate) use home::{Home, random_text, refusal};
pub(crate) use wire::{Answer, connect, encoded, exchange, parse};

/// The body of a request that has none.
pub(crate) const NONE: serde_json::Value = serde_json::Value::Null;
/// An id that no secret has.
pub(crate) const NO_ID: &str = "01890000-0000-7000-8000-000000000000";

/// The longest wait for something that is bound to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again until there is an answer; panics with `what` where none comes.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not happen within {PATIENCE:?}");
        std::thread::yield_now();
    }
}

/// Tells whether the test runs as root, and says so where it does not and is skipped.
pub(crate) fn runs_as_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        let _ = writeln!(std::io::stderr(), "skipped: it needs root to act as another user");
    }
    root
}
