//! The Vault: keeps the keys of AI agents sealed, hands them to those who may have them, records who looked.
//!
//! This crate is everything that is not a process. It reads no environment, prints nothing, asks no clock and
//! starts no program: it is given a store, a clock and settings. The straight line of a request is
//!
//! ```text
//! socket → gate → face → vault (judge → act → record) → answer
//! ```
//!
//! of which the first two stand in the daemon. `ARCHITECTURE.md` is the map.

pub mod agenticmail;
pub mod agents;
pub mod api;
pub mod audit;
pub mod backup;
pub mod client;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod describe;
pub mod discovery;
pub mod domain;
pub mod files;
pub mod ground;
pub mod keyfile;
pub mod keyring;
pub mod own;
pub mod policy;
pub mod presets;
pub mod secret;
pub mod speaker;
pub mod store;
mod sync;
pub mod vault;
