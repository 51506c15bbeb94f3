//! The audit log: a page of it, and the walk along its chain.

use super::Vault;
use super::desk::{Desk, Pages};
use super::handle::{Handle, Length, Place, Records};
use crate::api::{
    ActorList, AuditAnswer, AuditEntry, AuditLog, Code, Fault, ListActors, Verification, VerifyAudit, Warning,
};
use crate::audit::{Break, BreakReason, Head, Verdict, Verifier};
use crate::crypto::{AuditKeySeal, Header, MacKey};
use crate::domain::{Caller, SecretRef, Timestamp};
use crate::keyring::Keys;
use crate::store::{AuditQuery, ProcessSince, Store, StoreError};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

const USUAL_PAGE: u64 = 25;
const LARGEST_PAGE: u64 = 1000;
/// The most actors that are listed.
const ACTORS: u64 = 1000;
/// The least entries that are worth a walk of their own.
const PART: u64 = 2000;

/// The warning of a database that is older than the head that was kept outside it.
pub(super) const ROLLED_BACK: &str = "rolled_back";

impl Handle for AuditLog {
    const ANSWER: Length = Length::Long;
    const PLACE: Place = Place::Blocking;
    const RECORDS: Records = Records::Nothing;

    fn act(&self, desk: &mut Desk) -> Result<AuditAnswer, Fault> {
        let reader = desk.ask_log()?;
        let query = AuditQuery {
            org: self.org_id.as_ref().and_then(|scope| scope.one().cloned()),
            search: self.search.clone(),
            actions: self.action.clone().map(|actions| actions.0).unwrap_or_default(),
            actor: self.actor.clone(),
            secret: self.entry_id.map(SecretRef::or_absent),
            outcome: self.outcome,
            since: self.since,
            until: self.until,
            after: self.after.map(place),
            before: self.before.map(place),
            looker: self.without_own_looks.then(|| desk.caller().actor().to_string()),
            without: self.without_own_since.and_then(|since| own_process(desk.caller(), since)),
            limit: self.limit.unwrap_or(USUAL_PAGE).min(LARGEST_PAGE),
            offset: self.offset.unwrap_or_default().into(),
        };
        let page = desk.log(reader, &query)?;
        let entries = page.entries.iter().map(AuditEntry::from).collect();
        Ok(AuditAnswer { entries, total: page.total, total_capped: page.capped })
    }
}

impl Handle for ListActors {
    const PLACE: Place = Place::Blocking;
    const RECORDS: Records = Records::Nothing;

    fn act(&self, desk: &mut Desk) -> Result<ActorList, Fault> {
        let reader = desk.ask_log()?;
        Ok(ActorList { actors: desk.log_actors(reader, ACTORS)? })
    }
}

/// Returns the caller's process; `None` where its id cannot be seen, and then nothing is left out.
fn own_process(caller: &Caller, since: Timestamp) -> Option<ProcessSince> {
    let pid = caller.peer.as_ref()?.pid?;
    Some(ProcessSince { pid, since })
}

/// Returns the place in the log that is asked for, or the last that there can be.
fn place(asked: u64) -> u64 {
    asked.min(i64::MAX.cast_unsigned())
}

impl Handle for VerifyAudit {
    const PLACE: Place = Place::Blocking;
    const RECORDS: Records = Records::Nothing;

    fn act(&self, desk: &mut Desk) -> Result<Verification, Fault> {
        desk.ask_log()?;
        let verdict = desk.vault().verify(desk.keys()?)?;
        Ok(Verification {
            intact: verdict.broken.is_none(),
            entries: verdict.entries,
            head: verdict.head.map(|mac| data_encoding::HEXLOWER.encode(&mac)),
            first_broken: verdict.broken.as_ref().map(|broken| broken.seq),
            reason: verdict.broken.map(|broken| broken.reason.as_str().to_owned()),
            flaws: desk.flaws(if self.pages { Pages::Checked } else { Pages::Unchecked })?,
        })
    }
}

impl Vault {
    /// Walks the whole chain under the audit keys that were in use; entries written meanwhile are left out.
    pub(super) fn verify(&self, keys: &Keys) -> Result<Verdict, Fault> {
        let store = &self.0.store;
        let header =
            store.header()?.ok_or_else(|| Fault::new(Code::Integrity, "the header of the vault is gone"))?;
        let state = store.state()?;
        let walk = Walk {
            store: &**store,
            audit_keys: AuditKeys::open(&header, keys)?,
            outside: self.outside_head(),
            begin: self.log_begin(keys)?,
            end: state.head,
        };
        let mut verdict = walk.in_parts()?.map_or_else(|| walk.along(), Ok)?;
        if verdict.broken.is_none() && !state.is_authentic(keys) {
            // Without a head that can be trusted, nothing says that the chain ends where it should.
            verdict.broken = Some(Break { seq: state.head.seq + 1, reason: BreakReason::Cut });
        }
        Ok(verdict)
    }

    /// Takes the head that was kept outside the database when the daemon last ran.
    pub fn set_outside_head(&self, head: Option<Head>) {
        *self.0.outside.write().unwrap_or_else(PoisonError::into_inner) = head;
    }

