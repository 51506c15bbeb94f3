//! The floor of durability: `SQLite` alone, with the real audit row and its indexes, at the same durability.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;
use hdrhistogram::Histogram;
use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::rounds::Sample;
use crate::say;

const SCHEMA: &str = include_str!("../../../src/store/schema/001_start.sql");
const ROW: &str = "INSERT INTO audit (seq, id, at, org, action, outcome, secret, name, actor, uid, gid, pid, exe, metadata, mac)
    VALUES (NULL, ?1, 1, 1, 'decrypt', 'ok', ?2, ?4, 3, 1000, 1000, 4242, 4, '{\"version\":1,\"revision\":1}', ?3)";
/// The label of the one name that callers ask for.
const NAME: i64 = 2;
/// Labels from this one on are free.
pub(crate) const LABELS: i64 = 5;
/// The most rows that share a commit.
const BATCH: usize = 256;

/// Commits audit rows to `SQLite` alone.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder for the database.
    #[arg(long)]
    folder: PathBuf,
    /// Whether callers share commits.
    #[arg(long)]
    mode: Mode,
    /// How many callers wait at once.
    #[arg(long, default_value = "1")]
    callers: usize,
    /// For how many milliseconds.
    #[arg(long)]
    millis: u64,
}

/// Whether callers share commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// One transaction for all who wait.
    Group,
    /// One transaction a call.
    Single,
}

/// Commits, and prints a sample as JSON.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir_in(&args.folder)?;
    let connection = open(&folder.path().join("floor.db"))?;
    let (sender, jobs) = mpsc::channel();
    let batch = if args.mode == Mode::Group { BATCH } else { 1 };
    let writer = std::thread::spawn(move || write(&connection, &jobs, batch));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sample = runtime.block_on(call(args, sender))?;
    writer.join().ok().context("the writer ended by a panic")??;
    say::line(serde_json::to_string(&sample)?);
    Ok(())
}

/// Opens a database as the vault does.
pub(crate) fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA secure_delete = ON; PRAGMA cache_size = -16384; PRAGMA foreign_keys = ON;",
    )?;
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch(
        "INSERT INTO label (id, text) VALUES (1, 'default'), (2, 'skill:openai:access_token'), (3, 'uid:1000'), (4, '/usr/bin/x');
         INSERT INTO state VALUES (1, 0, zeroblob(32), zeroblob(32), 0, zeroblob(32), zeroblob(32));",
    )?;
    Ok(connection)
}

type Job = oneshot::Sender<()>;

fn write(connection: &Connection, jobs: &mpsc::Receiver<Job>, batch: usize) -> Result<()> {
    let mut seq = 0_u64;
    while let Ok(first) = jobs.recv() {
        let queued = std::iter::once(first).chain(std::iter::from_fn(|| jobs.try_recv().ok()));
        let waiting: Vec<_> = queued.take(batch).collect();
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for _ in &waiting {
            seq += 1;
            insert(connection, (seq, NAME))?;
        }
        let state = "UPDATE state SET seq = ?1, head = randomblob(32), mac = randomblob(32)";
        connection.prepare_cached(state)?.execute([seq.cast_signed()])?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        for caller in waiting {
            let _ = caller.send(());
        }
    }
    Ok(())
}

/// Inserts one row of the log, about the secret of a name's label.
pub(crate) fn insert(connection: &Connection, (seq, name): (u64, i64)) -> Result<()> {
    let mut id = [0_u8; 16];
    id[8..].copy_from_slice(&seq.to_be_bytes());
    let mut secret = [7_u8; 16];
    secret[8..].copy_from_slice(&name.to_be_bytes());
    connection.prepare_cached(ROW)?.execute((id, secret, [9_u8; 32], name))?;
    Ok(())
}

async fn call(args: &Args, writer: mpsc::Sender<Job>) -> Result<Sample> {
    let mut callers = JoinSet::new();
    let time = Duration::from_millis(args.millis);
    for _ in 0..args.callers {
        let writer = writer.clone();
        callers.spawn(async move {
            let mut taken = Histogram::<u64>::new_with_bounds(1, 4_000_000_000, 3)?;
            let (start, mut rows) = (Instant::now(), 0_u32);
            while start.elapsed() < time {
                let asked = Instant::now();
                let (done, committed) = oneshot::channel();
                writer.send(done).ok().context("the writer has ended")?;
                committed.await?;
                taken.saturating_record(u64::try_from(asked.elapsed().as_nanos())?);
                rows += 1;
            }
            anyhow::Ok((taken, f64::from(rows) / start.elapsed().as_secs_f64()))
        });
    }
    drop(writer);
    let mut all = Histogram::<u64>::new_with_bounds(1, 4_000_000_000, 3)?;
    let mut rate = 0.0;
    while let Some(done) = callers.join_next().await {
        let (one, rows_a_second) = done??;
        all.add(one)?;
        rate += rows_a_second;
    }
    let micros =
        |quantile: f64| f64::from(u32::try_from(all.value_at_quantile(quantile)).unwrap_or(u32::MAX)) / 1e3;
    Ok(Sample { rate, p50: micros(0.5), p99: micros(0.99) })
}
