//! How figures grow with secrets, entries and connections; and what is done to all secrets at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use vault::api::{AuditLog, ListSecrets, LockVault, Operation, Rekey, Resolve, RotateAll, VerifyAudit};
use vault::client::Client;
use vault::domain::OrgScope;
use vault::secret::SecretValue;

use crate::home::{Server, connect};
use crate::load::End;
use crate::plan::{Asking, Bench, Cores, Found};
use crate::rounds::{Sample, Series, Subject, alternate};
use crate::row::{Budget, Row, number};
use crate::{derive, writer};

/// How many connections ask at once along a curve.
const CONNECTIONS: [usize; 4] = [1, 8, 64, 256];
/// How many secrets are sealed afresh at once.
const AFRESH: usize = 10_000;

/// A line of a plot: what it shows, and its points.
#[derive(Debug)]
pub(crate) struct Curve {
    /// How many secrets there are.
    pub(crate) secrets: usize,
    /// Connections, resolves a second, and the p99 in microseconds.
    pub(crate) points: Vec<(usize, f64, f64)>,
}

/// Measures vaults of three sizes.
pub(crate) fn measure(bench: &Bench) -> Result<Found> {
    let place = bench.on_disk();
    let mut found = Found::default();
    let small = Server::vaultd(bench, &place, 100)?;
    let middle = Server::vaultd(bench, &place, AFRESH)?;
    let large = Server::vaultd(bench, &place, bench.many)?;
    for (server, secrets) in [(&small, 100), (&middle, AFRESH), (&large, bench.many)] {
        found.curves.push(curve(bench, server, secrets)?);
    }
    found.rows.push(by_size(bench, &small, &large)?);
    found.rows.extend(pages(bench, &middle, &large)?);
    found.rows.extend(afresh(bench, &middle)?);
    drop((small, middle));
    found.rows.extend(life(bench, large)?);
    Ok(found)
}

fn curve(bench: &Bench, server: &Server, secrets: usize) -> Result<Curve> {
    let question = crate::requests::resolve();
    let mut points = Vec::new();
    for connections in CONNECTIONS {
        let (socket, question, cores) = (&server.socket, &question[..], Cores::All);
        let asking = Asking { socket, question, end: End::Http, connections, cores };
        let [series] = alternate(bench.rounds.min(3), [Subject::new("growth", || bench.ask(asking))])?;
        points.push((connections, series.rate().value, series.p99().value));
    }
    Ok(Curve { secrets, points })
}

fn by_size(bench: &Bench, small: &Server, large: &Server) -> Result<Row> {
    let question = crate::requests::resolve();
    let ask = |server: &Server| {
        let cores = Cores::All;
        bench.ask(Asking {
            socket: &server.socket,
            question: &question,
            end: End::Http,
            connections: 8,
            cores,
        })
    };
    let [few, many] = alternate(
        bench.rounds,
        [Subject::new("100 secrets", || ask(small)), Subject::new("many secrets", || ask(large))],
    )?;
    Ok(Row {
        work: format!("resolve, {} secrets, 8 connections, p50", number(count(bench.many))),
        figure: many.p50().written("µs"),
        floor: format!("100 secrets: {}", few.p50().written("µs")),
        ratio: many.p50().value / few.p50().value,
        budget: Budget::AtMost(1.2),
    })
}

