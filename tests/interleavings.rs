//! Every order in which readers, the writer, a lock and a rekey can touch what they share, tried out by loom.
//!
//! The number of the last change, what a batch knows of changes, and the kept rows are the product's own code, taken in
//! with loom's locks and atomics in place of the standard ones. The database is a row behind a lock, the writer's loop
//! and a reader's way are told again in a few lines.
//!
//! What has to hold in every order: whatever the writer lets a reader hand out is the row as it stands then, under the
//! keys in force; and nobody is told that a sound row is damaged.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing helper fails its test")]

mod sync {
    pub(crate) use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::AtomicU64;
}
mod domain {
    pub(crate) use vault::domain::{Category, OrgId, PlatformName, SecretId, SecretName, Timestamp};
}
mod store {
    pub(crate) use vault::store::{Row, Stored};
}
#[path = "../src/store/freshness.rs"]
mod freshness;
#[path = "../src/store/ledger/tests/row.rs"]
mod row;
#[expect(dead_code, reason = "one way to ask is enough here")]
#[path = "../src/vault/rows.rs"]
mod rows;

use std::sync::Arc;

use freshness::{Batch, Begun, Changes, Freshness, Relies, in_force};
use loom::sync::mpsc::{Receiver, Sender, channel};
use loom::sync::{Mutex, RwLock};
use loom::thread::{JoinHandle, spawn};
use rows::Rows;
use vault::crypto::Sealed;
use vault::domain::SecretId;
use vault::store::{Row, Stored};

/// How often a thread may lose the processor where it does not wait: more finds nothing more, and takes longer.
const PREEMPTIONS: usize = 2;
/// How often a reader tries: whoever changed something may not have told everybody yet.
const TRIES: usize = 2;
/// The keys that the vault is opened with, and those after a rekey.
const OLD_KEYS: u64 = 1;
const NEW_KEYS: u64 = 2;

/// The row at a revision, sealed under some keys, of which its version tells here.
fn stored(id: SecretId, revision: u64, sealed_under: u64) -> Arc<Stored> {
    let row = Row { version: sealed_under, revision, ..row::first(id, "a") };
    Arc::new(Stored { row, sealed: Sealed::from_stored(Vec::new()) })
}

fn id() -> SecretId {
    SecretId::from_bytes([1; 16])
}

/// What a unit asks of the writer.
enum Act {
    /// Record that this row was handed out, or that there was none.
    HandOut(Option<Arc<Stored>>),
    /// Record that the row did not authenticate.
    CallDamaged,
    /// Put this row in the place of the one that is there.
    Replace(Option<Arc<Stored>>),
    /// Put new keys in force, and the row sealed under them.
    Rekey,
    /// Take the keys away.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    OldKeys,
    Stale,
}

struct Unit {
    keys: u64,
    as_of: u64,
    act: Act,
}

enum Job {
    Commit(Unit, Sender<Result<(), Refusal>>),
    Stop,
}

/// What the threads share.
struct Shared {
    changes: Changes,
    rows: Rows,
    keyring: RwLock<Option<u64>>,
    disk: Mutex<Option<Arc<Stored>>>,
    /// What another program does goes up here, and keeps the writer out meanwhile.
    others: Mutex<u64>,
}

#[derive(Clone)]
struct World {
    shared: Arc<Shared>,
    jobs: Sender<Job>,
}

impl World {
    fn commit(&self, unit: Unit) -> Result<(), Refusal> {
        let (reply, answer) = channel();
        self.jobs.send(Job::Commit(unit, reply)).unwrap();
        answer.recv().unwrap()
    }

    /// Goes a reader's way; gives the revision that was handed out, or nothing where the vault is locked or the reader
    /// gave up.
    #[expect(clippy::option_option, reason = "nothing handed out, no row and a row are three things")]
    fn read(&self) -> Option<Option<u64>> {
        for _ in 0..TRIES {
            let keys = (*self.shared.keyring.read().unwrap())?;
            let as_of = self.shared.changes.last();
            let seen = self.shared.rows.of(as_of, id()).or_else(|| self.shared.disk.lock().unwrap().clone());
            let act = match &seen {
                Some(stored) if stored.row.version != keys => Act::CallDamaged,
                Some(stored) => {
                    self.shared.rows.keep(as_of, stored);
                    Act::HandOut(Some(Arc::clone(stored)))
                }
                None => Act::HandOut(None),
            };
            if self.commit(Unit { keys, as_of, act }).is_ok() {
                return Some(seen.map(|stored| stored.row.revision));
            }
        }
        None
    }

    fn change(&self, keys: u64, act: Act) {
        assert_eq!(Ok(()), self.commit(Unit { keys, as_of: 0, act }));
    }

    /// Puts keys in force, or none, as a vault does after the commit.
    fn set_keyring(&self, keys: Option<u64>) {
        if keys.is_none() {
            self.shared.rows.forget();
        }
        *self.shared.keyring.write().unwrap() = keys;
    }
}

/// Works as the writer does until so many have stopped it.
fn write(shared: &Shared, jobs: &Receiver<Job>, mut stops: usize) {
    let (mut batch, mut held, mut seen_of_others) = (Batch::default(), Some(OLD_KEYS), 0);
    while stops > 0 {
        let first = std::iter::once(jobs.recv().unwrap());
        let queued: Vec<_> = first.chain(std::iter::from_fn(|| jobs.try_recv().ok())).collect();
        let others = shared.others.lock().unwrap();
        let is_overtaken = std::mem::replace(&mut seen_of_others, *others) != *others;
        batch.begin(if is_overtaken { Begun::Overtaken } else { Begun::Alone }, &shared.changes);
        let mut row = shared.disk.lock().unwrap().clone();
        let mut answers = Vec::new();
        for job in queued {
            match job {
                Job::Stop => stops -= 1,
                Job::Commit(unit, reply) => {
                    answers.push((reply, attempt(unit, &mut batch, (&mut row, &mut held), &shared.changes)));
                }
            }
        }
        batch.end(&shared.changes, || *shared.disk.lock().unwrap() = row);
        for (reply, answer) in answers {
            reply.send(answer).unwrap();
        }
    }
}

