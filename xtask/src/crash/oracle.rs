//! What must hold after a crash, asked of the daemon that came after it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use vault::api::{AuditLog, Code, Fault, ListSecrets, ListVersions, Resolve, UnlockVault, VerifyAudit};
use vault::client::Client;
use vault::domain::{Outcome, SecretId, SecretName};

use super::keeper::{Keeper, key_in, secret};
use super::ledger::{Held, Ledger};
use super::server::Server;

/// The most entries of one page of the log.
const PAGE: u32 = 1000;

/// Gives the last place of the log.
pub(super) fn place_of_log(server: &Server) -> Result<u64> {
    let answer = connect(server)?.call(&AuditLog { limit: Some(1), ..AuditLog::default() }).map_err(words)?;
    Ok(answer.entries.first().map_or(0, |entry| entry.seq))
}

/// Compares the vault with what was acknowledged.
pub(super) fn ask(server: &Server, ledgers: &mut [Ledger], keeper: &mut Keeper, log: u64) -> Result<()> {
    let mut client = connect(server)?;
    let verified = client.call(&VerifyAudit {}).map_err(words)?;
    ensure!(verified.intact, "the chain is broken at {:?}", verified.first_broken);
    let found = entries_since(&mut client, log)?;
    for ledger in ledgers.iter_mut() {
        entries_are_there(ledger, &found)?;
        secrets_are_there(&mut client, ledger)?;
    }
    nothing_else_is_there(&mut client, ledgers)?;
    keys_are_right(server, keeper)
}

fn connect(server: &Server) -> Result<Client> {
    Client::connect(&server.socket()).map_err(words)
}

#[expect(clippy::needless_pass_by_value, reason = "results are mapped by it")]
fn words(fault: Fault) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", fault.code.as_str(), fault.message)
}

/// Counts the entries of each kind that each secret has after a place of the log; their places have no gap.
fn entries_since(client: &mut Client, log: u64) -> Result<BTreeMap<(SecretId, &'static str), u64>> {
    let mut counts = BTreeMap::new();
    let mut place = log;
    loop {
        let query = AuditLog { after: Some(place), limit: Some(PAGE), ..AuditLog::default() };
        let page = client.call(&query).map_err(words)?;
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

/// Each acknowledged write has its entry.
fn entries_are_there(ledger: &mut Ledger, found: &BTreeMap<(SecretId, &'static str), u64>) -> Result<()> {
    for ((id, action), acknowledged) in std::mem::take(&mut ledger.entries) {
        let there = found.get(&(id, action)).copied().unwrap_or_default();
        let id = String::from(id);
        ensure!(there >= acknowledged, "{id}: {acknowledged} `{action}` acknowledged, {there} in the log");
    }
    Ok(())
}

/// Each secret is as it was acknowledged, or as what was under way would have left it.
fn secrets_are_there(client: &mut Client, ledger: &mut Ledger) -> Result<()> {
    for known in &mut ledger.names {
        let found = find(client, &known.name)?;
        let had_pending = known.pending.is_some();
        let done = known.settle(found)?;
        ledger.happened += u64::from(had_pending && done);
    }
    Ok(())
}

/// Opens a secret and looks at its versions, which come in order.
fn find(client: &mut Client, name: &SecretName) -> Result<Option<Held>> {
    let resolved = match client.call(&Resolve { name: name.to_string(), org_id: None }) {
        Err(fault) if fault.code == Code::NotFound => return Ok(None),
        answer => answer.map_err(words).with_context(|| format!("`{name}` cannot be read"))?,
    };
    let entry = resolved.entry;
    let versions = client.call(&ListVersions { id: entry.id.into() }).map_err(words)?.versions;
    let numbers: Vec<_> = versions.iter().map(|version| version.version).collect();
    let in_order = numbers.windows(2).all(|pair| matches!(pair, [newer, older] if *newer == older + 1));
    ensure!(in_order && numbers.first() == Some(&entry.version), "`{name}` has the versions {numbers:?}");
    let value = resolved.value.value().expose().to_owned();
    Ok(Some(Held { id: entry.id, value, version: entry.version }))
}

fn nothing_else_is_there(client: &mut Client, ledgers: &[Ledger]) -> Result<()> {
    let listed = client.call(&ListSecrets { limit: Some(0), ..ListSecrets::default() }).map_err(words)?;
    let known = ledgers.iter().flat_map(|ledger| &ledger.names).filter(|known| known.held.is_some()).count();
    ensure!(listed.total == known as u64, "{} secrets are listed, {known} are known", listed.total);
    Ok(())
}

/// The key in the file is the acknowledged one or the one asked for, and no older one opens the vault.
fn keys_are_right(server: &Server, keeper: &mut Keeper) -> Result<()> {
    let file = key_in(&server.key_file()).map_err(words)?;
    let held = file.value().expose().to_owned();
    let pending = keeper.pending.take();
    let is_pending = pending.as_ref() == Some(&held);
    if keeper.keys.is_empty() && !is_pending {
        keeper.keys.push(held);
        return Ok(());
    }
    if is_pending {
        keeper.keys.push(held.clone());
    }
    ensure!(
        keeper.keys.last() == Some(&held),
        "the key file holds a key that was never asked for, or an older one"
    );
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
