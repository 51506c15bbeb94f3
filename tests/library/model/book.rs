//! What a vault must hold and answer, kept in plain maps.

use std::collections::{BTreeMap, BTreeSet};

use vault::api::{Code, LockVault, Operation};
use vault::domain::{Action, Outcome};

use super::step::{AGENTS, ASKED, Guess, NAMES, ORGS, Scope, Size, Spot, Step};
use super::words::{Answer, Line, Reply, Shown, Text};

/// How many values of a secret are kept.
const KEPT: usize = 10;

/// A secret.
#[derive(Debug, Clone)]
pub(crate) struct Secret {
    /// Which creation it came from: a name that is taken again is another secret.
    pub(crate) birth: u64,
    pub(crate) revision: u64,
    pub(crate) note: Option<u64>,
    /// Versions with their values, the present one last.
    pub(crate) values: Vec<(u64, Text)>,
}

impl Secret {
    pub(crate) fn version(&self) -> u64 {
        self.values.last().unwrap().0
    }

    fn value(&self, version: u64) -> Option<Text> {
        self.values.iter().find(|(known, _)| *known == version).map(|(_, text)| *text)
    }

    fn push(&mut self, text: Text) {
        self.values.push((self.version() + 1, text));
        let first = self.values.len().saturating_sub(KEPT);
        self.values.drain(..first);
    }

    fn written(&self) -> Answer {
        Answer::Written(self.version(), self.revision)
    }

    fn shown(&self, spot: Spot) -> Shown {
        Shown {
            org: ORGS[spot.org].to_owned(),
            name: NAMES[spot.name].to_owned(),
            version: self.version(),
            revision: self.revision,
            metadata: self.note.map_or_else(|| "{}".to_owned(), |note| format!("{{\"note\":{note}}}")),
        }
    }
}

/// The model: all that a vault holds, and what it answers to the step that was last.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    pub(crate) secrets: BTreeMap<Spot, Secret>,
    /// The last secret that stood at each spot, there still or not.
    pub(crate) last: BTreeMap<Spot, u64>,
    pub(crate) log: Vec<Line>,
    pub(crate) locked: bool,
    /// Which key opens it.
    pub(crate) key: u64,
    pub(crate) answer: Reply,
    /// The number of the value that was written last.
    pub(crate) number: u64,
    agents: BTreeSet<usize>,
    /// What was asked for since it was locked, and how often: locks alone were done.
    asked: Vec<(&'static str, u64)>,
}

impl Book {
    /// Begins with an empty vault that was opened so many times.
    pub(crate) fn opened(times: usize) -> Self {
        let mut book = Self {
            secrets: BTreeMap::new(),
            last: BTreeMap::new(),
            log: Vec::new(),
            locked: false,
            key: 0,
            answer: Ok(Answer::Done),
            number: 0,
            agents: BTreeSet::new(),
            asked: Vec::new(),
        };
        for _ in 0..times {
            book.note(Action::Unlock, None, None);
        }
        book
    }

    /// Takes a step.
    pub(crate) fn after(mut self, step: &Step) -> Self {
        self.answer = match step.refusable().filter(|_| self.locked) {
            Some(method) => {
                self.count(method, step.requests());
                if method == LockVault::METHOD { Ok(Answer::Done) } else { Err(Code::Locked) }
            }
            None => self.answer_to(step),
        };
        self
    }

    fn answer_to(&mut self, step: &Step) -> Reply {
        match *step {
            Step::Create(spot, size) => self.create(spot, size),
            Step::Get(spot) => self.get(spot, None),
            Step::Older(spot, version) => self.get(spot, Some(version)),
            Step::Resolve(org, asked) => self.resolve(org, asked),
            Step::Update(spot, times, size) => (0..times).map(|_| self.update(spot, size)).last().unwrap(),
            Step::Note(spot) => self.write(spot, |secret, number| secret.note = Some(number)),
            Step::Guarded(spot, guess) => self.guarded(spot, guess),
            Step::Rotate(spot) => self.rotate(spot),
            Step::RotateAll(scope) => Ok(self.rotate_all(scope)),
            Step::Delete(spot) => self.delete(spot),
            Step::Versions(spot) => self.versions(spot),
            Step::Rollback(spot, version) => self.roll_back(spot, version),
            Step::List(scope, most, after) => Ok(self.list(scope, most, after)),
            Step::AddAgent(name) => self.add_agent(name),
            Step::DropAgent(name) => self.drop_agent(name),
            Step::Agents => {
                Ok(Answer::Names(self.agents.iter().map(|name| AGENTS[*name].to_owned()).collect()))
            }
            Step::Lock => Ok(self.lock()),
            Step::Unlock => Ok(self.unlock()),
            Step::WrongKey => Err(Code::Forbidden),
            Step::Rekey => Ok(self.rekey()),
            Step::Restart => {
                if !self.locked {
                    self.lock();
                }
                Ok(self.start())
            }
            Step::Crash => Ok(self.start()),
        }
    }

