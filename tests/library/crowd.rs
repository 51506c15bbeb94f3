//! Many tasks at once on the same few names: each change is there once, each look and change is in the log once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use vault::api::{
    AuditEntry, AuditLog, Code, CreateSecret, DeleteSecret, GetSecret, ListSecrets, Resolve, RotateSecret,
    Secret, UpdateSecret, VerifyAudit,
};
use vault::clock::SystemClock;
use vault::domain::{Outcome, SecretId};
use vault::vault::Handle;
use vault_testkit::Inside;
use vault_testkit::inside::KEY;

const TASKS: u64 = 64;
/// Names of secrets that hold a number, which is counted up by those who saw it.
const COUNTERS: usize = 4;
/// Names that stand all the time, the counters first.
const STANDING: usize = 8;
/// All names; what stands under the last of them comes and goes.
const NAMES: usize = 10;

/// What all tasks share: the vault, and the last id under each name.
struct Crowd {
    inside: Inside<SystemClock>,
    ids: Mutex<Vec<SecretId>>,
}

/// What one task was answered.
#[derive(Default)]
struct Ledger {
    done: u64,
    refused: u64,
    /// How many secrets were made, less those that were deleted.
    standing: i64,
    /// Revisions that it wrote, by name.
    written: Vec<(usize, u64)>,
    /// Values that it wrote or read, by name and version.
    values: BTreeMap<(usize, u64), String>,
    /// The highest revision of each name that it knows of.
    seen: [u64; NAMES],
}

impl Ledger {
    /// Counts an answer; one that is a fault of the vault's own fails.
    fn count<T>(&mut self, answer: Result<T, Code>) -> Option<T> {
        match answer {
            Ok(answer) => {
                self.done += 1;
                Some(answer)
            }
            Err(Code::Conflict | Code::NotFound) => {
                self.refused += 1;
                None
            }
            Err(code) => panic!("a request was answered with {}", code.as_str()),
        }
    }

    /// Takes in what was read of a name that stands: never older than what was known.
    fn read(&mut self, name: usize, entry: &Secret, value: &str) {
        assert!(entry.revision >= self.seen[name], "{} went back from {}", entry.revision, self.seen[name]);
        self.seen[name] = entry.revision;
        self.know(name, entry.version, value);
    }

    /// Takes in what was written to a name that stands.
    fn wrote(&mut self, name: usize, entry: &Secret) {
        self.written.push((name, entry.revision));
        self.seen[name] = self.seen[name].max(entry.revision);
    }

    fn know(&mut self, name: usize, version: u64, value: &str) {
        let known = self.values.entry((name, version)).or_insert_with(|| value.to_owned());
        assert_eq!(known, value, "version {version} of {}", text_of(name));
    }

    fn merge(&mut self, other: Self) {
        self.done += other.done;
        self.refused += other.refused;
        self.standing += other.standing;
        self.written.extend(other.written);
        for ((name, version), value) in other.values {
            self.know(name, version, &value);
        }
    }
}

fn text_of(name: usize) -> String {
    format!("name {name}")
}

impl Crowd {
    async fn gather(folder: &std::path::Path) -> Self {
        let inside = Inside::at(&folder.join("vault.db"), &Arc::new(SystemClock), None).unwrap();
        inside.found(KEY).await;
        let crowd = Self { inside, ids: Mutex::default() };
        for name in 0..NAMES {
            let asked = json!({ "name": text_of(name), "value": "0" });
            let id = crowd.ask::<CreateSecret>(asked).await.unwrap().entry.id;
            crowd.ids.lock().unwrap().push(id);
        }
        crowd
    }

    async fn ask<O: Handle>(&self, asked: Value) -> Result<O::Answer, Code> {
        self.inside.ask::<O>(asked).await.map_err(|fault| fault.code)
    }

    fn id(&self, name: usize) -> SecretId {
        self.ids.lock().unwrap()[name]
    }

    /// Makes so many requests, drawn from a number.
    async fn work(self: Arc<Self>, task: u64, requests: u64) -> Ledger {
        let (mut ledger, mut draw) = (Ledger::default(), Draw(task + 1));
        while ledger.done + ledger.refused < requests {
            let (what, any) = (draw.below(10), draw.below(NAMES));
            let standing = draw.below(STANDING);
            let passing = STANDING + draw.below(NAMES - STANDING);
            match what {
                0..=2 => self.count_up(&mut ledger, draw.below(COUNTERS)).await,
                3 | 4 => self.resolve(&mut ledger, any).await,
                5 => {
                    let free = COUNTERS + draw.below(STANDING - COUNTERS);
                    let value = format!("{task}/{}", ledger.done);
                    self.update(&mut ledger, free, json!({ "id": self.id(free), "value": value })).await;
                }
                6 => {
                    let rotated = self.ask::<RotateSecret>(json!({ "id": self.id(standing) })).await;
                    if let Some(rotated) = ledger.count(rotated) {
                        ledger.wrote(standing, &rotated.entry);
                    }
                }
                7 => self.make(&mut ledger, passing).await,
                8 => {
                    let deleted = self.ask::<DeleteSecret>(json!({ "id": self.id(passing) })).await;
                    ledger.standing -= i64::from(ledger.count(deleted).is_some());
                }
                _ => drop(ledger.count(self.ask::<ListSecrets>(json!({})).await)),
            }
        }
        ledger
    }

