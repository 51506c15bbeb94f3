//! Checkpoints, on a connection and a thread of their own.

use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

/// The most time that readers may hold up an erasure before the answer says so.
const PATIENCE: Duration = Duration::from_secs(2);

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

pub(super) fn spawn(connection: Connection, jobs: mpsc::Receiver<Job>) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name("checkpoint".to_owned()).spawn(move || run(&connection, &jobs))
}

fn run(connection: &Connection, jobs: &mpsc::Receiver<Job>) {
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
        checkpoint(connection, waiting);
        if stop {
            return;
        }
    }
}

/// Runs one checkpoint that serves all who wait.
fn checkpoint(connection: &Connection, waiting: Vec<oneshot::Sender<bool>>) {
    let mode = if waiting.is_empty() { "PASSIVE" } else { "TRUNCATE" };
    let held_up =
        connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get::<_, i64>(0));
    if let Err(error) = &held_up {
        tracing::warn!(%error, "a checkpoint did not finish");
    }
    let done = matches!(held_up, Ok(0));
    for reply in waiting {
        let _ = reply.send(done);
    }
}
