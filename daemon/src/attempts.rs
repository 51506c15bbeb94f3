//! Failed attempts: each of one user is answered later than the one before.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vault::api::{Code, Fault};

/// The wait after the first failure; it doubles with each.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(10);
/// How long a user must be without failures to begin anew.
const FORGET: Duration = Duration::from_mins(1);
/// How many attempts of one user may be under way, those that wait for their answer among them.
const AT_ONCE: u32 = 8;

/// The failures of each user.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<u32, Failures>>);

#[derive(Debug)]
struct Failures {
    count: u32,
    last: Instant,
    under_way: u32,
}

impl Failures {
    /// Gives the wait that they ask for.
    fn wait(&self) -> Duration {
        FIRST.saturating_mul(1 << self.count.saturating_sub(1).min(10)).min(LONGEST)
    }
}

/// One attempt under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    uid: u32,
}

impl Attempts {
    /// Begins an attempt of a user.
    ///
    /// # Errors
    /// `busy`, at once, where too many of them are under way.
    pub(crate) fn begin(&self, uid: u32) -> Result<Attempt<'_>, Fault> {
        let now = Instant::now();
        let mut table = self.table();
        table.retain(|_, failures| failures.under_way > 0 || now.duration_since(failures.last) < FORGET);
        let failures = table.entry(uid).or_insert(Failures { count: 0, last: now, under_way: 0 });
        if failures.under_way >= AT_ONCE {
            let retry_after = Some(failures.wait().as_secs().max(1));
            return Err(Fault { retry_after, ..Fault::new(Code::Busy, "too many failed attempts") });
        }
        failures.under_way += 1;
        Ok(Attempt { attempts: self, uid })
    }

    fn table(&self) -> MutexGuard<'_, HashMap<u32, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// Waits as long as this user's failures ask for, this one among them.
    pub(crate) async fn wait_after_failure(self) {
        tokio::time::sleep(self.fail()).await;
    }

    fn fail(&self) -> Duration {
        let mut table = self.attempts.table();
        let Some(failures) = table.get_mut(&self.uid) else { return LONGEST };
        failures.count += 1;
        failures.last = Instant::now();
        failures.wait()
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(failures) = self.attempts.table().get_mut(&self.uid) {
            failures.under_way = failures.under_way.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_waits_longer_up_to_a_limit() {
        let attempts = Attempts::default();
        let waits: Vec<_> = (0..10).map(|_| attempts.begin(7).unwrap().fail()).collect();
        assert!(waits.is_sorted());
        assert_eq!((FIRST, LONGEST), (waits[0], waits[9]));
    }

    #[test]
    fn more_attempts_at_once_than_there_may_be_are_busy() {
        let attempts = Attempts::default();
        let under_way: Vec<_> = (0..AT_ONCE).map(|_| attempts.begin(7).unwrap()).collect();
        assert_eq!(Code::Busy, attempts.begin(7).unwrap_err().code);
        assert!(attempts.begin(8).is_ok());
        drop(under_way);
        assert!(attempts.begin(7).is_ok());
    }
}
