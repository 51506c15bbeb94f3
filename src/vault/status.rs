//! How the vault is.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use vault_platform::Backing;

use super::Vault;
use super::desk::Desk;
use super::handle::{Handle, Length, Place, Records, WhileLocked};
use crate::api::{
    AuditStatus, Fault, KdfStatus, ListOrgs, MemoryStatus, OrgEntry, OrgList, Status, StatusOf, Warning,
};
use crate::audit::Draft;
use crate::crypto::{Header, SlotKind};
use crate::domain::{Action, Caller, Category, OrgId, OrgScope, Role};
use crate::keyring::{Keyring, Keys};
use crate::store::{ListQuery, StoreError};

impl Handle for StatusOf {
    const WHILE_LOCKED: WhileLocked = WhileLocked::Serve;
    const RECORDS: Records = Records::Nothing;

    fn place(&self, caller: &Caller) -> Place {
        // What an agent sees is counted name by name.
        if matches!(caller.role, Role::Agent(_)) { Place::Blocking } else { Place::Inline }
    }

    fn act(&self, desk: &mut Desk) -> Result<Status, Fault> {
        let vault = desk.vault();
        let keyring = vault.keyring();
        let stored = vault.overview(&keyring)?;
        let by_category = match (desk.caller().is_owner(), self.org_id.clone().unwrap_or(OrgScope::All)) {
            (true, OrgScope::All) => stored.totals.clone(),
            (true, scope) => vault.count(&scope)?,
            (false, scope) => visible(desk, scope)?,
        };
        let owner = desk.caller().is_owner();
        let lock = match &keyring {
            Keyring::Locked(reason) => Some(vault.locked(*reason)),
            Keyring::Open(_) => None,
        };
        Ok(Status {
            configured: stored.founded
                && !matches!(keyring, Keyring::Locked(crate::domain::LockReason::NoKey)),
            locked: matches!(keyring, Keyring::Locked(_)),
            lock_reason: lock.as_ref().and_then(|fault| fault.lock_reason),
            lock_hint: lock.map(|fault| fault.hint),
            total_entries: by_category.values().copied().fold(0, u64::saturating_add),
            entries_by_category: by_category,
            algorithm: "AES-256-GCM".to_owned(),
            kdf: vault.kdf(&keyring),
            memory: vault.memory(&keyring),
            audit: if owner { vault.audit_status() } else { AuditStatus { entries: 0, head: None } },
            uptime_seconds: vault.uptime(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            files: if owner { vault.settings().files } else { None },
            warnings: if owner { vault.all_warnings(&stored, &keyring) } else { Vec::new() },
        })
    }
}

impl Handle for ListOrgs {
    const ANSWER: Length = Length::Long;
    const PLACE: Place = Place::Blocking;
    const RECORDS: Records = Records::Nothing;