    /// Reads a counter and writes the next number, where nobody wrote meanwhile.
    async fn count_up(&self, ledger: &mut Ledger, name: usize) {
        let id = self.id(name);
        let Some(got) = ledger.count(self.ask::<GetSecret>(json!({ "id": id })).await) else { return };
        let value = got.value.value().expose();
        ledger.read(name, &got.entry, value);
        let next = (value.parse::<u64>().unwrap() + 1).to_string();
        self.update(ledger, name, json!({ "id": id, "value": next, "ifRevision": got.entry.revision })).await;
    }

    async fn update(&self, ledger: &mut Ledger, name: usize, asked: Value) {
        let value = asked["value"].as_str().unwrap().to_owned();
        if let Some(updated) = ledger.count(self.ask::<UpdateSecret>(asked).await) {
            ledger.wrote(name, &updated.entry);
            ledger.know(name, updated.entry.version, &value);
        }
    }

    async fn resolve(&self, ledger: &mut Ledger, name: usize) {
        let found = self.ask::<Resolve>(json!({ "name": text_of(name) })).await;
        if let Some(found) = ledger.count(found).filter(|_| name < STANDING) {
            ledger.read(name, &found.entry, found.value.value().expose());
        }
    }

    async fn make(&self, ledger: &mut Ledger, name: usize) {
        let asked = json!({ "name": text_of(name), "value": "0" });
        if let Some(made) = ledger.count(self.ask::<CreateSecret>(asked).await) {
            ledger.standing += 1;
            self.ids.lock().unwrap()[name] = made.entry.id;
        }
    }

    async fn log(&self) -> Vec<AuditEntry> {
        let mut log: Vec<AuditEntry> = Vec::new();
        loop {
            let asked = json!({ "after": log.len(), "limit": 1000 });
            let page = self.ask::<AuditLog>(asked).await.unwrap().entries;
            if page.is_empty() {
                return log;
            }
            log.extend(page);
        }
    }
}

/// Numbers that follow from the first one.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Tells for how many requests an entry stands: refusals beyond a rate share one.
fn requests_of(entry: &AuditEntry) -> u64 {
    let metadata: Value = serde_json::from_str(entry.metadata.as_json()).unwrap();
    if metadata["folded"] == json!(true) { metadata["count"].as_u64().unwrap() } else { 1 }
}

/// Lets all tasks make their requests, and compares what they were answered with what is stored.
async fn crowded(requests: u64) {
    // On a disk, whose commits take long enough for requests to meet.
    let folder = tempfile::tempdir().unwrap();
    let crowd = Arc::new(Crowd::gather(folder.path()).await);
    let answers = crowd.inside.vault.clone();
    let handing_out = tokio::spawn(async move { answers.hand_out_answers().await });
    let tasks: Vec<_> =
        (0..TASKS).map(|task| tokio::spawn(Arc::clone(&crowd).work(task, requests))).collect();
    let mut all = Ledger::default();
    for task in tasks {
        all.merge(task.await.unwrap());
    }
    crowd.inside.vault.record_folded().await;
    assert_logged(&crowd, &all).await;
    assert_stored(&crowd, &all).await;
    handing_out.abort();
}

/// The log has an entry for each request, and verifies.
async fn assert_logged(crowd: &Crowd, all: &Ledger) {
    let verified = crowd.ask::<VerifyAudit>(json!({})).await.unwrap();
    assert!(verified.intact, "{verified:?}");
    let log = crowd.log().await;
    // The unlock and what was made before anybody worked.
    let worked = &log[1 + NAMES..];
    let told = |ended: fn(Outcome) -> bool| -> u64 {
        worked.iter().filter(|entry| ended(entry.outcome)).map(requests_of).sum()
    };
    assert_eq!(all.done, told(|outcome| outcome == Outcome::Ok));
    assert_eq!(all.refused, told(|outcome| outcome != Outcome::Ok));
}

/// Each acknowledged write has a revision of its own, without a gap; each counter counted every one of its updates.
async fn assert_stored(crowd: &Crowd, all: &Ledger) {
    let mut revisions: HashMap<usize, Vec<u64>> = HashMap::new();
    for (name, revision) in &all.written {
        revisions.entry(*name).or_default().push(*revision);
    }
    for name in 0..STANDING {
        let mut written = revisions.remove(&name).unwrap_or_default();
        written.sort_unstable();
        let got = crowd.ask::<GetSecret>(json!({ "id": crowd.id(name) })).await.unwrap();
        assert_eq!((2..=got.entry.revision).collect::<Vec<_>>(), written, "{}", text_of(name));
        let value = got.value.value().expose();
        assert_eq!(all.values.get(&(name, got.entry.version)).map_or("0", String::as_str), value);
        if name < COUNTERS {
            assert_eq!((got.entry.version - 1).to_string(), value, "{}", text_of(name));
        }
    }
    let listed = crowd.ask::<ListSecrets>(json!({})).await.unwrap();
    assert_eq!(i64::try_from(NAMES).unwrap() + all.standing, i64::try_from(listed.total).unwrap());
}

/// How many requests each task makes, unless it is said.
const USUAL: u64 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[expect(clippy::disallowed_methods, reason = "libtest takes no arguments of a test's own")]
async fn nothing_is_lost_and_everything_is_logged_where_many_write_the_same_secrets() {
    let asked = std::env::var("VAULT_CROWD_REQUESTS").ok().map(|text| text.parse().unwrap());
    crowded(asked.unwrap_or(USUAL)).await;
}
