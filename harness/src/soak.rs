//! `cargo harness soak`: mixed work through every face for a long time, after which nothing has grown or gone missing.
//!
//! ```text
//! fill → warm-up → rest (memory, descriptors) → traffic (workers, keeper, editor of the key file, follower) → rest → oracle
//! ```

mod edits;
mod face;
mod gauge;
mod keeper;
mod record;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fastrand::Rng;
use vault::api::{DeleteSecret, StatusOf, VerifyAudit};
use vault::client::Client;
use vault::domain::SecretName;

use crate::world::keeper::{Keeper, key_in, secret};
use crate::world::ledger::Ledger;
use crate::world::oracle::{self, words};
use crate::world::server::Server;
use crate::world::writer;
use edits::{Edited, Editor};
use face::Speech;
use gauge::Taken;
use keeper::Kept;
use record::{Goal, Record};
use xtask::sabotage::noticed;
use xtask::say;
use xtask::workspace::{build_programs, build_release};

/// How the workers speak, each one for itself.
const WORKERS: [Speech; 6] =
    [Speech::Stream, Speech::Http, Speech::Posted, Speech::Stream, Speech::Http, Speech::Posted];
/// How many secrets fill the caches of the database, and how large each is: together more than what is cached.
const FILLINGS: usize = 320;
const FILLING_BYTES: usize = 60_000;
/// How many walks along the log go on at once before the daemon is first measured: each reading connection that it keeps is
/// open then.
const WALKS: usize = 12;
/// How many connections are leaked.
const LEAKS: usize = 5;

/// How long, and from where on the random numbers are drawn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How many minutes it lasts after the warm-up.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// How many requests are served after the warm-up, however long that takes.
    #[arg(long, conflicts_with = "minutes")]
    requests: Option<u64>,
    /// How many requests are served before memory and descriptors are first measured.
    #[arg(long, default_value_t = 50_000)]
    warm_up: u64,
    /// What the operations and edits are drawn from: the same seed draws the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Work with the daemon that is built for release, which serves a million requests in minutes.
    #[arg(long)]
    release: bool,
    /// Leave connections open: succeeds where that is noticed, and shows that a leak would be.
    #[arg(long)]
    sabotage: bool,
}

impl Args {
    fn goal(&self) -> Goal {
        self.requests.map_or(Goal::Time(Duration::from_mins(self.minutes)), Goal::Requests)
    }
}

/// What came of it.
struct Outcome {
    record: Record,
    took: Duration,
    edited: Edited,
    kept: Kept,
    followed: u64,
    before: Taken,
    after: Taken,
    entries: u64,
}

/// Works for as long as was said; fails at the first wrong answer, and where anything has grown.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    build_programs()?;
    if args.release {
        build_release(&["vaultd", "vaultctl"])?;
    }
    if args.sabotage {
        noticed("soak: connections that are never closed", soak(args))?;
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = soak(args).with_context(|| format!("seed {}", args.seed))?;
    let Outcome { record, took, edited, kept, followed, before, after, entries } = outcome;
    let (first, last) = record.slowest_of_quarters();
    say::line(format_args!(
        "soak: {} requests served, refused {}, none without a cause, 0 lost, every value right; seed {}, {} s; {} edits of the key file, {} of \
         them nonsense; {} locks, {} of them held while the key file changed; {} SIGHUPs, {} rotations of all, {} backups; \
         {} entries followed without a gap; {before}, then {after}; 99 of 100 within {} ms in the first quarter, {} ms \
         in the last{}; a log of {entries} entries, intact",
        record.served(),
        record.refused(),
        args.seed,
        took.as_secs(),
        edited.edits,
        edited.nonsense,
        kept.locks,
        kept.held,
        kept.hang_ups,
        kept.rotations,
        kept.backups,
        followed,
        first.as_millis(),
        last.as_millis(),
        if last > 2 * first { " (slower)" } else { "" },
    ));
    Ok(ExitCode::SUCCESS)
}

/// A daemon, and those who work with it.
struct Stage {
    server: Server,
    ledgers: Vec<Ledger>,
    keeper: Keeper,
    random: Rng,
}

fn soak(args: &Args) -> Result<Outcome> {
    let mut stage = Stage {
        server: Server::make_in_memory()?,
        ledgers: (0..WORKERS.len()).map(Ledger::new).collect(),
        keeper: Keeper::new(0),
        random: Rng::with_seed(args.seed),
    };
    if args.release {
        stage.server.use_release();
    }
    stage.server.start()?;
    stage.server.wait_until_ready()?;
    let outcome = stage.live(args);
    if outcome.is_err() && !args.sabotage {
        stage.server.keep();
    }
    outcome
}

