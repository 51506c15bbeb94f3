//! `cargo harness crash`: a daemon is ended again and again under load, and asked after each start what it still knows.
//!
//! ```text
//! start → traffic (writers, readers, a keeper) → signal → start → oracle (ledger against vault) → traffic …
//! ```
//!
//! Of SIGKILL it learns nothing; SIGTERM it must obey within five seconds. Each writer owns its names and keeps a ledger of them: what was acknowledged, and what was under way when the
//! daemon died. What is under way may have happened or not; what was acknowledged must be there.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;
use nix::sys::signal::Signal;

use crate::world::keeper::Keeper;
use crate::world::ledger::Ledger;
use crate::world::oracle;
use crate::world::restore::{self, Restored};
use crate::world::server::Server;
use crate::world::traffic::{Life, traffic};
use xtask::sabotage::noticed;
use xtask::say;
use xtask::workspace::build_programs;

/// How many writers there are.
const WRITERS: usize = 6;
/// One start in so many is killed before the daemon is ready.
const EARLY: u8 = 8;

/// How long, how, and from where on the random numbers are drawn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How often the daemon is ended.
    #[arg(long, default_value_t = 50)]
    cycles: u32,
    /// What it is ended by.
    #[arg(long, value_enum, default_value_t = Ending::Kill)]
    signal: Ending,
    /// What the operations and the moments are drawn from: the same seed draws the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often one of a hundred operations of the keeper is a rekey; the rest are rotations of all, backups and locks.
    #[arg(long, default_value_t = 20)]
    rekeys: u8,
    /// After how many of a hundred cycles the database is lost and restored from a backup, amid kills.
    #[arg(long, default_value_t = 10)]
    restores: u8,
    /// The longest that a daemon lives under load, in milliseconds.
    #[arg(long, default_value_t = 900)]
    life: u64,
    /// Take the write-ahead log away after each kill, or keep the daemon from hearing SIGTERM: succeeds where that is
    /// noticed, and shows that it would be.
    #[arg(long)]
    sabotage: bool,
}

/// What a daemon is ended by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Ending {
    /// SIGKILL, of which it learns nothing.
    Kill,
    /// SIGTERM: it must end within five seconds, with exit code 0.
    Term,
}

impl Args {
    /// Ends a daemon as was asked for.
    fn end(&self, server: &mut Server) -> Result<()> {
        match self.signal {
            Ending::Kill => server.kill(),
            Ending::Term if self.sabotage => server.signal(Signal::SIGSTOP).and_then(|()| server.end()),
            Ending::Term => server.end(),
        }
    }

    /// Spoils what a killed daemon left, where that was asked for.
    fn spoil(&self, server: &Server) -> Result<()> {
        if self.sabotage && self.signal == Ending::Kill { server.lose_log() } else { Ok(()) }
    }

    /// Says how often and by what the daemon was ended.
    fn ends(&self, tally: &Tally) -> String {
        match self.signal {
            Ending::Kill => format!("{} kills", self.cycles),
            Ending::Term => {
                let slowest = tally.slowest_end.as_millis();
                format!(
                    "{} ends by SIGTERM, each with exit code 0, the slowest after {slowest} ms",
                    self.cycles
                )
            }
        }
    }
}

/// What came of it.
#[derive(Debug, Default)]
struct Tally {
    acknowledged: u64,
    under_way: u64,
    happened: u64,
    rekeys: u64,
    rekeys_under_way: u64,
    rekeys_happened: u64,
    restored: Restored,
    starts_killed: u64,
    slowest_end: Duration,
}

/// Ends and asks, as often as was said; fails at the first thing that is lost.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    build_programs()?;
    let began = Instant::now();
    if args.sabotage {
        let what = match args.signal {
            Ending::Kill => "a log that was taken away",
            Ending::Term => "a daemon that does not end",
        };
        noticed(format_args!("crash: {what}"), cycles(args))?;
        return Ok(ExitCode::SUCCESS);
    }
    let tally = cycles(args).with_context(|| format!("seed {}: a crash lost something", args.seed))?;
    say::line(format_args!(
        "crash: {}; {} starts killed; seed {}, {} s: {} writes acknowledged, 0 lost; {} under way, \
         {} of them done whole, the rest not at all; {} rekeys acknowledged, {} under way, {} of them done; \
         {} restores killed, {} of them done whole, the rest not at all; every chain intact",
        args.ends(&tally),
        tally.starts_killed,
        args.seed,
        began.elapsed().as_secs(),
        tally.acknowledged,
        tally.under_way,
        tally.happened,
        tally.rekeys,
        tally.rekeys_under_way,
        tally.rekeys_happened,
        tally.restored.killed,
        tally.restored.placed,
    ));
    Ok(ExitCode::SUCCESS)
}

/// A home with its daemon, and those who work with it.
struct Stage {
    server: Server,
    ledgers: Vec<Ledger>,
    keeper: Keeper,
    tally: Tally,
}

fn cycles(args: &Args) -> Result<Tally> {
    let mut random = Rng::with_seed(args.seed);
    let mut stage = Stage {
        server: Server::make()?,
        ledgers: (0..WRITERS).map(Ledger::new).collect(),
        keeper: Keeper::new(args.rekeys),
        tally: Tally::default(),
    };
    stage.server.start()?;
    stage.server.wait_until_ready()?;
    for cycle in 1..=args.cycles {
        let lived = stage.live(args, &mut random).with_context(|| format!("in cycle {cycle}"));
        if lived.is_err() && !args.sabotage {
            stage.server.keep();
        }
        lived?;
    }
    Ok(stage.tally())
}

impl Stage {
    /// Lets everybody work until the daemon ends, and asks the next one; one between them may be killed before it is
    /// ready, and the database may be lost and restored.
    fn live(&mut self, args: &Args, random: &mut Rng) -> Result<()> {
        let Self { server, ledgers, keeper, tally } = self;
        let log = oracle::place_of_log(server)?;
        let span = Duration::from_millis(random.u64(0..=args.life));
        let end = |server: &mut Server| args.end(server);
        traffic(server, ledgers, keeper, Life { random: random.fork(), span, end: &end })?;
        args.spoil(server)?;
        if random.u8(0..EARLY) == 0 {
            server.start()?;
            std::thread::sleep(Duration::from_millis(random.u64(0..150)));
            server.kill()?;
            tally.starts_killed += 1;
        }
        server.start()?;
        server.wait_until_ready()?;
        oracle::ask(server, ledgers, keeper, log)?;
        if random.u8(0..100) < args.restores {
            self.restore(random).context("after a restore")?;
        }
        Ok(())
    }

    /// Loses the database and restores it, and asks the daemon that comes next.
    fn restore(&mut self, random: &mut Rng) -> Result<()> {
        let Self { server, ledgers, keeper, tally } = self;
        let log = oracle::place_of_log(server)?;
        let restored = restore::amid_kills(server, random)?;
        tally.restored.killed += restored.killed;
        tally.restored.placed += restored.placed;
        server.start()?;
        server.wait_until_ready()?;
        oracle::ask(server, ledgers, keeper, log)
    }

    fn tally(self) -> Tally {
        let Keeper { rekeys, under_way, happened, .. } = self.keeper;
        let mut tally = Tally {
            rekeys,
            rekeys_under_way: under_way,
            rekeys_happened: happened,
            slowest_end: self.server.slowest_end(),
            ..self.tally
        };
        for ledger in &self.ledgers {
            tally.acknowledged += ledger.acknowledged;
            tally.under_way += ledger.under_way;
            tally.happened += ledger.happened;
        }
        tally
    }
}
