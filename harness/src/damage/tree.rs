//! Pages of every type, damaged part by part: their headers, their pointers, their cells, their free space.
//!
//! What a vault does not return then is named, a check reports it, and nothing of it is given away.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;

use super::ask::{self, Said};
use super::format::{KINDS, Kind, PAGE, PARTS, Page, Part, pages};
use super::loss::{self, Accepted};
use super::stock::Stock;

/// The tables that hold what a vault stores, without its log.
const TABLES: [&str; 8] = ["vault", "slot", "audit_key", "state", "secret", "version", "agent", "tally"];
/// How often a place is drawn until there is one.
const TRIES: usize = 1000;
/// How much of what a vault said is shown.
const SAID: usize = 6;
/// How many failures are shown.
const SHOWN: usize = 60;

/// How often a bit of a page is flipped, and how often two of its pointers are exchanged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// The flips.
    pub(super) flips: u32,
    /// The exchanges.
    pub(super) swaps: u32,
}

/// What is done to a page.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Flip(Part),
    SwapCells,
    SwapChildren,
}

/// What became of the damage to pages of one type.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    runs: u32,
    shut: u32,
    reported: u32,
    unused: u32,
    whole: u32,
    named: u32,
    refused: u32,
}

impl Tally {
    fn add(&mut self, other: Self) {
        let Self { runs, shut, reported, unused, whole, named, refused } = other;
        self.runs += runs;
        self.shut += shut;
        self.reported += reported;
        self.unused += unused;
        self.whole += whole;
        self.named += named;
        self.refused += refused;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, shut, reported, unused, whole, named, refused } = self;
        write!(
            f,
            "{runs:5} damaged, {shut:4} vaults shut, {unused:4} in what nothing uses, {reported:4} served and reported: \
             {whole} whole after the loss was accepted, {named} without what was named, {refused} to be restored"
        )
    }
}

/// A vault and its pages by type.
pub(super) struct Forest {
    /// The vault.
    pub(super) stock: Stock,
    pages: Vec<Page>,
}

/// Damages pages, with a vault on each processor; fails at a wrong value, a silent loss or a panic.
pub(super) fn campaign(times: Times, random: &mut Rng) -> Result<String> {
    let workers = u32::try_from(std::thread::available_parallelism()?.get()).unwrap_or(1);
    let tallies = std::thread::scope(|scope| {
        let forks: Vec<_> = (0..workers).map(|worker| (worker, random.fork())).collect();
        let working: Vec<_> = forks
            .into_iter()
            .map(|(worker, mut random)| {
                scope.spawn(move || {
                    Forest::make()?.damage(times, (worker..).step_by(workers as usize), &mut random)
                })
            })
            .collect();
        let ended =
            working.into_iter().map(|one| one.join().unwrap_or_else(|_| bail!("it ended by a panic")));
        ended.collect::<Vec<_>>()
    });
    let failed: Vec<_> =
        tallies.iter().filter_map(|worker| Some(format!("{:#}", worker.as_ref().err()?))).collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    let mut all = BTreeMap::<Kind, Tally>::new();
    for (kind, tally) in tallies.into_iter().flatten().flatten() {
        all.entry(kind).or_default().add(tally);
    }
    let Times { flips, swaps } = times;
    let mut words =
        format!("{flips} bits, {swaps} exchanged pointers: 0 wrong values, 0 silent losses, 0 panics");
    for (kind, tally) in all {
        write!(words, "\n  {kind:14} {tally}")?;
    }
    Ok(words)
}

impl Forest {
    /// Makes the vault; fails if it lacks pages of a type.
    pub(super) fn make() -> Result<Self> {
        let stock = Stock::large()?;
        stock.check_sound()?;
        stock.room.put(&stock.files)?;
        let pages = pages(&stock.room.edit()?, &stock.files.database, &TABLES)?;
        for kind in KINDS {
            ensure!(pages.iter().any(|page| page.kind == kind), "the vault has no {kind} page");
        }
        for owner in ["secret", "version", "agent", "sqlite_autoindex_secret_1", "secret_state"] {
            let of = |page: &&Page| page.owner == owner;
            ensure!(pages.iter().filter(of).count() > 1, "{owner} has one page");
        }
        Ok(Self { stock, pages })
    }

