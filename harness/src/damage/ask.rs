//! What a vault says after it was hurt, compared with what is known of it.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use serde_json::Value;
use vault::api::{
    Code, Fault, GetSecret, ListSecrets, ListVersions, Resolve, RotateSecret, Scan, ScanBytes, ScanText,
    Secret, StatusOf, VerifyAudit,
};
use vault::audit::Head;
use vault::domain::{LockReason, OrgScope};
use vault::store::StoreError;

use super::panics;
use super::room::{Opened, operation};
use super::stock::{Known, Stock, agents, discovered, log, today};

/// Warnings about a vault that is as it should be.
pub(super) const USUAL: [&str; 2] = ["no_recovery", "weak_key"];

/// What a vault said of itself.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Whether it stayed shut.
    pub(super) shut: bool,
    /// Everything that it says is wrong, in its words.
    pub(super) told: BTreeSet<String>,
    /// The secrets of which everything was handed out, and right.
    pub(super) whole: BTreeSet<(String, String)>,
    /// What `vaultctl doctor` and `vaultctl audit verify` report of it.
    pub(super) checked: BTreeSet<String>,
    /// The secrets that are not listed as sound.
    pub(super) unlisted: BTreeSet<String>,
    /// Which other answers are not as they were.
    pub(super) lacking: BTreeSet<&'static str>,
    /// Whether it said that it cannot write, and so neither record nor return anything.
    pub(super) idle: bool,
    /// Whether it says that the file is older than its head.
    old: bool,
}

impl Said {
    /// Notes a refusal, which has words.
    fn refused(&mut self, fault: &Fault) -> Result<()> {
        ensure!(!fault.message.is_empty(), "a refusal has no words");
        ensure!(fault.code != Code::Internal, "an internal fault: {}", fault.message);
        self.idle |= fault.message.starts_with("the database is damaged where it would be changed");
        self.told.insert(format!("{}: {}", fault.code.as_str(), fault.message));
        Ok(())
    }

    /// Notes that a check failed, which says as much as what it finds.
    fn failed_check(&mut self, fault: &Fault) -> Result<()> {
        self.checked.insert(fault.message.clone());
        self.refused(fault)
    }

    /// Returns whether all of a secret was returned, and right.
    pub(super) fn is_whole(&self, known: &Known) -> bool {
        self.whole.contains(&(known.org.clone(), known.name.clone()))
    }

    /// Tells whether a secret is named by anything that was said.
    pub(super) fn names(&self, name: &str) -> bool {
        self.told.iter().any(|words| words.contains(&format!("`{name}`")))
    }
}

/// Opens the copy in the stock's room and asks for all that is known; fails at a wrong answer.
pub(super) fn ask(stock: &Stock, outside: Option<Head>) -> Result<Said> {
    let mut said = Said::default();
    let asked = match stock.room.open(today()) {
        Err(error) => shut(&mut said, &error),
        Ok(opened) => match opened.unlock(&stock.master, outside) {
            Err(fault) => {
                said.shut = true;
                let mistaken = matches!(fault.lock_reason, Some(LockReason::NoKey | LockReason::WrongKey));
                ensure!(!mistaken, "a damaged vault is taken for another: {}", fault.message);
                said.refused(&fault)
            }
            Ok(()) => ask_open(&opened, stock, &mut said),
        },
    };
    panics::none()?;
    asked.map(|()| said)
}

fn shut(said: &mut Said, error: &StoreError) -> Result<()> {
    said.shut = true;
    said.refused(&Fault::new(Code::Storage, error.to_string()))
}

fn ask_open(opened: &Opened<'_>, stock: &Stock, said: &mut Said) -> Result<()> {
    match opened.ask(StatusOf::default()) {
        Err(fault) => said.refused(&fault)?,
        Ok(status) => {
            for warning in status.warnings.iter().filter(|warning| !USUAL.contains(&warning.code.as_str())) {
                said.old |= warning.code == "rolled_back";
                said.told.insert(warning.message.clone());
                said.checked.insert(warning.message.clone());
            }
        }
    }
    ask_log(opened, stock, said)?;
    ask_scan(opened, said)?;
    ask_list(opened, stock, said)?;
    ask_platforms(opened, stock, said)?;
    for known in &stock.known {
        if ask_secret(opened, known, said)? {
            said.whole.insert((known.org.clone(), known.name.clone()));
        }
    }
    ask_agents(opened, stock, said)
}

