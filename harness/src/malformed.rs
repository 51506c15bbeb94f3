//! `cargo harness malformed`: requests of every operation, mangled, over the real socket.
//!
//! ```text
//! corpus (one request of each operation) → mangle (fields, HTTP, bytes) → socket → judge (each answer) → unchanged?
//! ```
//!
//! Requests come in batches of one operation each. After a batch in which nothing valid was, the vault must be as it
//! was before; some secrets are named in no request, and must be as they were after all of them.

mod corpus;
mod fields;
mod held;
mod judge;
mod mangle;
mod wire;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use serde_json::Value;

use corpus::{Corpus, Example};
use held::Held;
use judge::Judged;
use xtask::sabotage::noticed;
use xtask::say;
use xtask::workspace::build_programs;

/// How many requests one batch has.
const BATCH: u32 = 40;
/// How many of them are under way at once; a batch of an operation that costs much has no more.
const AT_ONCE: u32 = 4;

/// How many, and from where on the random numbers are drawn.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How many requests are sent.
    #[arg(long, default_value_t = 100_000)]
    requests: u32,
    /// What they are drawn from: the same seed draws the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Change a secret behind the campaign's back: succeeds where that is noticed, and shows that it would be.
    #[arg(long)]
    sabotage: bool,
}

/// What came of it.
#[derive(Debug, Default)]
struct Tally {
    sent: u32,
    refused: u32,
    served: u32,
    silent: u32,
    closed: u32,
    unchanged: u32,
}

/// Sends as many requests as was said; fails at the first answer or change that is not as it has to be.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    build_programs()?;
    let began = Instant::now();
    let ended = campaign(args);
    if args.sabotage {
        noticed("malformed: a change that no request made", ended)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Tally { sent, refused, served, silent, closed, unchanged } =
        ended.with_context(|| format!("seed {}", args.seed))?;
    say::line(format_args!(
        "malformed: {sent} requests, seed {}, {} s: {refused} errors and {served} successes, all of the interface's form; \
         {silent} notifications; {closed} unfinished requests closed without an answer; {unchanged} batches that \
         changed nothing; 0 panics, every secret as it was",
        args.seed,
        began.elapsed().as_secs(),
    ));
    Ok(ExitCode::SUCCESS)
}

fn campaign(args: &Args) -> Result<Tally> {
    let mut random = Rng::with_seed(args.seed);
    let mut vault = Held::make()?;
    let mut corpus = Corpus::of(&vault)?;
    let mut tally = Tally::default();
    while tally.sent < args.requests {
        let before = vault.look()?;
        let example = corpus.draw(&mut random)?;
        let changed = batch(&vault, example, &mut random, &mut tally)?;
        if args.sabotage {
            vault.sabotage()?;
        }
        vault.is_alive().with_context(|| example.method)?;
        if !changed {
            let after = vault.look()?;
            ensure!(
                before == after,
                "refused requests of {} changed the vault: {}",
                example.method,
                difference(&before, &after)
            );
            tally.unchanged += 1;
        }
        corpus.mend(&mut vault)?;
    }
    vault.is_as_it_was()?;
    Ok(tally)
}

/// Says in what two looks at the vault differ.
fn difference(before: &Value, after: &Value) -> String {
    let lists = |look: &Value| {
        let entries =
            ["/secrets/secrets", "/agents"].map(|at| look.pointer(at).and_then(Value::as_array).cloned());
        entries.into_iter().flatten().flatten().collect::<Vec<_>>()
    };
    let (before_it, after_it) = (lists(before), lists(after));
    let only = |some: &[Value], others: &[Value]| {
        some.iter().filter(|one| !others.contains(one)).map(Value::to_string).collect::<Vec<_>>().join(", ")
    };
    let (gone, new) = (only(&before_it, &after_it), only(&after_it, &before_it));
    format!("locked: {} and {}; before: {gone}; after: {new}", before["locked"], after["locked"])
}

/// Sends a batch, some at once; tells whether any of it may have changed something.
fn batch(vault: &Held, example: &Example, random: &mut Rng, tally: &mut Tally) -> Result<bool> {
    let each = if example.costly { 1 } else { BATCH / AT_ONCE };
    let answers: Vec<Result<Judged>> = std::thread::scope(|scope| {
        let senders = (0..AT_ONCE).map(|_| {
            let mut random = random.fork();
            let send = move || (0..each).map(|_| one(vault, example, &mut random)).collect::<Vec<_>>();
            scope.spawn(send)
        });
        let senders: Vec<_> = senders.collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap_or_default()).collect()
    });
    ensure!(answers.len() == (each * AT_ONCE) as usize, "a sender ended by a panic");
    let mut changed = false;
    for answer in answers {
        let judged = answer?;
        tally.sent += 1;
        tally.refused += judged.errors;
        tally.served += judged.successes;
        tally.silent += u32::from(judged.silent);
        tally.closed += u32::from(judged.closed);
        changed |= judged.silent || (judged.successes > 0 && example.writes) || judged.wrote;
    }
    Ok(changed)
}

fn one(vault: &Held, example: &Example, random: &mut Rng) -> Result<Judged> {
    let request = mangle::request(example, random);
    let answer = wire::exchange(&vault.socket(), &request)?;
    judge::judge(&request, &answer, &vault.marks).with_context(|| {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes.get(..2000).unwrap_or(bytes)).into_owned();
        format!("asked: {:?}\nanswered: {:?}", shown(&request), shown(&answer))
    })
}
