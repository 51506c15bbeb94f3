//! `cargo harness damage`: a vault's file is hurt in thousands of ways, and asked after each of them.
//!
//! ```text
//! stock (one vault, known whole) → copy → one hurt → open in this process → ask all that it knows
//! ```
//!
//! What the vault hands out must be right or refused in words; what was hurt must be told; the rest must be readable.
//! The master key is derived once and given to each copy, so that no time goes into rounds.

mod ask;
mod blind;
mod field;
mod flip;
mod format;
mod log;
mod loss;
mod page;
mod panics;
mod room;
mod sabotage;
mod stock;
mod tree;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use fastrand::Rng;

use stock::Stock;
use xtask::say;

/// How much is hurt, and from where on the random numbers are drawn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How often a bit of each class of field is flipped.
    #[arg(long, default_value_t = 60)]
    flips: u32,
    /// How often a page, a bit anywhere, the end or the write-ahead log of the file is hurt.
    #[arg(long, default_value_t = 500)]
    pages: u32,
    /// How often a bit of a page is flipped, of each type of page in turn.
    #[arg(long, default_value_t = 2000)]
    page_flips: u32,
    /// How often two pointers of a page are exchanged.
    #[arg(long, default_value_t = 500)]
    swaps: u32,
    /// How often a log of 10,000 entries is tampered with.
    #[arg(long, default_value_t = 1000)]
    tampers: u32,
    /// What the places are drawn from: the same seed draws the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Undo what was hurt, or forge what is stored: succeeds where each is noticed, and shows that it would be.
    #[arg(long)]
    sabotage: bool,
}

/// Hurts and asks, as often as was said; fails at the first thing that is wrong or untold.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    panics::count();
    if args.sabotage {
        return sabotage::run(args.seed);
    }
    let mut random = Rng::with_seed(args.seed);
    let stock = Stock::make()?;
    stock.check_sound()?;
    let seeded = || format!("seed {}", args.seed);
    timed("flips", || flip::campaign(&stock, args.flips, &mut random)).with_context(seeded)?;
    timed("pages", || page::campaign(&stock, args.pages, &mut random)).with_context(seeded)?;
    let trees = tree::Times { flips: args.page_flips, swaps: args.swaps };
    timed("trees", || tree::campaign(trees, &mut random)).with_context(seeded)?;
    timed("tampers", || log::campaign(args.tampers, &mut random)).with_context(seeded)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a campaign and prints what it says of itself, with its seconds.
fn timed(name: &str, campaign: impl FnOnce() -> Result<String>) -> Result<()> {
    let began = Instant::now();
    let summary = campaign()?;
    say::line(format_args!("damage: {name}: {summary} ({} s)", began.elapsed().as_secs()));
    Ok(())
}
