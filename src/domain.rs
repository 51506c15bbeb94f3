//! The words of the vault as types: names, ids, categories, actions, callers.
//!
//! Text from outside becomes one of these while it is parsed; what does not fit is refused there, with a
//! sentence that states the rule and never repeats the input.

mod actor;
mod category;
mod id;
mod name;
mod strict;
mod time;

pub use actor::{
    Action, Actor, AgentId, CLAIM_BYTES, Caller, Claim, Claims, LockReason, Outcome, Peer, Role,
};
pub use category::Category;
pub use id::{AuditId, SecretId, SecretRef, VaultId};
pub(crate) use name::check_seen;
pub use name::{FieldName, FullName, Metadata, OrgId, OrgScope, PlatformName, SecretName, snake_case};
pub use strict::strict_json;
pub use time::Timestamp;

/// States which rule a text from outside broke; it never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub &'static str);
