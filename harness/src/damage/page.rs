//! A page, a bit anywhere, the end or the write-ahead log of the file, hurt without regard to what is in it.

use anyhow::{Context, Result};
use fastrand::Rng;

use super::ask;
use super::room::Files;
use super::stock::Stock;

/// The bytes of a page, and of a frame of the write-ahead log.
const PAGE: usize = 4096;
const FRAME: usize = PAGE + 24;
const LOG_HEAD: usize = 32;

/// What is done to a file.
#[derive(Debug, Clone, Copy)]
enum Hurt {
    Noise,
    Zeros,
    Swapped,
    Bit,
    Cut,
    LogGone,
    LogNoise,
    LogCut,
}

const ALL: [Hurt; 8] = [
    Hurt::Noise,
    Hurt::Zeros,
    Hurt::Swapped,
    Hurt::Bit,
    Hurt::Cut,
    Hurt::LogGone,
    Hurt::LogNoise,
    Hurt::LogCut,
];

/// Hurts a copy so many times; fails at a wrong value or a panic.
pub(super) fn campaign(stock: &Stock, times: u32, random: &mut Rng) -> Result<String> {
    let (mut shut, mut told) = (0_u32, 0_u32);
    for run in 0..times {
        let kind = ALL.get(run as usize % ALL.len()).copied().unwrap_or(Hurt::Noise);
        let mut files = stock.running.clone();
        if random.bool() && matches!(kind, Hurt::Noise | Hurt::Zeros | Hurt::Swapped | Hurt::Bit | Hurt::Cut)
        {
            files = stock.files.clone();
        }
        let place = hurt(&mut files, kind, random);
        stock.room.put(&files)?;
        let said = ask::ask(stock, Some(stock.head)).with_context(|| format!("{kind:?} at byte {place}"))?;
        shut += u32::from(said.shut);
        told += u32::from(!said.told.is_empty());
    }
    Ok(format!(
        "{times} hurt files: 0 wrong values, 0 panics; {shut} vaults shut, {} served and told, {} in what nothing uses",
        told - shut,
        times - told
    ))
}

/// Hurts the files, and gives the place.
fn hurt(files: &mut Files, kind: Hurt, random: &mut Rng) -> usize {
    let Files { database, log } = files;
    match kind {
        Hurt::Noise => over(database, (0, PAGE), random, |_, random| random.u8(..)),
        Hurt::Zeros => over(database, (0, PAGE), random, |_, _| 0),
        Hurt::Swapped => swap(database, random),
        Hurt::Bit => {
            let at = random.usize(0..database.len().max(1));
            if let Some(byte) = database.get_mut(at) {
                *byte ^= 1 << random.u8(0..8);
            }
            at
        }
        Hurt::Cut => cut(database, random),
        Hurt::LogGone => {
            log.clear();
            0
        }
        Hurt::LogNoise => over(log, (LOG_HEAD, FRAME), random, |_, random| random.u8(..)),
        Hurt::LogCut => cut(log, random),
    }
}

/// Writes over a random block of such a size, blocks beginning somewhere.
fn over(
    bytes: &mut [u8],
    (begin, size): (usize, usize),
    random: &mut Rng,
    other: impl Fn(u8, &mut Rng) -> u8,
) -> usize {
    let blocks = bytes.len().saturating_sub(begin) / size;
    let at = begin + random.usize(0..blocks.max(1)) * size;
    for byte in bytes.iter_mut().skip(at).take(size) {
        *byte = other(*byte, random);
    }
    at
}

/// Exchanges two pages.
fn swap(bytes: &mut [u8], random: &mut Rng) -> usize {
    let mut pages: Vec<_> = bytes.chunks_exact_mut(PAGE).collect();
    let (one, other) = (random.usize(0..pages.len().max(1)), random.usize(0..pages.len().max(1)));
    if let Ok([one, other]) = pages.get_disjoint_mut([one, other]) {
        one.swap_with_slice(other);
    }
    one * PAGE
}

fn cut(bytes: &mut Vec<u8>, random: &mut Rng) -> usize {
    let at = random.usize(0..bytes.len().max(1));
    bytes.truncate(at);
    at
}
