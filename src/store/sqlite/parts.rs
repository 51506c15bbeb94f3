//! Reading a long table in parts, one on each processor.

use std::ops::RangeInclusive;
use std::thread::ScopedJoinHandle;

use rusqlite::Connection;

use super::SqliteStore;
use crate::store::StoreError;

/// The rows that are worth a thread of their own.
const WORTH: i64 = 20_000;

/// Every place of a table, those too that nobody gives out.
pub(super) const ALL: RangeInclusive<i64> = i64::MIN..=i64::MAX;

impl SqliteStore {
    /// Has a function read all places of a table whose last one is known, in parts, at once; gives what it made of
    /// each, in order.
    ///
    /// Each part is read as last committed when it begins: what needs one moment for all of them reads them itself.
    pub(super) fn read_parts<T: Send>(
        &self,
        last: i64,
        read: impl Fn(&Connection, RangeInclusive<i64>) -> Result<T, StoreError> + Sync,
    ) -> Result<Vec<T>, StoreError> {
        let parts = parts(last, std::thread::available_parallelism().map_or(1, usize::from));
        if let [all] = parts.as_slice() {
            return Ok(vec![self.read(|connection| read(connection, all.clone()))?]);
        }
        let read = &read;
        let made = |part| move || self.read(|connection| read(connection, part));
        std::thread::scope(|scope| {
            let reading: Vec<_> = parts.into_iter().map(|part| scope.spawn(made(part))).collect();
            let ended = reading.into_iter().map(ScopedJoinHandle::join);
            ended.map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        })
    }
}

/// Divides all places by a table's last one.
fn parts(last: i64, most: usize) -> Vec<RangeInclusive<i64>> {
    let count = i64::try_from(most).unwrap_or(1).min(last / WORTH).max(1);
    let border = |part: i64| if part == count { i64::MAX } else { last / count * part };
    let from = |part: i64| if part == 0 { i64::MIN } else { border(part) + 1 };
    (0..count).map(|part| from(part)..=border(part + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_place_once() {
        for last in [i64::MIN, -1, 0, 1, 39_999, 40_000, 1_000_003, i64::MAX] {
            for most in [1, 2, 3, 64] {
                let parts = parts(last, most);
                assert_eq!(
                    (Some(&i64::MIN), Some(&i64::MAX)),
                    (parts.first().map(RangeInclusive::start), parts.last().map(RangeInclusive::end))
                );
                for pair in parts.windows(2) {
                    assert_eq!(pair[0].end() + 1, *pair[1].start(), "{last} {most}");
                }
                assert!(parts.len() <= most);
            }
        }
    }

    #[test]
    fn a_short_table_is_one_part() {
        assert_eq!(vec![ALL], parts(10_000, 8));
        assert_eq!(2, parts(40_000, 8).len());
    }
}
