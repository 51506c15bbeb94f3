//! The table of operations by path and by method: a fold over the one list.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use jsonrpsee::RpcModule;
use serde::Serialize;
use tokio::sync::Semaphore;
use vault::agents::{Facts, Token};
use vault::api::{Code, Fault, Route, from_json, from_query};
use vault::config::Limits;
use vault::domain::Caller;
use vault::vault::{Fold, Handle, Length, Place, Standing, Vault};

use crate::attempts::Attempts;
use crate::gate::Visitor;
use crate::metrics::Metrics;
use crate::own;
use crate::programs::Programs;
use crate::rpc;
use crate::unsent::{Account, LONG_BYTES, LongTurn, Unsent};

/// What a path answers to: one operation for each verb.
type Places = Vec<(Route, Arc<dyn Endpoint>)>;

/// What every connection shares.
pub(crate) struct App {
    pub(crate) vault: Vault,
    pub(crate) paths: matchit::Router<Places>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) methods: RpcModule<()>,
    /// How long the answers of each method may be.
    pub(crate) lengths: HashMap<&'static str, Length>,
    unsent: Unsent,
    programs: Programs,
    attempts: Arc<Attempts>,
}

impl App {
    /// Serves every operation of the one list.
    pub(crate) fn new(vault: Vault, limits: &Limits) -> Self {
        Self::serving(vault, limits, vault::vault::each)
    }

    /// Serves the operations that are put into the table.
    pub(crate) fn serving(vault: Vault, limits: &Limits, fill: impl FnOnce(&mut Table)) -> Self {
        let metrics = Arc::new(Metrics::new());
        let attempts = Arc::new(Attempts::default());
        let desk = Desk {
            vault: vault.clone(),
            metrics: Arc::clone(&metrics),
            attempts: Arc::clone(&attempts),
            one_guess: Arc::new(Semaphore::new(1)),
        };
        let (paths, lengths) = (Vec::new(), HashMap::new());
        let mut table = Table { paths, methods: RpcModule::new(()), lengths, desk };
        rpc::register_description(&mut table.methods);
        fill(&mut table);
        let mut paths = matchit::Router::new();
        for (path, places) in table.paths {
            if let Err(error) = paths.insert(path, places) {
                tracing::error!(%error, path, "a route could not be added");
            }
        }
        let (methods, lengths, unsent) = (table.methods, table.lengths, Unsent::new(limits));
        let programs = Programs::default();
        Self { vault, paths, metrics, methods, lengths, unsent, programs, attempts }
    }
}

impl App {
    /// Decides who is calling; a token that is not valid is recorded, and answered later each time.
    ///
    /// # Errors
    /// `unauthorized` for such a token, `locked` where tokens cannot be judged.
    pub(crate) async fn identify(&self, visitor: &Visitor, token: Option<&Token>) -> Result<Client, Fault> {
        if self.vault.asks_for_program(visitor.peer(), visitor.standing, token) {
            visitor.hash_program(&self.programs).await;
        }
        let identified = self.vault.identify(visitor, visitor.standing, token);
        if identified.as_ref().is_err_and(|fault| fault.code == Code::Unauthorized) {
            self.metrics.refused("unauthorized");
            self.vault.record_bad_token(visitor).await;
            self.attempts.begin(visitor.peer().uid)?.wait_after_failure().await;
        }
        identified.map(|caller| self.client(caller))
    }

    /// Returns the account of a process that has not said who it is: that of its user.
    pub(crate) fn account(&self, visitor: &Visitor) -> Arc<Account> {
        match visitor.standing {
            Standing::Owner => self.unsent.account(&Caller::owner(visitor.peer().clone())),
            Standing::Guest => self.stranger(visitor),
        }
    }

    /// Returns the account of a process that is not who it said, or of whom that is not known.
    pub(crate) fn stranger(&self, visitor: &Visitor) -> Arc<Account> {
        self.unsent.account(&Caller::nobody(visitor.peer().clone()))
    }

    /// Returns a caller with its account.
    pub(crate) fn client(&self, caller: Caller) -> Client {
        Client { account: self.unsent.account(&caller), caller }
    }
}

/// A caller, and what it may have in memory.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) caller: Caller,
    pub(crate) account: Arc<Account>,
}

/// Where both faces bring an operation.
#[derive(Clone)]
struct Desk {
    vault: Vault,
    metrics: Arc<Metrics>,
    attempts: Arc<Attempts>,
    one_guess: Arc<Semaphore>,
}

impl Desk {
    /// Does an operation, and counts and times it.
    async fn call<O: Handle>(&self, caller: &Caller, operation: O) -> Result<O::Answer, Fault> {
        let began = Instant::now();
        let answer = if O::GUESSABLE {
            // Boxed, so that what waits for every other operation has no room for it.
            Box::pin(self.guess(caller, operation)).await
        } else {
            self.vault.call(caller, operation).await
        };
        self.metrics.request(
            O::METHOD,
            answer.as_ref().err().map(|fault| fault.code.as_str()),
            began.elapsed(),
        );
        answer
    }

