//! A log of ten thousand entries that somebody edited: each change is found, at the first place that it hurts.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use rusqlite::{Connection, params};
use vault::api::VerifyAudit;
use vault::audit::{Author, Draft, Head};
use vault::crypto::random as drawn;
use vault::domain::{Action, Caller, OrgId, Outcome, Peer, SecretId};
use vault::keyring::{Keyring, Keys};
use vault::secret::{KeyBytes, Passphrase};
use vault::store::Unit;
use vault::vault::SlotSource;

use super::panics;
use super::room::{Files, Opened, Room, words};
use super::stock::today;

/// How many entries the log has.
const ENTRIES: u64 = 10_000;
/// How many entries one commit brings.
const BATCH: u64 = 500;
const KEY: &[u8] = b"the key of a vault with a long log";

/// A vault with a long log.
pub(super) struct Long {
    room: Room,
    files: Files,
    master: KeyBytes,
    head: Head,
}

/// What is done to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tamper {
    Edit,
    Delete,
    DeleteAndClose,
    Insert,
    Swap,
    Truncate,
    TruncateAndFit,
}

const ALL: [Tamper; 7] = [
    Tamper::Edit,
    Tamper::Delete,
    Tamper::DeleteAndClose,
    Tamper::Insert,
    Tamper::Swap,
    Tamper::Truncate,
    Tamper::TruncateAndFit,
];

/// Tampers so many times, with a log on each processor; fails at a time that is not found, or found elsewhere.
pub(super) fn campaign(times: u32, random: &mut Rng) -> Result<String> {
    let logs = u32::try_from(std::thread::available_parallelism()?.get()).unwrap_or(1);
    std::thread::scope(|scope| {
        let share = |log| (log..times).step_by(logs as usize);
        let running: Vec<_> = (0..logs).map(|log| (share(log), random.fork())).collect();
        let running: Vec<_> = running
            .into_iter()
            .map(|(runs, mut random)| scope.spawn(move || tampers(runs, &mut random)))
            .collect();
        let ended =
            running.into_iter().map(|log| log.join().unwrap_or_else(|_| bail!("it ended by a panic")));
        ended.collect::<Result<()>>()
    })?;
    Ok(format!("{times} changes of a log of {ENTRIES} entries: all found, each at its first place"))
}

/// Tampers with a log of its own, once for each number.
fn tampers(runs: impl Iterator<Item = u32>, random: &mut Rng) -> Result<()> {
    let long = Long::make()?;
    for run in runs {
        let kind = ALL.get(run as usize % ALL.len()).copied().unwrap_or(Tamper::Edit);
        long.find(kind, random, |_| Ok(()))?;
    }
    Ok(())
}

impl Long {
    /// Makes the vault and its log.
    pub(super) fn make() -> Result<Self> {
        let room = Room::make()?;
        let opened = room.open(today())?;
        let passphrase = Passphrase::new(KEY.to_vec())?;
        opened.vault.found(&passphrase)?;
        let unlocked = opened.wait(opened.vault.unlock(passphrase, SlotSource::Elsewhere));
        unlocked.map_err(|fault| words(&fault))?;
        let Keyring::Open(keys) = opened.vault.keyring() else { bail!("the vault is locked") };
        // The first entry is the unlock's.
        for batch in (1..ENTRIES).step_by(usize::try_from(BATCH)?) {
            append(&opened, &keys, batch..(batch + BATCH).min(ENTRIES))?;
        }
        let head = opened.vault.head().context("the log has no head")?;
        ensure!(head.seq == ENTRIES, "the log has {} entries", head.seq);
        let master = keys.master();
        drop((opened, keys));
        let long = Self { files: room.take()?, room, master, head };
        long.room.put(&long.files)?;
        ensure!(long.verified()?.is_none(), "an untouched log is not intact");
        Ok(long)
    }

    /// Tampers, lets somebody at the file, and asks.
    pub(super) fn tamper_and_ask(&self, random: &mut Rng, after: impl Fn(&Self) -> Result<()>) -> Result<()> {
        self.find(Tamper::Edit, random, after)
    }

    /// Puts the untouched files back.
    pub(super) fn mend(&self) -> Result<()> {
        self.room.put(&self.files)
    }

    fn find(&self, kind: Tamper, random: &mut Rng, after: impl Fn(&Self) -> Result<()>) -> Result<()> {
        self.mend()?;
        let place = tamper(&self.room.edit()?, kind, random).with_context(|| format!("{kind:?}"))?;
        after(self)?;
        let found = self.verified().with_context(|| format!("{kind:?} at {place}"))?;
        panics::none()?;
        match found {
            None => bail!("{kind:?} at {place} is not found"),
            Some(first) => ensure!(first == place, "{kind:?} at {place} is said to be at {first}"),
        }
        Ok(())
    }

    /// Opens the vault beside the head that was kept, and gives the first place that does not hold.
    fn verified(&self) -> Result<Option<u64>> {
        let opened = self.room.open(today())?;
        opened.unlock(&self.master, Some(self.head)).map_err(|fault| words(&fault))?;
        let found = opened.ask(VerifyAudit::default()).map_err(|fault| words(&fault))?;
        ensure!(found.intact == found.first_broken.is_none(), "intact, and broken at a place");
        Ok(found.first_broken)
    }
}

