//! The clock: expiries, the log's times and auto-lock rest on it.

use vault::api::{AuditLog, Warning};
use vault::domain::Timestamp;
use vault::store::{AuditQuery, SqliteStore, Store};

use super::Paths;
use super::files::hold;
use crate::context::Context;
use crate::show::date;

/// A moment in milliseconds before which this version cannot have been in use: 2026-11-01.
const NOT_BEFORE: i64 = 1_793_491_200_000;
/// How far the log may be ahead, in milliseconds.
const SLACK: i64 = 60_000;

#[cfg(target_os = "macos")]
const MEND: &str = "set it with: sudo sntp -sS time.apple.com";
#[cfg(not(target_os = "macos"))]
const MEND: &str = "set it with: timedatectl set-ntp true, or: date --set";

/// Compares the clock with what is certain to lie behind it.
pub(super) fn finding(now: Timestamp, newest: Option<Timestamp>) -> Option<Warning> {
    if now.as_millis() < NOT_BEFORE {
        let message = format!("the clock says {}, which is before this program was made", date(now));
        return Some(Warning::new("clock", message, MEND));
    }
    let newest = newest.filter(|newest| now.plus_millis(SLACK) < *newest)?;
    let message = format!("the clock says {}, and the log's newest entry is of {}", date(now), date(newest));
    Some(Warning::new("clock", message, MEND))
}

/// Asks the daemon for the time of its newest entry.
pub(super) fn newest_of_daemon(context: &Context) -> Option<Timestamp> {
    let query = AuditLog { limit: Some(1), ..AuditLog::default() };
    let answer = context.call_plainly(&query).ok()?;
    answer.entries.first().map(|entry| entry.created_at)
}

/// Reads the time of the newest entry where no daemon holds the database.
pub(super) fn newest_of_database(paths: &Paths) -> Option<Timestamp> {
    let _held = hold(&paths.home)?;
    let store = SqliteStore::open(&paths.database).ok()?;
    let page = store.audit(&AuditQuery { limit: 1, ..AuditQuery::default() }).ok()?;
    page.entries.first().map(|entry| entry.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_at_the_epoch_is_found() {
        assert!(finding(Timestamp::from_millis(0), None).is_some());
    }

    #[test]
    fn a_clock_behind_the_log_is_found_but_not_one_that_is_a_little_behind() {
        let now = Timestamp::from_millis(NOT_BEFORE);
        assert!(finding(now, Some(now.plus_millis(SLACK + 1))).is_some());
        assert!(finding(now, Some(now.plus_millis(SLACK))).is_none());
        assert!(finding(now, None).is_none());
    }
}
