//! Who calls, what they do, how it ended, and why a vault is locked.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Invalid;
use super::name::text_type;
use crate::agents::Agent;

/// The process at the other end of the socket, as the kernel reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Peer {
    /// The effective user id at connect time.
    pub uid: u32,
    /// The effective group id at connect time.
    pub gid: u32,
    /// The process id at connect time, where this pid namespace can see it.
    pub pid: Option<i32>,
    /// The executable's path: evidence, never proof; absent where it cannot be read.
    pub exe: Option<String>,
}

/// The name of an agent: 1 to 64 of `a-z A-Z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 64))]
pub struct AgentId(String);
text_type!(AgentId);

impl AgentId {
    fn check(text: &str) -> Result<(), Invalid> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if plain && (1..=64).contains(&text.len()) {
            return Ok(());
        }
        Err(Invalid("an agent's name is 1 to 64 of a-z, A-Z, 0-9, `.`, `_`, `-`"))
    }
}

/// Who is said to have made a secret that was imported: 1 to 256 bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 256))]
pub struct Claim(String);
text_type!(Claim);

impl Claim {
    fn check(text: &str) -> Result<(), Invalid> {
        if (1..=CLAIM_BYTES).contains(&text.len()) && !text.chars().any(char::is_control) {
            return Ok(());
        }
        Err(Invalid("a claim has 1 to 256 bytes of UTF-8 and no control characters"))
    }
}

/// Who an audit entry names, `uid:1000`, `agent:bot` or `system`; of an imported secret also `claimed:alice`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A user, by the uid that the kernel gave.
    Uid(u32),
    /// A named caller.
    Agent(AgentId),
    /// The daemon itself.
    System,
    /// The maker of a secret, as an import names it; the vault does not know it.
    Claimed(Claim),
}

impl Actor {
    /// Returns whether the maker of a secret, as its row names it, is an agent, and another one than this.
    ///
    /// What an import claims is its owner's word.
    pub fn is_other_agent(&self, maker: &str) -> bool {
        maker.starts_with(AGENT) && *maker != self.to_string()
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "uid:{uid}"),
            Self::Agent(agent) => write!(f, "{AGENT}{agent}"),
            Self::System => f.write_str("system"),
            Self::Claimed(claim) => write!(f, "claimed:{claim}"),
        }
    }
}

/// What the text of an agent as an actor begins with.
const AGENT: &str = "agent:";

/// The most bytes of a claim that are kept.
pub const CLAIM_BYTES: usize = 256;

/// What a caller says of itself in headers: recorded beside the truth, never believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// `X-User-Id`.
    pub user_id: Option<String>,
    /// `X-Vault-Client`.
    pub client: Option<String>,
    /// `X-Vault-Address`: the address of the browser, where the dashboard passed a request on.
    pub ip: Option<String>,
}

/// What we decided a caller to be.
#[derive(Debug, Clone)]
pub enum Role {
    /// The daemon itself.
    Daemon,
    /// One who may do everything.
    Owner,
    /// A named caller with grants.
    Agent(Arc<Agent>),
    /// A user who was admitted and has no grants.
    Nobody,
}

/// Who we decided is calling: the role, the process behind it, and what it claimed.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What it may be.
    pub role: Role,
    /// The process, absent for the daemon's own acts.
    pub peer: Option<Peer>,
    /// What it said of itself.
    pub claims: Claims,
}

impl Caller {
    /// Makes an owner the caller.
    pub fn owner(peer: Peer) -> Self {
        Self { role: Role::Owner, peer: Some(peer), claims: Claims::default() }
    }

    /// Makes a user without grants the caller.
    pub fn nobody(peer: Peer) -> Self {
        Self { role: Role::Nobody, peer: Some(peer), claims: Claims::default() }
    }

    /// Makes an agent the caller.
    pub fn agent(agent: Agent, peer: Peer) -> Self {
        Self { role: Role::Agent(Arc::new(agent)), peer: Some(peer), claims: Claims::default() }
    }

    /// Makes the daemon itself the caller.
    pub fn system() -> Self {
        Self { role: Role::Daemon, peer: None, claims: Claims::default() }
    }

    /// Adds what the caller says of itself.
    #[must_use]
    pub fn claiming(mut self, claims: Claims) -> Self {
        self.claims = claims;
        self
    }

    /// Names the actor for the log.
    pub fn actor(&self) -> Actor {
        match (&self.role, &self.peer) {
            (Role::Agent(agent), _) => Actor::Agent(agent.name.clone()),
            (Role::Owner | Role::Nobody, Some(peer)) => Actor::Uid(peer.uid),
            (Role::Daemon, _) | (_, None) => Actor::System,
        }
    }

    /// Tells whether the caller may do everything.
    pub fn is_owner(&self) -> bool {
        matches!(self.role, Role::Owner | Role::Daemon)
    }
}

macro_rules! word_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Gives the word, as on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Finds the value of a word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

word_enum!(
    /// What was done, as the audit log and grants name it.
    Action {
        /// A new secret is stored.
        Create = "create",
        /// A stored secret gets a new value or new metadata.
        Encrypt = "encrypt",
        /// Metadata is looked at.
        Read = "read",
        /// A value is handed out.
        Decrypt = "decrypt",
        /// A secret is sealed afresh.
        Rotate = "rotate",
        /// A secret is removed.
        Delete = "delete",
        /// Secrets come in from elsewhere.
        Migrate = "migrate",
        /// The keys are wiped from memory.
        Lock = "lock",
        /// The keys come into memory.
        Unlock = "unlock",
        /// The key or the recovery key changes.
        Rekey = "rekey",
        /// An agent gets rights.
        Grant = "grant",
        /// An agent loses them.
        Revoke = "revoke",
        /// A sealed copy is made.
        Backup = "backup",
        /// Values are written out.
        Export = "export",
        /// The log is read or followed; only a refusal of that is an entry.
        Audit = "audit",
        /// The daemon's counters are read; only a refusal of that is an entry.
        Metrics = "metrics",
    }
);

word_enum!(
    /// How an act ended.
    Outcome {
        /// It was done.
        Ok = "ok",
        /// The caller may not.
        Denied = "denied",
        /// It could not be done.
        Failed = "failed",
    }
);

word_enum!(
    /// Why a vault is locked.
    LockReason {
        /// No source gave a key.
        NoKey = "no_key",
        /// The key opens no slot of this vault.
        WrongKey = "wrong_key",
        /// The key file may be read or changed by others.
        KeyFileUnsafe = "key_file_unsafe",
        /// Somebody asked for it.
        ByRequest = "by_request",
        /// Nothing was handed out for the configured time.
        Idle = "idle",
        /// No page of memory can be locked.
        NoLockedMemory = "no_locked_memory",
        /// The header of the vault does not authenticate.
        Damaged = "damaged",
    }
);