/// Appends entries of every kind in one commit.
fn append(opened: &Opened<'_>, keys: &Arc<Keys>, places: std::ops::Range<u64>) -> Result<()> {
    let peer = Peer { uid: 1000, gid: 1000, pid: Some(77), exe: Some("/usr/bin/an-agent".to_owned()) };
    let unit = Unit {
        keys: Arc::clone(keys),
        author: Author::of(&Caller::owner(peer), today()),
        agent: None,
        guards: Vec::new(),
        as_of: 0,
        changes: Vec::new(),
        entries: places.map(draft).collect::<Result<_>>()?,
    };
    opened.wait(opened.store.commit(unit))??;
    Ok(())
}

fn draft(place: u64) -> Result<Draft> {
    let at = usize::try_from(place)?;
    let action = Action::ALL.get(at % Action::ALL.len()).copied().unwrap_or(Action::Read);
    let outcome = Outcome::ALL.get(at % Outcome::ALL.len()).copied().unwrap_or(Outcome::Ok);
    let id = SecretId::at(today(), &drawn()?);
    let org = OrgId::default();
    let named = Draft::of(action).org(&org).secret(id, &format!("name {}", place % 97));
    Ok(Draft { outcome, ..named.with("place", place) })
}

/// Changes the log, and gives the first place that this hurts.
fn tamper(database: &Connection, kind: Tamper, random: &mut Rng) -> Result<u64> {
    let place = random.u64(1..=ENTRIES);
    let sql = match kind {
        Tamper::Edit => return edit(database, place, random),
        Tamper::Delete => format!("DELETE FROM audit WHERE seq = {place}"),
        Tamper::DeleteAndClose => format!(
            "DELETE FROM audit WHERE seq = {place}; UPDATE audit SET seq = -seq WHERE seq > {place};
             UPDATE audit SET seq = -seq - 1 WHERE seq < 0;"
        ),
        Tamper::Insert => format!(
            "CREATE TEMP TABLE copy AS SELECT * FROM audit WHERE seq = {}; UPDATE copy SET seq = {place};
             UPDATE audit SET seq = -seq WHERE seq >= {place}; UPDATE audit SET seq = 1 - seq WHERE seq < 0;
             INSERT INTO audit SELECT * FROM copy;",
            other(place, random)
        ),
        Tamper::Swap => {
            let other = other(place, random);
            database.execute_batch(&format!(
                "UPDATE audit SET seq = -1 WHERE seq = {place}; UPDATE audit SET seq = {place} WHERE seq = {other};
                 UPDATE audit SET seq = {other} WHERE seq = -1;"
            ))?;
            return Ok(place.min(other));
        }
        Tamper::Truncate => format!("DELETE FROM audit WHERE seq >= {place}"),
        Tamper::TruncateAndFit => format!(
            "DELETE FROM audit WHERE seq >= {place};
             UPDATE state SET seq = {0}, head = coalesce((SELECT mac FROM audit WHERE seq = {0}), zeroblob(32));",
            place - 1
        ),
    };
    database.execute_batch(&format!("BEGIN; {sql}; COMMIT;"))?;
    // Where the state fits the cut, the entry of the next opening stands at its place, and is the vault's own; where
    // that is the last place, it is not the one that the head outside names.
    Ok((place + u64::from(kind == Tamper::TruncateAndFit)).min(ENTRIES))
}

/// Draws another place.
fn other(place: u64, random: &mut Rng) -> u64 {
    (place + random.u64(1..ENTRIES) - 1) % ENTRIES + 1
}

/// Edits a random column of an entry, or a text that entries share, which hurts the first of them.
fn edit(database: &Connection, place: u64, random: &mut Rng) -> Result<u64> {
    const EDITS: [&str; 14] = [
        "at = at + 1",
        "action = CASE action WHEN 'read' THEN 'decrypt' ELSE 'read' END",
        "outcome = CASE outcome WHEN 'ok' THEN 'denied' ELSE 'ok' END",
        "secret = randomblob(16)",
        "name = actor",
        "org = actor",
        "actor = CASE WHEN name IS NULL THEN actor + 1 ELSE name END",
        "uid = coalesce(uid, 0) + 1",
        "gid = coalesce(gid, 0) + 1, uid = coalesce(uid, 0)",
        "pid = coalesce(pid, 0) + 1, uid = coalesce(uid, 0)",
        "exe = actor, uid = coalesce(uid, 0)",
        r#"metadata = '{"x":1' || CASE metadata WHEN '{}' THEN '}' ELSE ',' || substr(metadata, 2) END"#,
        "id = randomblob(16)",
        "mac = randomblob(32)",
    ];
    let place = place.cast_signed();
    let drawn = random.usize(0..=EDITS.len());
    if let Some(edit) = EDITS.get(drawn) {
        let hurt = database.execute(&format!("UPDATE audit SET {edit} WHERE seq = ?1"), [place])?;
        ensure!(hurt == 1, "{edit} hurts nothing");
        return Ok(place.cast_unsigned());
    }
    let label: i64 =
        database
            .query_row("SELECT coalesce(name, actor) FROM audit WHERE seq = ?1", [place], |row| row.get(0))?;
    database.execute("UPDATE label SET text = text || 'x' WHERE id = ?1", params![label])?;
    let first = "SELECT min(seq) FROM audit WHERE ?1 IN (org, name, actor, exe)";
    Ok(database.query_row(first, [label], |row| row.get::<_, i64>(0))?.cast_unsigned())
}
