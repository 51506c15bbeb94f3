//! Who may do what: judging returns a verdict and never acts.

use crate::domain::{Action, Actor, Caller, OrgId};

/// What a caller wants to do, and to what.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The action.
    pub action: Action,
    /// The org, absent for acts on the whole vault.
    pub org: Option<&'a OrgId>,
    /// The stored name, absent for acts on many or none.
    pub name: Option<&'a str>,
}

/// What was decided, and which rule decided it.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The caller may.
    Allowed(Rule),
    /// The caller may not.
    Denied(Rule),
}

/// The rules, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The daemon itself acts.
    Daemon,
    /// The daemon's own user may do everything; the gate lets no other user in.
    Owner,
    /// Nothing allows it.
    Default,
}

/// Judges a request; pure.
pub fn judge(caller: &Caller, _request: &Request<'_>) -> Verdict {
    match &caller.actor {
        Actor::System => Verdict::Allowed(Rule::Daemon),
        Actor::Uid(_) => Verdict::Allowed(Rule::Owner),
        Actor::Agent(_) => Verdict::Denied(Rule::Default),
    }
}