/// The log is as it was, or is said not to be.
fn ask_log(opened: &Opened<'_>, stock: &Stock, said: &mut Said) -> Result<()> {
    let verified = opened.ask(VerifyAudit { pages: true });
    if let Ok(verified) = &verified {
        said.told.extend(verified.flaws.iter().cloned());
        said.checked.extend(verified.flaws.iter().cloned());
    }
    match verified {
        Err(fault) => return said.failed_check(&fault),
        Ok(verified) if !verified.intact => {
            let words = format!("the log is not intact from {:?} on", verified.first_broken);
            said.checked.insert(words.clone());
            said.told.insert(words);
        }
        Ok(_) if said.old => {}
        Ok(_) => match log(opened) {
            Err(fault) => return said.refused(&fault),
            Ok(entries) => {
                ensure!(entries.starts_with(&stock.log), "a log that is not as it was is called intact");
            }
        },
    }
    Ok(())
}

/// Every value is opened, as `vaultctl doctor` has it done.
fn ask_scan(opened: &Opened<'_>, said: &mut Said) -> Result<()> {
    let nothing = ScanText { data: ScanBytes::new(Vec::new()), open: false };
    match opened.ask(Scan { org_id: Some(OrgScope::All), texts: vec![nothing] }) {
        Err(fault) => said.failed_check(&fault),
        Ok(scanned) => {
            let named: Vec<_> =
                scanned.damaged.iter().map(|name| format!("`{name}` does not open")).collect();
            said.checked.extend(named.iter().cloned());
            said.told.extend(named);
            Ok(())
        }
    }
}

/// Each org has what is discovered of it.
fn ask_platforms(opened: &Opened<'_>, stock: &Stock, said: &mut Said) -> Result<()> {
    match discovered(opened, &stock.orgs) {
        Err(fault) => said.refused(&fault)?,
        Ok(found) if found != stock.discovered => drop(said.lacking.insert("what is discovered")),
        Ok(_) => {}
    }
    Ok(())
}

/// Each secret is listed as it was, or as damaged, or not at all.
fn ask_list(opened: &Opened<'_>, stock: &Stock, said: &mut Said) -> Result<()> {
    let all = ListSecrets { org_id: Some(OrgScope::All), ..ListSecrets::default() };
    let listed = match opened.ask(all) {
        Err(fault) => return said.refused(&fault),
        Ok(listed) => listed,
    };
    for secret in &listed.secrets {
        let known = stock.known.iter().find(|known| known.id == secret.id);
        let Some(known) = known else { bail!("`{}` is listed and was never stored", secret.name) };
        is_known(known, secret, said)?;
    }
    let is_listed = |known: &&Known| listed.secrets.iter().any(|secret| secret.id == known.id);
    let unlisted = stock.known.iter().filter(|known| !is_listed(known));
    said.unlisted = unlisted.map(|known| known.name.clone()).collect();
    said.told.extend(listed.damaged.iter().map(|damaged| format!("`{}` is damaged", damaged.name)));
    Ok(())
}

fn is_known(known: &Known, secret: &Secret, said: &Said) -> Result<()> {
    let is_as_it_was = serde_json::to_value(secret)? == known.entry;
    ensure!(is_as_it_was || said.old, "`{}` of {} is not shown as it was", known.name, known.org);
    Ok(())
}

