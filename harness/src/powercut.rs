//! `cargo harness powercut`: what a vault writes is recorded, cut off anywhere, and opened as a power cut left it.
//!
//! ```text
//! vaultd under the shim → tape → cut (what was synced stays; the rest is lost, kept or torn) → image → oracle
//! ```
//!
//! Clients tell the tape what they ask for and what was acknowledged. Each image is opened in this process and must
//! hold what was acknowledged before its cut.

mod chronicle;
mod cut;
mod image;
mod judge;
mod session;
mod tape;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use fastrand::Rng;

use crate::world::shim::Shim;
use chronicle::Knowledge;
use cut::Cut;
use image::{Image, develop, lay_out};
use judge::{Judge, Masters};
use session::{Lie, NotWhole, Recording, WRITERS};
use tape::What;
use xtask::sabotage::noticed;
use xtask::say;
use xtask::workspace::{build_programs, in_memory, root};

/// How many images are taken from one recording.
const IMAGES_EACH: u32 = 125;

/// How often a recording is made until it is whole.
const TRIES: u32 = 3;

/// How many images, and from where on the random numbers are drawn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How many images are opened.
    #[arg(long, default_value_t = 1000)]
    images: u32,
    /// What operations, cuts and tears are drawn from: the same seed draws the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave syncs out and say that they were done: succeeds where the loss is noticed, and shows that it would be.
    #[arg(long)]
    sabotage: bool,
}

/// What came of it.
#[derive(Debug, Default)]
struct Tally {
    images: u32,
    /// Cuts before the vault was made.
    beginnings: u64,
    acknowledged: u64,
    under_way: u64,
    happened: u64,
    records: u64,
}

/// Records, cuts and opens; fails at the first image that lost something.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    build_programs()?;
    let began = Instant::now();
    let shim = Shim::build()?;
    if args.sabotage {
        for lie in [Lie::Files, Lie::Folder] {
            noticed(format_args!("powercut: what was not synced ({lie:?})"), images(args, &shim, lie))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let tally = images(args, &shim, Lie::None)
        .with_context(|| format!("seed {}: a power cut lost something", args.seed))?;
    say::line(format_args!(
        "powercut: {} images of {} changes on the disk, seed {}, {} s: {} acknowledged writes looked for, 0 lost; {} under \
         way, {} of them there whole, the rest not at all; {} cuts before there was a vault; every chain intact",
        tally.images,
        tally.records,
        args.seed,
        began.elapsed().as_secs(),
        tally.acknowledged,
        tally.under_way,
        tally.happened,
        tally.beginnings,
    ));
    Ok(ExitCode::SUCCESS)
}

fn images(args: &Args, shim: &Shim, lie: Lie) -> Result<Tally> {
    let mut random = Rng::with_seed(args.seed);
    let mut tally = Tally::default();
    while tally.images < args.images {
        let recording = recorded(shim, lie, &mut random)?;
        let wanted = IMAGES_EACH.min(args.images - tally.images);
        let cuts: Vec<_> = (0..wanted).map(|_| Cut::draw(&recording.tape, &mut random)).collect();
        tally.records += recording.tape.records.len() as u64;
        judge_all(&recording, &cuts, &mut tally)?;
    }
    Ok(tally)
}

/// Records; again where a daemon was killed between a call and its record, which nothing can be told from.
fn recorded(shim: &Shim, lie: Lie, random: &mut Rng) -> Result<Recording> {
    for _ in 1..TRIES {
        match Recording::make(shim, lie, random) {
            Err(error) if error.is::<NotWhole>() => {
                say::problem(format_args!("powercut: made again: {error}"));
            }
            made => return made,
        }
    }
    Recording::make(shim, lie, random)
}

/// Has each cut judged, by as many threads as there are processors.
fn judge_all(recording: &Recording, cuts: &[Cut], tally: &mut Tally) -> Result<()> {
    let folder = in_memory("vault-powercut-")?;
    let work = Work { recording, masters: Masters::default(), left: Mutex::new(cuts.iter()) };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let done: Vec<Result<Tally>> = std::thread::scope(|scope| {
        let homes = (0..threads).map(|thread| folder.path().join(thread.to_string()));
        let running: Vec<_> = homes.map(|home| scope.spawn(|| work.some(&{ home }))).collect();
        let ended =
            running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| bail!("a judge panicked")));
        ended.collect()
    });
    for part in done {
        tally.add(&part?);
    }
    Ok(())
}

/// What several threads work on.
struct Work<'a> {
    recording: &'a Recording,
    masters: Masters,
    left: Mutex<std::slice::Iter<'a, Cut>>,
}

impl Work<'_> {
    /// Takes one cut after another until there is none left.
    fn some(&self, home: &Path) -> Result<Tally> {
        let judge = Judge::new(&self.masters)?;
        let mut tally = Tally::default();
        while let Some(cut) = self.left.lock().ok().and_then(|mut left| left.next()) {
            let image = develop(&self.recording.tape, cut);
            lay_out(&image, home)?;
            let database = home.join(self.recording.database);
            let judged = judge.compare((home, &database), known_at(self.recording, cut));
            std::fs::remove_dir_all(home)?;
            tally.count(judged.or_else(|error| self.keep(&image, cut, error))?);
        }
        Ok(tally)
    }

    /// Leaves an image in place for whoever looks into it, and ends the work of all.
    fn keep(&self, image: &Image, cut: &Cut, error: anyhow::Error) -> Result<Option<Knowledge>> {
        // Another thread that fails too waits until this image is laid out.
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = [].iter();
        let kept = root().join("target/powercut-failed");
        let _ = std::fs::remove_dir_all(&kept);
        lay_out(image, &kept)?;
        let (of, kept) = (self.recording.tape.records.len(), kept.display());
        Err(error.context(format!("{cut:?} of {of} records; the image is left in {kept}")))
    }
}

/// Gives what clients knew when the power went; `None` before `init` had answered.
fn known_at(recording: &Recording, cut: &Cut) -> Option<Knowledge> {
    let before = recording.tape.records.get(..cut.end)?;
    let last = before.iter().rev().find_map(|record| match record.what {
        What::Event(number) => Some(number),
        _ => None,
    })?;
    Some(Knowledge::after(recording.events.get(..=last)?, WRITERS))
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.images += other.images;
        self.beginnings += other.beginnings;
        self.acknowledged += other.acknowledged;
        self.under_way += other.under_way;
        self.happened += other.happened;
    }

    fn count(&mut self, known: Option<Knowledge>) {
        self.images += 1;
        let Some(known) = known else {
            self.beginnings += 1;
            return;
        };
        self.under_way += known.under_way as u64;
        for ledger in &known.ledgers {
            self.acknowledged += ledger.acknowledged;
            self.happened += ledger.happened;
        }
    }
}
