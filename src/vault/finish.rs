//! What follows the act: its commit, and what follows that before the answer leaves.

use std::sync::atomic::Ordering;

use tokio::task::JoinHandle;

use super::Vault;
use super::desk::Desk;
use super::faults::GivenUp;
use super::handle::{After, Settled, Tally};
use super::portions::{InPortions, NotDone};
use crate::api::Fault;
use crate::domain::LockReason;
use crate::store::{Refusal, Unit};

/// What is waited for: a commit, or a task that goes on behind it.
enum Finishing<C> {
    Commit(Option<C>),
    Task(JoinHandle<Result<Settled, NotDone>>),
}

impl Vault {
    /// Commits and does what follows; where something does, to the end, though the caller may be gone by then.
    ///
    /// Both begin at once, so that the future that waits for them holds neither.
    pub(super) fn finish(
        &self,
        unit: Option<Unit>,
        work: Option<InPortions>,
        after: After,
    ) -> impl Future<Output = Result<Settled, NotDone>> + Send + use<> {
        // A request's future is dropped where its client goes; a task of its own is not.
        let finishing = match (unit, work, after) {
            (unit, None, After::Nothing) => Finishing::Commit(unit.map(|unit| self.commit(unit))),
            (Some(unit), Some(work), after) => {
                let committing = self.commit_in_portions(unit, work);
                Finishing::Task(tokio::spawn(self.clone().follow(Some(committing), after)))
            }
            (unit, _, after) => {
                let committing = unit.map(|unit| self.commit(unit));
                let committing = committing.map(|done| async { Ok(done.await.map(|()| Tally::default())?) });
                Finishing::Task(tokio::spawn(self.clone().follow(committing, after)))
            }
        };
        async move {
            match finishing {
                Finishing::Commit(None) => Ok(Settled::default()),
                Finishing::Commit(Some(committing)) => Ok(committing.await.map(|()| Settled::default())?),
                Finishing::Task(task) => task.await.unwrap_or_else(|ended| match ended.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Err(Refusal::Closed.into()),
                }),
            }
        }
    }

    /// Waits for a commit, and does what follows.
    async fn follow(
        self,
        committing: Option<impl Future<Output = Result<Tally, NotDone>>>,
        after: After,
    ) -> Result<Settled, NotDone> {
        let tally = match committing {
            Some(committing) => match (committing.await, &after) {
                (Err(NotDone::Refused(refusal)), After::Lock(by)) if refusal.is_of_the_store() => {
                    tracing::error!(%refusal, %by, "the lock could not be recorded; the vault is locked all the same");
                    self.count_lock(by, LockReason::ByRequest);
                    Tally::default()
                }
                (done, _) => done?,
            },
            None => Tally::default(),
        };
        Ok(Settled { tally, ..self.settle(after).await? })
    }

    /// Records that what was to be made in portions could not be; what is given back asks for another try.
    pub(super) async fn refuse(&self, mut desk: Box<Desk>, fault: Fault) -> Result<GivenUp, Fault> {
        if fault.is_stale {
            return Ok(GivenUp::of(desk, Refusal::Stale));
        }
        let unit = desk.refused_unit(&fault).filter(|unit| self.writes_alone(desk.caller(), unit));
        match unit.map(|unit| self.commit(unit)) {
            Some(committing) => match committing.await {
                Ok(()) => Err(fault),
                Err(refusal) => Ok(GivenUp::of(desk, refusal)),
            },
            None => Err(fault),
        }
    }

    /// Does what follows a commit before the answer leaves.
    ///
    /// # Errors
    /// `Stale` for a vault that had to stay locked and was unlocked meanwhile: all of it is tried again.
    async fn settle(&self, after: After) -> Result<Settled, Refusal> {
        let mut settled = Settled::default();
        match after {
            After::Nothing => {}
            After::Erase => settled.pending_erase = !self.erase().await,
            After::EraseSoon => self.0.erase_due.store(true, Ordering::Release),
            After::Open(keys) => self.open(keys).await,
            After::Lock(_) => settled.restart_opens = !self.lock_with_mark().await,
            After::StayLocked(by) => {
                settled.restart_opens = !self.stay_locked(&by).await.ok_or(Refusal::Stale)?;
            }
            After::Agents => self.read_agents_again(),
            After::Sound => {
                self.forget_damage();
                self.read_agents_again();
                settled.pending_erase = !self.erase().await;
            }
            After::Rekey(keys, key) => {
                settled.pending_key = self.finish_rekey(keys, key).await;
                settled.pending_erase = !self.erase().await;
            }
        }
        Ok(settled)
    }

    /// Moves out of the write-ahead log what was removed since, where nobody waited for that.
    pub async fn erase_what_is_due(&self) {
        if self.0.erase_due.swap(false, Ordering::AcqRel) && !self.erase().await {
            self.0.erase_due.store(true, Ordering::Release);
        }
    }

    /// Moves what was removed out of the write-ahead log; `false` where a reader held it up.
    async fn erase(&self) -> bool {
        self.0.store.erase().await.unwrap_or(false)
    }
}
