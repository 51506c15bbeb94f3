//! The golden vectors: what was sealed once must open for ever, byte for byte.
//!
//! `tests/vectors/open.py` opens the same files with another implementation, from the formulas of
//! `docs/crypto.md` alone.

#[path = "../vectors/golden.rs"]
mod golden;

use std::sync::Arc;

use golden::{AgentCase, RecoveryFile, SealedFile, SlotCase, VaultFile, read};
use vault::audit::{Author, Break, BreakReason, Head, Link, Verdict, Verifier};
use vault::crypto::{
    CryptoError, Fresh, Header, Iterations, MacKey, RecoveryKey, RecoveryKeyFault, Sealed, Slot, SlotKind,
    SlotSpec, header_checksum, header_mac, open_secret, seal_secret,
};
use vault::domain::{Caller, Timestamp, VaultId};
use vault::keyring::{UnlockError, unlock};
use vault::secret::{KeyBytes, Passphrase, SecretValue};
use vault::store::{AgentRow, Change, SqliteStore, Store, Unit, VersionRow};
use vault_platform::PagePolicy;

const PAGE: PagePolicy = PagePolicy { secretmem: false, require_lock: false };

#[test]
fn every_sealed_value_opens() {
    let file: SealedFile = read("sealed.json");
    assert!(file.cases.len() >= 7);
    for case in &file.cases {
        let sealed = Sealed::from_stored(case.sealed.0.clone());
        let value = open_secret(&file.vault_key.array(), &case.context(), &sealed).unwrap();
        assert_eq!(case.value, value.expose(), "{}", case.about);
    }
}

#[test]
fn sealing_with_the_same_salt_and_iv_gives_the_same_bytes() {
    let file: SealedFile = read("sealed.json");
    for case in &file.cases {
        let fresh = Fresh { salt: case.salt.array(), iv: case.iv.array() };
        let value = SecretValue::new(case.value.clone()).unwrap();
        let sealed = seal_secret(&file.vault_key.array(), &case.context(), &fresh, &value).unwrap();
        assert_eq!(case.sealed.0, sealed.as_bytes(), "{}", case.about);
    }
}

#[test]
fn no_sealed_value_opens_in_the_place_of_another() {
    let file: SealedFile = read("sealed.json");
    for (at, case) in file.cases.iter().enumerate() {
        let sealed = Sealed::from_stored(case.sealed.0.clone());
        for (other_at, other) in file.cases.iter().enumerate() {
            let opened = open_secret(&file.vault_key.array(), &other.context(), &sealed).is_ok();
            assert_eq!(at == other_at, opened, "{} as {}", case.about, other.about);
        }
    }
}

#[test]
fn every_recovery_key_reads_and_writes_the_same_text() {
    let file: RecoveryFile = read("recovery.json");
    for case in &file.keys {
        let key = RecoveryKey::parse(case.text.as_bytes()).unwrap();
        assert_eq!(case.key.0, key.to_passphrase().unwrap().expose());
        assert_eq!(case.text, *key.to_text());
        let typed = case.text.to_lowercase().replace('-', " ");
        assert_eq!(case.text, *RecoveryKey::parse(typed.as_bytes()).unwrap().to_text());
        let wrong = if case.text.contains("-A") { ("-A", "-B") } else { ("AMVR1-", "AMVR1-7") };
        let fault = RecoveryKey::parse(case.text.replacen(wrong.0, wrong.1, 1).as_bytes()).unwrap_err();
        assert!(matches!(fault, RecoveryKeyFault::Checksum | RecoveryKeyFault::Malformed));
    }
}

fn passphrase_of(case: &SlotCase) -> Passphrase {
    Passphrase::new(case.opened_by.as_bytes().to_vec()).unwrap()
}

#[test]
fn every_slot_gives_the_vault_key_to_what_opens_it() {
    let file: VaultFile = read("vault.json");
    for case in &file.slots {
        let slot = Slot::from_stored(&case.bytes.0).unwrap();
        assert_eq!(case.bytes.0, slot.as_bytes());
        assert_eq!(case.iterations, slot.iterations().get());
        let passphrase = match slot.kind() {
            SlotKind::Passphrase => passphrase_of(case),
            SlotKind::Recovery => {
                RecoveryKey::parse(case.opened_by.as_bytes()).unwrap().to_passphrase().unwrap()
            }
        };
        let master = slot.derive(&passphrase);
        assert_eq!(&case.master_key.array(), master.expose());
        assert_eq!(&file.vault_key.array(), slot.open(file.id(), &master).unwrap().unwrap().expose());
    }
}