    /// Damages the runs that are its share, and goes on after a failure, to show more than the first.
    fn damage(
        &self,
        times: Times,
        runs: impl Iterator<Item = u32>,
        random: &mut Rng,
    ) -> Result<BTreeMap<Kind, Tally>> {
        let mut tallies = BTreeMap::<Kind, Tally>::new();
        let mut failures = Vec::new();
        for run in runs.take_while(|run| *run < times.flips + times.swaps) {
            let (damage, kind) = plan(run, times);
            match self.one(damage, kind, random) {
                Ok((kind, tally)) => tallies.entry(kind).or_default().add(tally),
                Err(failure) => failures.push(format!("{failure:#}")),
            }
            ensure!(failures.len() < SHOWN, "{}", failures.join("\n"));
        }
        ensure!(failures.is_empty(), "{}", failures.join("\n"));
        Ok(tallies)
    }

    /// Damages a copy once, asks for everything, and accepts the loss.
    fn one(&self, damage: Damage, kind: Kind, random: &mut Rng) -> Result<(Kind, Tally)> {
        let (page, bytes, what) = self.damaged(damage, kind, random)?;
        let mut files = self.stock.files.clone();
        if let Some(place) = files.database.get_mut(page.place()) {
            place.copy_from_slice(&bytes);
        }
        self.stock.room.put(&files)?;
        let judged = self
            .judge()
            .with_context(|| format!("{what} of page {}, {} of `{}`", page.number, page.kind, page.owner));
        Ok((page.kind, judged?))
    }

    /// Damages a random page of a type, or of another one if none of that type can be damaged so.
    fn damaged(&self, damage: Damage, kind: Kind, random: &mut Rng) -> Result<(&Page, Vec<u8>, String)> {
        for _ in 0..TRIES {
            let Some(page) = self.draw(kind, random) else { continue };
            let mut bytes = self.stock.files.database.get(page.place()).unwrap_or_default().to_vec();
            let what = match damage {
                Damage::Flip(part) => {
                    let place = page.part_or_any(&bytes, part);
                    flip(&mut bytes, place, random)
                }
                Damage::SwapCells => {
                    let pointers = page.cell_pointers(&bytes);
                    swap(&mut bytes, &pointers, random)
                }
                Damage::SwapChildren => {
                    let pointers = page.child_pointers(&bytes);
                    swap(&mut bytes, &pointers, random)
                }
            };
            if let Some(what) = what {
                return Ok((page, bytes, format!("{damage:?}: {what}")));
            }
        }
        bail!("{damage:?} of {kind}: there is nothing to damage")
    }

    /// Draws a table or an index that has pages of a type, and then one of them.
    fn draw(&self, kind: Kind, random: &mut Rng) -> Option<&Page> {
        let pages: Vec<_> = self.pages.iter().filter(|page| page.kind == kind).collect();
        let mut owners: Vec<_> = pages.iter().map(|page| &page.owner).collect();
        owners.dedup();
        let owner = random.choice(owners)?;
        let of_owner: Vec<_> = pages.iter().copied().filter(|page| page.owner == *owner).collect();
        random.choice(of_owner)
    }

    /// Asks the damaged copy for everything, and judges what it said.
    fn judge(&self) -> Result<Tally> {
        let said = ask::ask(&self.stock, None)?;
        is_reported(&self.stock, &said)?;
        let mut tally = Tally { runs: 1, ..Tally::default() };
        if said.shut {
            tally.shut = 1;
        } else if said.told.is_empty() {
            tally.unused = 1;
        } else {
            tally.reported = 1;
            match loss::accept(&self.stock, &said)? {
                Accepted::Whole => tally.whole = 1,
                Accepted::Named => tally.named = 1,
                Accepted::Refused => tally.refused = 1,
            }
        }
        Ok(tally)
    }

    /// Exchanges two entries of the index on names, and judges what is said of it.
    pub(super) fn hide(&self) -> Result<()> {
        self.exchange_names(Page::cell_pointers)
    }

