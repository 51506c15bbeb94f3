//! Who may come in: the daemon's own user, and the users, groups and owners that the configuration names.

use std::collections::HashSet;

use anyhow::Context as _;
use nix::unistd::{Group, User};
use vault::config::{self, Account};
use vault::vault::Standing;
use vault_platform::PeerProcess;

/// The uid that stands for users outside this user namespace; it names nobody.
const UNMAPPED: u32 = 65_534;

/// The users that the gate lets in.
#[derive(Debug)]
pub(crate) struct Access {
    own: u32,
    users: HashSet<u32>,
    groups: HashSet<u32>,
    owners: HashSet<u32>,
}

impl Access {
    /// Looks the configured names up.
    pub(crate) fn new(config: &config::Access) -> anyhow::Result<Self> {
        Ok(Self {
            own: nix::unistd::geteuid().as_raw(),
            users: config.users.iter().map(user_id).collect::<anyhow::Result<_>>()?,
            groups: config.groups.iter().map(group_id).collect::<anyhow::Result<_>>()?,
            owners: config.owners.iter().map(user_id).collect::<anyhow::Result<_>>()?,
        })
    }

    /// Says what a process is at the door; a stranger is nothing.
    pub(crate) fn standing(&self, process: &PeerProcess) -> Option<Standing> {
        let uid = process.uid();
        if uid == self.own || self.owners.contains(&uid) {
            return Some(Standing::Owner);
        }
        if uid == UNMAPPED {
            return None;
        }
        let member = || {
            let groups = process.groups();
            self.groups.contains(&process.gid()) || groups.iter().any(|group| self.groups.contains(group))
        };
        (self.users.contains(&uid) || (!self.groups.is_empty() && member())).then_some(Standing::Guest)
    }
}

fn user_id(account: &Account) -> anyhow::Result<u32> {
    match account {
        Account::Id(id) => Ok(*id),
        Account::Name(name) => Ok(User::from_name(name)?
            .with_context(|| format!("[access]: there is no user {name}"))?
            .uid
            .as_raw()),
    }
}

fn group_id(account: &Account) -> anyhow::Result<u32> {
    match account {
        Account::Id(id) => Ok(*id),
        Account::Name(name) => Ok(Group::from_name(name)?
            .with_context(|| format!("[access]: there is no group {name}"))?
            .gid
            .as_raw()),
    }
}
