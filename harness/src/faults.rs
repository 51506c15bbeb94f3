//! `cargo harness faults`: the disk refuses the first to the twentieth call of a kind, and what follows must be honest.
//!
//! ```text
//! arm (call, error, nth) → writers, readers, backups → clear → serves again? → oracle (ledger against vault)
//! ```

mod home;
mod work;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use fastrand::Rng;
use nix::errno::Errno;

use crate::world::shim::{Act, Call, Lasts, Shim, Strike};
use home::{Home, Tally};
use xtask::sabotage::noticed;
use xtask::say;
use xtask::workspace::build_programs;

/// The calls that fail.
const CALLS: [Call; 4] = [Call::Write, Call::Sync, Call::Truncate, Call::Open];
/// What they fail with.
const ERRORS: [Errno; 4] = [Errno::EIO, Errno::ENOSPC, Errno::EROFS, Errno::EDQUOT];
/// The last call, counted from the moment when all is ready, that is the first to fail.
const NTH: u32 = 20;
/// How many runs are made on one home, whose log grows.
const RUNS_EACH: u32 = 10;

/// How many runs, and from where on the random numbers are drawn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How many of the 320 runs are made, drawn at random [default: all].
    #[arg(long)]
    runs: Option<usize>,
    /// What runs and operations are drawn from: the same seed draws the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Drop writes and say that they were done: succeeds where that is noticed, and shows that it would be.
    #[arg(long)]
    sabotage: bool,
}

/// Makes the runs; fails at the first that was not honest.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    build_programs()?;
    let began = Instant::now();
    let shim = Shim::build()?;
    if args.sabotage {
        noticed("faults: writes that were dropped", runs(args, &shim))?;
        return Ok(ExitCode::SUCCESS);
    }
    let tally = runs(args, &shim).with_context(|| format!("seed {}", args.seed))?;
    say::line(format_args!(
        "faults: {} runs, seed {}, {} s: a call failed in {}; {} writes acknowledged, 0 lost; {} values handed out, each \
         with its entry; refused: {:?}; {} starts amid failures, {} of them served; {} new starts were needed",
        tally.runs,
        args.seed,
        began.elapsed().as_secs(),
        tally.struck,
        tally.acknowledged,
        tally.handed_out,
        tally.refused,
        tally.starts.0,
        tally.starts.1,
        tally.restarts,
    ));
    Ok(ExitCode::SUCCESS)
}

fn runs(args: &Args, shim: &Shim) -> Result<Tally> {
    let mut random = Rng::with_seed(args.seed);
    let strikes = drawn(args, &mut random);
    let mut tally = Tally::default();
    for some in strikes.chunks(RUNS_EACH as usize) {
        let mut home = Home::make(shim)?;
        for strike in some {
            let done = home.run(*strike, &mut random, &mut tally);
            if done.is_err() && !args.sabotage {
                home.server.keep();
            }
            done.with_context(|| format!("{strike:?}"))?;
        }
        home.count(&mut tally);
    }
    Ok(tally)
}

/// Lists the runs, or draws some of them.
fn drawn(args: &Args, random: &mut Rng) -> Vec<Strike> {
    let mut all = Vec::new();
    for call in CALLS {
        for error in ERRORS {
            let strike = |nth| Strike { call, act: Act::Fail(error), nth, lasts: Lasts::Once };
            all.extend((1..=NTH).map(strike));
        }
    }
    if args.sabotage {
        all.retain(|strike| strike.call == Call::Write);
        for strike in &mut all {
            strike.act = Act::Pretend;
        }
    }
    if let Some(runs) = args.runs {
        random.shuffle(&mut all);
        all.truncate(runs);
    }
    all
}
