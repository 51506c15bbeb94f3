//! `cargo harness steps`: what changes the whole vault, killed right after each call that it makes on a file.
//!
//! ```text
//! arm (the nth call is the last) → rekey, rotate-all, start or restore → start → oracle → the same with the next call …
//! ```
//!
//! Random kills find what takes long; here nothing is too short to be met. A daemon whose last call was made is as one that
//! got SIGKILL at that moment.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use fastrand::Rng;
use vault::api::{Code, RotateAll};
use vault::client::Client;
use vault::domain::OrgScope;
use vault::files;

use crate::world::keeper::Keeper;
use crate::world::ledger::Ledger;
use crate::world::oracle::{self, words};
use crate::world::restore::Lost;
use crate::world::server::Server;
use crate::world::shim::{Act, Call, Control, Lasts, Shim, Strike};
use crate::world::traffic::{Life, traffic};
use xtask::sabotage::noticed;
use xtask::say;
use xtask::workspace::build_programs;

/// How long the vault is filled.
const FILLED_FOR: Duration = Duration::from_millis(60);

/// What is killed, and from where on the random numbers are drawn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// What is killed [default: each of them].
    #[arg(value_enum)]
    what: Vec<What>,
    /// What the vault is filled from: the same seed draws the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Put the old key file back after each kill: succeeds where that is noticed, and shows that it would be.
    #[arg(long)]
    sabotage: bool,
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// A new key.
    Rekey,
    /// Every secret sealed afresh.
    RotateAll,
    /// The start of a daemon, after a kill.
    Start,
    /// A restore beside the key file.
    Restore,
    /// A restore that writes the key file too.
    RestoreWithKey,
}

/// Kills each at each of its calls; fails at the first thing that is lost.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    build_programs()?;
    let shim = Shim::build()?;
    if args.sabotage {
        noticed(
            "steps: a key file that was put back",
            all(&Args { what: vec![What::Rekey], ..args.clone() }, &shim),
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    all(args, &shim).with_context(|| format!("seed {}", args.seed))?;
    Ok(ExitCode::SUCCESS)
}

fn all(args: &Args, shim: &Shim) -> Result<()> {
    let named = if args.what.is_empty() { What::value_variants() } else { &args.what };
    for what in named {
        let mut stage = Stage::make(shim, args)?;
        let began = Instant::now();
        let killed = stage.each_step(*what);
        if killed.is_err() && !args.sabotage {
            stage.server.keep();
        }
        let killed = killed.with_context(|| format!("{what:?}"))?;
        say::line(format_args!(
            "steps: {what:?}: killed after each of {killed} calls, {} s: every write, key and entry is there",
            began.elapsed().as_secs()
        ));
    }
    Ok(())
}

/// A filled vault whose calls can be struck.
struct Stage {
    server: Server,
    control: Control,
    ledgers: Vec<Ledger>,
    keeper: Keeper,
    random: Rng,
    sabotage: bool,
}

impl Stage {
    fn make(shim: &Shim, args: &Args) -> Result<Self> {
        let mut server = Server::make()?;
        let control = Control::make(&server.home().join("shim.control"), &mut server)?;
        shim.watch(&mut server);
        let (ledgers, keeper) = ((0..1).map(Ledger::new).collect(), Keeper::new(0));
        let random = Rng::with_seed(args.seed);
        let mut stage = Self { server, control, ledgers, keeper, random, sabotage: args.sabotage };
        stage.fill()?;
        Ok(stage)
    }

    /// Writes for a while, and learns what is there then.
    fn fill(&mut self) -> Result<()> {
        self.begin()?;
        let log = oracle::place_of_log(&self.server)?;
        let life = Life { random: self.random.fork(), span: FILLED_FOR, end: &Server::kill };
        traffic(&mut self.server, &mut self.ledgers, &mut self.keeper, life)?;
        self.begin()?;
        oracle::ask(&self.server, &mut self.ledgers, &mut self.keeper, log)
    }

    fn begin(&mut self) -> Result<()> {
        self.server.start()?;
        self.server.wait_until_ready()
    }

    /// Kills it after its first call, its second, and so on, until it gets done; gives how many calls it made.
    fn each_step(&mut self, what: What) -> Result<u32> {
        for nth in 1.. {
            let struck = self.step(what, nth).with_context(|| format!("killed after call {nth}"))?;
            if !struck {
                return Ok(nth - 1);
            }
        }
        Ok(u32::MAX)
    }

    /// Kills it after a call, asks the daemon that comes next, and tells whether it came to that call.
    fn step(&mut self, what: What, nth: u32) -> Result<bool> {
        let log = oracle::place_of_log(&self.server)?;
        let old = std::fs::read(self.server.key_file())?;
        let struck = match what {
            What::Rekey | What::RotateAll => self.change(what, nth)?,
            What::Start => self.start(nth)?,
            What::Restore | What::RestoreWithKey => self.restore(what, nth)?,
        };
        if self.sabotage {
            files::replace_private(&self.server.key_file(), &old)?;
        }
        self.begin()?;
        oracle::ask(&self.server, &mut self.ledgers, &mut self.keeper, log)?;
        Ok(struck)
    }

    fn arm(&self, nth: u32) -> Result<()> {
        self.control.arm(Strike { call: Call::Any, act: Act::Die, nth, lasts: Lasts::Once })
    }

    /// Tells whether a call was struck, and strikes none any more.
    fn disarm(&self) -> Result<bool> {
        let struck = self.control.struck()? > 0;
        self.control.clear()?;
        Ok(struck)
    }

    /// Changes the whole vault, by a daemon that is killed meanwhile.
    fn change(&mut self, what: What, nth: u32) -> Result<bool> {
        let mut client = Client::connect(&self.server.socket()).map_err(words)?;
        self.arm(nth)?;
        let done = match what {
            What::Rekey => self.keeper.rekey(&mut client, &mut self.random),
            _ => client.call(&RotateAll { org_id: Some(OrgScope::All) }).map(drop),
        };
        let struck = self.disarm()?;
        match done {
            Err(fault) if !struck || fault.code != Code::Unavailable => return Err(words(fault)),
            _ => {}
        }
        self.server.kill()?;
        Ok(struck)
    }

    /// Starts a daemon that is killed meanwhile, after one that was killed.
    fn start(&mut self, nth: u32) -> Result<bool> {
        self.server.kill()?;
        self.arm(nth)?;
        self.server.start()?;
        let ready = self.server.wait_until_ready();
        let struck = self.disarm()?;
        self.server.kill()?;
        if struck { Ok(true) } else { ready.map(|()| false) }
    }

    /// Loses the database and restores it, killed meanwhile, and again where there is no vault then.
    fn restore(&mut self, what: What, nth: u32) -> Result<bool> {
        let lost = Lost::with(&mut self.server, what == What::RestoreWithKey)?;
        self.arm(nth)?;
        let ended = lost.begin(&self.server)?.wait()?;
        let struck = self.disarm()?;
        ensure!(struck || ended.success(), "the restore ended with {ended}");
        if !self.server.has_database() {
            lost.restore(&self.server)?;
        }
        Ok(struck)
    }
}
