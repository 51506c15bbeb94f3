//! Who may do what: judging returns a verdict and never acts.

use crate::domain::{Action, Caller, OrgId, Role};

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
    /// An owner may do everything.
    Owner,
    /// The agent's grant at this place, from 0.
    Grant(usize),
    /// Acts on the whole vault are the owner's, but for the looks that were granted.
    OwnerOnly,
    /// Nothing allows it.
    Default,
}

/// Judges a request; pure.
///
/// A list names no secret: it is allowed to every agent, and each row in it is judged on its own.
pub fn judge(caller: &Caller, request: &Request<'_>) -> Verdict {
    let agent = match &caller.role {
        Role::Daemon => return Verdict::Allowed(Rule::Daemon),
        Role::Owner => return Verdict::Allowed(Rule::Owner),
        Role::Nobody => return Verdict::Denied(Rule::Default),
        Role::Agent(agent) => agent,
    };
    let (Some(org), Some(name)) = (request.org, request.name) else {
        let look = agent.grant_for_look(request.action);
        return look.map_or(Verdict::Denied(Rule::OwnerOnly), |place| Verdict::Allowed(Rule::Grant(place)));
    };
    match agent.grant_for(request.action, org, name) {
        Some(place) => Verdict::Allowed(Rule::Grant(place)),
        None => Verdict::Denied(Rule::Default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Peer;

    fn request(action: Action) -> Request<'static> {
        Request { action, org: None, name: Some("a") }
    }

    #[test]
    fn an_admitted_user_without_grants_may_do_nothing() {
        let peer = Peer { uid: 1000, gid: 1000, pid: None, exe: None };
        let verdict = judge(&Caller::nobody(peer), &request(Action::Read));
        assert_eq!(Verdict::Denied(Rule::Default), verdict);
    }

    #[test]
    fn an_owner_may_do_everything() {
        let peer = Peer { uid: 1000, gid: 1000, pid: None, exe: None };
        for action in Action::ALL {
            assert_eq!(Verdict::Allowed(Rule::Owner), judge(&Caller::owner(peer.clone()), &request(*action)));
        }
    }
}
