//! Looks at the whole vault: the log as it grows, and the counters.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use super::Vault;
use super::desk::Desk;
use super::handle::{Handle, Records, WhileLocked};
use crate::agents::Agents;
use crate::api::{Fault, FollowLog, FollowedFrom, Gauges, ReadMetrics};
use crate::audit::Entry;
use crate::domain::{Action, Caller, Role};
use crate::store::StoreError;

/// How many entries of the past are read at once: a follower may be a million behind.
const PAGE: u64 = 100;

impl Handle for FollowLog {
    const RECORDS: Records = Records::Nothing;

    fn act(&self, desk: &mut Desk) -> Result<FollowedFrom, Fault> {
        let reader = desk.ask_log()?;
        let end = desk.log_end(reader)?;
        Ok(FollowedFrom { seq: self.since.map_or(end, |since| since.min(end)) })
    }
}

impl Handle for ReadMetrics {
    const WHILE_LOCKED: WhileLocked = WhileLocked::Serve;
    const RECORDS: Records = Records::Nothing;

    fn act(&self, desk: &mut Desk) -> Result<Gauges, Fault> {
        desk.ask_look(Action::Metrics)?;
        let vault = desk.vault();
        Ok(Gauges { locked: vault.lock_reason().is_some(), entries: vault.audit_len() })
    }
}

impl Vault {
    /// Follows the log for a caller, from where it asks for.
    ///
    /// # Errors
    /// `forbidden` for a caller that may not read the log, which is recorded; `locked` while the vault is.
    pub async fn follow_log(&self, caller: Caller, from: FollowLog) -> Result<Following, Fault> {
        let agents = self.0.agents.subscribe();
        let read = self.call(&caller, from).await?.seq;
        Ok(Following { vault: self.clone(), caller, read, waiting: VecDeque::new(), committed: None, agents })
    }

    /// Reads the entries of some places, oldest first.
    fn entries_of(&self, places: RangeInclusive<u64>) -> Result<VecDeque<Arc<Entry>>, StoreError> {
        let mut entries = VecDeque::new();
        self.0.store.walk_audit(places, &mut |entry| entries.push_back(Arc::new(Entry::from(entry))))?;
        Ok(entries)
    }
}

/// A caller that follows the log, for as long as it may.
#[derive(Debug)]
pub struct Following {
    vault: Vault,
    caller: Caller,
    /// The place up to which the log was read.
    read: u64,
    /// What was read and is not returned yet.
    waiting: VecDeque<Arc<Entry>>,
    /// Entries as they are committed; `None` while older ones are to be read.
    committed: Option<broadcast::Receiver<Arc<Entry>>>,
    agents: watch::Receiver<Arc<Agents>>,
}

impl Following {
    /// Waits for the next entry, in order and without gaps; it can be given up and called again.
    ///
    /// `None` if the caller may not follow any more as it did (its agent was changed, removed, or has expired, or the vault
    /// was locked, which lets no agent in), if the log cannot be read, or if the daemon ends.
    pub async fn next(&mut self) -> Option<Arc<Entry>> {
        loop {
            if self.vault.is_outdated(&self.caller) {
                return None;
            }
            if let Some(entry) = self.waiting.pop_front() {
                return Some(entry);
            }
            let Some(committed) = &mut self.committed else {
                self.catch_up().await?;
                continue;
            };
            let expired = self.vault.expiry(&self.caller);
            tokio::select! {
                heard = committed.recv() => match heard {
                    Ok(entry) if entry.seq > self.read => {
                        self.read = entry.seq;
                        self.waiting.push_back(entry);
                    }
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(_)) => self.committed = None,
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                // Whether it changed for this caller is asked at the top.
                _ = self.agents.changed() => {}
                () = expired => {}
            }
        }
    }

    /// Reads a page of what was committed, or learns that there is nothing left to catch up with.
    async fn catch_up(&mut self) -> Option<()> {
        // Subscribed before the end is asked for, so that nothing falls between the two.
        let committed = self.vault.0.store.events();
        let end = self.vault.head()?.seq;
        if self.read >= end {
            self.committed = Some(committed);
            return Some(());
        }
        let page = self.read + 1..=end.min(self.read.saturating_add(PAGE));
        let last = *page.end();
        let vault = self.vault.clone();
        self.waiting = tokio::task::spawn_blocking(move || vault.entries_of(page)).await.ok()?.ok()?;
        self.read = last;
        Some(())
    }
}

impl Vault {
    /// Waits until an agent expires; for ever, for other callers.
    fn expiry(&self, caller: &Caller) -> impl Future<Output = ()> + use<> {
        let end = match &caller.role {
            Role::Agent(agent) => agent.expires_at,
            Role::Daemon | Role::Owner | Role::Nobody => None,
        };
        let left = end.map(|end| end.as_millis().saturating_sub(self.now().as_millis()));
        async move {
            match left {
                Some(left) => tokio::time::sleep(Duration::from_millis(left.try_into().unwrap_or(0))).await,
                None => std::future::pending().await,
            }
        }
    }
}
