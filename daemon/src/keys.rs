//! Where the key comes from: a systemd credential, the environment, the key file, in this order.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use vault::api::Warning;
use vault::domain::LockReason;
use vault::keyfile::{self, FileKeys, KeyFileError};
use vault::secret::Passphrase;
use vault::store::Displaced;
use vault::vault::{SlotSource, Vault};

/// The name of the systemd credential.
const CREDENTIAL: &str = "agenticmail-vault-key";

/// The places where a key may be.
#[derive(Debug)]
pub(crate) struct KeySources {
    credential: Option<PathBuf>,
    environment: Option<Passphrase>,
    file: PathBuf,
}

/// The keys to try, and the place that gave them.
pub(crate) struct FoundKey {
    pub(crate) keys: FileKeys,
    pub(crate) source: SlotSource,
}

impl FoundKey {
    fn elsewhere(key: Passphrase) -> Self {
        Self { keys: FileKeys::only(key), source: SlotSource::Elsewhere }
    }
}

impl KeySources {
    pub(crate) fn new(environment: Option<Passphrase>, file: PathBuf) -> Self {
        Self { credential: credential_path(), environment, file }
    }

    /// Names the key file where the key comes from it, so that a rekey may replace it.
    pub(crate) fn replaceable(&self) -> Option<PathBuf> {
        let named = self.environment.is_some() || self.credential.as_deref().is_some_and(Path::exists);
        (!named).then(|| self.file.clone())
    }

    /// Takes the key from the first place that has one; says why there is none.
    pub(crate) fn take(&mut self) -> Result<FoundKey, LockReason> {
        if let Some(key) = self.credential.as_deref().and_then(read_credential) {
            return Ok(FoundKey::elsewhere(key));
        }
        if let Some(key) = self.environment.take() {
            return Ok(FoundKey::elsewhere(key));
        }
        let keys = usable(keyfile::read(&self.file), &self.file)?;
        Ok(FoundKey { keys, source: SlotSource::KeyFile })
    }
}

#[expect(clippy::disallowed_methods, reason = "systemd names the folder of credentials in the environment")]
fn credential_path() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| PathBuf::from(folder).join(CREDENTIAL))
}

/// Reads a credential; it loses one trailing newline.
fn read_credential(path: &Path) -> Option<Passphrase> {
    let mut bytes = std::fs::read(path).ok()?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    Passphrase::new(bytes).ok()
}

/// Returns the keys that were read from a key file, or why they cannot be used.
pub(crate) fn usable(
    read: Result<Option<FileKeys>, KeyFileError>,
    path: &Path,
) -> Result<FileKeys, LockReason> {
    match read {
        Ok(Some(keys)) => Ok(keys),
        Ok(None) => Err(LockReason::NoKey),
        Err(KeyFileError::Unsafe(why)) => {
            tracing::error!(%why, "the key file is not private and was not used");
            Err(LockReason::KeyFileUnsafe)
        }
        Err(error) => {
            tracing::error!(%error, file = %path.display(), "the key file could not be used");
            Err(LockReason::NoKey)
        }
    }
}

/// Opens the vault at start, making it where the home is empty; without a fitting key it stays locked, and so does a
/// vault that an owner locked, whatever keys there are.
///
/// Where the head of a log is without its database, the vault is lost, and none is made in its place. Where the database could
/// not be opened with the files that are there, it stays locked as damaged.
///
/// # Errors
/// Only where the database does not answer or a new vault could not be made.
pub(crate) async fn open_at_start(vault: &Vault, mut sources: KeySources, head: &Path) -> anyhow::Result<()> {
    if let Some(what) = vault.displaced() {
        vault.set_lock_reason(LockReason::Damaged);
        if what == Displaced::LogAlone && head.exists() {
            vault.mark_lost(head);
        }
        return Ok(());
    }
    if head.exists() && !vault.exists()? {
        vault.mark_lost(head);
        return Ok(());
    }
    if vault.exists()? && vault.keep_owner_lock().await {
        tracing::warn!("an owner locked the vault; it stays locked until: vaultctl unlock");
        return Ok(());
    }
    let found = match sources.take() {
        Ok(found) => found,
        Err(reason) => {
            vault.set_lock_reason(reason);
            let hint = vault.locked(reason).hint;
            tracing::warn!(reason = reason.as_str(), %hint, "the vault stays locked");
            return Ok(());
        }
    };
    open_with(vault, found).await
}

/// Opens the vault with a key, making the vault where there is none.
///
/// # Errors
/// Only where the database does not answer or a new vault could not be made.
pub(crate) async fn open_with(vault: &Vault, found: FoundKey) -> anyhow::Result<()> {
    if !vault.exists()? {
        let (founder, key) = (vault.clone(), found.keys.into_last());
        let made = tokio::task::spawn_blocking(move || founder.found(&key).map(|_| key));
        let key = made.await?.context("a new vault could not be made")?;
        tracing::info!("made a new vault; it has no recovery key yet: vaultctl recovery");
        return unlock(vault, FoundKey { keys: FileKeys::only(key), source: found.source }).await;
    }
    unlock(vault, found).await
}

/// Tries the keys, the last line of a key file first, and warns if an earlier one opens.
async fn unlock(vault: &Vault, found: FoundKey) -> anyhow::Result<()> {
    let source = found.source;
    let mut refused = None;
    for key in found.keys.into_each() {
        match vault.unlock(key, source).await {
            Ok(()) => {
                tracing::info!(source = source.as_str(), "unlocked");
                if refused.is_some() {
                    warn(vault, Some(keyfile::warning_of_earlier()));
                }
                return Ok(());
            }
            Err(fault) if fault.lock_reason == Some(LockReason::WrongKey) => refused = Some(fault),
            Err(fault) => {
                refused = Some(fault);
                break;
            }
        }
    }
    let Some(fault) = refused else { return Ok(()) };
    let Some(reason) = fault.lock_reason else { return Err(fault.into()) };
    vault.refuse_key(reason, source);
    let hint = vault.locked(reason).hint;
    tracing::error!(reason = reason.as_str(), source = source.as_str(), %hint, "{fault}");
    Ok(())
}

/// Warns of what is wrong with the key file, or takes the warning back.
pub(crate) fn warn(vault: &Vault, warning: Option<Warning>) {
    if let Some(warning) = &warning {
        tracing::warn!("{}", warning.message);
    }
    vault.warn("key_file", warning);
}
