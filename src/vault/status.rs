//! How the vault is.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::Vault;
use super::desk::Desk;
use super::handle::{Handle, Records, WhileLocked};
use crate::api::{AuditStatus, Fault, KdfStatus, MemoryStatus, Status, StatusOf, Warning};
use crate::crypto::{Header, SlotKind};
use crate::domain::{Action, Category, OrgScope};
use crate::keyring::Keyring;
use crate::store::ListQuery;

impl Handle for StatusOf {
    const WHILE_LOCKED: WhileLocked = WhileLocked::Serve;
    const RECORDS: Records = Records::Nothing;

    fn act(&self, desk: &mut Desk) -> Result<Status, Fault> {
        let vault = desk.vault();
        let header = vault.0.store.header().ok().flatten();
        let keyring = vault.keyring();
        let scope = self.org_id.clone().unwrap_or(OrgScope::All);
        let by_category = if desk.caller().is_owner() { vault.count(&scope)? } else { visible(desk, scope)? };
        let owner = desk.caller().is_owner();
        Ok(Status {
            configured: header.is_some()
                && !matches!(keyring, Keyring::Locked(crate::domain::LockReason::NoKey)),
            locked: matches!(keyring, Keyring::Locked(_)),
            lock_reason: match &keyring {
                Keyring::Locked(reason) => Some(*reason),
                Keyring::Open(_) => None,
            },
            total_entries: by_category.values().copied().fold(0, u64::saturating_add),
            entries_by_category: by_category,
            algorithm: "AES-256-GCM".to_owned(),
            kdf: vault.kdf(&keyring),
            memory: vault.memory(&keyring),
            audit: if owner { vault.audit_status() } else { AuditStatus { entries: 0, head: None } },
            uptime_seconds: vault.uptime(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            warnings: if owner { vault.all_warnings(header.as_ref()) } else { Vec::new() },
        })
    }
}

/// Counts what the caller may list: an agent learns nothing of the rest.
fn visible(desk: &Desk, scope: OrgScope) -> Result<BTreeMap<String, u64>, Fault> {
    let mut counted: BTreeMap<_, _> = Category::ALL.map(|category| (category.id().to_owned(), 0)).into();
    if desk.keys().is_ok() {
        for row in desk.list(Action::Read, &ListQuery::all(scope))?.0 {
            *counted.entry(row.category.id().to_owned()).or_default() += 1;
        }
    }
    Ok(counted)
}

impl Vault {
    fn count(&self, scope: &OrgScope) -> Result<BTreeMap<String, u64>, Fault> {
        let mut counted: BTreeMap<_, _> = Category::ALL.map(|category| (category.id().to_owned(), 0)).into();
        counted.extend(self.0.store.totals(scope)?);
        Ok(counted)
    }

    fn kdf(&self, keyring: &Keyring) -> KdfStatus {
        let iterations = match keyring {
            Keyring::Open(keys) => keys.slot().iterations(),
            Keyring::Locked(_) => self.settings().iterations,
        };
        KdfStatus { name: "PBKDF2".to_owned(), hash: "SHA-512".to_owned(), iterations: iterations.get() }
    }

    fn memory(&self, keyring: &Keyring) -> MemoryStatus {
        let (locked, bytes) = match keyring {
            Keyring::Open(keys) => (keys.backing().as_str(), keys.locked_bytes() as u64),
            Keyring::Locked(_) => ("none", 0),
        };
        let posture = self.settings().posture;
        MemoryStatus {
            locked: locked.to_owned(),
            bytes,
            dumpable: posture.dumpable,
            core_dumps: posture.core_dumps,
            swap: posture.swap.to_owned(),
        }
    }

    fn audit_status(&self) -> AuditStatus {
        let head = self.0.store.state().map(|state| state.head).ok();
        AuditStatus {
            entries: head.map_or(0, |head| head.seq),
            head: head.filter(|head| head.seq > 0).map(|head| data_encoding::HEXLOWER.encode(&head.mac)),
        }
    }

    fn uptime(&self) -> u64 {
        let millis = self.now().as_millis().saturating_sub(self.started().as_millis());
        u64::try_from(millis / 1000).unwrap_or_default()
    }

    fn all_warnings(&self, header: Option<&Header>) -> Vec<Warning> {
        let mut all = self.0.warnings.read().unwrap_or_else(PoisonError::into_inner).clone();
        all.extend_from_slice(self.findings().warnings());
        if self.0.weak_key.load(Ordering::Relaxed) {
            let hint = "change it to a long random one with: vaultctl rekey --generate";
            all.push(Warning::new(
                "weak_key",
                "AGENTICMAIL_VAULT_KEY is short or has few different characters",
                hint,
            ));
        }
        let recovers =
            header.is_some_and(|header| header.slots.iter().any(|slot| slot.kind() == SlotKind::Recovery));
        if header.is_some() && !recovers {
            let hint = "make one and keep it apart from this machine: vaultctl recovery";
            all.push(Warning::new("no_recovery", "the vault has no recovery key", hint));
        }
        all
    }
}
