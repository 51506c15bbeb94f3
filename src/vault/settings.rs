//! What a vault is told from outside.

use crate::agents::Executables;
use crate::api::Files;
use crate::crypto::Iterations;
use vault_platform::PagePolicy;

/// What a vault is told from outside.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The rounds of new slots.
    pub iterations: Iterations,
    /// How the key page is to be locked.
    pub page: PagePolicy,
    /// What the process gives away, for `status`.
    pub posture: Posture,
    /// The key file, which a rekey replaces; `None` if the key comes from elsewhere.
    pub key_file: Option<std::path::PathBuf>,
    /// The key file that opens a locked vault when its key changes, wherever the first key came from.
    pub watched_key_file: Option<std::path::PathBuf>,
    /// Where the mark of a lock is left that an owner asks for.
    pub lock_mark: Option<std::path::PathBuf>,
    /// Where the files are that the process has, for `status`.
    pub files: Option<Files>,
    /// Whose executables the kernel shows to the process.
    pub executables: Executables,
}

/// What the process gives away; the daemon measures it, `status` shows it.
#[derive(Debug, Clone)]
pub struct Posture {
    /// Whether others of the same user may read its memory.
    pub dumpable: bool,
    /// Whether a crash leaves a core file.
    pub core_dumps: bool,
    /// `none`, `active` or `unknown`.
    pub swap: &'static str,
}