    /// Tries a key: one at a time, since each costs a derivation, and a wrong one is answered later each time.
    async fn guess<O: Handle>(&self, caller: &Caller, operation: O) -> Result<O::Answer, Fault> {
        let uid = caller.peer.as_ref().map_or(u32::MAX, |peer| peer.uid);
        let attempt = self.attempts.begin(uid)?;
        let turn = self.one_guess.acquire().await;
        let answer = self.vault.call(caller, operation).await;
        drop(turn);
        if answer.as_ref().is_err_and(|fault| fault.code == Code::Forbidden) {
            self.metrics.refused("wrong_key");
            attempt.wait_after_failure().await;
        }
        answer
    }
}

/// A request in parts.
pub(crate) struct Parts<'r> {
    pub(crate) caller: &'r Caller,
    /// The turn of its answer, if that is long.
    pub(crate) turn: &'r LongTurn,
    /// Fields that stand in the path, or in the query of a request with a body.
    pub(crate) path: &'r [(&'r str, Cow<'r, str>)],
    /// All other fields.
    pub(crate) fields: Fields<'r>,
}

/// Where a request's fields stand.
#[derive(Clone, Copy)]
pub(crate) enum Fields<'r> {
    /// In the query of a target.
    Query(&'r str),
    /// In a JSON object.
    Json(&'r [u8]),
}

/// The largest buffer that an answer starts with, in bytes: a long answer must not make each later one slow.
const BUFFER: usize = 16 * 1024;

type Answering<'r> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Fault>> + Send + 'r>>;

/// One operation, for both faces: from a request in parts to an answer as JSON.
pub(crate) trait Endpoint: Send + Sync {
    /// Returns how long its answer may be.
    fn length(&self) -> Length;
    /// Does the operation.
    fn answer<'r>(&'r self, parts: Parts<'r>) -> Answering<'r>;
}

struct Of<O> {
    desk: Desk,
    /// How long the last answer was, in bytes: the next one gets a buffer of this size, up to [`BUFFER`].
    last: Arc<AtomicUsize>,
    operation: PhantomData<fn() -> O>,
}

impl<O: Handle> Of<O> {
    /// Whether its fields never stand in a query: reading them from there is then not even built.
    const IN_BODY: bool = O::ROUTE.verb.has_body();

    fn new(desk: Desk) -> Self {
        Self { desk, last: Arc::default(), operation: PhantomData }
    }
}

/// JSON in the making, with no more than this many bytes.
struct Bounded {
    json: Vec<u8>,
    most: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.json.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.json.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes an answer as JSON, with a buffer as long as the last one's was; `None` if it has more bytes than these.
fn written(answer: &impl Serialize, last: &AtomicUsize, most: usize) -> Result<Option<Vec<u8>>, Fault> {
    let mut bounded = Bounded { json: Vec::with_capacity(last.load(Ordering::Relaxed).min(BUFFER)), most };
    match serde_json::to_writer(&mut bounded, answer) {
        Ok(()) => {
            last.store(bounded.json.len(), Ordering::Relaxed);
            Ok(Some(bounded.json))
        }
        Err(error) if error.is_io() => Ok(None),
        Err(_) => Err(unwritten()),
    }
}

fn unwritten() -> Fault {
    Fault::new(Code::Internal, "the answer could not be written")
}

impl<O: Handle> Endpoint for Of<O> {
    fn length(&self) -> Length {
        O::ANSWER
    }

    fn answer<'r>(&'r self, Parts { caller, turn, path, fields }: Parts<'r>) -> Answering<'r> {
        Box::pin(async move {
            let operation = match fields {
                Fields::Query(query) if !Self::IN_BODY => from_query(path, query),
                Fields::Query(_) => from_json(path, &[]),
                Fields::Json(json) => from_json(path, json),
            };
            let operation: O =
                operation.inspect_err(|fault| self.desk.metrics.refused(fault.code.as_str()))?;
            let place = operation.place(caller);
            let answer = self.desk.call(caller, operation).await?;
            if place == Place::Inline {
                // An answer that may have all that is stored has its room.
                let most = if O::ANSWER == Length::Short { LONG_BYTES } else { usize::MAX };
                if let Some(json) = written(&answer, &self.last, most)? {
                    return Ok(json);
                }
                turn.take().await?;
                return written(&answer, &self.last, usize::MAX)?.ok_or_else(unwritten);
            }
            // A long answer is not written on the thread that serves everyone.
            let last = Arc::clone(&self.last);
            let writing = tokio::task::spawn_blocking(move || written(&answer, &last, usize::MAX)).await;
            writing.map_err(|_| own::panicked())??.ok_or_else(unwritten)
        })
    }
}

/// The operations by path and by method.
pub(crate) struct Table {
    paths: Vec<(&'static str, Places)>,
    methods: RpcModule<()>,
    lengths: HashMap<&'static str, Length>,
    desk: Desk,
}

impl Fold for Table {
    fn add<O: Handle>(&mut self) {
        let endpoint: Arc<dyn Endpoint> = Arc::new(Of::<O>::new(self.desk.clone()));
        rpc::register(&mut self.methods, O::METHOD, Arc::clone(&endpoint));
        self.lengths.insert(O::METHOD, O::ANSWER);
        for route in O::routes() {
            let place = (route, Arc::clone(&endpoint));
            match self.paths.iter_mut().find(|(path, _)| *path == route.path) {
                Some((_, places)) => places.push(place),
                None => self.paths.push((route.path, vec![place])),
            }
        }
    }
}
