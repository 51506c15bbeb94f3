//! Hurts that must be noticed as failures of the campaigns: a check that cannot fail shows nothing.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use fastrand::Rng;
use vault::audit::{Author, Draft};
use vault::domain::{Action, Caller};
use vault::keyring::Keyring;
use vault::secret::SecretValue;
use vault::store::{Change, Kept, Unit};

use super::log::Long;
use super::room::words;
use super::stock::{Stock, today};
use super::tree::Forest;
use super::{ask, blind, flip};
use xtask::sabotage::noticed;

/// Runs each; succeeds where each one is noticed.
pub(super) fn run(seed: u64) -> Result<ExitCode> {
    let mut random = Rng::with_seed(seed);
    let mut stock = Stock::make()?;
    stock.check_sound()?;
    noticed("damage: a flip that is undone", flip::undone(&stock, &mut random))?;
    noticed("damage: a value that the vault's own keys seal", forged(&mut stock))?;
    let mut forest = Forest::make()?;
    forest.stock.room.between = blind::to_indexes;
    noticed("damage: an index that hides names, and is not compared with its table", forest.hide())?;
    noticed("damage: an index that leads elsewhere, and is not compared with its table", forest.mislead())?;
    let long = Long::make()?;
    noticed("damage: an edit of the log that is undone", long.tamper_and_ask(&mut random, Long::mend))?;
    Ok(ExitCode::SUCCESS)
}

/// Replaces a value as only a holder of the keys can: what a vault that checks nothing would hand out.
fn forged(stock: &mut Stock) -> Result<()> {
    stock.room.put(&stock.files)?;
    let opened = stock.room.open(today())?;
    opened.unlock(&stock.master, None).map_err(|fault| words(&fault))?;
    let Keyring::Open(keys) = opened.vault.keyring() else { bail!("the vault is locked") };
    let known = stock.known.first_mut().context("the stock is empty")?;
    let mut next = opened.store.get(known.id)?.context("the secret is gone")?;
    let seen = next.row.revision;
    next.row.revision += 1;
    // All but the value is as it is expected.
    if let Some(revision) = known.entry.get_mut("revision") {
        *revision = next.row.revision.into();
    }
    next.sealed = keys.seal(&next.row.seal_context(keys.vault()), &SecretValue::new("forged".to_owned())?)?;
    next.row.digest = next.sealed.digest();
    next.row.mac = next.row.compute_mac(&keys);
    let was = next.row.category;
    let draft = Draft::of(Action::Encrypt).org(&next.row.org).secret(known.id, &known.name);
    let unit = Unit {
        keys: Arc::clone(&keys),
        author: Author::of(&Caller::system(), today()),
        agent: None,
        guards: Vec::new(),
        as_of: 0,
        changes: vec![Change::Replace { next: Box::new(next), seen, was, kept: Kept::Same }],
        entries: vec![draft.with("revision", seen + 1)],
    };
    opened.wait(opened.store.commit(unit))??;
    drop((opened, keys));
    ask::ask(stock, None).map(drop)
}