fn header(file: &VaultFile) -> Header {
    Header {
        vault: file.id(),
        created_at: Timestamp::from_millis(0),
        slots: file.slots(),
        audit_keys: file.audit_keys(),
        mac: file.mac.array(),
        checksum: file.checksum.array(),
    }
}

#[test]
fn the_header_authenticates_and_its_checksum_holds() {
    let file: VaultFile = read("vault.json");
    let (slots, audit_keys) = (file.slots(), file.audit_keys());
    assert_eq!(file.checksum.array(), header_checksum(file.id(), &slots, &audit_keys));
    assert_eq!(file.mac.array(), header_mac(&file.vault_key.array(), file.id(), &slots, &audit_keys));
}

#[test]
fn the_recovery_key_unlocks_the_whole_vault() {
    let file: VaultFile = read("vault.json");
    let keys = unlock(&header(&file), &passphrase_of(&file.slots[1]), PAGE).unwrap();
    assert_eq!(file.vault_key.array::<32>(), *keys.vault_key().expose());
    assert_eq!(SlotKind::Recovery, keys.slot().kind());
}

#[test]
fn a_header_that_lost_a_slot_is_damaged_even_with_a_new_checksum() {
    let file: VaultFile = read("vault.json");
    let mut hurt = header(&file);
    hurt.slots.pop();
    hurt.checksum = header_checksum(hurt.vault, &hurt.slots, &hurt.audit_keys);
    let refused = unlock(&hurt, &passphrase_of(&file.slots[0]), PAGE);
    assert!(matches!(refused, Err(UnlockError::Damaged)));
}

#[test]
fn a_header_with_more_slots_than_a_vault_makes_is_damaged_before_anything_is_derived() {
    let file: VaultFile = read("vault.json");
    let mut trap = header(&file);
    // Each of these costs the most rounds that one slot may; together they would hold an unlock up for hours.
    let costly = [&[1, 1, 1], Iterations::CEILING.to_be_bytes().as_slice(), &[0; 124]].concat();
    trap.slots = vec![Slot::from_stored(&costly).unwrap(); 9];
    trap.checksum = header_checksum(trap.vault, &trap.slots, &trap.audit_keys);
    assert!(matches!(unlock(&trap, &passphrase_of(&file.slots[0]), PAGE), Err(UnlockError::Damaged)));
}

#[test]
fn a_passphrase_that_reads_as_a_recovery_key_makes_no_slot() {
    let file: RecoveryFile = read("recovery.json");
    let spec =
        |kind| SlotSpec { kind, iterations: Iterations::new(100_000).unwrap(), vault: VaultId([1; 16]) };
    let vault_key = KeyBytes::copied(&[2; 32]);
    for text in [file.keys[0].text.as_str(), "amvr1 is how my passphrase begins"] {
        let passphrase = Passphrase::new(text.as_bytes().to_vec()).unwrap();
        let refused = Slot::make(spec(SlotKind::Passphrase), &passphrase, &vault_key).err();
        assert_eq!(Some(CryptoError::ReadsAsRecoveryKey), refused);
    }
}

#[test]
fn every_audit_key_opens() {
    let file: VaultFile = read("vault.json");
    for (case, seal) in file.audit_keys.iter().zip(file.audit_keys()) {
        assert_eq!(&case.key.array(), seal.open(&file.vault_key.array(), file.id()).unwrap().expose());
    }
}

#[test]
fn every_row_authenticates_and_its_values_open() {
    let file: VaultFile = read("vault.json");
    let keys = file.hold();
    for case in &file.rows {
        let (stored, kept) = (case.stored(), case.kept());
        assert_eq!(case.mac.array(), stored.row.compute_mac(&keys));
        assert_eq!(case.digest.array(), stored.sealed.digest());
        assert_eq!(case.versions.array(), VersionRow::digest_of(&kept));
        let value = keys.open(&stored.row.seal_context(file.id()), &stored.sealed).unwrap();
        assert_eq!(case.value, value.expose());
        for (version, expected) in kept.iter().zip(&case.kept) {
            let value = keys.open(&stored.row.version_context(file.id(), version), &version.sealed).unwrap();
            assert_eq!(expected.value, value.expose());
        }
    }
}

