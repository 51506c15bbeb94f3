//! The floor of an unlock: one PBKDF2 alone.

use std::time::Instant;

use anyhow::Result;
use vault::crypto::{Iterations, derive_master};
use vault::secret::Passphrase;

use crate::rounds::Sample;
use crate::say;

/// Derives a master key.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The rounds.
    #[arg(long, default_value = "600000")]
    rounds: u32,
}

/// Derives once and prints a sample as JSON.
pub(crate) fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    derive(args.rounds)?;
    say::line(serde_json::to_string(&Sample::of_micros(start.elapsed().as_secs_f64() * 1e6))?);
    Ok(())
}

/// Derives a master key from a passphrase.
pub(crate) fn derive(rounds: u32) -> Result<()> {
    let phrase = Passphrase::new(b"a phrase of forty bytes for the benchmark".to_vec())?;
    std::hint::black_box(derive_master(&phrase, &[7; 32], Iterations::new(rounds)?));
    Ok(())
}