    /// Leads two names to each other's rows, and judges what is said of it.
    pub(super) fn mislead(&self) -> Result<()> {
        self.exchange_names(Page::places)
    }

    fn exchange_names(&self, places: fn(&Page, &[u8]) -> Vec<Range<usize>>) -> Result<()> {
        let is_it = |page: &&Page| page.owner == "sqlite_autoindex_secret_1" && page.kind == Kind::IndexLeaf;
        let page = self.pages.iter().find(is_it).context("there is no such page")?;
        let mut files = self.stock.files.clone();
        let bytes = files.database.get_mut(page.place()).unwrap_or_default();
        let places = places(page, bytes);
        let (Some(one), Some(other)) = (places.first(), places.get(1)) else { bail!("it has no cells") };
        exchange(bytes, one, other);
        self.stock.room.put(&files)?;
        self.judge().map(drop)
    }
}

/// Fails if something is not returned and not reported: by its name, and by a check.
fn is_reported(stock: &Stock, said: &Said) -> Result<()> {
    if said.shut {
        return Ok(());
    }
    for known in &stock.known {
        let given = said.idle || (said.is_whole(known) && !said.unlisted.contains(&known.name));
        ensure!(
            given || said.names(&known.name),
            "`{}` is lost, and not named: {:?}",
            known.name,
            some(said)
        );
        ensure!(given || !said.checked.is_empty(), "no check reports that `{}` is lost", known.name);
    }
    for lacking in &said.lacking {
        ensure!(!said.checked.is_empty(), "no check reports that {lacking} is not as it was");
    }
    Ok(())
}

/// Returns some of what was said.
fn some(said: &Said) -> Vec<&String> {
    said.told.iter().take(SAID).collect()
}

/// Says what a run damages: the types one after the other, and the parts of each.
fn plan(run: u32, times: Times) -> (Damage, Kind) {
    const SWAPS: [(Damage, Kind); 7] = [
        (Damage::SwapCells, Kind::TableLeaf),
        (Damage::SwapCells, Kind::IndexLeaf),
        (Damage::SwapCells, Kind::TableInterior),
        (Damage::SwapCells, Kind::IndexInterior),
        (Damage::SwapCells, Kind::Schema),
        (Damage::SwapChildren, Kind::TableInterior),
        (Damage::SwapChildren, Kind::IndexInterior),
    ];
    if let Some(swap) = run.checked_sub(times.flips) {
        let swap = SWAPS.get(swap as usize % SWAPS.len());
        return swap.copied().unwrap_or((Damage::SwapCells, Kind::IndexLeaf));
    }
    let (kind, part) = (run as usize % KINDS.len(), run as usize / KINDS.len() % PARTS.len());
    let part = PARTS.get(part).copied().unwrap_or(Part::Cells);
    (Damage::Flip(part), KINDS.get(kind).copied().unwrap_or(Kind::TableLeaf))
}

/// Flips a random bit within a place.
fn flip(bytes: &mut [u8], place: Range<usize>, random: &mut Rng) -> Option<String> {
    if place.is_empty() {
        return None;
    }
    let (at, bit) = (random.usize(place), random.u8(0..8));
    *bytes.get_mut(at)? ^= 1 << bit;
    Some(format!("bit {bit} of byte {at}"))
}

/// Exchanges two random pointers.
fn swap(bytes: &mut [u8], pointers: &[Range<usize>], random: &mut Rng) -> Option<String> {
    let (one, other) = (random.choice(pointers)?, random.choice(pointers)?);
    if one == other {
        return None;
    }
    exchange(bytes, one, other);
    Some(format!("those at {} and {}", one.start, other.start))
}

fn exchange(bytes: &mut [u8], one: &Range<usize>, other: &Range<usize>) {
    one.clone().zip(other.clone()).for_each(|(one, other)| bytes.swap(one, other));
}

impl Page {
    /// Returns where a part is, or the whole page if it has no such part.
    fn part_or_any(&self, bytes: &[u8], part: Part) -> Range<usize> {
        let place = self.part(bytes, part);
        if place.is_empty() { 0..PAGE } else { place }
    }
}
