//! Retention: old entries leave the log, and an authenticated checkpoint takes their place.

use std::collections::HashMap;
use std::sync::Arc;

use super::Vault;
use crate::api::Warning;
use crate::audit::{Checkpoint, Draft, Head, Known};
use crate::domain::Action;
use crate::keyring::{Keyring, Keys};
use crate::store::{Change, StoreError};

const DAY: i64 = 24 * 60 * 60 * 1000;
const WARNING: &str = "retention";

impl Vault {
    /// Removes the entries that are older than so many days, and records that it did; 0 keeps all.
    ///
    /// A log that does not verify is left as it is, and `status` warns: nothing that was tampered with is tidied away.
    pub async fn trim_log(&self, keep_days: u32) {
        let Keyring::Open(keys) = self.keyring() else { return };
        if keep_days == 0 {
            return;
        }
        let vault = self.clone();
        let planned = tokio::task::spawn_blocking(move || vault.plan_trim(keep_days, &keys));
        let Ok(Some((keys, checkpoint))) = planned.await else { return };
        let (through, mut unit) = (checkpoint.head.seq, self.system_unit(keys));
        unit.entries.push(Draft::of(Action::Delete).with("auditEntriesThrough", through));
        unit.changes.push(Change::TrimLog(Box::new(checkpoint)));
        match self.commit(unit).await {
            Ok(()) => tracing::info!(through, "old audit entries were removed"),
            Err(refusal) => tracing::warn!(%refusal, "old audit entries could not be removed"),
        }
    }

    /// Finds the last entry that is old enough; nothing where there is none, or the log does not verify.
    fn plan_trim(&self, keep_days: u32, keys: &Arc<Keys>) -> Option<(Arc<Keys>, Checkpoint)> {
        let oldest = self.now().as_millis().saturating_sub(i64::from(keep_days) * DAY);
        let begin = self.log_begin(keys).ok()?;
        let end = self.last_before(oldest, begin.seq).ok().flatten()?;
        let intact = self.verify(keys).is_ok_and(|verdict| verdict.broken.is_none());
        let words = "the audit log does not verify, so its old entries were not removed";
        let warning = Warning::new(WARNING, words, "see where it breaks with: vaultctl audit verify");
        self.warn(WARNING, (!intact).then_some(warning));
        if !intact {
            return None;
        }
        let known = self.known_before(end.seq, keys).ok()?;
        Some((Arc::clone(keys), Checkpoint::seal(keys, end, &known)))
    }

    /// Finds the last of the entries at the log's begin that are all older than a moment.
    fn last_before(&self, moment: i64, after: u64) -> Result<Option<Head>, StoreError> {
        let (mut end, mut young) = (None, false);
        self.0.store.walk_audit(after + 1..=u64::MAX, &mut |entry| {
            young |= entry.at.as_millis() >= moment;
            if !young {
                end = Some(Head { seq: entry.seq, mac: entry.mac });
            }
        })?;
        Ok(end)
    }

    /// Lists the secrets whose last write is at or before a place.
    fn known_before(&self, seq: u64, keys: &Keys) -> Result<Vec<Known>, StoreError> {
        let written: HashMap<_, _> = self.last_writes(keys)?;
        let old = written.into_iter().filter(|(_, last)| last.seq <= seq && !last.deleted);
        let known =
            old.map(|(id, last)| Known { id, revision: last.revision, org: last.org, name: last.name });
        Ok(known.collect())
    }

    /// Gives where the log begins: before its first entry, or at an authentic checkpoint.
    pub(super) fn log_begin(&self, keys: &Keys) -> Result<Head, StoreError> {
        let checkpoint = self.0.store.checkpoint()?.filter(|checkpoint| checkpoint.is_authentic(keys));
        Ok(checkpoint.map_or(Head::START, |checkpoint| checkpoint.head))
    }
}
