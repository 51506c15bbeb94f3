//! Memory that a flood took is returned to the system once the flood is over.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use vault_platform::give_back_memory;

/// How much more memory than at rest is worth returning, in bytes.
const WORTH: u64 = 8 * 1024 * 1024;
/// The bytes of a page, as the kernel counts resident memory.
const PAGE: u64 = 4096;

/// More processor time than this between two looks is work.
const WORK: Duration = Duration::from_millis(50);

/// How much memory is resident, as seen at each look.
#[derive(Debug, Default)]
pub(crate) struct Resident {
    /// The least that was ever seen.
    least: Option<u64>,
    /// The least since memory was last returned.
    rest: Option<u64>,
    before: u64,
    used: Duration,
    /// Whether there was work since memory was last returned.
    worked: bool,
}

/// What a look sees.
#[derive(Debug, Clone, Copy)]
struct Look {
    /// Bytes in memory.
    resident: u64,
    /// Processor time that was used so far.
    used: Duration,
}

impl Resident {
    /// Looks at the memory of this process, and returns to the system what is free of it after a flood.
    pub(crate) async fn look(&mut self) {
        let Some(look) = Look::now() else { return };
        if self.flood_is_over(look) {
            // While it works, threads that allocate wait for it: the runtime's own should not.
            let _ = tokio::task::spawn_blocking(give_back_memory).await;
            self.rest = resident();
        }
    }

    /// Returns `true` if memory grew since it was last at rest and grows no more, or if work has ended that left more
    /// than there once was: what is returned amid a flood is no measure of rest.
    fn flood_is_over(&mut self, Look { resident: now, used }: Look) -> bool {
        let least = |seen: Option<u64>| seen.map_or(now, |least| least.min(now));
        let (ever, rest) = (least(self.least), least(self.rest));
        (self.least, self.rest) = (Some(ever), Some(rest));
        let before = std::mem::replace(&mut self.before, now);
        let works = used.saturating_sub(std::mem::replace(&mut self.used, used)) > WORK;
        let has_grown = now >= rest.saturating_add(WORTH) && now <= before;
        let has_ended = self.worked && !works && now >= ever.saturating_add(WORTH);
        let is_over = has_grown || has_ended;
        self.worked = works || self.worked && !is_over;
        is_over
    }
}

impl Look {
    fn now() -> Option<Self> {
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
        let time = |time: TimeVal| u64::try_from(time.num_microseconds()).ok().map(Duration::from_micros);
        Some(Self { resident: resident()?, used: time(usage.user_time())? + time(usage.system_time())? })
    }
}

/// Reads how many bytes of this process are in memory (proc(5)); `None` if the system does not say.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    text.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    /// Looks at memory of these sizes in MiB, in order, and returns the sizes at which it was returned.
    fn returned_at(looks: &[u64]) -> Vec<u64> {
        returned_amid(&looks.iter().map(|mib| (*mib, false)).collect::<Vec<_>>())
    }

    /// The same, where each look also says whether there was work before it, and none of it was free.
    fn returned_amid(looks: &[(u64, bool)]) -> Vec<u64> {
        let (mut resident, mut used) = (Resident::default(), Duration::ZERO);
        let mut is_over = |mib: u64, works: bool| {
            used += if works { WORK * 2 } else { WORK };
            let is_over = resident.flood_is_over(Look { resident: mib * MIB, used });
            if is_over {
                resident.rest = Some(mib * MIB);
            }
            is_over
        };
        looks.iter().filter(|(mib, works)| is_over(*mib, *works)).map(|(mib, _)| *mib).collect()
    }

    #[test]
    fn memory_is_returned_once_it_grows_no_more() {
        assert_eq!([300], *returned_at(&[10, 100, 200, 300, 300]));
    }

    #[test]
    fn a_little_more_than_at_rest_is_kept() {
        assert!(returned_at(&[10, 17, 17, 10, 17, 17]).is_empty());
    }

    #[test]
    fn the_first_look_is_at_rest() {
        assert!(returned_at(&[300, 300, 290]).is_empty());
    }

    #[test]
    fn what_was_returned_amid_a_flood_is_returned_again_when_it_is_over() {
        let looks = [(10, false), (80, true), (79, true), (77, true), (77, true), (77, false), (77, false)];
        assert_eq!([79, 77], *returned_amid(&looks));
    }

    #[test]
    fn what_is_kept_at_rest_is_returned_no_second_time() {
        let looks = [(10, false), (90, true), (90, false), (90, false), (90, false)];
        assert_eq!([90], *returned_amid(&looks));
    }
}