fn pages(bench: &Bench, middle: &Server, large: &Server) -> Result<Vec<Row>> {
    let place = bench.on_disk();
    let first = ListSecrets { limit: Some(100), ..ListSecrets::default() };
    let page = AuditLog { limit: Some(25), org_id: Some(OrgScope::All), ..AuditLog::default() };
    let search = |text: &str| AuditLog {
        search: Some(text.to_owned()),
        ..AuditLog { limit: Some(25), ..AuditLog::default() }
    };
    let (rare, common) = (search("service-0000"), search("uid:"));
    let [list, page, rare, common, commit, verify] = alternate(
        bench.rounds,
        [
            Subject::new("list", || called(middle, &first)),
            Subject::new("audit page", || called(large, &page)),
            Subject::new("audit search", || called(large, &rare)),
            Subject::new("audit search, common", || called(large, &common)),
            Subject::new("one commit", || bench.commit(&place, "group", 1)),
            Subject::new("verify", || called(large, &VerifyAudit::default())),
        ],
    )?;
    let entries = connect(large)?.call(&VerifyAudit::default())?.entries;
    let entries_a_second = f64::from(u32::try_from(entries)?) * verify.rate().value;
    let floor = commit.p50().value + 5000.0;
    Ok(vec![
        Row {
            work: format!("list of {}, the first 100", number(count(AFRESH))),
            figure: list.p50().written("µs"),
            floor: format!("commit {} + 5 ms", commit.p50().written("µs")),
            ratio: list.p50().value / floor,
            budget: Budget::AtMost(1.0),
        },
        within("a page of the log", &page, (entries, 1000.0)),
        within("a search for what few have in the log", &rare, (entries, 50_000.0)),
        within("a search for what all have in the log", &common, (entries, 50_000.0)),
        Row {
            work: format!("verify {} entries", number(f64::from(u32::try_from(entries)?))),
            figure: format!("{} entries per s", number(entries_a_second)),
            floor: "1,000,000 per s".to_owned(),
            ratio: entries_a_second / 1e6,
            budget: Budget::AtLeast(1.0),
        },
    ])
}

/// Compares a page of the log with a time that it may take, in microseconds.
fn within(work: &str, series: &Series, (entries, most): (u64, f64)) -> Row {
    Row {
        work: format!("{work} of {} entries", number(f64::from(u32::try_from(entries).unwrap_or(u32::MAX)))),
        figure: series.p50().written("µs"),
        floor: format!("{} µs", number(most)),
        ratio: series.p50().value / most,
        budget: Budget::AtMost(1.0),
    }
}

/// Measures what seals everything afresh.
fn afresh(bench: &Bench, middle: &Server) -> Result<Vec<Row>> {
    let place = bench.on_disk();
    let rotate = RotateAll { org_id: Some(OrgScope::All) };
    let waits = std::cell::RefCell::new(Vec::new());
    let [rotate, rekey, floor] = alternate(
        bench.rounds.min(5),
        [
            Subject::new("rotate-all", || called(middle, &rotate)),
            Subject::new("rekey", || {
                let key = SecretValue::new(format!("{}{:?}", crate::home::KEY, Instant::now()))?;
                let (rekeyed, wait) =
                    beside_readings(middle, || called(middle, &Rekey { new_key: key.into() }))?;
                waits.borrow_mut().push(wait);
                Ok(rekeyed)
            }),
            Subject::new("one transaction", || in_one_transaction(&place.folder)),
        ],
    )?;
    let row = |work: &str, series: &Series| Row {
        work: format!("{work} of {}", number(count(AFRESH))),
        figure: series.p50().written("µs"),
        floor: format!("the same rows and entries in one transaction: {}", floor.p50().written("µs")),
        ratio: series.p50().value / floor.p50().value,
        budget: Budget::AtMost(2.0),
    };
    let waits = Series::of(waits.into_inner());
    Ok(vec![
        row("rotate-all", &rotate),
        row("rekey", &rekey),
        row("the longest wait of a reading during a rekey", &waits),
    ])
}

/// Does something while another caller reads one secret after the other; gives the longest of these readings too.
fn beside_readings(server: &Server, act: impl FnOnce() -> Result<Sample>) -> Result<(Sample, Sample)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut client = connect(server)?;
            let question = Resolve { name: crate::home::NAME.to_owned(), org_id: None };
            let mut longest = Duration::ZERO;
            while !over.load(Ordering::Relaxed) {
                let start = Instant::now();
                client.call(&question)?;
                longest = longest.max(start.elapsed());
            }
            anyhow::Ok(of(longest))
        });
        let acted = act();
        over.store(true, Ordering::Relaxed);
        let longest = reading.join().map_err(|_| anyhow!("the reader ended by a panic"))??;
        Ok((acted?, longest))
    })
}

