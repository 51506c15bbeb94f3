//! An owner's lock: it outlives the daemon by a mark in the home, and the key that was locked away opens nothing by itself.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::MutexGuard;

use super::Vault;
use crate::api::Warning;
use crate::domain::{Actor, LockReason};
use crate::files;
use crate::keyfile;
use crate::keyring::{Keyring, Keys};

/// The file's name in the home.
pub const LOCK_MARK: &str = "locked";

/// What `status` warns of under this code.
const CODE: &str = "lock_mark";

/// What the mark of a lock holds that a key file may end.
const UNTIL_KEY_FILE: &[u8] = b"until the key file has the key\n";

/// What ends a lock that an owner asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerLock {
    /// `unlock` alone, since the key file had a key that opens the vault, or could not be read.
    UntilUnlock,
    /// A key file that opens the vault as well, since it had no such key.
    UntilKeyFile,
}

impl OwnerLock {
    /// Reads a mark: whatever else has its name holds until `unlock`, and so does a home that cannot be looked into.
    fn read(mark: &Path) -> Option<Self> {
        match mark.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Ok(meta) if meta.is_file() && std::fs::read(mark).is_ok_and(|text| text == UNTIL_KEY_FILE) => {
                Some(Self::UntilKeyFile)
            }
            _ => Some(Self::UntilUnlock),
        }
    }

    /// Writes it, unless it is there.
    fn leave(self, mark: &Path) -> io::Result<()> {
        if Self::read(mark) == Some(self) {
            return File::open(files::parent(mark))?.sync_all();
        }
        let text = match self {
            Self::UntilUnlock => &[],
            Self::UntilKeyFile => UNTIL_KEY_FILE,
        };
        files::replace_private(mark, text)
    }
}

/// An owner's lock, and what decides about it.
#[derive(Debug, Default)]
pub(super) struct Marking {
    /// Held while the keyring and the mark change together: how often an owner locked.
    pub(super) turn: tokio::sync::Mutex<u64>,
    /// Whether the key file had a key that opens the vault, at any time since the start.
    pub(super) key_file_fitted: AtomicBool,
    lock: RwLock<Option<OwnerLock>>,
}

impl Vault {
    /// Returns what ends an owner's lock, if one is in force, whatever else keeps the vault locked.
    pub fn owner_lock(&self) -> Option<OwnerLock> {
        *self.0.marking.lock.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_owner_lock(&self, lock: Option<OwnerLock>) {
        *self.0.marking.lock.write().unwrap_or_else(PoisonError::into_inner) = lock;
    }

    /// Puts a lock in force that an owner asked for before the daemon started; returns whether there is one.
    ///
    /// What happened to the key file meanwhile counts as unchanged: the key that it has now ends no lock.
    pub async fn keep_owner_lock(&self) -> bool {
        let Some(lock) = self.settings().lock_mark.and_then(|mark| OwnerLock::read(&mark)) else {
            return false;
        };
        self.set_owner_lock(Some(lock));
        self.set_lock_reason(LockReason::ByRequest);
        if lock == OwnerLock::UntilKeyFile && self.key_file_may_fit().await {
            self.hold(OwnerLock::UntilUnlock).await;
        }
        true
    }

    /// Locks as an owner asked for, and leaves the mark on the disk; `false` if it could not be left.
    pub(super) async fn lock_with_mark(&self) -> bool {
        let mut locks = self.0.marking.turn.lock().await;
        *locks += 1;
        self.set_keyring(Keyring::Locked(LockReason::ByRequest));
        self.forget_agents();
        self.hold_as_the_key_file_is().await
    }

    /// Has a locked vault stay locked as an owner asked for; `None` if it is open by now, else whether the mark is left.
    pub(super) async fn stay_locked(&self, by: &Actor) -> Option<bool> {
        let mut locks = self.0.marking.turn.lock().await;
        let reason = self.lock_reason()?;
        *locks += 1;
        self.count_lock(by, reason);
        // A damaged vault has to be restored, whoever locked it.
        if reason != LockReason::Damaged {
            self.set_keyring(Keyring::Locked(LockReason::ByRequest));
        }
        Some(self.hold_as_the_key_file_is().await)
    }

    /// Holds the lock at once; only then looks at the key file, which may take as long as an unlock.
    async fn hold_as_the_key_file_is(&self) -> bool {
        let left = self.hold(OwnerLock::UntilUnlock).await;
        left && (self.key_file_may_fit().await || self.hold(OwnerLock::UntilKeyFile).await)
    }

    async fn hold(&self, lock: OwnerLock) -> bool {
        self.set_owner_lock(Some(lock));
        let leave = move |mark: &Path| lock.leave(mark);
        self.change_mark(leave, "the vault is locked, but a restart of vaultd opens it").await
    }

    /// Returns whether the key file opened the vault since the start, or has a key that is not known to be wrong.
    async fn key_file_may_fit(&self) -> bool {
        if self.0.marking.key_file_fitted.load(Ordering::Relaxed) {
            return true;
        }
        let (vault, file) = (self.clone(), self.settings().watched_key_file);
        let look = move || match file.as_deref().map(keyfile::read) {
            Some(Ok(None)) => false,
            Some(Ok(Some(keys))) => keys.each().any(|key| !vault.is_wrong(key)),
            Some(Err(_)) | None => true,
        };
        tokio::task::spawn_blocking(look).await.unwrap_or(true)
    }

    /// Puts keys in force that opened the vault, and takes the mark away.
    ///
    /// The two go together in one turn: of a lock and an unlock at once, the later one decides both.
    pub(super) async fn open_without_mark(&self, keys: Arc<Keys>, _turn: MutexGuard<'_, u64>) {
        self.set_keyring(Keyring::Open(keys));
        self.set_owner_lock(None);
        self.change_mark(remove, "the vault is unlocked, but a restart of vaultd locks it").await;
    }

    async fn change_mark(
        &self,
        change: impl FnOnce(&Path) -> io::Result<()> + Send + 'static,
        otherwise: &'static str,
    ) -> bool {
        let Some(mark) = self.settings().lock_mark else { return true };
        let changed = tokio::task::spawn_blocking(move || change(&mark).map_err(|error| (error, mark))).await;
        let warning = match changed {
            Ok(Ok(())) => None,
            Ok(Err((error, mark))) => {
                Some(format!("{otherwise}: {} could not be changed: {error}", mark.display()))
            }
            Err(_) => Some(otherwise.to_owned()),
        };
        let done = warning.is_none();
        self.warn(
            CODE,
            warning.map(|words| {
                tracing::error!("{words}");
                Warning::new(CODE, words, "see that vaultd may write to its home, then lock or unlock again")
            }),
        );
        done
    }
}

fn remove(mark: &Path) -> io::Result<()> {
    match std::fs::remove_file(mark) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| File::open(files::parent(mark))?.sync_all()),
    }
}
