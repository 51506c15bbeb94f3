//! Failed attempts: each of one user is answered later than the one before.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use vault::api::{Code, Fault};

/// The wait after the first failure; it doubles with each.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(10);
/// How long a user must be without failures to begin anew.
const FORGET: Duration = Duration::from_mins(1);
/// How many failures of one user may wait at once.
const WAITING: u32 = 16;

/// The failures of each user.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<u32, Failures>>);

#[derive(Debug)]
struct Failures {
    count: u32,
    last: Instant,
    waiting: u32,
}

impl Attempts {
    /// Waits as long as this user's failures ask for.
    ///
    /// # Errors
    /// `busy`, at once, where too many of them wait already.
    pub(crate) async fn wait_after_failure(&self, uid: u32) -> Result<(), Fault> {
        let wait = self.begin(uid)?;
        tokio::time::sleep(wait).await;
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = table.get_mut(&uid) {
            failures.waiting = failures.waiting.saturating_sub(1);
        }
        Ok(())
    }

    fn begin(&self, uid: u32) -> Result<Duration, Fault> {
        let now = Instant::now();
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.retain(|_, failures| failures.waiting > 0 || now.duration_since(failures.last) < FORGET);
        let failures = table.entry(uid).or_insert(Failures { count: 0, last: now, waiting: 0 });
        failures.count += 1;
        failures.last = now;
        let wait = FIRST.saturating_mul(1 << failures.count.saturating_sub(1).min(10)).min(LONGEST);
        if failures.waiting >= WAITING {
            let seconds = wait.as_secs().max(1);
            return Err(Fault {
                retry_after: Some(seconds),
                ..Fault::new(Code::Busy, "too many failed attempts")
            });
        }
        failures.waiting += 1;
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_waits_longer_up_to_a_limit() {
        let attempts = Attempts::default();
        let waits: Vec<_> = (0..10).map(|_| attempts.begin(7).unwrap()).collect();
        assert!(waits.is_sorted());
        assert_eq!((FIRST, LONGEST), (waits[0], waits[9]));
    }

    #[test]
    fn more_failures_at_once_than_may_wait_are_busy() {
        let attempts = Attempts::default();
        for _ in 0..WAITING {
            attempts.begin(7).unwrap();
        }
        assert_eq!(Code::Busy, attempts.begin(7).unwrap_err().code);
        assert!(attempts.begin(8).is_ok());
    }
}
