//! Memory that a flood took is returned to the system once the flood is over.

use vault_platform::give_back_memory;

/// How much more memory than at rest is worth returning, in bytes.
const WORTH: u64 = 8 * 1024 * 1024;
/// The bytes of a page, as the kernel counts resident memory.
const PAGE: u64 = 4096;

/// How much memory is resident, as seen at each look.
#[derive(Debug, Default)]
pub(crate) struct Resident {
    /// The least since memory was last returned.
    rest: Option<u64>,
    before: u64,
}

impl Resident {
    /// Looks at the memory of this process, and returns to the system what is free of it after a flood.
    pub(crate) async fn look(&mut self) {
        let Some(now) = resident() else { return };
        if self.flood_is_over(now) {
            // While it works, threads that allocate wait for it: the runtime's own should not.
            let _ = tokio::task::spawn_blocking(give_back_memory).await;
            self.rest = resident();
        }
    }

    /// Returns `true` if memory grew since it was last at rest, and grows no more.
    fn flood_is_over(&mut self, now: u64) -> bool {
        let rest = self.rest.map_or(now, |rest| rest.min(now));
        self.rest = Some(rest);
        let before = std::mem::replace(&mut self.before, now);
        now >= rest.saturating_add(WORTH) && now <= before
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
        let mut resident = Resident::default();
        looks.iter().copied().filter(|mib| resident.flood_is_over(mib * MIB)).collect()
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
}
