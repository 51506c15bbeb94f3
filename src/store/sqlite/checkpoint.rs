//! Checkpoints, on a connection and a thread of their own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::place::Place;

/// The most time that readers may hold up an erasure before the answer says so.
const PATIENCE: Duration = Duration::from_secs(2);

/// The frames of a write-ahead log that is to begin anew: 4 MiB.
const LONG: i64 = 1024;

/// Set where the log is long and nearly all of it is in the database: whoever writes may begin it anew.
pub(super) type Long = Arc<AtomicBool>;

/// What the thread is asked for.
#[derive(Debug)]
pub(super) enum Job {
    /// Move pages into the database, as far as readers let it.
    Trim,
    /// Move all of them and empty the log, so that nothing deleted is left in it.
    Erase(oneshot::Sender<bool>),
    /// End.
    Stop,
}

/// What the thread works with.
pub(super) struct Setup {
    pub(super) place: Arc<Place>,
    pub(super) connection: Connection,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) long: Long,
}

pub(super) fn spawn(setup: Setup) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name("checkpoint".to_owned()).spawn(move || run(&setup))
}

fn run(setup: &Setup) {
    let Setup { place, connection, jobs, .. } = setup;
    let _ = connection.busy_timeout(PATIENCE);
    while let Ok(first) = jobs.recv() {
        let mut waiting = Vec::new();
        let mut stop = false;
        for job in std::iter::once(first).chain(jobs.try_iter()) {
            match job {
                Job::Trim => {}
                Job::Erase(reply) => waiting.push(reply),
                Job::Stop => stop = true,
            }
        }
        checkpoint(setup, waiting);
        if stop {
            place.before_close(connection);
            return;
        }
    }
}

/// Runs one checkpoint that serves all who wait.
fn checkpoint(Setup { place, connection, long, .. }: &Setup, waiting: Vec<oneshot::Sender<bool>>) {
    let mode = if waiting.is_empty() { "PASSIVE" } else { "TRUNCATE" };
    let moved = place.checkpoint(|| {
        connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
    });
    if let Err(error) = &moved {
        tracing::warn!(%error, "a checkpoint did not finish");
    }
    long.store(moved.as_ref().is_ok_and(|(_, frames)| *frames >= LONG), Ordering::Release);
    let done = matches!(moved, Ok((0, _)));
    for reply in waiting {
        let _ = reply.send(done);
    }
}

#[cfg(test)]
mod tests {
    use crate::store::SqliteStore;

    #[test]
    fn a_store_that_closes_leaves_no_write_ahead_log() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..200 {
            drop(SqliteStore::open(&folder.path().join("vault.db")).unwrap());
            assert!(!folder.path().join("vault.db-wal").exists());
        }
    }
}
