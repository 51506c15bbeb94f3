//! Writers, each on names of its own, and readers of all of them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use fastrand::Rng;
use vault::api::{Code, CreateSecret, DeleteSecret, Fault, ListSecrets, Resolve, RotateSecret, UpdateSecret};
use vault::client::Client;
use vault::domain::SecretName;
use vault::secret::{Revealed, SecretValue};

use super::ledger::{Held, Known, Ledger, Write};
use super::oracle::Answers;
use super::witness::Step;

/// Writes until the daemon is gone.
pub(crate) fn write(ledger: &mut Ledger, socket: &Path, mut random: Rng, ended: &AtomicBool) {
    while !ended.load(Ordering::SeqCst) {
        let Ok(mut client) = Client::connect(socket) else { continue };
        while !ended.load(Ordering::SeqCst) {
            if !once(ledger, &mut client, &mut random) {
                return;
            }
        }
    }
}

/// Draws a write, asks for it and notes the answer; `false` where none came.
pub(crate) fn once(ledger: &mut Ledger, client: &mut impl Answers, random: &mut Rng) -> bool {
    let (number, value) = (random.usize(0..ledger.names.len()), ledger.fresh_value());
    let Some(known) = ledger.names.get(number) else { return false };
    let write = draw(known, value, random);
    // None of these steps compares, so none fails.
    let _ = ledger.take(number, Step::Asked(write.clone()));
    let Some(known) = ledger.names.get(number) else { return false };
    let step = match ask(client, known, &write) {
        Ok(held) => Step::Acknowledged(held),
        // Whether it was done, nobody knows: this name waits for the oracle.
        Err(fault) if fault.code == Code::Unavailable => {
            ledger.under_way += 1;
            return false;
        }
        // A refusal changes nothing.
        Err(fault) => {
            ledger.count_refusal(&fault);
            Step::Refused
        }
    };
    let _ = ledger.take(number, step);
    true
}

fn draw(known: &Known, value: String, random: &mut Rng) -> Write {
    if known.held.is_none() {
        return Write::Create(value);
    }
    match random.u8(0..10) {
        0 => Write::Delete,
        1..=3 => Write::Rotate,
        _ => Write::Update(value),
    }
}

/// Asks for a write; gives the secret as it is after it.
fn ask(client: &mut impl Answers, known: &Known, write: &Write) -> Result<Option<Held>, Fault> {
    let (Write::Create(text) | Write::Update(text)) = write else {
        return without_value(client, known, write);
    };
    let value = Revealed::new(SecretValue::new(text.clone())?);
    let entry = match &known.held {
        None => client.answer(create(known.name.clone(), value))?.entry,
        Some(held) => client.answer(UpdateSecret { value: Some(value), ..update(held) })?.entry,
    };
    Ok(Some(Held { id: entry.id, value: text.clone(), version: entry.version }))
}

fn without_value(client: &mut impl Answers, known: &Known, write: &Write) -> Result<Option<Held>, Fault> {
    let Some(held) = &known.held else { return Ok(None) };
    if *write == Write::Delete {
        client.answer(DeleteSecret { secret: held.id.into() })?;
        return Ok(None);
    }
    client.answer(RotateSecret { secret: held.id.into() })?;
    Ok(Some(held.clone()))
}

/// Makes the request that stores a secret.
pub(crate) fn create(name: SecretName, value: Revealed) -> CreateSecret {
    CreateSecret {
        org_id: None,
        name,
        value,
        category: None,
        metadata: None,
        expires_at: None,
        created_by: None,
    }
}

fn update(held: &Held) -> UpdateSecret {
    UpdateSecret {
        secret: held.id.into(),
        value: None,
        category: None,
        metadata: None,
        expires_at: None,
        if_version: Some(held.version),
        if_revision: None,
    }
}

/// Reads until the daemon is gone; what it gets is not looked at here.
pub(crate) fn read(socket: &Path, mut random: Rng, ended: &AtomicBool) {
    while !ended.load(Ordering::SeqCst) {
        let Ok(mut client) = Client::connect(socket) else { continue };
        loop {
            let (writer, number) = (random.u8(0..6), random.u8(0..5));
            let name = format!("writer {writer} name {number}");
            let answer = if random.bool() {
                client.call(&Resolve { name, org_id: None }).map(drop)
            } else {
                client.call(&ListSecrets::default()).map(drop)
            };
            if answer.is_err_and(|fault| fault.code == Code::Unavailable) {
                break;
            }
        }
    }
}
