//! The table of operations by path and by method: a fold over the one list.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use jsonrpsee::RpcModule;
use tokio::sync::Semaphore;
use vault::agents::{Facts, Token};
use vault::api::{Code, Fault, Operation, Verb, from_json, from_query};
use vault::domain::Caller;
use vault::vault::{Fold, Handle, Vault};

use crate::attempts::Attempts;
use crate::body::Budget;
use crate::gate::Visitor;
use crate::metrics::Metrics;
use crate::rpc;

/// What a path answers to.
type Verbs = Vec<(Verb, Box<dyn Endpoint>)>;

/// What every connection shares.
pub(crate) struct App {
    pub(crate) vault: Vault,
    pub(crate) paths: matchit::Router<Verbs>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) methods: RpcModule<Desk>,
    pub(crate) budget: Budget,
    attempts: Arc<Attempts>,
}

impl App {
    /// Serves every operation of the one list.
    pub(crate) fn new(vault: Vault) -> Self {
        Self::serving(vault, vault::vault::each)
    }

    /// Serves the operations that are put into the table.
    pub(crate) fn serving(vault: Vault, fill: impl FnOnce(&mut Table)) -> Self {
        let metrics = Arc::new(Metrics::new());
        let attempts = Arc::new(Attempts::default());
        let desk = Desk {
            vault: vault.clone(),
            metrics: Arc::clone(&metrics),
            attempts: Arc::clone(&attempts),
            one_guess: Arc::new(Semaphore::new(1)),
        };
        let mut table = Table { paths: Vec::new(), methods: RpcModule::new(desk.clone()), desk };
        rpc::register_description(&mut table.methods);
        fill(&mut table);
        let mut paths = matchit::Router::new();
        for (path, verbs) in table.paths {
            if let Err(error) = paths.insert(path, verbs) {
                tracing::error!(%error, path, "a route could not be added");
            }
        }
        Self { vault, paths, metrics, methods: table.methods, budget: Budget::new(), attempts }
    }
}

impl App {
    /// Decides who is calling; a token that is not valid is recorded, and answered later each time.
    ///
    /// # Errors
    /// `unauthorized` for such a token, `locked` where tokens cannot be judged.
    pub(crate) async fn identify(&self, visitor: &Visitor, token: Option<&Token>) -> Result<Caller, Fault> {
        let identified = self.vault.identify(visitor, visitor.standing, token);
        if identified.as_ref().is_err_and(|fault| fault.code == Code::Unauthorized) {
            self.metrics.refused("unauthorized");
            self.vault.record_bad_token(visitor).await;
            self.attempts.begin(visitor.peer().uid)?.wait_after_failure().await;
        }
        identified
    }
}

/// Where both faces bring an operation.
#[derive(Clone)]
pub(crate) struct Desk {
    vault: Vault,
    metrics: Arc<Metrics>,
    attempts: Arc<Attempts>,
    one_guess: Arc<Semaphore>,
}

impl Desk {
    /// Does an operation, and counts and times it.
    pub(crate) async fn call<O: Handle>(&self, caller: &Caller, operation: O) -> Result<O::Answer, Fault> {
        let began = Instant::now();
        let answer = if O::GUESSABLE {
            self.guess(caller, operation).await
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
    pub(crate) path: &'r [(&'r str, &'r str)],
    pub(crate) query: &'r str,
    pub(crate) body: &'r [u8],
}

/// The bytes of a success, and its status.
pub(crate) struct Success {
    pub(crate) status: u16,
    pub(crate) json: Vec<u8>,
}

type Answering<'r> = Pin<Box<dyn Future<Output = Result<Success, Fault>> + Send + 'r>>;

/// One operation behind HTTP.
pub(crate) trait Endpoint: Send + Sync {
    fn answer<'r>(&'r self, parts: Parts<'r>) -> Answering<'r>;
}

struct Of<O>(Desk, PhantomData<fn() -> O>);

impl<O: Handle> Endpoint for Of<O> {
    fn answer<'r>(&'r self, parts: Parts<'r>) -> Answering<'r> {
        Box::pin(async move {
            let operation: O = if O::ROUTE.verb.has_body() {
                from_json(parts.path, parts.body)?
            } else {
                from_query(parts.path, parts.query)?
            };
            let answer = self.0.call(parts.caller, operation).await?;
            Ok(Success { status: O::ROUTE.status, json: to_json::<O>(&answer)? })
        })
    }
}

/// Writes an answer as JSON.
pub(crate) fn to_json<O: Operation>(answer: &O::Answer) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(answer).map_err(|_| Fault::new(Code::Internal, "the answer could not be written"))
}

/// The operations by path and by method.
pub(crate) struct Table {
    paths: Vec<(&'static str, Verbs)>,
    methods: RpcModule<Desk>,
    desk: Desk,
}

impl Fold for Table {
    fn add<O: Handle>(&mut self) {
        let endpoint: Box<dyn Endpoint> = Box::new(Of::<O>(self.desk.clone(), PhantomData));
        let known = self.paths.iter_mut().find(|(path, _)| *path == O::ROUTE.path);
        match known {
            Some((_, verbs)) => verbs.push((O::ROUTE.verb, endpoint)),
            None => self.paths.push((O::ROUTE.path, vec![(O::ROUTE.verb, endpoint)])),
        }
        rpc::register::<O>(&mut self.methods);
    }
}
