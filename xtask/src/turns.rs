//! Work by turns: one piece after the other as they stand, some of them at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, anyhow};

/// Does each piece of work once, so many at once; fails where one fails, once those that were begun have ended.
pub fn take<T: Sync>(at_once: usize, work: &[T], each: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let take_turns = || {
        while let Some(piece) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            each(piece)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..at_once.max(1)).map(|_| scope.spawn(take_turns)).collect();
        let panicked = |_| Err(anyhow!("a run ended by a panic"));
        lanes.into_iter().try_for_each(|lane| lane.join().unwrap_or_else(panicked))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn each_piece_is_done_once_and_a_failure_is_told() {
        let done = Mutex::new(Vec::new());
        let note = |piece: &u32| {
            done.lock().unwrap().push(*piece);
            if *piece == 3 { Err(anyhow!("three")) } else { Ok(()) }
        };
        assert!(take(2, &[1, 2, 4, 5], note).is_ok());
        done.lock().unwrap().sort_unstable();
        assert_eq!(vec![1, 2, 4, 5], *done.lock().unwrap());
        assert!(take(2, &[3], note).is_err());
    }
}
