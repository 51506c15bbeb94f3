//! How fast the log grows by what each agent is permitted: beyond a rate it waits. Owners have none.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Vault;
use crate::api::{Code, Fault};
use crate::audit::Draft;
use crate::domain::{Action, AgentId, Caller, Outcome, Role};

/// What an agent may write in one go, as the time in which it may write as much again, in microseconds.
const BURST: i64 = 60_000_000;

/// The entries that agents wrote lately.
#[derive(Debug, Default)]
pub(super) struct Growth {
    per_minute: AtomicU32,
    /// The moment at which each agent may write its burst again, in microseconds (GCRA).
    free: Mutex<HashMap<AgentId, i64>>,
}

impl Growth {
    /// Counts entries of an agent; returns for how many seconds it may add no more.
    fn add(&self, agent: &AgentId, entries: usize, now: i64) -> Option<u64> {
        let per_minute = i64::from(self.per_minute.load(Ordering::Relaxed));
        let each = BURST.checked_div(per_minute)?;
        let mut agents = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if entries > 0 && !agents.contains_key(agent) {
            agents.retain(|_, free| *free > now);
        }
        let free = agents.get(agent).map_or(now, |free| (*free).max(now));
        let wait = free.saturating_sub(now).saturating_sub(BURST);
        if entries > 0 {
            let written = i64::try_from(entries).unwrap_or(i64::MAX).saturating_mul(each);
            agents.insert(agent.clone(), free.saturating_add(written));
        }
        u64::try_from(wait).ok().filter(|wait| *wait > 0).map(|wait| wait.div_ceil(1_000_000))
    }
}

impl Vault {
    /// Sets how many entries each agent may add to the log in a minute; 0 for any number.
    pub fn limit_growth(&self, per_minute: u32) {
        self.0.growth.per_minute.store(per_minute, Ordering::Relaxed);
    }

    /// Refuses an agent that has written more than it may, and records that.
    ///
    /// # Errors
    /// `busy`, with the seconds after which it may write again.
    pub(super) async fn check_growth(&self, caller: &Caller) -> Result<(), Fault> {
        let Some(seconds) = self.grown(caller, 0) else { return Ok(()) };
        let mut draft =
            Draft::of(Action::Read).with("code", Code::Busy.as_str()).with("limit", "audit entries");
        draft.outcome = Outcome::Denied;
        self.record(caller, draft).await;
        let fault =
            Fault::new(Code::Busy, "this agent has added more to the audit log than it may in a minute");
        let hint = "ask for less, or have an owner raise `[limits] agent_entries_per_minute`";
        Err(Fault { retry_after: Some(seconds), ..fault.hint(hint) })
    }

    /// Counts entries of a caller; returns for how many seconds an agent may add no more.
    pub(super) fn grown(&self, caller: &Caller, entries: usize) -> Option<u64> {
        let Role::Agent(agent) = &caller.role else { return None };
        self.0.growth.add(&agent.name, entries, self.now().as_millis().saturating_mul(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn growth(per_minute: u32) -> Growth {
        Growth { per_minute: per_minute.into(), ..Growth::default() }
    }

    fn agent(name: &str) -> AgentId {
        AgentId::try_from(name.to_owned()).unwrap()
    }

    #[test]
    fn an_agent_may_write_a_minutes_entries_at_once_and_then_waits() {
        let (growth, bot) = (growth(60), agent("bot"));
        assert_eq!(None, growth.add(&bot, 60, 0));
        assert_eq!(None, growth.add(&bot, 10, 0));
        assert_eq!(Some(10), growth.add(&bot, 0, 0));
        assert_eq!([Some(1), None], [growth.add(&bot, 0, 9 * SECOND), growth.add(&bot, 0, 10 * SECOND)]);
    }

    #[test]
    fn one_agent_does_not_use_up_what_another_may_write() {
        let growth = growth(60);
        growth.add(&agent("bot"), 1000, 0);
        assert_eq!(None, growth.add(&agent("other"), 0, 0));
    }

    #[test]
    fn without_a_limit_no_agent_waits() {
        let (growth, bot) = (growth(0), agent("bot"));
        growth.add(&bot, 1_000_000, 0);
        assert_eq!(None, growth.add(&bot, 0, 0));
    }
}