impl Stage {
    /// Warms up, works, and compares what the daemon takes and holds with what it did and should.
    fn live(&mut self, args: &Args) -> Result<Outcome> {
        let place = oracle::place_of_log(&self.server)?;
        self.fill()?;
        self.traffic(&Record::begin(Goal::Requests(args.warm_up))).context("in the warm-up")?;
        self.walk()?;
        let before = Taken::at_rest(&self.server)?;
        let record = Record::begin(args.goal());
        let (edited, kept, followed) = self.traffic(&record)?;
        let took = record.elapsed();
        let leaked = if args.sabotage { self.leak()? } else { Vec::new() };
        let after = Taken::at_rest(&self.server)?;
        drop(leaked);
        oracle::ask(&self.server, &mut self.ledgers, &mut self.keeper, place)?;
        let verified = Client::connect(&self.server.socket())
            .and_then(|mut client| client.call(&VerifyAudit::default()));
        let entries = verified.map_err(words)?.entries;
        after.is_no_more_than(before)?;
        Ok(Outcome { record, took, edited, kept, followed, before, after, entries })
    }

    /// Stores much and deletes it: what the database caches grows until it is full, whatever else is done.
    fn fill(&self) -> Result<()> {
        let mut client = Client::connect(&self.server.socket()).map_err(words)?;
        let mut stored = Vec::new();
        for number in 0..FILLINGS {
            let name = SecretName::try_from(format!("filling {number}"))?;
            let value = secret("x".repeat(FILLING_BYTES)).map_err(words)?;
            stored.push(client.call(&writer::create(name, value)).map_err(words)?.entry.id);
        }
        for id in stored {
            client.call(&DeleteSecret { secret: id.into() }).map_err(words)?;
        }
        Ok(())
    }

    /// Verifies the log several times at once.
    fn walk(&self) -> Result<()> {
        let socket = self.server.socket();
        let verify = || Client::connect(&socket).and_then(|mut client| client.call(&VerifyAudit::default()));
        std::thread::scope(|scope| {
            let walks: Vec<_> = (0..WALKS).map(|_| scope.spawn(verify)).collect();
            walks.into_iter().try_for_each(|walk| match walk.join() {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(fault)) => Err(words(fault)),
                Err(_) => bail!("a thread panicked"),
            })
        })
    }

    /// Lets everybody work until it is over, and waits until the vault is open and well.
    fn traffic(&mut self, record: &Record) -> Result<(Edited, Kept, u64)> {
        let Self { server, ledgers, random, .. } = self;
        let (server, socket) = (&*server, &*server.socket());
        let place = oracle::place_of_log(server)?;
        let editor = Editor::of(server.key_file())?;
        let key = key_in(&server.key_file()).map_err(words)?;
        let done = std::thread::scope(|scope| {
            let workers = ledgers.iter_mut().zip(WORKERS).map(|(ledger, speech)| {
                let random = random.fork();
                scope.spawn(move || watched(record, || work::work(ledger, (speech, socket), random, record)))
            });
            let workers: Vec<_> = workers.collect();
            let (one, other) = (random.fork(), random.fork());
            let edited = scope.spawn(move || watched(record, || editor.work(one, record)));
            let kept =
                scope.spawn(|| watched(record, || keeper::keep(server, key.value().expose(), other, record)));
            let followed = scope.spawn(move || watched(record, || keeper::follow(socket, place, record)));
            for worker in workers {
                joined(worker)?;
            }
            Ok::<_, anyhow::Error>((joined(edited)?, joined(kept)?, joined(followed)?))
        })?;
        gauge::settles(server)?;
        Ok(done)
    }

    /// Opens connections that are not closed before the daemon is measured.
    fn leak(&self) -> Result<Vec<Client>> {
        let leak = || {
            let mut client = Client::connect(&self.server.socket())?;
            client.call(&StatusOf::default())?;
            Ok(client)
        };
        (0..LEAKS).map(|_| leak().map_err(words)).collect()
    }
}

/// Has everybody stop where one fails.
fn watched<T>(record: &Record, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let done = work();
    if done.is_err() {
        record.stop();
    }
    done
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|_| bail!("a thread panicked"))
}