    fn note(&mut self, action: Action, name: Option<usize>, number: Option<u64>) {
        let name = name.map(|name| NAMES[name].to_owned());
        self.log.push(Line { action, outcome: Outcome::Ok, name, number });
    }

    fn fail(&mut self, action: Action, name: Option<&str>, code: Code) -> Reply {
        let name = name.map(str::to_owned);
        self.log.push(Line { action, outcome: Outcome::Failed, name, number: None });
        Err(code)
    }

    /// Counts what a locked vault is asked for; it is written down when the vault opens.
    fn count(&mut self, method: &'static str, times: u64) {
        match self.asked.iter_mut().find(|(known, _)| *known == method) {
            Some((_, count)) => *count += times,
            None => self.asked.push((method, times)),
        }
    }

    fn create(&mut self, spot: Spot, size: Size) -> Reply {
        if self.secrets.contains_key(&spot) {
            self.number += 1;
            return self.fail(Action::Create, Some(NAMES[spot.name]), Code::Conflict);
        }
        self.number += 1;
        let values = vec![(1, Text(self.number, size))];
        let secret = Secret { birth: self.number, revision: 1, note: None, values };
        self.note(Action::Create, Some(spot.name), Some(1));
        self.last.insert(spot, secret.birth);
        let answer = secret.written();
        self.secrets.insert(spot, secret);
        Ok(answer)
    }

    fn get(&mut self, spot: Spot, version: Option<u64>) -> Reply {
        let name = NAMES[spot.name];
        let Some(secret) = self.secrets.get(&spot) else {
            return self.fail(Action::Decrypt, None, Code::NotFound);
        };
        let version = version.unwrap_or(secret.version());
        let Some(text) = secret.value(version) else {
            return self.fail(Action::Decrypt, Some(name), Code::NotFound);
        };
        let answer = Answer::Value(name.to_owned(), text.to_string(), secret.version(), secret.revision);
        self.note(Action::Decrypt, Some(spot.name), Some(version));
        Ok(answer)
    }

    fn resolve(&mut self, org: usize, asked: usize) -> Reply {
        let (asked, names) = ASKED[asked];
        let mut spots = names.iter().map(|name| Spot { org, name: *name });
        match spots.find(|spot| self.secrets.contains_key(spot)) {
            Some(spot) => self.get(spot, None),
            None => self.fail(Action::Decrypt, Some(asked), Code::NotFound),
        }
    }

    fn update(&mut self, spot: Spot, size: Size) -> Reply {
        self.write(spot, |secret, number| secret.push(Text(number, size)))
    }

    /// Writes the next revision of a secret.
    fn write(&mut self, spot: Spot, change: impl FnOnce(&mut Secret, u64)) -> Reply {
        self.number += 1;
        let number = self.number;
        let Some(secret) = self.secrets.get_mut(&spot) else {
            return self.fail(Action::Encrypt, None, Code::NotFound);
        };
        change(secret, number);
        secret.revision += 1;
        let (version, answer) = (secret.version(), secret.written());
        self.note(Action::Encrypt, Some(spot.name), Some(version));
        Ok(answer)
    }

    fn guarded(&mut self, spot: Spot, guess: Guess) -> Reply {
        if guess == Guess::Right || !self.secrets.contains_key(&spot) {
            return self.update(spot, Size::Short);
        }
        self.number += 1;
        self.fail(Action::Encrypt, Some(NAMES[spot.name]), Code::Conflict)
    }

    fn rotate(&mut self, spot: Spot) -> Reply {
        let Some(secret) = self.secrets.get_mut(&spot) else {
            return self.fail(Action::Rotate, None, Code::NotFound);
        };
        secret.revision += 1;
        let (version, answer) = (secret.version(), secret.written());
        self.note(Action::Rotate, Some(spot.name), Some(version));
        Ok(answer)
    }