    fn outside_head(&self) -> Option<Head> {
        *self.0.outside.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the end of the chain, as last committed.
    pub fn head(&self) -> Option<Head> {
        self.0.store.head().ok()
    }

    /// Gives the end of the chain to keep outside the database, unless it contradicts the one that was kept, or nobody
    /// could compare the two yet.
    pub fn head_to_keep(&self) -> Option<Head> {
        let rolled_back = {
            let warnings = self.0.warnings.read().unwrap_or_else(PoisonError::into_inner);
            warnings.iter().any(|warning| warning.code == ROLLED_BACK)
        };
        let compared = self.0.compared.load(Ordering::Relaxed);
        self.head().filter(|head| head.seq > 0 && compared && !rolled_back)
    }

    /// Warns where the log does not reach or pass through the head that was kept outside the database.
    pub(super) fn compare_heads(&self, keys: &Keys) -> Result<(), StoreError> {
        let Some(outside) = self.outside_head() else {
            self.0.compared.store(true, Ordering::Relaxed);
            return Ok(());
        };
        let state = self.0.store.state()?;
        // What stood before the log's begin was removed, and cannot be met any more.
        let begin = self.log_begin(keys)?;
        let mut met = outside.seq < begin.seq || outside == begin;
        let walked = self.0.store.walk_audit(outside.seq.max(1)..=outside.seq.max(1), &mut |entry| {
            met |= entry.seq == outside.seq && entry.mac == outside.mac;
        });
        let warning = match walked {
            // The secrets can be served though the log is damaged there.
            Err(StoreError::Damaged(_)) => Warning::new(
                ROLLED_BACK,
                "the log cannot be read at the head that was kept outside the database",
                "see what is damaged with: vaultctl doctor; bring back a backup with: vaultctl restore",
            ),
            walked => walked.map(|()| {
                let words = "the database is older than the log's head that was kept beside it: it was put back or its tail was cut";
                let hint = "find out who put it back; bring back a newer backup with: vaultctl restore, or accept the loss \
                            with: vaultctl doctor --accept-loss";
                Warning::new(ROLLED_BACK, words, hint)
            })?,
        };
        self.warn(ROLLED_BACK, (!met || outside.seq > state.head.seq).then_some(warning));
        self.0.compared.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Counts the entries of the log.
    pub fn audit_len(&self) -> u64 {
        let removed = self.0.store.checkpoint().ok().flatten().map_or(0, |begin| begin.head.seq);
        self.0.store.head().map_or(0, |head| head.seq.saturating_sub(removed))
    }

    /// Gives the moment of the daemon's start.
    pub(super) fn started(&self) -> Timestamp {
        self.0.started
    }
}

/// One walk along the log, from where it begins to the end that the state names.
struct Walk<'v> {
    store: &'v dyn Store,
    audit_keys: AuditKeys,
    outside: Option<Head>,
    begin: Head,
    end: Head,
}

impl Walk<'_> {
    /// Walks a part of the log on each processor; nothing where a part is not as it must be, or the log is short.
    ///
    /// Each part begins at the entry that ends the one before it, so that together they say what one walk would.
    fn in_parts(&self) -> Result<Option<Verdict>, Fault> {
        let most = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let parts = (self.end.seq.saturating_sub(self.begin.seq) / PART).min(most);
        if parts < 2 || self.outside.is_some_and(|outside| outside.seq > self.end.seq) {
            return Ok(None);
        }
        let length = (self.end.seq - self.begin.seq).div_ceil(parts);
        let border = |part: u64| (self.begin.seq + part * length).min(self.end.seq);
        let ends: Vec<_> = std::thread::scope(|scope| {
            let walk = |part| scope.spawn(move || self.part(border(part), border(part + 1)));
            let walking: Vec<_> = (0..parts).map(walk).collect();
            walking.into_iter().map(|part| part.join().unwrap_or(Ok(None))).collect()
        });
        let ends = ends.into_iter().collect::<Result<Option<Vec<_>>, StoreError>>()?;
        let whole = ends.is_some_and(|ends| ends.last() == Some(&self.end));
        let entries = self.end.seq - self.begin.seq;
        Ok(whole.then_some(Verdict { entries, head: Some(self.end.mac), broken: None }))
    }

    /// Walks the entries after one place up to another; gives the end, where all of them are as they must be.
    fn part(&self, from: u64, to: u64) -> Result<Option<Head>, StoreError> {
        let is_first = from == self.begin.seq;
        let mut verifier = is_first.then(|| Verifier::new(self.begin, self.outside));
        // What was put before the first entry is in its way.
        let places = if is_first { 0..=to } else { from..=to };
        self.store.walk_audit(places, &mut |entry| match &mut verifier {
            Some(verifier) => verifier.take(self.audit_keys.at(entry.seq), entry),
            None => verifier = Some(Verifier::new(Head { seq: entry.seq, mac: entry.mac }, self.outside)),
        })?;
        // Where the entry to begin at is missing, the part before this one does not end at it.
        Ok(verifier.and_then(|verifier| verifier.holds_to()).filter(|end| end.seq == to))
    }

    /// Walks the whole log.
    fn along(&self) -> Result<Verdict, Fault> {
        let mut verifier = Verifier::new(self.begin, self.outside);
        let mut entries = 0;
        self.store.walk_audit(0..=self.end.seq, &mut |entry| {
            verifier.take(self.audit_keys.at(entry.seq), entry);
            entries += 1;
        })?;
        Ok(verifier.end(entries, &self.end))
    }
}

/// The audit keys of a vault, each with the first entry that it authenticates.
struct AuditKeys {
    keys: Vec<(u64, MacKey)>,
    none: MacKey,
}

impl AuditKeys {
    fn open(header: &Header, keys: &Keys) -> Result<Self, Fault> {
        let open = |sealed: &AuditKeySeal| {
            keys.open_audit_key(sealed).map(|key| (sealed.from_seq, MacKey::new(key.expose())))
        };
        let keys = header.audit_keys.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { keys, none: MacKey::new(&[0; 32]) })
    }

    fn at(&self, seq: u64) -> &MacKey {
        self.keys.iter().rev().find(|(from, _)| *from <= seq).map_or(&self.none, |(_, key)| key)
    }
}
