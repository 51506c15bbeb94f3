//! The vault that is hurt: with something in every column, and known whole.

mod large;

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vault::agents::Token;
use vault::api::{
    AddAgent, AuditLog, CreateSecret, Created, DeleteSecret, Discover, Fault, ListAgents, ListSecrets,
    ListVersions, MakeRecovery, Resolve, RotateSecret, UpdateSecret,
};
use vault::audit::Head;
use vault::domain::{OrgScope, SecretId, Timestamp};
use vault::keyring::Keyring;
use vault::secret::{KeyBytes, Passphrase};
use vault::vault::SlotSource;

use super::ask;
use super::room::{Files, Opened, Room, operation, words};

/// The first day of the stock.
const START: i64 = 1_767_225_600_000;
const DAY: i64 = 24 * 60 * 60 * 1000;
const KEY: &[u8] = b"the key of a vault that is there to be hurt";

/// The vault as it is before anything is hurt.
pub(super) struct Stock {
    /// Where copies are opened.
    pub(super) room: Room,
    /// Its files after a clean end.
    pub(super) files: Files,
    /// Its files while it ran: the last commits are in the write-ahead log alone.
    pub(super) running: Files,
    /// Its master key.
    pub(super) master: KeyBytes,
    /// Its head, as a daemon keeps it outside.
    pub(super) head: Head,
    /// Its orgs.
    pub(super) orgs: BTreeSet<String>,
    /// Its secrets.
    pub(super) known: Vec<Known>,
    /// Its agents, as they are listed.
    pub(super) agents: Value,
    /// The token of one that may read everything.
    pub(super) token: Token,
    /// What is discovered of each org.
    pub(super) discovered: Vec<Value>,
    /// Its log, oldest first.
    pub(super) log: Vec<Value>,
}

/// A secret, with all that it is and was.
pub(super) struct Known {
    /// Its id.
    pub(super) id: SecretId,
    /// Its org.
    pub(super) org: String,
    /// Its name.
    pub(super) name: String,
    /// Its entry, as it is listed.
    pub(super) entry: Value,
    /// Its versions, as they are listed.
    pub(super) versions: Value,
    /// Its values from version 1 on.
    pub(super) values: Vec<String>,
    /// Whether it has expired.
    pub(super) expired: bool,
}

/// Gives the moment at which copies are opened.
pub(super) fn today() -> Timestamp {
    Timestamp::from_millis(START + 30 * DAY)
}

/// What a vault was filled with.
pub(super) struct Filled {
    known: Vec<Known>,
    token: Token,
}

impl Stock {
    /// Makes a small vault.
    pub(super) fn make() -> Result<Self> {
        Self::filled(fill)
    }

    /// Makes one whose tables and indexes have pages of every type, and that has free pages.
    pub(super) fn large() -> Result<Self> {
        Self::filled(large::fill)
    }

