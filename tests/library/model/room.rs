//! A real vault in a folder of its own, which takes the same steps as the model.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use vault::api::{
    AddAgent, AuditEntry, AuditLog, Code, CreateSecret, Created, DeleteAgent, DeleteSecret, GetSecret,
    ListAgents, ListSecrets, ListVersions, LockVault, Rekey, Resolve, Rollback, RotateAll, RotateSecret,
    Secret, StatusOf, UpdateSecret, VerifyAudit,
};
use vault::clock::ManualClock;
use vault::domain::{OrgScope, Outcome, SecretId, Timestamp};
use vault::secret::KeyBytes;
use vault::store::{ListQuery, Store};
use vault::vault::{Handle, Vault};
use vault::{files, keyfile};
use vault_testkit::inside::folder;
use vault_testkit::{Inside, NO_ID};

use super::book::Book;
use super::step::{AGENTS, ASKED, Guess, NAMES, ORGS, Scope, Spot, Step};
use super::stock::{KEY, RUNTIME, STOCK, files_of, key_text, master_of, open};
use super::words::{Answer, Line, Reply, Shown, Text};

/// How often a vault was opened when its first step comes.
pub(crate) const OPENED: usize = 2;

/// The vault under test.
pub(crate) struct Room {
    folder: TempDir,
    clock: Arc<ManualClock>,
    /// Nothing while its files change places.
    running: Option<Inside>,
    master: KeyBytes,
    /// The id of each secret, by the creation that it came from.
    ids: HashMap<u64, SecretId>,
}

