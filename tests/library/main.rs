//! The vault in the process of the test, where a clock is turned, a caller hangs up or thousands of steps are taken.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failing helper fails its test"
)]

mod abandoned;
mod clock;
mod crowd;
mod crypto_vectors;
mod locking;
mod model;
mod presets;
mod retention;
mod tampering;
