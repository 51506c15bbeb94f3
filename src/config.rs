//! The configuration file `vault.toml`: every section and key is optional, none that is unknown is accepted.

mod usable;

use serde::Deserialize;

pub use usable::{Admitted, Unusable, Usable};

use crate::api::without_input;
use crate::crypto::Iterations;
use crate::domain::Invalid;

/// What `vault.toml` may say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How master keys are derived.
    pub kdf: Kdf,
    /// How keys are held in memory.
    pub memory: Memory,
    /// Who may connect.
    pub access: Access,
    /// How much one may ask.
    pub limits: Limits,
    /// How long the log is kept.
    pub audit: Audit,
    /// When the vault locks itself.
    pub auto_lock: AutoLock,
}

/// `[access]`: who may connect besides the daemon's own user; names or numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// Users who may connect; what each may do, agents and their grants say.
    pub users: Vec<Account>,
    /// Groups whose members may connect.
    pub groups: Vec<Account>,
    /// Users who may do everything, as the daemon's own user may.
    pub owners: Vec<Account>,
}

/// A user or a group, by number or by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Account {
    /// A uid or gid.
    Id(u32),
    /// A name, looked up when the file is read.
    Name(String),
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections in all, 1 to 65,536; 512 by default.
    pub connections: u32,
    /// Connections of one user, 1 to 65,536; 512 by default.
    pub connections_per_user: u32,
    /// Connections of one agent or guest, 1 to 65,536; 64 by default.
    pub connections_per_agent: u32,
    /// Entries that each agent may add to the audit log in a minute; 3,000 by default, 0 for any number.
    pub agent_entries_per_minute: u32,
    /// Memory for answers that are not written yet, in MiB, 8 to 4,096; 64 by default.
    pub unsent_mib: u32,
    /// Threads that serve requests, 1 to 64; 1 by default, which is the fastest up to 64 connections.
    pub threads: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_per_user: 512,
            connections_per_agent: 64,
            agent_entries_per_minute: 3000,
            unsent_mib: 64,
            threads: 1,
        }
    }
}

/// `[audit]`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Days after which entries leave the log; 0 keeps all (the default).
    pub keep_days: u32,
}

/// `[auto_lock]`: seconds, 0 for never (the default).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoLock {
    /// After so long without a value handed out.
    pub idle_seconds: u32,
    /// So long after the unlock, whatever happens.
    pub after_seconds: u32,
}

/// `[kdf]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kdf {
    /// The rounds of PBKDF2 for new slots: 100,000 to 10,000,000; 600,000 by default.
    pub iterations: u32,
}

impl Default for Kdf {
    fn default() -> Self {
        Self { iterations: Iterations::DEFAULT.get() }
    }
}

/// `[memory]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Memory {
    /// Whether the vault refuses to unlock where no page can be locked.
    pub lock: MemoryLock,
    /// Which kind of locked memory holds the keys.
    pub keys: MemoryKeys,
}

/// `memory.lock`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryLock {
    /// Refuse to unlock (the default).
    #[default]
    Require,
    /// Warn and go on.
    Try,
}

/// `memory.keys`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryKeys {
    /// `memfd_secret` where the kernel has it, which forbids hibernation while it is held (the default).
    #[default]
    Secretmem,
    /// `mlock` alone.
    Mlock,
}

/// Says what is wrong with a configuration file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is no TOML, or has a key or type that it cannot have.
    #[error("line {line}: {reason}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What is wrong, without the line's text.
        reason: String,
    },
    /// A number is out of range.
    #[error("[{0}]: {1}")]
    Range(&'static str, Invalid),
}

impl Config {
    /// Reads a file's text and checks every range.
    ///
    /// # Errors
    /// [`ConfigError`] with the line or the section; never with the text.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
            ConfigError::Malformed { line, reason: without_input(error.message()) }
        })?;
        config.iterations()?;
        config.check_limits()?;
        Ok(config)
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let Limits { connections, connections_per_user, connections_per_agent, unsent_mib, threads, .. } =
            self.limits;
        let counts = [connections, connections_per_user, connections_per_agent];
        let counts = counts.iter().all(|count| (1..=65_536).contains(count));
        if counts && (1..=64).contains(&threads) && (8..=4096).contains(&unsent_mib) {
            return Ok(());
        }
        let words = "connections are 1 to 65536, unsent_mib 8 to 4096, threads 1 to 64";
        Err(ConfigError::Range("limits", Invalid(words)))
    }

    /// Gives the rounds of new slots.
    pub fn iterations(&self) -> Result<Iterations, ConfigError> {
        Iterations::new(self.kdf.iterations).map_err(|invalid| ConfigError::Range("kdf", invalid))
    }

    /// Gives how the key page is to be locked.
    pub fn page_policy(&self) -> vault_platform::PagePolicy {
        vault_platform::PagePolicy {
            secretmem: self.memory.keys == MemoryKeys::Secretmem,
            require_lock: self.memory.lock == MemoryLock::Require,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::default(), Config::parse("").unwrap());
    }

    #[test]
    fn too_few_rounds_are_refused() {
        let error = Config::parse("[kdf]\niterations = 99999\n").unwrap_err();
        assert!(error.to_string().contains("100000"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = Config::parse("[memory]\nlock = \"require\"\nkesy = 1\n").unwrap_err();
        assert!(error.to_string().starts_with("line 3"), "{error}");
    }

    #[test]
    fn nothing_of_the_file_is_repeated() {
        for text in ["[sk-live]\n", "[kdf]\niterations = \"sk-live\"\n", "[memory]\nlock = \"sk-live\"\n"] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(!error.contains("sk-live") && error.contains("line "), "{error}");
        }
    }
}