/// Runs one unit as the writer does; what it lets through has to be true.
fn attempt(
    unit: Unit,
    batch: &mut Batch,
    (row, held): (&mut Option<Arc<Stored>>, &mut Option<u64>),
    changes: &Changes,
) -> Result<(), Refusal> {
    if !in_force(*held, unit.keys) {
        return Err(Refusal::OldKeys);
    }
    let reads_rows = matches!(unit.act, Act::HandOut(_) | Act::CallDamaged);
    let relies = if reads_rows { Relies::OnRows } else { Relies::OnItself };
    let freshness = batch.freshness(unit.as_of, relies, changes);
    let present = row.as_ref().map(|stored| stored.row.revision);
    match unit.act {
        Act::CallDamaged => panic!("a sound row is called damaged"),
        // Of a row that was not there nothing is compared: it may have come since.
        Act::HandOut(Some(read)) => {
            match freshness {
                Freshness::Stale => return Err(Refusal::Stale),
                Freshness::Compare if present != Some(read.row.revision) => return Err(Refusal::Stale),
                Freshness::Compare | Freshness::AsRead => {}
            }
            assert!(row.as_ref().is_some_and(|row| Arc::ptr_eq(row, &read)), "an older row is handed out");
            assert_eq!(*held, Some(read.row.version), "a row is handed out under other keys");
        }
        Act::HandOut(None) => {}
        Act::Replace(next) => {
            batch.change();
            *row = next;
        }
        Act::Rekey => {
            batch.change();
            (*row, *held) = (present.map(|revision| stored(id(), revision + 1, NEW_KEYS)), Some(NEW_KEYS));
        }
        Act::Close => {
            batch.change();
            *held = None;
        }
    }
    Ok(())
}

/// Tries every order of some threads with the writer on this one.
fn in_every_order(threads: fn(&World) -> Vec<JoinHandle<()>>) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(PREEMPTIONS);
    model.check(move || {
        let (jobs, queue) = channel();
        let shared = Arc::new(Shared {
            changes: Changes::default(),
            rows: Rows::default(),
            keyring: RwLock::new(Some(OLD_KEYS)),
            disk: Mutex::new(Some(stored(id(), 1, OLD_KEYS))),
            others: Mutex::new(0),
        });
        let world = World { shared, jobs };
        let running = threads(&world);
        write(&world.shared, &queue, running.len());
        for thread in running {
            thread.join().unwrap();
        }
    });
}

/// Starts a thread that stops the writer at its end.
fn thread(world: &World, work: fn(&World)) -> JoinHandle<()> {
    let world = world.clone();
    spawn(move || {
        work(&world);
        world.jobs.send(Job::Stop).unwrap();
    })
}

#[test]
fn after_an_acknowledged_update_nobody_is_given_the_older_row() {
    in_every_order(|world| {
        let reader = thread(world, |world| {
            world.read();
        });
        let changer = thread(world, |world| {
            assert!(world.read().is_some());
            world.change(OLD_KEYS, Act::Replace(Some(stored(id(), 2, OLD_KEYS))));
            assert_eq!(Some(Some(2)), world.read());
        });
        vec![reader, changer]
    });
}

#[test]
fn after_an_acknowledged_delete_nobody_is_given_the_row() {
    in_every_order(|world| {
        let reader = thread(world, |world| {
            world.read();
        });
        let changer = thread(world, |world| {
            world.change(OLD_KEYS, Act::Replace(None));
            assert_eq!(Some(None), world.read());
        });
        vec![reader, changer]
    });
}

#[test]
fn after_an_acknowledged_lock_nobody_is_given_anything() {
    in_every_order(|world| {
        let reader = thread(world, |world| {
            world.read();
            world.read();
        });
        let locker = thread(world, |world| {
            world.change(OLD_KEYS, Act::Close);
            world.set_keyring(None);
            assert_eq!(None, world.read());
        });
        vec![reader, locker]
    });
}

#[test]
fn a_rekey_shows_every_reader_old_rows_with_old_keys_or_new_rows_with_new_keys() {
    in_every_order(|world| {
        let reader = thread(world, |world| {
            world.read();
            world.read();
        });
        let keeper = thread(world, |world| {
            world.change(OLD_KEYS, Act::Rekey);
            world.set_keyring(Some(NEW_KEYS));
            assert_eq!(Some(Some(2)), world.read());
        });
        vec![reader, keeper]
    });
}

#[test]
fn what_another_program_changed_is_given_to_nobody_who_read_before_it() {
    in_every_order(|world| {
        let reader = thread(world, |world| {
            world.read();
            world.read();
        });
        let other = thread(world, |world| {
            let mut others = world.shared.others.lock().unwrap();
            *others += 1;
            // It puts a row of the same revision there, as whoever puts back a copy does.
            *world.shared.disk.lock().unwrap() = Some(stored(id(), 1, OLD_KEYS));
        });
        vec![reader, other]
    });
}

#[test]
fn rows_of_before_a_change_go_with_the_first_that_is_kept_after_it() {
    loom::model(|| {
        let (rows, other) = (Rows::default(), SecretId::from_bytes([2; 16]));
        rows.keep(1, &stored(id(), 1, OLD_KEYS));
        rows.keep(2, &stored(other, 1, OLD_KEYS));
        assert!(rows.of(2, id()).is_none() && rows.of(2, other).is_some());
    });
}
