//! `cargo xtask crash`: a daemon is killed again and again under load, and asked after each start what it still knows.
//!
//! ```text
//! start → traffic (writers, readers, a keeper) → SIGKILL → start → oracle (ledger against vault) → traffic …
//! ```
//!
//! Each writer owns its names and keeps a ledger of them: what was acknowledged, and what was under way when the
//! daemon died. What is under way may have happened or not; what was acknowledged must be there.

pub(crate) mod keeper;
pub(crate) mod ledger;
pub(crate) mod oracle;
pub(crate) mod server;
pub(crate) mod witness;
pub(crate) mod writer;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;

use crate::sabotage::noticed;
use crate::say;
use crate::workspace::build_programs;
use keeper::Keeper;
use ledger::Ledger;
use server::Server;

/// How many writers there are.
const WRITERS: usize = 6;
/// How many readers there are.
const READERS: usize = 2;
/// One start in so many is killed before the daemon is ready.
const EARLY: u8 = 8;

/// How long, and from where on the random numbers are drawn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How often the daemon is killed.
    #[arg(long, default_value_t = 50)]
    cycles: u32,
    /// What the operations and the moments are drawn from: the same seed draws the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often one of a hundred operations of the keeper is a rekey; the rest are rotations of all, backups and locks.
    #[arg(long, default_value_t = 20)]
    rekeys: u8,
    /// The longest that a daemon lives under load, in milliseconds.
    #[arg(long, default_value_t = 900)]
    life: u64,
    /// Take the write-ahead log away after each kill: succeeds where that is noticed, and shows that it would be.
    #[arg(long)]
    sabotage: bool,
}

/// What came of it.
#[derive(Debug, Default)]
struct Tally {
    acknowledged: u64,
    under_way: u64,
    happened: u64,
    rekeys: u64,
    starts_killed: u64,
}

/// Kills and asks, as often as was said; fails at the first thing that is lost.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    build_programs()?;
    let began = Instant::now();
    if args.sabotage {
        noticed("crash: a log that was taken away", cycles(args))?;
        return Ok(ExitCode::SUCCESS);
    }
    let tally = cycles(args).with_context(|| format!("seed {}: a crash lost something", args.seed))?;
    say::line(format_args!(
        "crash: {} kills ({} of them at start-up), seed {}, {} s: {} writes acknowledged, 0 lost; {} under way, \
         {} of them done whole, the rest not at all; {} rekeys acknowledged; every chain intact",
        args.cycles,
        tally.starts_killed,
        args.seed,
        began.elapsed().as_secs(),
        tally.acknowledged,
        tally.under_way,
        tally.happened,
        tally.rekeys,
    ));
    Ok(ExitCode::SUCCESS)
}

fn cycles(args: &Args) -> Result<Tally> {
    let mut random = Rng::with_seed(args.seed);
    let mut server = Server::make()?;
    let mut ledgers: Vec<Ledger> = (0..WRITERS).map(Ledger::new).collect();
    let mut keeper = Keeper::new(args.rekeys);
    let mut tally = Tally::default();
    server.start()?;
    server.wait_until_ready()?;
    for cycle in 1..=args.cycles {
        let log = oracle::place_of_log(&server)?;
        let span = Duration::from_millis(random.u64(0..=args.life));
        let life = Life { random: random.fork(), span, end: &Server::kill };
        traffic(&mut server, &mut ledgers, &mut keeper, life)?;
        if args.sabotage {
            server.lose_log()?;
        }
        if random.u8(0..EARLY) == 0 {
            server.start()?;
            std::thread::sleep(Duration::from_millis(random.u64(0..150)));
            server.kill()?;
            tally.starts_killed += 1;
        }
        server.start()?;
        let asked = server
            .wait_until_ready()
            .and_then(|()| oracle::ask(&server, &mut ledgers, &mut keeper, log))
            .with_context(|| format!("after kill {cycle}"));
        if asked.is_err() && !args.sabotage {
            server.keep();
        }
        asked?;
    }
    for ledger in &ledgers {
        tally.acknowledged += ledger.acknowledged;
        tally.under_way += ledger.under_way;
        tally.happened += ledger.happened;
    }
    tally.rekeys = keeper.rekeys;
    Ok(tally)
}

/// How long a daemon works, and how it ends.
pub(crate) struct Life<'a> {
    pub(crate) random: Rng,
    pub(crate) span: Duration,
    pub(crate) end: &'a dyn Fn(&mut Server) -> Result<()>,
}

/// Lets writers, readers and the keeper work until the daemon ends under them.
pub(crate) fn traffic(
    server: &mut Server,
    ledgers: &mut [Ledger],
    keeper: &mut Keeper,
    Life { mut random, span, end }: Life<'_>,
) -> Result<()> {
    let ended = AtomicBool::new(false);
    let socket = server.socket();
    std::thread::scope(|scope| {
        for ledger in ledgers {
            let random = random.fork();
            let (ended, socket) = (&ended, &socket);
            scope.spawn(move || writer::write(ledger, socket, random, ended));
        }
        for _ in 0..READERS {
            let random = random.fork();
            let (ended, socket) = (&ended, &socket);
            scope.spawn(move || writer::read(socket, random, ended));
        }
        let (mut forked, key) = (random.fork(), server.key_file());
        let (ended, socket, keeper) = (&ended, &socket, keeper);
        scope.spawn(move || keeper.work(socket, &key, &mut forked, ended));
        std::thread::sleep(span);
        let over = end(server);
        ended.store(true, Ordering::SeqCst);
        over
    })
}