impl Room {
    /// Makes a vault that is open and empty.
    pub(crate) fn new() -> Self {
        let copied = |out: &mut [u8; 32]| out.copy_from_slice(STOCK.master.expose());
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_767_225_600_000)));
        let mut room = Self {
            folder: folder(),
            clock,
            running: None,
            master: KeyBytes::filled(copied),
            ids: HashMap::new(),
        };
        room.start(&STOCK.files);
        room.unlock().unwrap();
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn inside(&self) -> &Inside {
        self.running.as_ref().unwrap()
    }

    fn vault(&self) -> &Vault {
        &self.inside().vault
    }

    /// Puts files into the folder and opens what they hold.
    fn start(&mut self, all: &[(&'static str, Vec<u8>)]) {
        for (name, bytes) in all {
            files::replace_private(&self.path(name), bytes).unwrap();
        }
        self.running = Some(open(self.folder.path(), &self.clock));
    }

    fn unlock(&self) -> Result<(), Code> {
        let opened = RUNTIME.block_on(self.inside().unlock_derived(&self.master));
        opened.map_err(|fault| fault.code)
    }

    /// Asks as the owner, never so fast that refusals are folded into one entry.
    fn ask<O: Handle>(&self, asked: Value) -> Result<O::Answer, Code> {
        self.clock.turn_to(self.vault().now().plus_millis(100));
        RUNTIME.block_on(self.inside().ask::<O>(asked)).map_err(|fault| fault.code)
    }

    /// Takes a step that the model has taken, and gives what the vault answered.
    pub(crate) fn take(&mut self, book: &Book, step: &Step) -> Reply {
        let id = |spot: Spot| self.id(book, spot);
        match *step {
            Step::Create(spot, size) => self.create(book, spot, Text(book.number, size)),
            Step::Get(spot) => self.get(json!({ "id": id(spot) })),
            Step::Older(spot, version) => self.get(json!({ "id": id(spot), "version": version })),
            Step::Resolve(org, asked) => self.resolve(org, asked),
            Step::Update(spot, times, size) => {
                let update = |_: Reply, left| {
                    let text = Text(book.number.saturating_sub(left), size).to_string();
                    self.update(json!({ "id": id(spot), "value": text }))
                };
                (0..times).rev().fold(Ok(Answer::Done), update)
            }
            Step::Note(spot) => self.update(json!({ "id": id(spot), "metadata": { "note": book.number } })),
            Step::Guarded(spot, guess) => self.guarded(book, spot, guess),
            Step::Rotate(spot) => self.ask::<RotateSecret>(json!({ "id": id(spot) })).map(written),
            Step::RotateAll(scope) => self.rotate_all(scope),
            Step::Delete(spot) => self.ask::<DeleteSecret>(json!({ "id": id(spot) })).map(done),
            Step::Versions(spot) => self.versions(&id(spot)),
            Step::Rollback(spot, version) => {
                self.ask::<Rollback>(json!({ "id": id(spot), "version": version })).map(written)
            }
            Step::List(scope, most, after) => self.list(scope, most, after),
            Step::AddAgent(name) => self.add_agent(AGENTS[name]),
            Step::DropAgent(name) => self.ask::<DeleteAgent>(json!({ "name": AGENTS[name] })).map(done),
            Step::Agents => self.agents(),
            Step::Lock => self.ask::<LockVault>(json!({})).map(done),
            Step::Unlock => self.unlock().map(done),
            Step::WrongKey => self.try_wrong_key(),
            Step::Rekey => self.rekey(book),
            Step::Restart => self.restart(),
            Step::Crash => self.crash(),
        }
    }

    fn id(&self, book: &Book, spot: Spot) -> String {
        let id = book.last.get(&spot).and_then(|birth| self.ids.get(birth));
        id.map_or_else(|| NO_ID.to_owned(), SecretId::to_string)
    }

    fn create(&mut self, book: &Book, spot: Spot, text: Text) -> Reply {
        let (org, name) = (ORGS[spot.org], NAMES[spot.name]);
        let asked = json!({ "orgId": org, "name": name, "value": text.to_string() });
        let created = self.ask::<CreateSecret>(asked)?;
        self.ids.insert(book.number, created.entry.id);
        Ok(written(created))
    }

    fn get(&self, asked: Value) -> Reply {
        self.ask::<GetSecret>(asked).map(|got| value(&got.entry, got.value.value().expose()))
    }

    fn resolve(&self, org: usize, asked: usize) -> Reply {
        let mut question = json!({ "name": ASKED[asked].0 });
        if org > 0 {
            question["orgId"] = json!(ORGS[org]);
        }
        let found = self.ask::<Resolve>(question)?;
        assert_eq!(found.name, found.entry.name);
        assert_eq!(ORGS[org], found.entry.org_id.as_str());
        Ok(value(&found.entry, found.value.value().expose()))
    }

    fn update(&self, asked: Value) -> Reply {
        self.ask::<UpdateSecret>(asked).map(written)
    }

    fn guarded(&self, book: &Book, spot: Spot, guess: Guess) -> Reply {
        let present = book.secrets.get(&spot).map_or(1, |secret| secret.revision);
        let revision = if guess == Guess::Right { present.saturating_sub(1) } else { present + 1 };
        let text = Text(book.number, super::step::Size::Short).to_string();
        self.update(json!({ "id": self.id(book, spot), "value": text, "ifRevision": revision }))
    }

    fn rotate_all(&self, scope: Scope) -> Reply {
        let rotated = self.ask::<RotateAll>(json!({ "orgId": org_of(scope) }))?;
        assert!(rotated.errors.is_empty(), "{:?}", rotated.errors);
        Ok(Answer::Count(rotated.rotated))
    }

    fn versions(&self, id: &str) -> Reply {
        let listed = self.ask::<ListVersions>(json!({ "id": id }))?;
        Ok(Answer::Versions(listed.versions.iter().map(|version| version.version).collect()))
    }

    fn list(&self, scope: Scope, most: usize, after: usize) -> Reply {
        let asked = json!({ "orgId": org_of(scope), "limit": most, "offset": after });
        let listed = self.ask::<ListSecrets>(asked)?;
        assert!(listed.damaged.is_empty(), "{:?}", listed.damaged);
        Ok(Answer::Listed(listed.secrets.iter().map(shown).collect(), listed.total))
    }

    fn add_agent(&self, name: &str) -> Reply {
        let grants = json!([{ "names": ["*"], "actions": ["decrypt"] }]);
        self.ask::<AddAgent>(json!({ "name": name, "grants": grants })).map(done)
    }

    fn agents(&self) -> Reply {
        let listed = self.ask::<ListAgents>(json!({}))?;
        Ok(Answer::Names(listed.agents.iter().map(|agent| agent.name.to_string()).collect()))
    }

    fn try_wrong_key(&self) -> Reply {
        let wrong = KeyBytes::copied(&[7; 32]);
        let refused = RUNTIME.block_on(self.inside().unlock_derived(&wrong));
        refused.map(done).map_err(|fault| fault.code)
    }

    fn rekey(&mut self, book: &Book) -> Reply {
        let rekeyed = self.ask::<Rekey>(json!({ "newKey": key_text(book.key) }))?;
        assert_eq!(None, rekeyed.pending);
        self.master = master_of(self.vault());
        Ok(Answer::Count(rekeyed.rekeyed))
    }

    fn restart(&mut self) -> Reply {
        RUNTIME.block_on(self.vault().close());
        let head = self.vault().head();
        self.running = None;
        self.start(&[]);
        self.vault().set_outside_head(head);
        self.unlock().map(done)
    }

    fn crash(&mut self) -> Reply {
        let (head, left) = (self.vault().head(), files_of(self.folder.path()));
        self.running = None;
        self.folder = folder();
        self.start(&left);
        self.vault().set_outside_head(head);
        self.unlock().map(done)
    }
}

fn done<T>(_: T) -> Answer {
    Answer::Done
}

fn written(Created { entry, .. }: Created) -> Answer {
    Answer::Written(entry.version, entry.revision)
}

fn value(entry: &Secret, text: &str) -> Answer {
    Answer::Value(entry.name.to_string(), text.to_owned(), entry.version, entry.revision)
}

fn shown(entry: &Secret) -> Shown {
    Shown {
        org: entry.org_id.to_string(),
        name: entry.name.to_string(),
        version: entry.version,
        revision: entry.revision,
        metadata: entry.metadata.as_json().to_owned(),
    }
}

fn org_of(scope: Scope) -> &'static str {
    scope.map_or("*", |org| ORGS[org])
}

