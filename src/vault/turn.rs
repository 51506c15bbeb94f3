//! Turns: what changes many secrets waits for the other changes under way, and they for it.

use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};

use super::Vault;
use super::handle::{Changes, Handle};
use crate::domain::Caller;

/// The right to commit a change, while it is held.
#[derive(Debug)]
#[expect(dead_code, reason = "the guards are held, not used")]
pub(super) enum Turn<'v> {
    /// With others, and with nothing that changes many secrets.
    Shared(RwLockReadGuard<'v, ()>),
    /// With no other change.
    Alone(RwLockWriteGuard<'v, ()>),
}

impl Vault {
    /// Takes the turn that an operation has from its first try.
    pub(super) async fn turn_to_act<O: Handle>(&self, caller: &Caller) -> Option<Turn<'_>> {
        // An agent's is tried again instead, so that no agent makes others wait.
        let alone = O::CHANGES == Changes::Alone && caller.is_owner();
        if alone { Some(Turn::Alone(self.0.turns.write().await)) } else { None }
    }

    /// Takes the turn of an operation that was overtaken by a change: many secrets are not changed at once again before it.
    pub(super) async fn turn_to_retry<O: Handle>(&self) -> Option<Turn<'_>> {
        let shared = O::CHANGES == Changes::Together;
        if shared { Some(Turn::Shared(self.0.turns.read().await)) } else { None }
    }

    /// Takes the turn to commit changes, for an operation without one.
    pub(super) async fn turn_to_commit<O: Handle>(&self) -> Option<Turn<'_>> {
        match O::CHANGES {
            Changes::AtOnce => None,
            Changes::InPortions => Some(Turn::Alone(self.0.turns.write().await)),
            Changes::Together | Changes::Alone => Some(Turn::Shared(self.0.turns.read().await)),
        }
    }
}
