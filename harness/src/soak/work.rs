//! Who works: each on names of its own, writing them and reading them back.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use fastrand::Rng;
use vault::api::{Code, Fault, ListSecrets, Resolve, StatusOf};
use vault::domain::Action;

use super::face::{Face, Speech};
use super::record::Record;
use crate::world::ledger::Ledger;
use crate::world::oracle::{Answers, words};
use crate::world::writer;

/// What a request may be refused with while a vault is locked and opened and rotated.
const WORDS: [Code; 3] = [Code::Locked, Code::Busy, Code::Conflict];

/// Works until it is over; fails at the first answer that is wrong, or that does not come.
pub(super) fn work(
    ledger: &mut Ledger,
    (speech, socket): (Speech, &Path),
    mut random: Rng,
    record: &Record,
) -> Result<()> {
    let face = &mut Face::connect(speech, socket, record)?;
    while !record.is_over() {
        match random.u8(0..20) {
            0 => allowed(face.answer(ListSecrets::default()).map(drop))?,
            1 => status(face)?,
            2..=6 => ensure!(writer::once(ledger, face, &mut random), "a write got no answer"),
            _ => read(ledger, face, &mut random)?,
        }
    }
    record.explains_each_refusal()
}

/// Reads one of the ledger's secrets, which is as the last acknowledged write left it.
fn read(ledger: &mut Ledger, face: &mut Face<'_>, random: &mut Rng) -> Result<()> {
    let Some(known) = random.choice(&ledger.names) else { return Ok(()) };
    let resolved = match face.answer(Resolve { name: known.name.to_string(), org_id: None }) {
        Ok(resolved) => resolved,
        Err(fault) if fault.code == Code::NotFound && known.held.is_none() => return Ok(()),
        Err(fault) => return allowed(Err(fault)),
    };
    let Some(held) = &known.held else { bail!("`{}` was deleted, and is read", known.name) };
    let same = held.value == resolved.value.value().expose() && held.version == resolved.entry.version;
    ensure!(same, "`{}` is not as it was written", known.name);
    ledger.note(resolved.entry.id, Action::Decrypt);
    Ok(())
}

/// A vault that is locked says why.
fn status(face: &mut Face<'_>) -> Result<()> {
    let status = face.answer(StatusOf::default()).map_err(words)?;
    ensure!(status.locked == status.lock_reason.is_some(), "it is locked without a reason");
    Ok(())
}

/// Lets refusals pass that the interface has for a vault which is locked, or which somebody changes as a whole.
fn allowed(answer: Result<(), Fault>) -> Result<()> {
    let Err(fault) = answer else { return Ok(()) };
    ensure!(WORDS.contains(&fault.code), words(fault));
    if fault.code == Code::Locked {
        ensure!(fault.lock_reason.is_some(), "it is locked without a reason");
    }
    Ok(())
}
