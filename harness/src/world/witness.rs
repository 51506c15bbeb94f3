//! What writers and the keeper tell of their work, for whoever keeps the order of things.

use std::fmt::Debug;

use super::ledger::{Held, Write};

/// Something that a client knows.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// Of a writer's name, by their numbers.
    Name(usize, usize, Step),
    /// Of the vault's key.
    Key(KeyStep),
}

/// What happened to a name.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A write of it is asked for from now on.
    Asked(Write),
    /// The write was acknowledged, and left it so.
    Acknowledged(Option<Held>),
    /// The write was refused.
    Refused,
    /// After a crash it was found so.
    Found(Option<Held>),
}

/// What happened to the key.
#[derive(Debug, Clone)]
pub(crate) enum KeyStep {
    /// A rekey is asked for from now on.
    Asked(String),
    /// It was acknowledged.
    Acknowledged,
    /// It was refused.
    Refused,
    /// After a crash this one was found to open the vault.
    Found(String),
}

/// Hears of each event when it happens.
pub(crate) trait Witness: Debug + Send + Sync {
    /// Keeps an event: before a request leaves, after its answer came.
    fn hear(&self, event: Event);
}