/// What is compared beside the answers.
impl Room {
    /// Compares what needs no key and leaves no entry.
    pub(crate) fn compare(&self, book: &Book) {
        let status = self.ask::<StatusOf>(json!({})).unwrap();
        assert_eq!(book.secrets.len() as u64, status.total_entries);
        assert_eq!((book.locked, book.log.len() as u64), (status.locked, status.audit.entries));
        let unusual = status.warnings.iter().filter(|warning| warning.code != "no_recovery");
        assert_eq!(Vec::<String>::new(), unusual.map(|warning| warning.message.clone()).collect::<Vec<_>>());
        let key = keyfile::read(&self.path(KEY)).unwrap().unwrap();
        assert_eq!(key_text(book.key).as_bytes(), key.into_last().expose());
    }

    /// Compares the stored rows: which there are, and at which revision.
    pub(crate) fn compare_rows(&self, book: &Book) {
        let (rows, _) = self.inside().store.list(&ListQuery::all(OrgScope::All), usize::MAX).unwrap();
        let stored: HashMap<_, _> = rows.iter().map(|row| (row.id, row.revision)).collect();
        let secrets = book.secrets.values();
        let known: HashMap<_, _> = secrets.map(|secret| (self.ids[&secret.birth], secret.revision)).collect();
        assert_eq!(known, stored);
    }

    /// Compares the whole log, and verifies it.
    pub(crate) fn compare_log(&self, book: &Book) {
        let verified = self.ask::<VerifyAudit>(json!({})).unwrap();
        assert!(verified.intact, "{verified:?}");
        assert_eq!(book.log.len() as u64, verified.entries);
        let mut lines: Vec<Line> = Vec::new();
        while lines.len() < book.log.len() {
            let page = self.ask::<AuditLog>(json!({ "after": lines.len(), "limit": 1000 })).unwrap();
            for entry in &page.entries {
                assert_eq!(lines.len() as u64 + 1, entry.seq);
                lines.push(line(entry));
            }
        }
        assert_eq!(book.log, lines);
    }
}

fn line(entry: &AuditEntry) -> Line {
    const NUMBERS: [&str; 6] = ["version", "revision", "rotated", "rekeyed", "listed", "count"];
    let metadata: Value = serde_json::from_str(entry.metadata.as_json()).unwrap();
    let number = NUMBERS.iter().find_map(|key| metadata.get(key)?.as_u64());
    Line {
        action: entry.action,
        outcome: entry.outcome,
        name: entry.entry_name.clone(),
        number: number.filter(|_| entry.outcome != Outcome::Failed),
    }
}
