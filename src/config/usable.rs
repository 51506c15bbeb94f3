//! A configuration that a daemon can run with: what a start, SIGHUP and the doctor all refuse is refused here.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use nix::unistd::{Group, User};

use super::{Access, Account, Config, ConfigError};
use crate::files;
use crate::ground::{self, Stands, Unfit};

/// A configuration whose text was read whole, whose numbers are in range and whose users and groups are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usable {
    /// What it says.
    pub config: Config,
    /// Whom `[access]` names.
    pub admitted: Admitted,
}

/// The users and groups of `[access]`, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admitted {
    /// Users who may connect.
    pub users: HashSet<u32>,
    /// Groups whose members may connect.
    pub groups: HashSet<u32>,
    /// Users who may do everything.
    pub owners: HashSet<u32>,
}

/// Says why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The file is not one to believe, or cannot be read.
    #[error(transparent)]
    File(#[from] Unfit),
    /// What it says is wrong.
    #[error(transparent)]
    Text(#[from] ConfigError),
    /// Its place in a list names no user or group of this machine.
    #[error("[access] {list}: number {place} names no {kind} of this machine")]
    Unknown {
        /// The key of the list.
        list: &'static str,
        /// The place in it, from 1.
        place: usize,
        /// `user` or `group`.
        kind: &'static str,
    },
    /// The machine's users could not be looked up.
    #[error("[access]: users and groups cannot be looked up: {0}")]
    Lookup(#[from] nix::errno::Errno),
}

impl Unusable {
    /// Says what to do about it.
    pub fn hint(&self) -> String {
        let first = match self {
            Self::Unknown { kind, .. } => format!("add this {kind}, or take its name off the list"),
            Self::Text(_) => "correct the file, or empty it to have every default".to_owned(),
            Self::File(_) => "make it a file that only its user can change, which may be empty".to_owned(),
            Self::Lookup(_) => "see that users and groups can be looked up with: getent passwd".to_owned(),
        };
        format!("{first}; then start vaultd, or send SIGHUP to the one that runs")
    }
}

impl Usable {
    /// Reads the configuration of a daemon that runs as a user; `None` if no file is there.
    ///
    /// # Errors
    /// [`Unusable`], which repeats nothing of the text.
    pub fn read(path: &Path, own: u32) -> Result<Option<Self>, Unusable> {
        ground::check(path, Stands::AmongOurs, own)?;
        let text = match files::open_regular(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => ground::read(opened.map_err(Unfit::from)?, path, own)?,
        };
        let config = Config::parse(&text)?;
        let admitted = Admitted::of(&config.access)?;
        Ok(Some(Self { config, admitted }))
    }
}

impl Admitted {
    /// Looks the named users and groups up.
    fn of(access: &Access) -> Result<Self, Unusable> {
        let user = |name: &str| Ok(User::from_name(name)?.map(|user| user.uid.as_raw()));
        let group = |name: &str| Ok(Group::from_name(name)?.map(|group| group.gid.as_raw()));
        Ok(Self {
            users: numbers("users", "user", &access.users, user)?,
            groups: numbers("groups", "group", &access.groups, group)?,
            owners: numbers("owners", "user", &access.owners, user)?,
        })
    }

    /// Returns whether it lets no one in.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.groups.is_empty() && self.owners.is_empty()
    }
}

fn numbers(
    list: &'static str,
    kind: &'static str,
    accounts: &[Account],
    look_up: impl Fn(&str) -> Result<Option<u32>, Unusable>,
) -> Result<HashSet<u32>, Unusable> {
    let number = |(place, account): (usize, &Account)| match account {
        Account::Id(id) => Ok(*id),
        Account::Name(name) => look_up(name)?.ok_or(Unusable::Unknown { list, place: place + 1, kind }),
    };
    accounts.iter().enumerate().map(number).collect()
}
