//! What follows the act: its commit, and what follows that before the answer leaves.

use std::sync::atomic::Ordering;

use tokio::task::JoinHandle;

use super::Vault;
use super::handle::{After, Settled};
use crate::store::{Refusal, Unit};

/// What is waited for: a commit, or a task that goes on behind it.
enum Finishing<C> {
    Commit(Option<C>),
    Task(JoinHandle<Result<Settled, Refusal>>),
}

impl Vault {
    /// Commits and does what follows; where something does, to the end, though the caller may be gone by then.
    ///
    /// Both begin at once, so that the future that waits for them holds neither.
    pub(super) fn finish(
        &self,
        unit: Option<Unit>,
        after: After,
    ) -> impl Future<Output = Result<Settled, Refusal>> + Send + use<> {
        let committing = unit.map(|unit| self.commit(unit));
        let finishing = match after {
            After::Nothing => Finishing::Commit(committing),
            // A request's future is dropped where its client goes; a task of its own is not.
            after => Finishing::Task(tokio::spawn(self.clone().follow(committing, after))),
        };
        async move {
            match finishing {
                Finishing::Commit(None) => Ok(Settled::default()),
                Finishing::Commit(Some(committing)) => committing.await.map(|()| Settled::default()),
                Finishing::Task(task) => task.await.unwrap_or_else(|ended| match ended.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Err(Refusal::Storage("the daemon is ending".to_owned())),
                }),
            }
        }
    }

    /// Waits for a commit, and does what follows.
    async fn follow(
        self,
        committing: Option<impl Future<Output = Result<(), Refusal>>>,
        after: After,
    ) -> Result<Settled, Refusal> {
        if let Some(committing) = committing {
            committing.await?;
        }
        self.settle(after).await
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
            After::Lock => settled.restart_opens = !self.lock_with_mark().await,
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