    /// Gives the spots that are taken, in order of name, then of org.
    fn taken(&self, scope: Scope) -> Vec<Spot> {
        let mut spots: Vec<_> =
            self.secrets.keys().copied().filter(|spot| scope.is_none_or(|org| org == spot.org)).collect();
        spots.sort_by_key(|spot| (NAMES[spot.name], ORGS[spot.org]));
        spots
    }

    fn rotate_all(&mut self, scope: Scope) -> Answer {
        let spots = self.taken(scope);
        for spot in &spots {
            self.rotate(*spot).unwrap();
        }
        self.note(Action::Rotate, None, Some(spots.len() as u64));
        Answer::Count(spots.len() as u64)
    }

    fn delete(&mut self, spot: Spot) -> Reply {
        let Some(secret) = self.secrets.remove(&spot) else {
            return self.fail(Action::Delete, None, Code::NotFound);
        };
        self.note(Action::Delete, Some(spot.name), Some(secret.revision));
        Ok(Answer::Done)
    }

    fn versions(&mut self, spot: Spot) -> Reply {
        let Some(secret) = self.secrets.get(&spot) else {
            return self.fail(Action::Read, None, Code::NotFound);
        };
        let versions = secret.values.iter().rev().map(|(version, _)| *version).collect();
        self.note(Action::Read, Some(spot.name), None);
        Ok(Answer::Versions(versions))
    }

    fn roll_back(&mut self, spot: Spot, version: u64) -> Reply {
        let Some(secret) = self.secrets.get(&spot) else {
            return self.fail(Action::Encrypt, None, Code::NotFound);
        };
        let name = Some(NAMES[spot.name]);
        if version == secret.version() {
            return self.fail(Action::Encrypt, name, Code::Conflict);
        }
        match secret.value(version) {
            None => self.fail(Action::Encrypt, name, Code::NotFound),
            Some(text) => self.write(spot, |secret, _| secret.push(text)),
        }
    }

    fn list(&mut self, scope: Scope, most: usize, after: usize) -> Answer {
        let spots = self.taken(scope);
        let page: Vec<_> =
            spots.iter().skip(after).take(most).map(|spot| self.secrets[spot].shown(*spot)).collect();
        self.note(Action::Read, None, Some(page.len() as u64));
        Answer::Listed(page, spots.len() as u64)
    }

    fn add_agent(&mut self, name: usize) -> Reply {
        if !self.agents.insert(name) {
            return self.fail(Action::Grant, None, Code::Conflict);
        }
        self.note(Action::Grant, None, None);
        Ok(Answer::Done)
    }

    fn drop_agent(&mut self, name: usize) -> Reply {
        if !self.agents.remove(&name) {
            return self.fail(Action::Revoke, None, Code::NotFound);
        }
        self.note(Action::Revoke, None, None);
        Ok(Answer::Done)
    }
}

/// The life of the keys.
impl Book {
    fn lock(&mut self) -> Answer {
        self.note(Action::Lock, None, None);
        self.locked = true;
        Answer::Done
    }

    /// Opens it, and writes down what it was asked for.
    fn unlock(&mut self) -> Answer {
        self.note(Action::Unlock, None, None);
        for (method, times) in std::mem::take(&mut self.asked) {
            let is_lock = method == LockVault::METHOD;
            let (action, outcome) =
                if is_lock { (Action::Lock, Outcome::Ok) } else { (Action::Read, Outcome::Denied) };
            self.log.push(Line { action, outcome, name: None, number: Some(times) });
        }
        self.locked = false;
        Answer::Done
    }

    /// Opens it in another process, which knows of nothing that was asked for.
    fn start(&mut self) -> Answer {
        self.asked.clear();
        self.unlock()
    }

    fn rekey(&mut self) -> Answer {
        let spots = self.taken(None);
        for spot in &spots {
            let secret = self.secrets.get_mut(spot).unwrap();
            secret.revision += 1;
            let revision = secret.revision;
            self.note(Action::Rotate, Some(spot.name), Some(revision));
        }
        self.note(Action::Rekey, None, Some(spots.len() as u64));
        // The old slot goes when the key file holds the new key.
        self.note(Action::Rekey, None, None);
        self.key += 1;
        Answer::Count(spots.len() as u64)
    }
}