    fn act(&self, desk: &mut Desk) -> Result<OrgList, Fault> {
        desk.about(Draft::of(Action::Read));
        desk.refuse_nobody()?;
        let counted = match desk.owner() {
            Some(whole) => desk.orgs(whole)?,
            None => listed_orgs(desk)?,
        };
        let entry = |(org_id, secrets)| OrgEntry { org_id, secrets };
        Ok(OrgList { orgs: counted.into_iter().map(entry).collect() })
    }
}

/// Counts what an agent may list, org by org.
fn listed_orgs(desk: &Desk) -> Result<Vec<(OrgId, u64)>, Fault> {
    let mut counted = BTreeMap::<String, (OrgId, u64)>::new();
    desk.walk(Action::Read, &ListQuery::all(OrgScope::All), |named| {
        counted.entry(named.org.to_string()).or_insert((named.org, 0)).1 += 1;
    })?;
    Ok(counted.into_values().collect())
}

/// Warns of keys in memory that could not be locked, as `memory.lock = "try"` allows.
pub(super) fn unlocked_memory(keys: &Keys) -> Option<Warning> {
    let hint =
        "let vaultd lock 64 KiB: ulimit -l 64, or LimitMEMLOCK=64K in its service; then start it again";
    (keys.backing() == Backing::Unlocked).then(|| {
        Warning::new(
            "unlocked_memory",
            "the keys are in memory that is not locked and can be swapped to the disk",
            hint,
        )
    })
}

/// Counts what the caller may list: an agent learns nothing of the rest.
fn visible(desk: &Desk, scope: OrgScope) -> Result<BTreeMap<String, u64>, Fault> {
    let mut counted: BTreeMap<_, _> = Category::OFFERED.map(|category| (category.id().to_owned(), 0)).into();
    if desk.refuse_nobody().is_ok() && desk.keys().is_ok() {
        let mut count = |category: Category| *counted.entry(category.id().to_owned()).or_default() += 1;
        desk.walk(Action::Read, &ListQuery::all(scope), |named| count(named.category))?;
    }
    Ok(counted)
}

/// What the status tells of the database.
#[derive(Debug)]
struct Overview {
    founded: bool,
    recovers: bool,
    totals: BTreeMap<String, u64>,
}

/// The overview that was read last, and the number of the last change at that time.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Option<(u64, Arc<Overview>)>>);

impl Vault {
    /// Gives the overview, read anew where something changed, or where nobody counts changes.
    fn overview(&self, keyring: &Keyring) -> Result<Arc<Overview>, Fault> {
        let as_of = self.0.store.changes();
        let mut kept = self.0.overview.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.as_ref().filter(|(read, _)| *read == as_of && matches!(keyring, Keyring::Open(_)));
        if let Some((_, overview)) = known {
            return Ok(Arc::clone(overview));
        }
        let header = self.0.store.header().ok().flatten();
        let recovery = |header: &Header| header.slots.iter().any(|slot| slot.kind() == SlotKind::Recovery);
        let overview = Arc::new(Overview {
            founded: header.is_some(),
            recovers: header.as_ref().is_some_and(recovery),
            totals: self.count(&OrgScope::All)?,
        });
        *kept = Some((as_of, Arc::clone(&overview)));
        Ok(overview)
    }

    fn count(&self, scope: &OrgScope) -> Result<BTreeMap<String, u64>, Fault> {
        let mut counted: BTreeMap<_, _> =
            Category::OFFERED.map(|category| (category.id().to_owned(), 0)).into();
        match self.0.store.totals(scope) {
            // What is damaged is reported by the lock or a warning, for which a status has to be given.
            Err(StoreError::Damaged(_) | StoreError::Displaced(_)) => {}
            totals => counted.extend(totals?),
        }
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
        let head = self.0.store.head().ok();
        AuditStatus {
            entries: head.map_or(0, |head| head.seq),
            head: head.filter(|head| head.seq > 0).map(|head| data_encoding::HEXLOWER.encode(&head.mac)),
        }
    }

    fn uptime(&self) -> u64 {
        let millis = self.now().as_millis().saturating_sub(self.started().as_millis());
        u64::try_from(millis / 1000).unwrap_or_default()
    }

    fn all_warnings(&self, stored: &Overview, keyring: &Keyring) -> Vec<Warning> {
        let mut all = self.0.warnings.read().unwrap_or_else(PoisonError::into_inner).clone();
        all.extend(self.displaced().map(|what| Warning::new("storage", what.to_string(), what.hint())));
        all.extend_from_slice(self.findings().warnings());
        all.extend(self.unmatched_agents());
        if let Keyring::Open(keys) = keyring {
            all.extend(unlocked_memory(keys));
        }
        if self.0.weak_key.load(Ordering::Relaxed) {
            let hint = "change it to a long random one with: vaultctl rekey --generate";
            all.push(Warning::new(
                "weak_key",
                "AGENTICMAIL_VAULT_KEY is short or has few different characters",
                hint,
            ));
        }
        if stored.founded && !stored.recovers {
            let hint = "make one and keep it apart from this machine: vaultctl recovery";
            all.push(Warning::new("no_recovery", "the vault has no recovery key", hint));
        }
        all
    }
}
