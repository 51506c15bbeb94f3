//! Hashes of the programs that call, for agents that name one: computed off the runtime's thread, in bounded size and time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vault::crypto::sha256_of_file;

/// The largest program that is hashed, in bytes; a larger one matches no agent.
const PROGRAM_BYTES: u64 = 512 * 1024 * 1024;
/// How long a hash may take, its wait for others of the same user included.
const TIME: Duration = Duration::from_secs(10);

/// The hashes that are being computed: one at a time for each user.
#[derive(Debug, Default)]
pub(crate) struct Programs(Mutex<HashMap<u32, Weak<Semaphore>>>);

impl Programs {
    /// Computes the SHA-256 of a user's program in hex; `None` if it is too large, takes too long or cannot be read.
    pub(crate) async fn sha256(&self, uid: u32, program: File) -> Option<String> {
        let due = Instant::now() + TIME;
        let hashing = async {
            let turn = self.of(uid).acquire_owned().await.ok()?;
            tokio::task::spawn_blocking(move || hash(program, due, turn)).await.ok()?.ok()
        };
        tokio::time::timeout(TIME, hashing).await.ok().flatten()
    }

    fn of(&self, uid: u32) -> Arc<Semaphore> {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = users.get(&uid).and_then(Weak::upgrade) {
            return turn;
        }
        users.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Semaphore::new(1));
        users.insert(uid, Arc::downgrade(&turn));
        turn
    }
}

/// Hashes a file until it is due; the turn is held for as long as the file is read, however slowly.
fn hash(program: File, due: Instant, _turn: OwnedSemaphorePermit) -> io::Result<String> {
    if program.metadata()?.len() > PROGRAM_BYTES {
        return Err(ErrorKind::FileTooLarge.into());
    }
    sha256_of_file(Timed { program, due })
}

/// A file that can be read until it is due.
struct Timed {
    program: File,
    due: Instant,
}

impl io::Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() > self.due {
            return Err(ErrorKind::TimedOut.into());
        }
        self.program.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_is_known_by_its_hash() {
        let program = tempfile::tempfile().unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Some(empty), Programs::default().sha256(1, program).await.as_deref());
    }

    #[tokio::test]
    async fn a_program_that_is_too_large_has_no_hash() {
        let program = tempfile::tempfile().unwrap();
        program.set_len(PROGRAM_BYTES + 1).unwrap();
        assert_eq!(None, Programs::default().sha256(1, program).await);
    }

    #[test]
    fn a_program_that_takes_too_long_has_no_hash() {
        let turn = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let due = Instant::now().checked_sub(Duration::from_millis(1)).unwrap();
        let late = hash(tempfile::tempfile().unwrap(), due, turn);
        assert_eq!(ErrorKind::TimedOut, late.unwrap_err().kind());
    }

    #[tokio::test(start_paused = true)]
    async fn programs_of_one_user_are_hashed_one_at_a_time_and_do_not_hold_up_anothers() {
        let programs = Programs::default();
        let turn = programs.of(1);
        let _reading = turn.acquire().await.unwrap();
        assert_eq!(None, programs.sha256(1, tempfile::tempfile().unwrap()).await);
        assert!(programs.of(2).try_acquire().is_ok());
    }
}
