//! The mark of a lock that an owner asked for: while it is in the home, no start opens the vault.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::MutexGuard;

use super::Vault;
use crate::api::Warning;
use crate::domain::{Actor, LockReason};
use crate::files;
use crate::keyring::{Keyring, Keys};

/// The file's name in the home; it is empty.
pub const LOCK_MARK: &str = "locked";

/// What `status` warns of under this code.
const CODE: &str = "lock_mark";

impl Vault {
    /// Returns whether an owner locked the vault and no one has unlocked it since, whatever happened to the daemon.
    pub fn is_locked_by_mark(&self) -> bool {
        self.settings().lock_mark.is_some_and(|mark| is_there(&mark))
    }

    /// Returns whether an owner's lock is in force, whatever else keeps the vault locked.
    pub fn is_locked_by_owner(&self) -> bool {
        self.lock_reason().is_some_and(|reason| reason == LockReason::ByRequest || self.is_locked_by_mark())
    }

    /// Locks as an owner asked for, and leaves the mark on the disk; `false` if it could not be left.
    pub(super) async fn lock_with_mark(&self) -> bool {
        let mut locks = self.0.marking.lock().await;
        *locks += 1;
        self.set_keyring(Keyring::Locked(LockReason::ByRequest));
        self.forget_agents();
        self.leave_mark().await
    }

    /// Has a locked vault stay locked as an owner asked for; `None` if it is open by now, else whether the mark is left.
    pub(super) async fn stay_locked(&self, by: &Actor) -> Option<bool> {
        let mut locks = self.0.marking.lock().await;
        let reason = self.lock_reason()?;
        *locks += 1;
        self.count_lock(by, reason);
        // A damaged vault has to be restored, whoever locked it.
        if reason != LockReason::Damaged {
            self.set_keyring(Keyring::Locked(LockReason::ByRequest));
        }
        Some(self.leave_mark().await)
    }

    async fn leave_mark(&self) -> bool {
        self.change_mark(leave, "the vault is locked, but a restart of vaultd opens it").await
    }

    /// Puts keys in force that opened the vault, and takes the mark away.
    ///
    /// The two go together in one turn: of a lock and an unlock at once, the later one decides both.
    pub(super) async fn open_without_mark(&self, keys: Arc<Keys>, _turn: MutexGuard<'_, u64>) {
        self.set_keyring(Keyring::Open(keys));
        self.change_mark(remove, "the vault is unlocked, but a restart of vaultd locks it").await;
    }

    async fn change_mark(&self, change: fn(&Path) -> io::Result<()>, otherwise: &'static str) -> bool {
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

/// Whatever has the name counts, and so does a home that cannot be looked into.
fn is_there(mark: &Path) -> bool {
    !matches!(mark.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

fn leave(mark: &Path) -> io::Result<()> {
    if !is_there(mark) {
        files::create_private(mark)?.sync_all()?;
    }
    File::open(files::parent(mark))?.sync_all()
}

fn remove(mark: &Path) -> io::Result<()> {
    match std::fs::remove_file(mark) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| File::open(files::parent(mark))?.sync_all()),
    }
}
