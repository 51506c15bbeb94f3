//! The vault: the one line judge → act → record that every operation goes along.

mod agents;
mod backup;
mod change;
mod desk;
mod discover;
mod faults;
mod finish;
mod folded;
mod found;
mod growth;
mod handle;
mod inspect;
mod keys;
mod list;
mod locked;
mod log;
mod looks;
mod loss;
mod lost;
mod mark;
mod portions;
mod refused;
mod rekey;
mod reseal;
mod resolve;
mod retention;
mod rotate;
mod rows;
mod scan;
mod secrets;
mod settings;
mod status;
mod transfer;
mod turn;
mod unlock;
mod upkeep;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::{RwLock as Turns, watch};

pub use agents::Standing;
pub use desk::Desk;
use faults::{GivenUp, fault_of};
use folded::Folded;
pub use found::{FoundError, Founded, Founding, Plan, found};
use growth::Growth;
use handle::After;
pub use handle::{Changes, Handle, Length, Place, Records, Settled, WhileLocked};
pub use inspect::{Damage, Findings};
pub use list::{Fold, each};
pub use looks::Following;
pub use lost::lost;
pub use mark::{LOCK_MARK, OwnerLock};
use portions::NotDone;
use refused::Refused;
pub use rekey::SlotSource;
use rows::Rows;
pub use settings::{Posture, Settings};
use turn::Turn;

use crate::agents::{Agents, Executables};
use crate::api::{Code, Fault, Warning};
use crate::audit::{Author, Draft, Head};
use crate::clock::Clock;
use crate::crypto::Iterations;
use crate::domain::{Caller, LockReason, Timestamp};
use crate::keyring::{Keyring, Keys};
use crate::store::{Refusal, Store, Unit};
use vault_platform::PagePolicy;

/// How often a unit is tried again when its rows or keys changed meanwhile.
const TRIES: usize = 16;

/// A vault; clones are the same one.
#[derive(Debug, Clone)]
pub struct Vault(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: RwLock<Settings>,
    started: Timestamp,
    keyring: RwLock<Keyring>,
    findings: RwLock<Findings>,
    warnings: RwLock<Vec<Warning>>,
    weak_key: AtomicBool,
    outside: RwLock<Option<Head>>,
    circumstances: locked::Circumstances,
    /// Whether something was removed that has to leave the write-ahead log.
    erase_due: AtomicBool,
    /// Whether it was compared with the log's since the start: no other may take its place before.
    compared: AtomicBool,
    opened: AtomicI64,
    used: AtomicI64,
    agents: watch::Sender<Arc<Agents>>,
    refused: Mutex<Refused>,
    folded: Mutex<Folded>,
    growth: Growth,
    rows: Rows,
    overview: status::Kept,
    backup: Mutex<Option<backup::Pending>>,
    marking: mark::Marking,
    /// Held by all who commit a change, and by whoever changes everything alone.
    turns: Turns<()>,
}