    /// Makes the vault, and takes its files twice.
    fn filled(fill: fn(&Opened<'_>) -> Result<Filled>) -> Result<Self> {
        let room = Room::make()?;
        let opened = room.open(Timestamp::from_millis(START))?;
        let passphrase = Passphrase::new(KEY.to_vec())?;
        opened.vault.found(&passphrase)?;
        let unlocked = opened.wait(opened.vault.unlock(passphrase, SlotSource::Elsewhere));
        unlocked.map_err(|fault| words(&fault))?;
        let master = master_of(&opened)?;
        let Filled { mut known, token } = fill(&opened)?;
        for secret in &mut known {
            secret.entry = entry_of(&opened, secret.id)?;
            let versions =
                opened.ask(ListVersions { id: secret.id.into() }).map_err(|fault| words(&fault))?;
            secret.versions = serde_json::to_value(versions)?;
        }
        let agents = agents(&opened).map_err(|fault| words(&fault))?;
        let orgs: BTreeSet<_> = known.iter().map(|known| known.org.clone()).collect();
        let discovered = discovered(&opened, &orgs).map_err(|fault| words(&fault))?;
        let log = log(&opened).map_err(|fault| words(&fault))?;
        let head = opened.vault.head().context("the vault has no head")?;
        let running = room.take()?;
        ensure!(!running.log.is_empty(), "the write-ahead log is empty");
        drop(opened);
        let files = room.take()?;
        Ok(Self { room, files, running, master, head, orgs, known, agents, token, discovered, log })
    }

    /// Fails where an unhurt copy does not hold all that is known, or tells something.
    pub(super) fn check_sound(&self) -> Result<()> {
        for files in [&self.files, &self.running] {
            self.room.put(files)?;
            let said = ask::ask(self, Some(self.head))?;
            ensure!(said.told.is_empty(), "an unhurt copy tells {:?}", said.told);
        }
        Ok(())
    }
}

fn master_of(opened: &Opened<'_>) -> Result<KeyBytes> {
    let Keyring::Open(keys) = opened.vault.keyring() else { anyhow::bail!("the vault is locked") };
    Ok(keys.master())
}

/// Stores what is known, and leaves traces of what is not there any more.
fn fill(opened: &Opened<'_>) -> Result<Filled> {
    let ask = |fault| words(&fault);
    let old = create(opened, json!({ "name": "old", "value": "the value of old" }))?;
    let gone = create(opened, json!({ "name": "gone", "value": "the value of gone" }))?;
    opened.ask(DeleteSecret { secret: gone.id.into() }).map_err(ask)?;
    opened.clock.turn_to(Timestamp::from_millis(START + 25 * DAY));
    let mut known = vec![old];
    for asked in secrets() {
        known.push(create(opened, asked)?);
    }
    opened.wait(opened.vault.trim_log(10));
    for secret in &mut known {
        for version in 0..secret.name.len() % 4 {
            update(opened, secret, &format!("value {version} of {} in {}", secret.name, secret.org))?;
        }
        opened.ask(RotateSecret { secret: secret.id.into() }).map_err(ask)?;
    }
    let token = add_agent(opened, "bot")?;
    add_agent(opened, "other")?;
    opened.ask(MakeRecovery {}).map_err(ask)?;
    // A miss is recorded too: an entry of no secret, that failed.
    let _ = opened.ask(Resolve { name: "missing".to_owned(), org_id: None });
    opened.clock.turn_to(today());
    Ok(Filled { known, token })
}

fn add_agent(opened: &Opened<'_>, name: &str) -> Result<Token> {
    let grants = json!([{ "names": ["*"], "actions": ["read", "decrypt"], "orgId": "*" }]);
    let agent = operation::<AddAgent>(json!({ "name": name, "grants": grants }))?;
    let added = opened.ask(agent).map_err(|fault| words(&fault))?;
    Ok(Token::from_text(added.token.value().expose()))
}

fn secrets() -> [Value; 6] {
    let long = "a value that takes several pages ".repeat(600);
    [
        json!({ "name": "alpha", "value": "alpha's", "metadata": { "team": "one", "n": 1 },
                "expiresAt": "2099-01-01T00:00:00Z" }),
        json!({ "name": "alpha", "orgId": "team", "value": "alpha's of the team" }),
        json!({ "name": "skill:openai:access_token", "value": "sk-of-the-stock" }),
        json!({ "name": "große Datei", "value": long }),
        json!({ "name": "expired", "value": "long gone", "expiresAt": "2020-01-01T00:00:00Z" }),
        json!({ "name": "b", "category": "deploy", "value": "b" }),
    ]
}

fn create(opened: &Opened<'_>, asked: Value) -> Result<Known> {
    let text = |key: &str| asked.get(key).and_then(Value::as_str).map(str::to_owned);
    let (name, value) = (text("name").unwrap_or_default(), text("value").unwrap_or_default());
    let org = text("orgId").unwrap_or_else(|| "default".to_owned());
    let Created { entry, .. } =
        opened.ask(operation::<CreateSecret>(asked)?).map_err(|fault| words(&fault))?;
    let expired = name == "expired";
    Ok(Known {
        id: entry.id,
        org,
        name,
        entry: Value::Null,
        versions: Value::Null,
        values: vec![value],
        expired,
    })
}

fn update(opened: &Opened<'_>, secret: &mut Known, value: &str) -> Result<()> {
    let asked = json!({ "id": secret.id, "value": value });
    opened.ask(operation::<UpdateSecret>(asked)?).map_err(|fault| words(&fault))?;
    secret.values.push(value.to_owned());
    Ok(())
}

fn entry_of(opened: &Opened<'_>, id: SecretId) -> Result<Value> {
    let all = ListSecrets { org_id: Some(OrgScope::All), ..ListSecrets::default() };
    let listed = opened.ask(all).map_err(|fault| words(&fault))?;
    let entry = listed.secrets.iter().find(|secret| secret.id == id).context("a secret is not listed")?;
    Ok(serde_json::to_value(entry)?)
}

/// Lists the agents.
pub(super) fn agents(opened: &Opened<'_>) -> Result<Value, Fault> {
    opened.ask(ListAgents {}).map(|listed| json!(listed.agents))
}

/// Discovers what each org has by platform.
pub(super) fn discovered(opened: &Opened<'_>, orgs: &BTreeSet<String>) -> Result<Vec<Value>, Fault> {
    let of = |org: &String| {
        let org_id = org.clone().try_into().ok();
        opened.ask(Discover { platform: None, org_id }).map(|found| json!(found))
    };
    orgs.iter().map(of).collect()
}

/// Reads the log, oldest first.
pub(super) fn log(opened: &Opened<'_>) -> Result<Vec<Value>, Fault> {
    let page = AuditLog { after: Some(0), limit: Some(1000), ..AuditLog::default() };
    opened.ask(page).map(|answer| answer.entries.iter().map(|entry| json!(entry)).collect())
}
