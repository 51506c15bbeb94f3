//! Rekey: a new `AGENTICMAIL_VAULT_KEY`, a new vault key, a new audit key, everything sealed afresh.
//!
//! The first transaction leaves two slots, for the new key and for the old one, both opening the new vault key.
//! Then the key file is replaced, and a second transaction drops the old slot. Killed anywhere, the key in the
//! file opens the vault.

use std::sync::Arc;

use super::desk::{Desk, Whole};
use super::handle::{After, Changes, Handle, Place, Settled, Tally};
use super::keys::recovery_slot;
use super::portions::{Making, Work};
use super::reseal::Resealed;
use super::{Settings, Vault};
use crate::api::{Code, Fault, Rekey, Rekeyed, Success, Warning};
use crate::audit::Draft;
use crate::crypto::{Header, Slot, SlotKind, SlotSpec, random_key, sha256};
use crate::domain::{Action, OrgScope};
use crate::files;
use crate::keyfile;
use crate::keyring::{KeySet, Keyring, Keys};
use crate::secret::{Passphrase, Revealed};
use crate::store::{AgentRow, Change, Refusal, Rekeying, Row};

/// How often the slots of the header are read again where somebody changed them meanwhile.
const TRIES: usize = 4;

impl Handle for Rekey {
    const PLACE: Place = Place::Blocking;
    const CHANGES: Changes = Changes::Alone;

    fn act(&self, desk: &mut Desk) -> Result<Rekeyed, Fault> {
        let whole = desk.ask_whole(Action::Rekey)?;
        keyfile::check_writable(self.new_key.value().expose())?;
        let header = desk.header(whole)?;
        let made = NewKeys::make(desk, &header, &self.new_key)?;
        let audit_keys = reseal_audit_keys(desk.keys()?, &made.keys, &header)?;
        let (keys, created_at, slots) = (Arc::clone(&made.keys), header.created_at, made.slots);
        let rekeying = Rekeying { keys: Arc::clone(&keys), created_at, slots, audit_keys };
        desk.stage_in_portions(Box::new(AllUnderNewKeys { whole, rekeying: Box::new(rekeying) }));
        desk.then(After::Rekey(keys, self.new_key.to_passphrase()?));
        Ok(Rekeyed {
            success: Success,
            rekeyed: 0,
            recovery_key: made.recovery_key,
            pending: None,
            pending_erase: false,
        })
    }

    fn settled(answer: &mut Rekeyed, settled: Settled) {
        answer.rekeyed = settled.tally.sealed;
        answer.pending = settled.pending_key;
        answer.pending_erase = settled.pending_erase;
    }
}

/// Keys that are to take over, with their slots.
struct NewKeys {
    keys: Arc<Keys>,
    slots: Vec<Slot>,
    recovery_key: Option<Revealed>,
}

impl NewKeys {
    /// Draws the keys and makes the slots: the new key's first, then the old key's, then a new recovery key's.
    fn make(desk: &Desk, header: &Header, new_key: &Revealed) -> Result<Self, Fault> {
        let old = desk.keys()?;
        let Settings { iterations, page, .. } = desk.vault().settings();
        let spec = SlotSpec { kind: SlotKind::Passphrase, iterations, vault: old.vault() };
        let vault_key = random_key()?;
        let (slot, master) = Slot::make(spec, &new_key.to_passphrase()?, &vault_key)?;
        let mut slots = vec![slot.clone()];
        // The slot in use stays until the new key is in its place, whichever kind it is.
        slots.push(old.slot().renew(old.vault(), &old.master(), &vault_key)?);
        let mut recovery_key = None;
        if header.slots.iter().any(|slot| slot.kind() == SlotKind::Recovery) {
            let (slot, key) = recovery_slot(spec, &vault_key)?;
            slots.push(slot);
            recovery_key = Some(key);
        }
        let set = KeySet { master, vault: vault_key, audit: random_key()? };
        let held = Keys::hold(&set, old.vault(), slot, page);
        let keys = held.map_err(|_| Fault::locked(crate::domain::LockReason::NoLockedMemory))?;
        Ok(Self { keys, slots, recovery_key })
    }
}

/// Every secret and agent is sealed under new keys, which take over with the last portion.
#[derive(Debug)]
struct AllUnderNewKeys {
    whole: Whole,
    rekeying: Box<Rekeying>,
}

impl Work for AllUnderNewKeys {
    fn make(self: Box<Self>, making: &mut Making) -> Result<Tally, Fault> {
        let Self { whole, rekeying } = *self;
        let keys = Arc::clone(&rekeying.keys);
        let ids = making.desk().ids(Action::Rekey, OrgScope::All)?;
        let sealed = ids.len() as u64;
        if making.desk().count(whole)? != sealed {
            return Err(unreadable());
        }
        for id in ids {
            let stored = making.read(Action::Rekey, id)?.ok_or_else(unreadable)?;
            let (desk, row) = (making.desk(), &stored.row);
            desk.check(row)?;
            let row = Row { revision: row.revision + 1, ..row.clone() };
            let made = Resealed::make(desk, &stored, &keys, row)?;
            let row = &made.next.row;
            let draft = Draft::of(Action::Rotate).org(&row.org).secret(row.id, row.name.as_str());
            let draft = draft.with("rekey", true).with("revision", row.revision);
            making.put(made, draft)?;
        }
        let desk = making.desk();
        reseal_agents(desk, &keys)?;
        // The last entry under the old audit key commits to the new one.
        let next = data_encoding::HEXLOWER.encode(&sha256(keys.audit_key().expose()));
        desk.note(Draft::of(Action::Rekey).with("rekeyed", sealed).with("nextAuditKey", next));
        desk.stage(Change::Rekey(rekeying));
        Ok(Tally { sealed, errors: Vec::new() })
    }
}

