//! What follows the act: its commit, and what follows that before the answer leaves.

use super::Vault;
use super::handle::{After, Settled};
use crate::keyring::Keyring;
use crate::store::{Refusal, Unit};

impl Vault {
    /// Commits and does what follows; where something does, to the end, though the caller may be gone by then.
    pub(super) async fn finish(&self, unit: Option<Unit>, after: After) -> Result<Settled, Refusal> {
        let vault = self.clone();
        let follows = !matches!(after, After::Nothing);
        let finishing = async move {
            if let Some(unit) = unit {
                vault.commit(unit).await?;
            }
            Ok(vault.settle(after).await)
        };
        if !follows {
            return finishing.await;
        }
        // A request's future is dropped where its client goes; a task of its own is not.
        tokio::spawn(finishing).await.unwrap_or_else(|ended| match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Refusal::Storage("the daemon is ending".to_owned())),
        })
    }

    /// Does what follows a commit before the answer leaves.
    async fn settle(&self, after: After) -> Settled {
        let mut settled = Settled::default();
        match after {
            After::Nothing => {}
            After::Erase => settled.pending_erase = !self.erase().await,
            After::Open(keys) => self.open(keys).await,
            After::Lock(reason) => {
                self.set_keyring(Keyring::Locked(reason));
                self.forget_agents();
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
        settled
    }

    /// Moves what was removed out of the write-ahead log; `false` where a reader held it up.
    async fn erase(&self) -> bool {
        self.0.store.erase().await.unwrap_or(false)
    }
}
