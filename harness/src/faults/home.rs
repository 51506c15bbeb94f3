//! A vault whose calls are struck, one run after another.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use tempfile::TempDir;
use vault::api::{Code, Fault, ListSecrets, Status, StatusOf};
use vault::client::Client;

use super::work::{READERS, WRITERS, work};
use crate::world::keeper::{Keeper, key_in};
use crate::world::ledger::Ledger;
use crate::world::oracle;
use crate::world::server::Server;
use crate::world::shim::{Control, Lasts, Shim, Strike};
use crate::world::witness::KeyStep;

/// How soon a daemon must serve again when nothing fails any more.
const SOON: Duration = Duration::from_secs(2);
/// How long a start amid failures may take.
const START: Duration = Duration::from_secs(20);
/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_millis(10);
/// What a request may be answered with when a disk fails.
const WORDS: [Code; 4] = [Code::Storage, Code::NotFound, Code::Conflict, Code::Busy];

/// What came of the runs.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) runs: u32,
    /// In how many of them a call was struck.
    pub(super) struck: u32,
    pub(super) acknowledged: u64,
    pub(super) handed_out: u64,
    /// How many starts amid failures there were, and how many of those daemons served.
    pub(super) starts: (u32, u32),
    /// How often only a new start brought service back.
    pub(super) restarts: u32,
    pub(super) refused: BTreeMap<&'static str, u64>,
}

/// A home, its daemon, and those who work with it.
pub(super) struct Home {
    pub(super) server: Server,
    control: Control,
    ledgers: Vec<Ledger>,
    keeper: Keeper,
    _folder: TempDir,
}

impl Home {
    /// Makes a vault and serves it.
    pub(super) fn make(shim: &Shim) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("vault-faults-").tempdir()?;
        let mut server = Server::prepare()?;
        server.init()?;
        shim.watch(&mut server);
        let control = Control::make(&folder.path().join("control"), &mut server)?;
        let mut keeper = Keeper::new(0);
        let key = key_in(&server.key_file()).map_err(oracle::words)?;
        keeper.take(KeyStep::Found(key.value().expose().to_owned()));
        server.start()?;
        server.wait_until_ready()?;
        let ledgers = (0..WRITERS + READERS).map(|number| match number {
            0..WRITERS => Ledger::new(number),
            _ => Ledger::of_reader(),
        });
        Ok(Self { ledgers: ledgers.collect(), server, control, keeper, _folder: folder })
    }

    /// Has calls fail, once and then until cleared, and asks what is there afterwards.
    pub(super) fn run(&mut self, strike: Strike, random: &mut Rng, tally: &mut Tally) -> Result<()> {
        let mut struck = false;
        for lasts in [Lasts::Once, Lasts::UntilCleared] {
            let place = oracle::place_of_log(&self.server)?;
            self.control.arm(Strike { lasts, ..strike })?;
            work(&mut self.ledgers, &self.server.socket(), &self.control, random)?;
            ensure!(!self.server.has_ended()?, "the daemon ended by itself");
            self.answers_are_words()?;
            if lasts == Lasts::UntilCleared && (self.control.struck()? == 0 || random.u8(0..3) == 0) {
                self.start_amid_failures(strike, random, tally)?;
            }
            struck |= self.control.struck()? > 0;
            self.control.clear()?;
            self.serves_again(tally)?;
            oracle::ask(&self.server, &mut self.ledgers, &mut self.keeper, place)
                .with_context(|| format!("{lasts:?}"))?;
        }
        tally.runs += 1;
        tally.struck += u32::from(struck);
        Ok(())
    }

    /// Each request got an answer, and each refusal was of a kind that a failing disk explains.
    fn answers_are_words(&self) -> Result<()> {
        for ledger in &self.ledgers {
            ensure!(ledger.under_way == 0, "a request got no answer");
            let other = ledger.refused.keys().find(|word| WORDS.iter().all(|code| code.as_str() != **word));
            ensure!(other.is_none(), "a request was answered with `{}`", other.unwrap_or(&""));
        }
        Ok(())
    }

    /// Ends the daemon and starts it while calls fail: it serves, or ends in words.
    fn start_amid_failures(&mut self, strike: Strike, random: &mut Rng, tally: &mut Tally) -> Result<()> {
        if random.bool() {
            // It may have nowhere to record its end.
            let _ = self.server.end();
        } else {
            self.server.kill()?;
        }
        if random.bool() {
            // One call of the start fails, not all of them.
            self.control.arm(Strike { lasts: Lasts::Once, ..strike })?;
        }
        self.server.start()?;
        tally.starts.0 += 1;
        let began = Instant::now();
        while !self.server.has_ended()? {
            match self.status() {
                Ok(status) if !status.locked => {
                    tally.starts.1 += 1;
                    return Ok(());
                }
                // It could not read the key file, and says so.
                Ok(_) => return self.server.kill(),
                Err(fault) if fault.code == Code::Storage => return Ok(()),
                Err(_) => {}
            }
            ensure!(began.elapsed() < START, "a daemon that started amid failures neither serves nor ends");
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn status(&self) -> Result<Status, Fault> {
        Client::connect(&self.server.socket())?.call(&StatusOf::default())
    }

    /// With the disk in order, requests are served soon, by this daemon or by the next one.
    fn serves_again(&mut self, tally: &mut Tally) -> Result<()> {
        let began = Instant::now();
        while self.server.is_running()? && began.elapsed() < SOON {
            // A list is recorded, so it is served only where something can be committed.
            let listed = Client::connect(&self.server.socket())
                .and_then(|mut client| client.call(&ListSecrets::default()));
            match listed {
                Ok(_) => return Ok(()),
                Err(fault) if fault.code == Code::Locked => self.server.kill()?,
                Err(_) => {}
            }
            std::thread::sleep(PAUSE);
        }
        if self.server.is_running()? {
            bail!("the daemon does not serve again within {} s of the last failure", SOON.as_secs());
        }
        tally.restarts += 1;
        self.server.start()?;
        self.server.wait_until_ready().context("after the failures were over")
    }

    /// Adds what the ledgers counted.
    pub(super) fn count(&self, tally: &mut Tally) {
        for ledger in &self.ledgers {
            tally.acknowledged += ledger.acknowledged;
            tally.handed_out += ledger.handed_out;
            for (word, count) in &ledger.refused {
                *tally.refused.entry(word).or_default() += count;
            }
        }
    }
}