fn unreadable() -> Fault {
    Fault::new(Code::Integrity, "a stored row cannot be read; nothing was changed")
}

/// Seals every agent that is let in under the new keys; the others end with the old ones.
fn reseal_agents(desk: &mut Desk, keys: &Keys) -> Result<(), Fault> {
    for agent in desk.vault().agents().0.values() {
        // At the same revision: its rights are what they were, and what it asks for meanwhile is served.
        let row = Box::new(AgentRow::seal(keys, agent)?);
        desk.stage(Change::PutAgent { row, seen: Some(agent.revision) });
    }
    Ok(())
}

fn reseal_audit_keys(
    old: &Keys,
    new: &Keys,
    header: &Header,
) -> Result<Vec<crate::crypto::AuditKeySeal>, Fault> {
    let again = |sealed: &crate::crypto::AuditKeySeal| {
        new.seal_audit_key(sealed.from_seq, &old.open_audit_key(sealed)?)
    };
    Ok(header.audit_keys.iter().map(again).collect::<Result<_, _>>()?)
}

impl Vault {
    /// Puts the new keys in force, replaces the key file and drops the old slot; names a source that it cannot change.
    pub(super) async fn finish_rekey(&self, keys: Arc<Keys>, key: Passphrase) -> Option<String> {
        self.set_keyring(Keyring::Open(Arc::clone(&keys)));
        self.note_weak_key(key.is_weak());
        if let Err(error) = self.load_agents(&keys) {
            tracing::error!(%error, "the agents could not be read");
        }
        let pending = match self.settings().key_file {
            None => Some("AGENTICMAIL_VAULT_KEY in the daemon's environment or credential".to_owned()),
            Some(path) => match keyfile::replace(&path, &key) {
                Ok(()) => None,
                Err(error) => {
                    tracing::error!(%error, file = %path.display(), "the key file could not be replaced");
                    Some(format!("the key file {}", path.display()))
                }
            },
        };
        match &pending {
            None => self.drop_old_slots(&keys, SlotSource::KeyFile).await,
            Some(source) => self.warn_pending(source),
        }
        pending
    }

    fn warn_pending(&self, source: &str) {
        let words = format!("the key was changed, but {source} still has the old one");
        let hint = "put the new key there and restart vaultd; the old key opens the vault until then";
        self.warn("rekey_pending", Some(Warning::new("rekey_pending", words, hint)));
    }

    /// Drops the passphrase slots that are no longer needed after an unlock.
    ///
    /// The newest slot stands first. Opened by it, the older ones go. Opened by an older one out of the key file,
    /// the newest goes: its key never reached the file. Any other source may still be changed, so both stay.
    pub(super) async fn drop_old_slots(&self, keys: &Arc<Keys>, source: SlotSource) {
        for _ in 0..TRIES {
            match self.drop_slots_of_now(keys, source).await {
                Ok(()) => return,
                // A recovery key was made meanwhile: its slot stays.
                Err(Refusal::Stale) => {}
                Err(refusal) => return tracing::error!(%refusal, "the old slot could not be dropped"),
            }
        }
        tracing::error!("the old slot could not be dropped: the slots were changed again and again");
    }

    async fn drop_slots_of_now(&self, keys: &Arc<Keys>, source: SlotSource) -> Result<(), Refusal> {
        let Ok(Some(header)) = self.0.store.header() else { return Ok(()) };
        let passphrases: Vec<_> =
            header.slots.iter().filter(|slot| slot.kind() == SlotKind::Passphrase).collect();
        let newest = passphrases.first().is_some_and(|first| *first == keys.slot());
        let ours = keys.slot().kind() == SlotKind::Passphrase;
        let kept = 1 + usize::from(header.slots.iter().any(|slot| slot.kind() == SlotKind::Recovery));
        if !ours || header.slots.len() <= kept {
            return Ok(());
        }
        if !newest && source != SlotSource::KeyFile {
            self.warn_pending("the source of the key");
            return Ok(());
        }
        if source == SlotSource::KeyFile && !self.holds_key_file() {
            return Ok(());
        }
        let recovery = header.slots.iter().rfind(|slot| slot.kind() == SlotKind::Recovery);
        let slots = std::iter::once(keys.slot()).chain(recovery).cloned().collect();
        let mut unit = self.system_unit(Arc::clone(keys));
        let seen = header.mac;
        let header = Box::new(keys.header(header.created_at, slots, header.audit_keys));
        unit.changes.push(Change::Slots { header, seen });
        unit.entries.push(Draft::of(Action::Rekey).with("oldSlot", "dropped"));
        self.commit(unit).await?;
        self.warn("rekey_pending", None);
        Ok(())
    }

    /// Makes sure that the key file is on the disk as it was read: a kill may have come between its rename and the sync.
    fn holds_key_file(&self) -> bool {
        let Some(path) = self.settings().key_file else { return true };
        files::sync_with_folder(&path)
            .inspect_err(
                |error| tracing::error!(%error, file = %path.display(), "the key file could not be synced"),
            )
            .is_ok()
    }
}

/// Where the key that opened the vault came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotSource {
    /// The key file.
    KeyFile,
    /// Anywhere else.
    Elsewhere,
}

impl SlotSource {
    /// Gives the words for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeyFile => "key file",
            Self::Elsewhere => "environment or credential",
        }
    }
}