/// Writes as many rows and entries to `SQLite` alone, and gives what the transaction took.
fn in_one_transaction(folder: &std::path::Path) -> Result<Sample> {
    const ROW: &str =
        "INSERT INTO secret VALUES (?1, randomblob(16), 'default', 'service-' || ?1, 'custom', '{}', 1, 1,
        'uid:0', 1, 1, NULL, NULL, 1, 'uid:0', x'', randomblob(32), randomblob(32), randomblob(140))";
    const AGAIN: &str = "UPDATE secret SET revision = revision + 1, rotated_at = 2, digest = randomblob(32),
        mac = randomblob(32), sealed = randomblob(140) WHERE key = ?1";
    const LABEL: &str = "INSERT INTO label (id, text) VALUES (?1, 'service-' || ?1)";
    let folder = tempfile::tempdir_in(folder)?;
    let connection = writer::open(&folder.path().join("floor.db"))?;
    connection.execute_batch("BEGIN")?;
    for key in 0..i64::try_from(AFRESH)? {
        connection.prepare_cached(ROW)?.execute([key])?;
        connection.prepare_cached(LABEL)?.execute([writer::LABELS + key])?;
    }
    connection.execute_batch("COMMIT")?;
    let start = Instant::now();
    connection.execute_batch("BEGIN")?;
    for key in 0..AFRESH {
        connection.prepare_cached(AGAIN)?.execute([i64::try_from(key)?])?;
        writer::insert(&connection, (u64::try_from(key)?, writer::LABELS + i64::try_from(key)?))?;
    }
    connection.execute_batch("COMMIT")?;
    Ok(since(start))
}

/// Measures how a large vault starts and locks.
fn life(bench: &Bench, mut large: Server) -> Result<Vec<Row>> {
    let server = std::cell::RefCell::new(&mut large);
    let [start, kdf] = alternate(
        bench.rounds.min(5),
        [
            Subject::new("start", || Ok(of(server.borrow_mut().restart(bench)?))),
            Subject::new("PBKDF2 alone", || {
                let start = Instant::now();
                derive::derive(100_000)?;
                Ok(since(start))
            }),
        ],
    )?;
    let begun = Instant::now();
    connect(&large)?.call(&LockVault {})?;
    let locked = of(begun.elapsed()).p50;
    let floor = kdf.p50().value * 1.1 + 500_000.0;
    Ok(vec![
        Row {
            work: format!("start to ready with {} secrets", number(count(bench.many))),
            figure: start.p50().written("µs"),
            floor: format!("PBKDF2 {} × 1.1 + 500 ms", kdf.p50().written("µs")),
            ratio: start.p50().value / floor,
            budget: Budget::AtMost(1.0),
        },
        Row {
            work: "lock".to_owned(),
            figure: format!("{} µs", number(locked)),
            floor: "100 ms".to_owned(),
            ratio: locked / 100_000.0,
            budget: Budget::AtMost(1.0),
        },
    ])
}

/// Asks a server once, over a connection of its own.
pub(crate) fn called<O: Operation>(server: &Server, operation: &O) -> Result<Sample> {
    let mut client: Client = connect(server)?;
    let start = Instant::now();
    client.call(operation)?;
    Ok(since(start))
}

fn since(start: Instant) -> Sample {
    of(start.elapsed())
}

fn of(time: Duration) -> Sample {
    Sample::of_micros(time.as_secs_f64() * 1e6)
}

/// Gives a count as a number for the table.
fn count(secrets: usize) -> f64 {
    f64::from(u32::try_from(secrets).unwrap_or(u32::MAX))
}
