//! What threads share state by, named in one place: `tests/interleavings.rs` takes the same code in with a model
//! checker's in place of these, which tries every order in which threads can touch it.

pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::AtomicU64;