#[test]
fn the_state_authenticates_head_sum_and_count() {
    let file: VaultFile = read("vault.json");
    let (keys, state) = (file.hold(), &file.state);
    for row in &file.rows {
        let parts: [&[u8]; 4] = [b"leaf", &row.id.0, &row.revision.to_be_bytes(), &row.mac.0];
        assert_eq!(row.leaf.array(), keys.state_mac(&parts));
    }
    let (seq, count) = (state.seq.to_be_bytes(), state.count.to_be_bytes());
    assert_eq!(
        state.mac.array(),
        keys.state_mac(&[b"state", &seq, &state.head.0, &state.sum.0, &count, &state.agents.0])
    );
}

#[test]
fn every_agent_opens_and_all_of_them_authenticate_together() {
    let file: VaultFile = read("vault.json");
    let keys = file.hold();
    for case in &file.agents {
        let record = keys.open_agent(&case.name, case.revision, &case.sealed.0).unwrap();
        assert_eq!(case.record.as_bytes(), record);
        assert!(keys.open_agent(&case.name, case.revision + 1, &case.sealed.0).is_err());
        assert!(keys.open_agent("other", case.revision, &case.sealed.0).is_err());
    }
    let rows: Vec<_> = file.agents.iter().map(AgentCase::row).collect();
    assert_eq!(file.state.agents.array(), AgentRow::digest_of(&keys, &rows));
    assert_ne!(file.state.agents.array(), AgentRow::digest_of(&keys, &rows[..1]));
}

#[test]
fn a_store_that_takes_the_same_rows_reaches_the_same_sum() {
    let file: VaultFile = read("vault.json");
    let keys = file.hold();
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("vault.db")).unwrap();
    store.found(&header(&file), &keys).unwrap();
    let mut changes = vec![Change::Adopt(Arc::clone(&keys))];
    changes.extend(file.rows.iter().rev().map(|row| Change::Insert(Box::new(row.stored()))));
    let author = Author::of(&Caller::system(), Timestamp::from_millis(0));
    let unit = Unit { keys, author, agent: None, guards: Vec::new(), as_of: 0, changes, entries: Vec::new() };
    store.commit(unit).blocking_recv().unwrap().unwrap();
    let state = store.state().unwrap();
    assert_eq!((file.state.sum.array(), file.state.count), (state.sum, state.count));
}

fn verdict(file: &VaultFile) -> Verdict {
    let mut verifier = Verifier::new(Head::START, None);
    for case in &file.entries {
        let key = file.audit_keys.iter().rev().find(|key| key.from_seq <= case.seq).unwrap();
        verifier.take(&MacKey::new(&key.key.array()), &Link::from(&case.entry()));
    }
    let head = Head { seq: file.state.seq, mac: file.state.head.array() };
    verifier.end(u64::try_from(file.entries.len()).unwrap(), &head)
}

#[test]
fn the_chain_of_five_entries_holds_over_a_change_of_its_key() {
    let file: VaultFile = read("vault.json");
    let verdict = verdict(&file);
    assert_eq!((None, 5, Some(file.state.head.array())), (verdict.broken, verdict.entries, verdict.head));
}

#[test]
fn the_chain_tells_where_it_was_hurt() {
    let hurt = |f: &dyn Fn(&mut VaultFile)| {
        let mut file: VaultFile = read("vault.json");
        f(&mut file);
        verdict(&file).broken
    };
    let at = |seq, reason| Some(Break { seq, reason });
    assert_eq!(at(3, BreakReason::Edited), hurt(&|file| file.entries[2].actor.push('x')));
    assert_eq!(at(2, BreakReason::Edited), hurt(&|file| file.entries[1].name = None));
    assert_eq!(at(5, BreakReason::Edited), hurt(&|file| file.entries[4].at += 1));
    assert_eq!(at(2, BreakReason::Missing), hurt(&|file| drop(file.entries.remove(1))));
    assert_eq!(at(3, BreakReason::Missing), hurt(&|file| file.entries.swap(2, 3)));
    assert_eq!(at(5, BreakReason::Cut), hurt(&|file| drop(file.entries.pop())));
}
