//! A recording: a vault is made, served, worked on, killed and served again, under the shim.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;
use tempfile::TempDir;
use vault::files;

use super::chronicle::Chronicle;
use super::cut::Cut;
use super::image::develop;
use super::tape::Tape;
use crate::world::keeper::{Keeper, key_in};
use crate::world::ledger::Ledger;
use crate::world::oracle;
use crate::world::server::Server;
use crate::world::shim::{Act, Call, Control, Lasts, Shim, Strike};
use crate::world::traffic::{Life, traffic};
use crate::world::witness::{Event, KeyStep, Witness};
use xtask::workspace::in_memory;

/// How many writers there are.
pub(super) const WRITERS: usize = 4;
/// How often a daemon is started in one recording.
const LIVES: usize = 3;
/// How many of a hundred operations of the keeper are rekeys.
const REKEYS: u8 = 40;
/// The same in a life that is to end with the replacement of a key file.
const MOSTLY_REKEYS: u8 = 90;
/// The longest that a daemon lives under load, in milliseconds.
const LIFE: u64 = 400;

/// Where the database may be: a sync of its folder is one of the key file's, or not.
const DATABASES: [&str; 2] = ["vault.db", "data/vault.db"];
/// A daemon that made no call for so long makes none.
const QUIET: Duration = Duration::from_secs(3);
/// How long the call that is to be a daemon's last is waited for.
const LAST_CALL: Duration = Duration::from_millis(1500);
/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// What the shim says was done that was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    /// Nothing.
    None,
    /// Syncs of files.
    Files,
    /// Syncs of the folder.
    Folder,
}

/// What was recorded.
#[derive(Debug)]
pub(super) struct Recording {
    /// Where in the home the database is.
    pub(super) database: &'static str,
    pub(super) tape: Tape,
    pub(super) events: Vec<Event>,
}

/// What was recorded is not all that was done.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{name}` was changed in a way that the shim did not see: from byte {same} on; {recorded} bytes were recorded, {there} \
     are there"
)]
pub(super) struct NotWhole {
    name: String,
    same: usize,
    recorded: usize,
    there: usize,
}

/// Those who work, and the home that they work on.
struct Stage {
    server: Server,
    chronicle: Arc<Chronicle>,
    ledgers: Vec<Ledger>,
    keeper: Keeper,
    control: Control,
    /// Where the audit log stood before the last life's work.
    place: u64,
    /// Where log and control file are.
    folder: TempDir,
}

impl Recording {
    /// Records a few lives.
    pub(super) fn make(shim: &Shim, lie: Lie, random: &mut Rng) -> Result<Self> {
        let database = random.choice(DATABASES).unwrap_or("vault.db");
        let mut stage = Stage::set(shim, database)?;
        match lie {
            Lie::None => {}
            Lie::Files => stage.server.set("SHIM_LIES", "files"),
            Lie::Folder => stage.server.set("SHIM_LIES", "folder"),
        }
        for life in 0..LIVES {
            stage.live(life, random).with_context(|| format!("in life {}", life + 1))?;
        }
        let tape = Tape::read(std::fs::read(stage.folder.path().join("log"))?)?;
        is_whole(&tape, stage.server.home())?;
        Ok(Self { database, tape, events: stage.chronicle.events() })
    }
}

impl Stage {
    /// Makes a vault under the shim.
    fn set(shim: &Shim, database: &str) -> Result<Self> {
        let folder = in_memory("vault-tape-")?;
        let log = folder.path().join("log");
        drop(files::create_private(&log)?);
        let mut server = Server::prepare()?;
        shim.watch(&mut server);
        server.place_database(database)?;
        server.set("SHIM_LOG", &log);
        let control = Control::make(&folder.path().join("control"), &mut server)?;
        server.init()?;
        let chronicle = Arc::new(Chronicle::begin(&log)?);
        let witness = || Arc::clone(&chronicle) as Arc<dyn Witness>;
        let ledgers = (0..WRITERS).map(|writer| Ledger::new(writer).watched_by(witness())).collect();
        let mut keeper = Keeper::new(REKEYS).watched_by(witness());
        let key = key_in(&server.key_file()).map_err(oracle::words)?;
        keeper.take(KeyStep::Found(key.value().expose().to_owned()));
        Ok(Self { server, chronicle, ledgers, keeper, control, place: 0, folder })
    }

    /// Starts the daemon, asks it what it still knows, lets everybody work, and ends it in one of three ways.
    fn live(&mut self, life: usize, random: &mut Rng) -> Result<()> {
        self.control.clear()?;
        self.server.start()?;
        self.server.wait_until_ready()?;
        if life > 0 {
            oracle::ask(&self.server, &mut self.ledgers, &mut self.keeper, self.place)?;
        }
        self.place = oracle::place_of_log(&self.server)?;
        let way = random.u8(0..3);
        self.keeper.share = REKEYS;
        if way == 0 {
            let last = last_call(random);
            if last.call == Call::Rename {
                // Those of the key file are the ones that matter.
                self.keeper.share = MOSTLY_REKEYS;
            }
            self.control.arm(last)?;
        }
        let control = &self.control;
        let end = |server: &mut Server| match way {
            0 => wait_for_last_call(server).and_then(|()| stop(server, control)),
            1 => server.end(),
            _ => stop(server, control),
        };
        let span = Duration::from_millis(random.u64(50..=LIFE));
        let life = Life { random: random.fork(), span, end: &end };
        traffic(&mut self.server, &mut self.ledgers, &mut self.keeper, life)
    }
}

/// Waits until the daemon is killed by the call that was to be its last, if it ever makes it.
fn wait_for_last_call(server: &mut Server) -> Result<()> {
    let began = Instant::now();
    while !server.has_ended()? && began.elapsed() < LAST_CALL {
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Has the daemon killed with its next call, so that no call is done and not recorded.
fn stop(server: &mut Server, control: &Control) -> Result<()> {
    let began = Instant::now();
    while !server.has_ended()? && began.elapsed() < QUIET {
        if control.struck()? == 0 {
            control.arm(Strike { call: Call::Any, act: Act::Die, nth: 1, lasts: Lasts::UntilCleared })?;
        }
        std::thread::sleep(PAUSE);
    }
    // One that makes no calls can be killed at any time; on a busy machine it may be about to make one.
    server.kill()
}

/// Draws a call after which the daemon is killed: between a rename and the sync of the folder, say.
fn last_call(random: &mut Rng) -> Strike {
    let calls = [Call::Rename, Call::Rename, Call::Sync, Call::Write];
    let call = random.choice(calls).unwrap_or(Call::Rename);
    let most = if call == Call::Rename { 3 } else { 200 };
    Strike { call, act: Act::Die, nth: random.u32(1..=most), lasts: Lasts::Once }
}

/// The tape played to its end gives what is there: nothing went past the shim.
fn is_whole(tape: &Tape, home: &Path) -> Result<()> {
    for (name, bytes) in develop(tape, &Cut::none(tape)) {
        let there = std::fs::read(home.join(&name)).with_context(|| format!("`{name}` is gone"))?;
        let same = there.iter().zip(&bytes).take_while(|(one, other)| one == other).count();
        if there != bytes {
            let (recorded, there) = (bytes.len(), there.len());
            return Err(NotWhole { name, same, recorded, there }.into());
        }
    }
    Ok(())
}
