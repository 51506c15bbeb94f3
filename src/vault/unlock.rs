//! The keys' way into memory and out of it.

use std::sync::Arc;

use super::Vault;
use super::found::{FoundError, Founded, Founding, Plan, found};
use super::rekey::SlotSource;
use super::status::unlocked_memory;
use crate::api::{Code, Fault};
use crate::audit::Draft;
use crate::config::AutoLock;
use crate::crypto::Header;
use crate::domain::{Action, LockReason};
use crate::keyfile::FileKeys;
use crate::keyring::{Keyring, Keys, UnlockError, unlock, unlock_derived};
use crate::secret::{KeyBytes, Passphrase};
use crate::store::{Change, Displaced, Refusal, StoreError};
use std::sync::atomic::{AtomicI64, Ordering};
use vault_platform::PagePolicy;

impl Vault {
    /// Makes the vault where the store is empty, without a recovery key.
    pub fn found(&self, passphrase: &Passphrase) -> Result<Founded, FoundError> {
        let settings = self.settings();
        let plan = Plan {
            founding: Founding::WithoutRecovery,
            iterations: settings.iterations,
            page: settings.page,
            now: self.now(),
        };
        found(&*self.0.store, passphrase, plan)
    }

    /// Tells whether the store holds a vault, or is known to have held one: a damaged or a lost one too.
    pub fn exists(&self) -> Result<bool, Fault> {
        match self.0.store.header() {
            Ok(header) => Ok(header.is_some() || self.is_lost()),
            Err(StoreError::Damaged(_) | StoreError::Displaced(_)) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Looks whether the files of the database are those that were opened, and says what became of them if not.
    pub fn displaced(&self) -> Option<Displaced> {
        match self.0.store.check_files() {
            Err(StoreError::Displaced(what)) => Some(what),
            _ => None,
        }
    }

    /// Says why a locked vault is locked; an owner's lock goes before every other reason but damage.
    pub fn set_lock_reason(&self, reason: LockReason) {
        let is_owners = self.owner_lock().is_some() && reason != LockReason::Damaged;
        let reason = if is_owners { LockReason::ByRequest } else { reason };
        if let Keyring::Locked(_) = self.keyring() {
            self.set_keyring(Keyring::Locked(reason));
        }
    }

    /// Opens the vault with a key, inspects its rows and records the unlock; derives on a thread of its own.
    ///
    /// # Errors
    /// `forbidden` for a wrong key, `locked` where the header is damaged or no page can be locked.
    pub async fn unlock(&self, passphrase: Passphrase, source: SlotSource) -> Result<(), Fault> {
        let locks = *self.0.marking.turn.lock().await;
        let vault = self.clone();
        let opened = tokio::task::spawn_blocking(move || vault.open_keys(&passphrase));
        let keys = opened.await.map_err(|_| Fault::new(Code::Internal, "unlocking ended by a panic"))??;
        self.take_over(keys, source, locks).await
    }

    /// Opens the vault with a master key that was derived before, for those who open thousands of copies of one vault.
    ///
    /// # Errors
    /// As [`Vault::unlock`] has them.
    #[doc(hidden)]
    pub async fn unlock_derived(&self, master: &KeyBytes, source: SlotSource) -> Result<(), Fault> {
        let locks = *self.0.marking.turn.lock().await;
        let keys = self.keys_by(|header, page| unlock_derived(header, master, page))?;
        self.take_over(keys, source, locks).await
    }

    /// Records the unlock and puts the keys in force, unless an owner has locked since the key was looked for.
    async fn take_over(&self, keys: Arc<Keys>, source: SlotSource, locks: u64) -> Result<(), Fault> {
        let turn = self.0.marking.turn.lock().await;
        if *turn != locks {
            return Err(Fault::locked(LockReason::ByRequest));
        }
        let draft = Self::own_unlock(source);
        let mut unit = self.system_unit(Arc::clone(&keys));
        unit.changes.push(Change::Adopt(Arc::clone(&keys)));
        unit.entries.push(draft);
        unit.entries.extend(self.take_refusals());
        self.commit(unit).await.map_err(|refusal| unrecorded(&refusal))?;
        if source == SlotSource::KeyFile {
            self.0.marking.key_file_fitted.store(true, Ordering::Relaxed);
        }
        self.open_without_mark(Arc::clone(&keys), turn).await;
        self.drop_old_slots(&keys, source).await;
        Ok(())
    }

    /// Returns why the vault is locked, if it is.
    pub fn lock_reason(&self) -> Option<LockReason> {
        match self.keyring() {
            Keyring::Open(_) => None,
            Keyring::Locked(reason) => Some(reason),
        }
    }

    /// Puts keys in force that a request brought.
    pub(super) async fn open(&self, keys: Arc<Keys>) {
        self.open_without_mark(Arc::clone(&keys), self.0.marking.turn.lock().await).await;
        self.drop_old_slots(&keys, SlotSource::Elsewhere).await;
    }

    /// Returns which of a key file's keys opens the vault, if any; derives on the calling thread.
    pub fn fitting(&self, keys: &FileKeys) -> Option<usize> {
        let fitting = keys.each().position(|key| self.try_key(key).is_some_and(|tried| tried.is_ok()));
        self.0.marking.key_file_fitted.fetch_or(fitting.is_some(), Ordering::Relaxed);
        fitting
    }

    /// Returns whether a key is known to open nothing; derives on the calling thread.
    pub(super) fn is_wrong(&self, key: &Passphrase) -> bool {
        let tried = self.try_key(key);
        matches!(tried, Some(Err(error)) if error.reason() == LockReason::WrongKey)
    }

    /// Tries a key, if there is a header that can be read.
    fn try_key(&self, key: &Passphrase) -> Option<Result<Arc<Keys>, UnlockError>> {
        let header = self.0.store.header().ok().flatten()?;
        Some(unlock(&header, key, self.settings().page))
    }

    pub(super) fn open_keys(&self, passphrase: &Passphrase) -> Result<Arc<Keys>, Fault> {
        let keys = self.keys_by(|header, page| unlock(header, passphrase, page))?;
        self.note_weak_key(passphrase.is_weak());
        Ok(keys)
    }

    /// Opens the header in some way, and looks over what is stored where the vault was locked.
    fn keys_by(
        &self,
        open: impl FnOnce(&Header, PagePolicy) -> Result<Arc<Keys>, UnlockError>,
    ) -> Result<Arc<Keys>, Fault> {
        let header = match self.0.store.header() {
            Ok(Some(header)) => header,
            Ok(None) => return Err(self.unmade()),
            Err(error) => return Err(unreadable(error)),
        };
        let keys = open(&header, self.settings().page).map_err(|error| does_not_open(&error))?;
        if let Some(warning) = unlocked_memory(&keys) {
            tracing::warn!(hint = %warning.hint, "{}", warning.message);
        }
        if matches!(self.keyring(), Keyring::Locked(_)) {
            // While the vault is open others write, and a walk would see their changes as damage.
            self.look_over(&keys).map_err(unreadable)?;
        }
        Ok(keys)
    }

    /// Refuses a request that needs a vault before one was made, or after its database went.
    pub(super) fn refuse_unmade(&self) -> Result<(), Fault> {
        if self.exists()? { Ok(()) } else { Err(self.unmade()) }
    }

    /// Looks over what is stored: rows, agents, the head that was kept outside.
    fn look_over(&self, keys: &Keys) -> Result<(), StoreError> {
        if self.inspect(keys)? {
            self.load_agents(keys)?;
        } else {
            self.refuse_agents()?;
        }
        self.compare_heads(keys)
    }

    /// Records the lock if the store can write, refuses every unit from then on, and wipes the keys.
    pub async fn lock(&self, reason: LockReason, draft: Draft) -> Result<(), Fault> {
        self.record_folded().await;
        let Keyring::Open(keys) = self.keyring() else { return Ok(()) };
        let mut unit = self.system_unit(keys);
        unit.entries.push(draft.with("reason", reason.as_str()));
        unit.changes.push(Change::Close);
        match self.commit(unit).await {
            Err(refusal) if refusal.is_of_the_store() => {
                tracing::error!(%refusal, "the lock could not be recorded; the vault is locked all the same");
            }
            committed => committed.map_err(|refusal| super::fault_of(&refusal))?,
        }
        self.set_keyring(Keyring::Locked(reason));
        self.forget_agents();
        Ok(())
    }

    /// Wipes the keys at the daemon's end, when nothing is in flight any more.
    pub async fn close(&self) {
        let ended = Draft::of(Action::Lock).with("daemon", "ended");
        if let Err(fault) = self.lock(LockReason::ByRequest, ended).await {
            tracing::warn!(%fault, "the end could not be recorded");
            self.set_keyring(Keyring::Locked(LockReason::ByRequest));
        }
    }

    /// Locks the vault where nothing was handed out for so long, or it has been open for so long.
    pub async fn lock_if_idle(&self, after: AutoLock) {
        let Keyring::Open(_) = self.keyring() else { return };
        let now = self.now().as_millis();
        // A clock that was turned back counts from there: a moment ahead would hold the vault open until it comes.
        let reached = |moment: &AtomicI64| moment.fetch_min(now, Ordering::Relaxed).min(now);
        let (opened, used) = (reached(&self.0.opened), reached(&self.0.used));
        let over =
            |seconds: u32, since: i64| seconds > 0 && now.saturating_sub(since) >= i64::from(seconds) * 1000;
        if over(after.idle_seconds, used) || over(after.after_seconds, opened) {
            let draft = Draft::of(Action::Lock);
            if let Err(fault) = self.lock(LockReason::Idle, draft).await {
                tracing::error!(%fault, "the vault could not lock itself");
            }
        }
    }

    /// Marks that a value is handed out.
    pub(super) fn mark_used(&self) {
        self.0.used.store(self.now().as_millis(), Ordering::Relaxed);
    }

    /// Records the start's unlock in the daemon's own name.
    fn own_unlock(source: SlotSource) -> Draft {
        Draft::of(Action::Unlock).with("source", source.as_str())
    }
}

/// Says why a key did not open the vault.
fn does_not_open(error: &UnlockError) -> Fault {
    match error.reason() {
        LockReason::WrongKey => Fault {
            lock_reason: Some(LockReason::WrongKey),
            ..Fault::new(Code::Forbidden, error.to_string())
                .hint("use the AGENTICMAIL_VAULT_KEY that the vault was made with, or its recovery key")
        },
        reason => Fault::locked(reason),
    }
}

/// Says that the vault stays locked where damage keeps its opening from being recorded.
fn unrecorded(refusal: &Refusal) -> Fault {
    match refusal {
        Refusal::Damaged(_) => Fault::locked(LockReason::Damaged),
        other => super::fault_of(other),
    }
}

/// Says that the vault stays locked where what it stands on cannot be read.
fn unreadable(error: StoreError) -> Fault {
    match error {
        StoreError::Damaged(what) => {
            tracing::error!(what, "the database holds what this program did not write");
            Fault::locked(LockReason::Damaged)
        }
        StoreError::Displaced(what) if what.is_from_the_start() => {
            Fault::locked(LockReason::Damaged).hint(what.hint())
        }
        other => other.into(),
    }
}
