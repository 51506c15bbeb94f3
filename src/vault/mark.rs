//! The mark of a lock that an owner asked for: while it is in the home, no start opens the vault.

use std::io;
use std::path::Path;

use super::Vault;
use crate::api::Warning;
use crate::domain::LockReason;
use crate::files;
use crate::keyring::Keyring;

/// The file's name in the home; it is empty.
pub const LOCK_MARK: &str = "locked";

/// What `status` warns of under this code.
const CODE: &str = "lock_mark";

impl Vault {
    /// Returns whether an owner locked the vault and no one has unlocked it since, whatever happened to the daemon.
    pub fn is_locked_by_mark(&self) -> bool {
        self.settings().lock_mark.is_some_and(|mark| is_there(&mark))
    }

    /// Locks as an owner asked for, and leaves the mark on the disk; `false` if it could not be left.
    pub(super) async fn lock_with_mark(&self, reason: LockReason) -> bool {
        let _turn = self.0.marking.lock().await;
        self.set_keyring(Keyring::Locked(reason));
        self.forget_agents();
        self.change_mark(leave, "the vault is locked, but a restart of vaultd opens it").await
    }

    /// Puts keys in force that opened the vault, and takes the mark away.
    pub(super) async fn open_without_mark(&self, opened: Keyring) {
        // The two go together: of a lock and an unlock at once, the later one decides both.
        let _turn = self.0.marking.lock().await;
        self.set_keyring(opened);
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
    files::open_private(mark)?;
    files::sync_with_folder(mark)
}

fn remove(mark: &Path) -> io::Result<()> {
    match std::fs::remove_file(mark) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| std::fs::File::open(files::parent(mark))?.sync_all()),
    }
}
