//! What must hold after a crash, asked of the daemon that came after it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use vault::api::{AuditLog, Code, Fault, ListSecrets, ListVersions, Resolve, UnlockVault, VerifyAudit};
use vault::client::Client;
use vault::domain::{Outcome, SecretId, SecretName};
use vault::vault::Handle;

use super::keeper::{Keeper, key_in, secret};
use super::ledger::{Held, Ledger};
use super::server::Server;
use super::witness::{KeyStep, Step};

/// Whoever can be asked: a daemon at its socket, or a vault in this process.
pub(crate) trait Answers {
    /// Does an operation as the owner.
    fn answer<O: Handle>(&mut self, operation: O) -> Result<O::Answer, Fault>;
}

impl Answers for Client {
    fn answer<O: Handle>(&mut self, operation: O) -> Result<O::Answer, Fault> {
        self.call(&operation)
    }
}

/// The most entries of one page of the log.
const PAGE: u64 = 1000;

/// Gives the last place of the log.
pub(crate) fn place_of_log(server: &Server) -> Result<u64> {
    let answer = connect(server)?.call(&AuditLog { limit: Some(1), ..AuditLog::default() }).map_err(words)?;
    Ok(answer.entries.first().map_or(0, |entry| entry.seq))
}

/// Compares the vault with what was acknowledged.
pub(crate) fn ask(server: &Server, ledgers: &mut [Ledger], keeper: &mut Keeper, log: u64) -> Result<()> {
    all_is_there(&mut connect(server)?, ledgers, log)?;
    keys_are_right(server, keeper)
}

/// Compares secrets and log with what was acknowledged.
pub(crate) fn all_is_there(vault: &mut impl Answers, ledgers: &mut [Ledger], log: u64) -> Result<()> {
    let verified = vault.answer(VerifyAudit::default()).map_err(words)?;
    ensure!(verified.intact, "the chain is broken at {:?}", verified.first_broken);
    entries_are_there(ledgers, &entries_since(vault, log)?)?;
    for ledger in ledgers.iter_mut() {
        secrets_are_there(vault, ledger)?;
    }
    nothing_else_is_there(vault, ledgers)
}

fn connect(server: &Server) -> Result<Client> {
    Client::connect(&server.socket()).map_err(words)
}

#[expect(clippy::needless_pass_by_value, reason = "results are mapped by it")]
pub(crate) fn words(fault: Fault) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", fault.code.as_str(), fault.message)
}

/// Counts the entries of each kind that each secret has after a place of the log; their places have no gap.
fn entries_since(vault: &mut impl Answers, log: u64) -> Result<Entries> {
    let mut counts = BTreeMap::new();
    let mut place = log;
    loop {
        let query = AuditLog { after: Some(place), limit: Some(PAGE), ..AuditLog::default() };
        let page = vault.answer(query).map_err(words)?;
        for entry in &page.entries {
            ensure!(entry.seq == place + 1, "after entry {place} comes {}", entry.seq);
            place = entry.seq;
            if let Some(id) = entry.vault_entry_id.filter(|_| entry.outcome == Outcome::Ok) {
                *counts.entry((id, entry.action.as_str())).or_default() += 1;
            }
        }
        if page.entries.is_empty() {
            return Ok(counts);
        }
    }
}

/// How many entries of an action a secret has.
type Entries = BTreeMap<(SecretId, &'static str), u64>;

/// Each acknowledged write has its entry, and each value that was handed out.
fn entries_are_there(ledgers: &mut [Ledger], found: &Entries) -> Result<()> {
    let mut all = Entries::new();
    for (kind, count) in ledgers.iter_mut().flat_map(|ledger| std::mem::take(&mut ledger.entries)) {
        *all.entry(kind).or_default() += count;
    }
    for ((id, action), acknowledged) in all {
        let there = found.get(&(id, action)).copied().unwrap_or_default();
        let id = String::from(id);
        ensure!(there >= acknowledged, "{id}: {acknowledged} `{action}` acknowledged, {there} in the log");
    }
    Ok(())
}

/// Each secret is as it was acknowledged, or as what was under way would have left it.
fn secrets_are_there(vault: &mut impl Answers, ledger: &mut Ledger) -> Result<()> {
    for number in 0..ledger.names.len() {
        let Some(known) = ledger.names.get(number) else { break };
        let found = find(vault, &known.name)?;
        ledger.take(number, Step::Found(found))?;
    }
    Ok(())
}

/// Opens a secret and looks at its versions, which come in order.
fn find(vault: &mut impl Answers, name: &SecretName) -> Result<Option<Held>> {
    let resolved = match vault.answer(Resolve { name: name.to_string(), org_id: None }) {
        Err(fault) if fault.code == Code::NotFound => return Ok(None),
        answer => answer.map_err(words).with_context(|| format!("`{name}` cannot be read"))?,
    };
    let entry = resolved.entry;
    let versions = vault.answer(ListVersions { id: entry.id.into() }).map_err(words)?.versions;
    let numbers: Vec<_> = versions.iter().map(|version| version.version).collect();
    let in_order = numbers.windows(2).all(|pair| matches!(pair, [newer, older] if *newer == older + 1));
    ensure!(in_order && numbers.first() == Some(&entry.version), "`{name}` has the versions {numbers:?}");
    let value = resolved.value.value().expose().to_owned();
    Ok(Some(Held { id: entry.id, value, version: entry.version }))
}

fn nothing_else_is_there(vault: &mut impl Answers, ledgers: &[Ledger]) -> Result<()> {
    let listed = vault.answer(ListSecrets { limit: Some(0), ..ListSecrets::default() }).map_err(words)?;
    let known = ledgers.iter().flat_map(|ledger| &ledger.names).filter(|known| known.held.is_some()).count();
    ensure!(listed.total == known as u64, "{} secrets are listed, {known} are known", listed.total);
    Ok(())
}

/// The key in the file is the acknowledged one or the one asked for, and no older one opens the vault.
fn keys_are_right(server: &Server, keeper: &mut Keeper) -> Result<()> {
    let file = key_in(&server.key_file()).map_err(words)?;
    let held = file.value().expose().to_owned();
    let may_be = [keeper.keys.last(), keeper.pending.as_ref()];
    ensure!(
        keeper.keys.is_empty() || may_be.contains(&Some(&held)),
        "the key file holds a key that was never asked for, or an older one"
    );
    keeper.take(KeyStep::Found(held));
    let older = keeper.keys.len().checked_sub(2).and_then(|place| keeper.keys.get(place)).cloned();
    keeper.keys.drain(..keeper.keys.len() - 1);
    match older {
        Some(older) => opens_nothing(server, older),
        None => Ok(()),
    }
}

/// A key that was replaced opens no slot any more.
fn opens_nothing(server: &Server, older: String) -> Result<()> {
    let key = secret(older).map_err(words)?;
    match connect(server)?.call(&UnlockVault { key }) {
        Err(fault) if fault.code == Code::Forbidden => Ok(()),
        Err(fault) => Err(words(fault)),
        Ok(_) => bail!("a key that was replaced still opens the vault"),
    }
}
