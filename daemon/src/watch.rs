//! The key file: a locked vault opens by itself when it is mended, an open one warns when it goes bad.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use vault::api::Warning;
use vault::domain::LockReason;
use vault::files;
use vault::keyfile;
use vault::keyring::Keyring;
use vault::vault::{OwnerLock, SlotSource, Vault};

use crate::keys::{self, FoundKey};

/// How long the folder must be quiet before the file is read: editors write in several steps.
const QUIET: Duration = Duration::from_millis(300);
/// How often the file is looked at where no event tells of it.
const POLL: Duration = Duration::from_secs(5);
/// What to do about a key file whose key is not the vault's.
const PUT_BACK: &str = "put the right key back, or change it with: vaultctl rekey";

/// What tells one state of the file from another.
pub(crate) type Print = Option<(u64, u64, i64, i64, u32)>;

/// Watches the key file for as long as the daemon runs, from what it was before the start looked at it.
pub(crate) async fn watch(vault: Vault, file: PathBuf, before: Print) {
    let (told, mut hear) = mpsc::channel(1);
    let mut watched = Watched::new(&file, told);
    let mut seen = before;
    loop {
        watched.follow();
        // What happened before the watch began is seen without it.
        if print(&file) == seen {
            let _ = tokio::time::timeout(POLL, hear.recv()).await;
        }
        while tokio::time::timeout(QUIET, hear.recv()).await.is_ok_and(|told| told.is_some()) {}
        let now = print(&file);
        if now != seen {
            seen = now;
            changed(&vault, &file).await;
        }
    }
}

/// What is watched: the file itself, since in its folder every commit to the database is an event too.
struct Watched {
    file: PathBuf,
    watcher: notify::Result<RecommendedWatcher>,
    /// The path that is watched, and the inode that it had.
    on: Option<(PathBuf, u64)>,
}

impl Watched {
    fn new(file: &Path, told: mpsc::Sender<()>) -> Self {
        let name = file.file_name().map(ToOwned::to_owned);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let ours = |event: &Event| event.paths.iter().any(|path| path.file_name() == name.as_deref());
            if event.is_ok_and(|event| is_done(event.kind) && ours(&event)) {
                let _ = told.try_send(());
            }
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "the key file cannot be watched; it is looked at every 5 seconds");
        }
        Self { file: file.to_owned(), watcher, on: None }
    }

    /// Moves the watch to the file that is there now: editors replace files. Without one, the folder is watched.
    fn follow(&mut self) {
        let to = match inode(&self.file) {
            Some(inode) => (self.file.clone(), inode),
            None => (files::parent(&self.file), 0),
        };
        let to = Some(to);
        let Ok(watcher) = &mut self.watcher else { return };
        if to == self.on {
            return;
        }
        if let Some((path, _)) = self.on.take() {
            // A watch on what was removed ended by itself.
            let _ = watcher.unwatch(&path);
        }
        self.on = to.filter(|(path, _)| watcher.watch(path, RecursiveMode::NonRecursive).is_ok());
    }
}

fn inode(file: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    Some(std::fs::metadata(file).ok()?.ino())
}

fn is_done(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_) | ModifyKind::Metadata(_))
            | EventKind::Remove(_)
    )
}

/// Returns in which state the file is.
pub(crate) fn print(file: &Path) -> Print {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::metadata(file).ok()?;
    Some((meta.ino(), meta.size(), meta.mtime_nsec(), meta.ctime_nsec(), meta.mode()))
}

/// Tries a changed key file on a locked vault; on an open one only looks whether it still fits.
async fn changed(vault: &Vault, file: &Path) {
    match (vault.keyring(), keys::usable(keyfile::read(file), file)) {
        // The key that was there when an owner locked is no reason to open, however it comes back.
        (Keyring::Locked(_), _) if vault.owner_lock() == Some(OwnerLock::UntilUnlock) => {
            tracing::info!(
                "the key file was changed; an owner locked the vault, and it stays locked until: vaultctl unlock"
            );
        }
        (Keyring::Open(_), Ok(keys)) => {
            let trial = vault.clone();
            let fits = move || trial.fitting(&keys);
            match tokio::task::spawn_blocking(fits).await.unwrap_or_default() {
                Some(0) => fine(vault),
                Some(_) => keys::warn(vault, Some(keyfile::warning_of_earlier())),
                None => warn(vault, "holds a key that does not open the vault", PUT_BACK),
            }
        }
        (Keyring::Open(_), Err(LockReason::KeyFileUnsafe)) => {
            let mend = format!("make it private with: chmod 600 {}", file.display());
            warn(vault, "can be read or changed by others", &mend);
        }
        (Keyring::Open(_), Err(_)) => warn(vault, "holds no key any more", PUT_BACK),
        (Keyring::Locked(_), Ok(keys)) => {
            let found = FoundKey { keys, source: SlotSource::KeyFile };
            if let Err(error) = keys::open_with(vault, found).await {
                tracing::error!(%error, "the mended key file did not open the vault");
            }
        }
        (Keyring::Locked(_), Err(reason)) => vault.set_lock_reason(reason),
    }
}

/// Warns of what is wrong with the key file and says how to mend it.
fn warn(vault: &Vault, what: &str, mend: &str) {
    let words = format!("the key file {what}; the vault stays open, but a restart would lock you out");
    keys::warn(vault, Some(Warning::new("key_file", words, mend)));
}

/// Takes the warning back.
fn fine(vault: &Vault) {
    tracing::info!("the key file was changed and fits");
    keys::warn(vault, None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_that_is_gone_is_waited_for_in_its_folder_and_then_watched_itself() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        let (told, mut hear) = mpsc::channel(1);
        let mut watched = Watched::new(&file, told);
        let place = |watched: &Watched| watched.on.as_ref().map(|(path, _)| path.clone());
        watched.follow();
        assert_eq!(Some(folder.path().to_owned()), place(&watched));
        drop(files::create_private(&file).unwrap());
        assert_eq!(Some(()), hear.blocking_recv());
        watched.follow();
        assert_eq!(Some(file), place(&watched));
    }
}