impl Vault {
    /// Takes a store; the vault is locked until a key opens it.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        let started = clock.now();
        Self(Arc::new(Inner {
            store,
            clock,
            settings: RwLock::new(settings),
            started,
            keyring: RwLock::new(Keyring::Locked(LockReason::NoKey)),
            findings: RwLock::default(),
            warnings: RwLock::default(),
            weak_key: AtomicBool::new(false),
            outside: RwLock::default(),
            circumstances: locked::Circumstances::default(),
            erase_due: AtomicBool::default(),
            compared: AtomicBool::default(),
            opened: AtomicI64::new(0),
            used: AtomicI64::new(0),
            agents: watch::Sender::default(),
            refused: Mutex::default(),
            folded: Mutex::default(),
            growth: Growth::default(),
            rows: Rows::default(),
            overview: status::Kept::default(),
            backup: Mutex::default(),
            marking: mark::Marking::default(),
            turns: Turns::default(),
        }))
    }

    /// Does an operation for a caller: judge, act, record, and only then answer.
    ///
    /// # Errors
    /// Whatever the table of [`Code`]s names; each refusal past the lock is recorded too.
    pub async fn call<O: Handle>(&self, caller: &Caller, operation: O) -> Result<O::Answer, Fault> {
        if O::RECORDS == Records::Each {
            self.check_growth(caller).await?;
        }
        let operation = Arc::new(operation);
        let mut turn = self.turn_to_act::<O>(caller).await;
        let mut last = GivenUp { refusal: Refusal::Stale, entry: None };
        for _ in 0..TRIES {
            let desk = self.desk::<O>(caller)?;
            last = match self.attempt(desk, &operation, turn.as_ref()).await? {
                Ok(answer) => return Ok(answer),
                Err(given_up) => given_up,
            };
            if !matches!(last.refusal, Refusal::Stale | Refusal::OldKeys | Refusal::Full) {
                break;
            }
            if turn.is_none() {
                turn = self.turn_to_retry::<O>().await;
            }
        }
        Err(Box::pin(self.give_up(caller, last)).await)
    }

    /// Says why something was not done, and writes it down where the writer has not, and the disk can.
    async fn give_up(&self, caller: &Caller, GivenUp { refusal, entry }: GivenUp) -> Fault {
        let unwritten = matches!(refusal, Refusal::Stale | Refusal::OldKeys | Refusal::Revoked);
        let entry = entry.filter(|unit| unwritten && self.writes_alone(caller, unit));
        if let Some(unit) = entry
            && let Err(refusal) = self.commit(*unit).await
        {
            tracing::error!(%refusal, "a refusal could not be recorded");
        }
        fault_of(&refusal)
    }

    /// Goes along the line once; an inner error asks for another try, or says that the store refused.
    async fn attempt<O: Handle>(
        &self,
        desk: Box<Desk>,
        operation: &Arc<O>,
        turn: Option<&Turn<'_>>,
    ) -> Result<Result<O::Answer, GivenUp>, Fault> {
        let (mut desk, acted) = match operation.place(desk.caller()) {
            // Since it was identified its request was read, or others of its batch were done.
            _ if desk.keys().is_ok() && self.is_outdated(desk.caller()) => desk.refused_as_outdated(),
            Place::Inline => act(desk, &**operation),
            Place::Blocking => {
                let operation = Arc::clone(operation);
                let running = tokio::task::spawn_blocking(move || act(desk, &*operation));
                running.await.map_err(|_| Fault::new(Code::Internal, "the operation ended by a panic"))?
            }
        };
        if acted.as_ref().is_err_and(|fault| fault.is_stale) {
            return Ok(Err(GivenUp::of(desk, Refusal::Stale)));
        }
        if let (Err(fault), Err(_)) = (&acted, desk.keys())
            && (O::RECORDS == Records::Each || fault.code == Code::Forbidden)
        {
            let reason = fault.lock_reason.or_else(|| self.lock_reason()).unwrap_or(LockReason::WrongKey);
            self.count_refusal(desk.caller(), O::METHOD, reason);
        }
        let after = desk.take_after();
        let unit = match (&acted, O::RECORDS) {
            (Ok(_), Records::Nothing) => None,
            (Err(fault), Records::Nothing) if fault.code != Code::Forbidden => None,
            // Without keys nothing can be authenticated: it is counted, and the next unlock writes it.
            (Ok(_), Records::Each) if matches!(after, After::StayLocked(_)) => None,
            (Ok(_), Records::Each) => Some(desk.unit()?),
            (Err(fault), _) => desk.refused_unit(fault).filter(|unit| self.writes_alone(desk.caller(), unit)),
        };
        let work = desk.take_work().filter(|_| acted.is_ok());
        let entries = unit.as_ref().map_or(0, |unit| unit.entries.len());
        self.grown(desk.caller(), entries + usize::from(work.is_some()));
        let changes = work.is_some() || unit.as_ref().is_some_and(|unit| !unit.changes.is_empty());
        let waits = turn.is_none() && changes;
        let _turn = if waits { self.turn_to_commit::<O>().await } else { None };
        match self.finish(unit, work, after).await {
            Err(NotDone::Refused(refusal)) => Ok(Err(GivenUp::of(desk, refusal))),
            Err(NotDone::Fault(fault)) => self.refuse(desk, *fault).await.map(Err),
            Ok(settled) => {
                self.grown(desk.caller(), settled.tally.entries());
                let mut answer = acted?;
                O::settled(&mut answer, settled);
                Ok(Ok(answer))
            }
        }
    }

    /// Hands out the store's answers, for as long as it runs: all who share a commit then wake up together, on the
    /// runtime of whoever awaits this, and not each by itself.
    pub async fn hand_out_answers(&self) {
        let Some(mut answers) = self.0.store.answers() else { return };
        while let Some(some) = answers.recv().await {
            some.hand_out();
        }
    }

    /// Hands a unit to the writer; what is given back waits until it is on the disk.
    fn commit(&self, unit: Unit) -> impl Future<Output = Result<(), Refusal>> + Send + use<> {
        let answer = self.0.store.commit(unit);
        async move {
            match answer.await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(refusal)) => Err(refusal),
                Err(_) => Err(Refusal::Closed),
            }
        }
    }

    /// Records a refusal of a caller's, outside any operation, where the vault is open.
    async fn record(&self, caller: &Caller, draft: Draft) {
        let Keyring::Open(keys) = self.keyring() else { return };
        let author = Author::of(caller, self.now());
        let unit = Unit { author, entries: vec![draft], ..self.system_unit(keys) };
        if !self.writes_alone(caller, &unit) {
            return;
        }
        if let Err(refusal) = self.commit(unit).await {
            tracing::error!(%refusal, "a refusal could not be recorded");
        }
    }

    /// Opens a desk for one act: the keys as they are now, the caller, the moment.
    ///
    /// It is boxed, as what is rare is, so that the future of a request stays small: each request makes room for one,
    /// and wipes it.
    fn desk<O: Handle>(&self, caller: &Caller) -> Result<Box<Desk>, Fault> {
        let keys = match (self.keyring(), O::WHILE_LOCKED) {
            (Keyring::Open(keys), _) => Some(keys),
            (Keyring::Locked(_), WhileLocked::Serve) => None,
            (Keyring::Locked(reason), WhileLocked::Refuse) => {
                self.count_refusal(caller, O::METHOD, reason);
                return Err(self.locked(reason));
            }
        };
        Ok(Box::new(Desk::new(self.clone(), caller.clone(), keys)))
    }

    /// Gives the keyring as it is now.
    pub fn keyring(&self) -> Keyring {
        self.0.keyring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_keyring(&self, keyring: Keyring) {
        if matches!(keyring, Keyring::Open(_)) {
            let now = self.now().as_millis();
            self.0.opened.store(now, Ordering::Relaxed);
            self.0.used.store(now, Ordering::Relaxed);
        } else {
            self.0.rows.forget();
        }
        *self.0.keyring.write().unwrap_or_else(PoisonError::into_inner) = keyring;
    }

    fn settings(&self) -> Settings {
        self.0.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes new settings for the slots, key pages and agents that are made from now on.
    pub fn reconfigure(&self, iterations: Iterations, page: PagePolicy, executables: Executables) {
        let mut settings = self.0.settings.write().unwrap_or_else(PoisonError::into_inner);
        (settings.iterations, settings.page, settings.executables) = (iterations, page, executables);
    }

    /// Gives the moment by the vault's clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Replaces the warning of a code, or removes it.
    pub fn warn(&self, code: &str, warning: Option<Warning>) {
        let mut warnings = self.0.warnings.write().unwrap_or_else(PoisonError::into_inner);
        warnings.retain(|one| one.code != code);
        warnings.extend(warning);
    }

    fn findings(&self) -> Findings {
        self.0.findings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_weak_key(&self, weak: bool) {
        self.0.weak_key.store(weak, Ordering::Relaxed);
    }

    /// Makes a unit of the daemon's own acts.
    fn system_unit(&self, keys: Arc<Keys>) -> Unit {
        let author = Author::of(&Caller::system(), self.now());
        Unit {
            keys,
            author,
            agent: None,
            guards: Vec::new(),
            as_of: 0,
            changes: Vec::new(),
            entries: Vec::new(),
        }
    }
}

fn act<O: Handle>(mut desk: Box<Desk>, operation: &O) -> (Box<Desk>, Result<O::Answer, Fault>) {
    let acted = operation.act(&mut desk);
    let acted = acted.and_then(|answer| desk.refuse_unsound().map(|()| answer));
    (desk, acted)
}
