//! Those who work while calls fail: writers, readers who count what they were handed, and one who changes everything.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use fastrand::Rng;
use vault::api::{Code, Fault, Resolve, RotateAll};
use vault::client::Client;
use vault::domain::{Action, OrgScope};

use crate::world::keeper::back_up;
use crate::world::ledger::Ledger;
use crate::world::shim::Control;
use crate::world::writer;

/// How many writers there are; their ledgers come first.
pub(super) const WRITERS: usize = 4;
/// How many readers there are; their ledgers come after the writers'.
pub(super) const READERS: usize = 2;
/// How long the work goes on after the first failure.
const AFTER: Duration = Duration::from_millis(120);
/// How long a failure is waited for.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Has everybody work until a call was struck and some time has gone by, or none was in all the time there is.
pub(super) fn work(ledgers: &mut [Ledger], socket: &Path, control: &Control, random: &mut Rng) -> Result<()> {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (number, ledger) in ledgers.iter_mut().enumerate() {
            let (random, ended) = (random.fork(), &ended);
            scope.spawn(move || match number {
                0..WRITERS => writer::write(ledger, socket, random, ended),
                _ => read(ledger, socket, random, ended),
            });
        }
        let (random, flag) = (random.fork(), &ended);
        scope.spawn(move || keep(socket, random, flag));
        let waited = wait(control);
        ended.store(true, Ordering::SeqCst);
        waited
    })
}

fn wait(control: &Control) -> Result<()> {
    let began = Instant::now();
    while control.struck()? == 0 && began.elapsed() < PATIENCE {
        std::thread::sleep(PAUSE);
    }
    if control.struck()? > 0 {
        std::thread::sleep(AFTER);
    }
    Ok(())
}

/// Reads until it is over; each value that is handed out is noted, since the log must have it.
fn read(ledger: &mut Ledger, socket: &Path, mut random: Rng, ended: &AtomicBool) {
    while !ended.load(Ordering::SeqCst) {
        let Ok(mut client) = Client::connect(socket) else { continue };
        while !ended.load(Ordering::SeqCst) {
            let name = format!("writer {} name {}", random.usize(0..WRITERS), random.u8(0..5));
            match client.call(&Resolve { name, org_id: None }) {
                Ok(resolved) => ledger.note(resolved.entry.id, Action::Decrypt),
                Err(fault) if fault.code == Code::Unavailable => {
                    ledger.under_way += 1;
                    break;
                }
                Err(fault) => ledger.count_refusal(&fault),
            }
        }
    }
}

/// Rotates everything and makes backups, which make files.
fn keep(socket: &Path, mut random: Rng, ended: &AtomicBool) {
    while !ended.load(Ordering::SeqCst) {
        let Ok(mut client) = Client::connect(socket) else { continue };
        while !ended.load(Ordering::SeqCst) {
            let done: Result<(), Fault> = match random.u8(0..3) {
                0 => client.call(&RotateAll { org_id: Some(OrgScope::All) }).map(drop),
                _ => back_up(&mut client),
            };
            if done.is_err_and(|fault| fault.code == Code::Unavailable) {
                break;
            }
        }
    }
}