/// Reads a secret in each way and each of its versions; tells whether all was handed out.
fn ask_secret(opened: &Opened<'_>, known: &Known, said: &mut Said) -> Result<bool> {
    let resolve = operation::<Resolve>(serde_json::json!({ "name": known.name, "orgId": known.org }))?;
    let resolved = opened.ask(resolve).map(|found| (found.entry, found.value));
    let last = known.values.len();
    let mut whole = judge(known, last, resolved, said)?;
    for version in 1..=last {
        let get = GetSecret { id: known.id.into(), version: Some(version as u64) };
        let got = opened.ask(get).map(|found| (found.entry, found.value));
        whole &= judge(known, version, got, said)?;
    }
    whole &= ask_versions(opened, known, said)?;
    if known.expired {
        // Nobody gets it to see, but it is opened to be sealed afresh.
        let rotated = opened.ask(RotateSecret { secret: known.id.into() });
        whole &= rotated.is_ok();
        rotated.map(drop).or_else(|fault| said.refused(&fault))?;
    }
    Ok(whole)
}

/// The versions are listed as they were, or refused.
fn ask_versions(opened: &Opened<'_>, known: &Known, said: &mut Said) -> Result<bool> {
    match opened.ask(ListVersions { id: known.id.into() }) {
        Ok(listed) => {
            let is_as_it_was = serde_json::to_value(listed)? == known.versions;
            ensure!(is_as_it_was || said.old, "the versions of `{}` are not as they were", known.name);
            Ok(is_as_it_was)
        }
        Err(fault) if fault.code == Code::NotFound => Ok(false),
        Err(fault) => said.refused(&fault).map(|()| false),
    }
}

/// Compares what was handed out of a version; a refusal has to fit what it is about.
fn judge(
    known: &Known,
    version: usize,
    answer: Result<(Secret, vault::secret::Revealed), Fault>,
    said: &mut Said,
) -> Result<bool> {
    let (name, org) = (&known.name, &known.org);
    match answer {
        Ok((entry, value)) => {
            ensure!(!known.expired, "`{name}` is handed out though it has expired");
            let value = value.value().expose();
            let right = version.checked_sub(1).and_then(|at| known.values.get(at)).map(String::as_str);
            let older = said.old && known.values.iter().any(|one| one == value);
            ensure!(right == Some(value) || older, "a wrong value of `{name}` of {org} is handed out");
            is_known(known, &entry, said)?;
            Ok(right == Some(value))
        }
        Err(fault) if fault.code == Code::NotFound && known.expired => Ok(fault.message.contains("expired")),
        Err(fault) if fault.code == Code::NotFound => {
            // One that never was is not the same as one that cannot be read.
            let told = said.old || !said.told.is_empty();
            ensure!(told, "`{name}` of {org} is said not to be there, and nothing to be wrong");
            Ok(false)
        }
        Err(fault) => said.refused(&fault).map(|()| false),
    }
}

/// The agents are as they were, or none is let in, and that is told.
fn ask_agents(opened: &Opened<'_>, stock: &Stock, said: &mut Said) -> Result<()> {
    let found = match agents(opened) {
        Err(fault) => return said.refused(&fault),
        Ok(found) => found,
    };
    if said.old {
        return Ok(());
    }
    if found == stock.agents {
        return ask_as_agent(opened, stock, said);
    }
    said.lacking.insert("the agents");
    ensure!(found == Value::Array(Vec::new()), "an agent is let in that is not as it was");
    ensure!(
        said.told.iter().any(|words| words.contains("agents")),
        "the agents are gone, and nothing is told"
    );
    Ok(())
}

/// An agent is let in, and lists what the owner does.
fn ask_as_agent(opened: &Opened<'_>, stock: &Stock, said: &mut Said) -> Result<()> {
    let all = ListSecrets { org_id: Some(OrgScope::All), ..ListSecrets::default() };
    let listed = match opened.ask_as(&stock.token, all) {
        Err(fault) => return said.refused(&fault),
        Ok(listed) => listed,
    };
    for secret in &listed.secrets {
        let known = stock.known.iter().find(|known| known.id == secret.id);
        let Some(known) = known else { bail!("`{}` is listed and was never stored", secret.name) };
        // One that has expired was sealed again meanwhile.
        if !known.expired {
            is_known(known, secret, said)?;
        }
    }
    if listed.secrets.len() < stock.known.len() {
        said.lacking.insert("the list of an agent");
    }
    Ok(())
}
