//! Lock, unlock, recovery.

use std::sync::Arc;

use super::desk::Desk;
use super::handle::{After, Changes, Handle, Place, Settled, WhileLocked};
use crate::api::{Done, Fault, LockVault, Locked, MakeRecovery, RecoveryMade, Success, UnlockVault};
use crate::audit::Draft;
use crate::crypto::{Header, RecoveryKey, Slot, SlotKind, SlotSpec};
use crate::domain::{Action, LockReason};
use crate::secret::{Revealed, SecretValue};
use crate::store::Change;

impl Handle for LockVault {
    const WHILE_LOCKED: WhileLocked = WhileLocked::Serve;
    const CHANGES: Changes = Changes::AtOnce;

    fn act(&self, desk: &mut Desk) -> Result<Locked, Fault> {
        desk.ask_whole(Action::Lock)?;
        if desk.keys().is_ok() {
            desk.note(Draft::of(Action::Lock).with("reason", LockReason::ByRequest.as_str()));
            desk.stage(Change::Close);
            let by = desk.caller().actor();
            desk.then(After::Lock(by));
        } else {
            desk.vault().refuse_unmade()?;
            let by = desk.caller().actor();
            desk.then(After::StayLocked(by));
        }
        Ok(Locked { success: Success, restart_opens: false })
    }

    fn settled(answer: &mut Locked, settled: Settled) {
        answer.restart_opens = settled.restart_opens;
    }
}

impl Handle for UnlockVault {
    const PLACE: Place = Place::Blocking;
    const WHILE_LOCKED: WhileLocked = WhileLocked::Serve;
    const GUESSABLE: bool = true;

    fn act(&self, desk: &mut Desk) -> Result<Done, Fault> {
        desk.ask_whole(Action::Unlock)?;
        let vault = desk.vault().clone();
        let was_open = desk.keys().is_ok();
        let keys = vault.open_keys(&self.key.to_passphrase()?)?;
        desk.note(Draft::of(Action::Unlock).with("source", "request"));
        if was_open {
            return Ok(Done { success: Success });
        }
        for refusal in vault.take_refusals() {
            desk.note(refusal);
        }
        desk.adopt(Arc::clone(&keys));
        desk.stage(Change::Adopt(Arc::clone(&keys)));
        desk.then(After::Open(keys));
        Ok(Done { success: Success })
    }
}

/// Makes a recovery key and the slot that it opens.
pub(super) fn recovery_slot(
    spec: SlotSpec,
    vault_key: &crate::secret::KeyBytes,
) -> Result<(Slot, Revealed), Fault> {
    let recovery = RecoveryKey::draw()?;
    let (slot, _) =
        Slot::make(SlotSpec { kind: SlotKind::Recovery, ..spec }, &recovery.to_passphrase()?, vault_key)?;
    let text = SecretValue::new(recovery.to_text().as_str().to_owned())?;
    Ok((slot, text.into()))
}

impl Handle for MakeRecovery {
    const PLACE: Place = Place::Blocking;

    fn act(&self, desk: &mut Desk) -> Result<RecoveryMade, Fault> {
        let whole = desk.ask_whole(Action::Rekey)?;
        let keys = Arc::clone(desk.keys()?);
        let header = desk.header(whole)?;
        let spec = SlotSpec {
            kind: SlotKind::Recovery,
            iterations: desk.vault().settings().iterations,
            vault: keys.vault(),
        };
        let (slot, recovery_key) = recovery_slot(spec, &keys.vault_key())?;
        let Header { created_at, audit_keys, mut slots, mac: seen, .. } = header;
        slots.retain(|slot| slot.kind() != SlotKind::Recovery);
        slots.push(slot);
        desk.note(Draft::of(Action::Rekey).with("recovery", "made"));
        let header = Box::new(keys.header(created_at, slots, audit_keys));
        desk.stage(Change::Slots { header, seen });
        Ok(RecoveryMade { success: Success, recovery_key })
    }
}
