//! JSON-RPC 2.0: one message or a batch to answers; the table of methods, ids, errors and batches are jsonrpsee's.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use jsonrpsee::core::server::{MethodCallback, MethodResponse};
use jsonrpsee::types::{ErrorObject, ErrorObjectOwned, Id, Params};
use jsonrpsee::{ConnectionId, Extensions, RpcModule};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use vault::api::{Code, Fault};
use vault::domain::Caller;

use crate::auth::{AUTH, Session};
use crate::own;
use crate::router::{App, Endpoint, Fields, Parts};

/// The most messages of a batch.
const BATCH: usize = 100;
/// The bytes of a batch's answers beyond which the rest of it is not done.
const ANSWERS_BYTES: usize = 16 * 1024 * 1024;
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;

/// A message as it comes.
#[derive(Deserialize)]
pub(crate) struct Message<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    /// Absent in a notification, which is not the same as null.
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) method: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) params: Option<&'a RawValue>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl Message<'_> {
    /// Returns whether it says that it is JSON-RPC 2.0.
    pub(crate) fn is_of_version_2(&self) -> bool {
        self.jsonrpc == "2.0"
    }

    /// Gives the id as jsonrpsee knows ids: text, null and whole numbers. Any other number is put into the answer later.
    pub(crate) fn id(&self) -> Option<Id<'static>> {
        let Some(id) = self.id else { return Some(Id::Null) };
        known_id(id).or_else(|| is_number(id).then_some(Id::Null))
    }

    /// Writes an answer under the message's own id; nothing for a notification.
    pub(crate) fn answered(&self, response: MethodResponse) -> Option<String> {
        let text = written(response);
        let id = self.id?;
        if known_id(id).is_some() {
            return Some(text);
        }
        let response =
            serde_json::from_str::<Answered<'_>>(&text).map(|answered| Answered { id, ..answered });
        response.and_then(|answered| serde_json::to_string(&answered)).ok().or(Some(text))
    }
}

fn known_id(id: &RawValue) -> Option<Id<'static>> {
    serde_json::from_str::<Id<'_>>(id.get()).ok().map(Id::into_owned)
}

fn is_number(id: &RawValue) -> bool {
    id.get().starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// An answer, whose id is yet to be written as it was given.
#[derive(Deserialize, Serialize)]
struct Answered<'a> {
    jsonrpc: &'a str,
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    error: Option<&'a RawValue>,
}

/// Who asks, or why nobody is let in to ask.
type Asker<'a> = Result<&'a Caller, &'a Fault>;

/// Adds an operation to the table of methods.
pub(crate) fn register(methods: &mut RpcModule<()>, method: &'static str, endpoint: Arc<dyn Endpoint>) {
    let added = methods.register_async_method(method, move |params, _, extensions| {
        let endpoint = Arc::clone(&endpoint);
        async move { called_with(&*endpoint, &params, &extensions).await.map_err(|fault| error_of(&fault)) }
    });
    if let Err(error) = added {
        tracing::error!(%error, "a method could not be added");
    }
}

async fn called_with(
    endpoint: &dyn Endpoint,
    params: &Params<'_>,
    extensions: &Extensions,
) -> Result<Box<RawValue>, Fault> {
    let caller =
        extensions.get::<Caller>().ok_or_else(|| Fault::new(Code::Internal, "the caller is unknown"))?;
    let fields = Fields::Json(params.as_str().unwrap_or_default().as_bytes());
    let json = endpoint.answer(Parts { caller, path: &[], fields }).await?;
    let json = String::from_utf8(json).ok().and_then(|json| RawValue::from_string(json).ok());
    json.ok_or_else(|| Fault::new(Code::Internal, "the answer could not be written"))
}

/// Adds `rpc.discover`, which describes all methods.
pub(crate) fn register_description(methods: &mut RpcModule<()>) {
    let added = methods.register_async_method("rpc.discover", |_, _, _| async move {
        Ok::<_, ErrorObjectOwned>(vault::describe::openrpc())
    });
    if let Err(error) = added {
        tracing::error!(%error, "rpc.discover could not be added");
    }
}

/// Answers a message or a batch; nothing where all of it are notifications.
pub(crate) async fn answer(app: &App, asker: Asker<'_>, text: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(text) {
        Ok(text) => text.trim_ascii(),
        Err(_) => return Some(unreadable(app, "the message is not UTF-8")),
    };
    if !text.starts_with('[') {
        return one(app, asker, text).await;
    }
    let messages: Vec<&RawValue> = match serde_json::from_str(text) {
        Ok(messages) => messages,
        Err(_) => return Some(unreadable(app, "the batch is not JSON")),
    };
    if messages.is_empty() || messages.len() > BATCH {
        return Some(invalid(app, "a batch has 1 to 100 messages"));
    }
    let full = Fault::new(
        Code::TooLarge,
        "the answers of this batch have more than 16 MiB already; this is not done",
    );
    let full = full.hint("ask in smaller batches");
    let (mut answers, mut bytes) = (Vec::new(), 0);
    for message in messages {
        let asker = if bytes > ANSWERS_BYTES { Err(&full) } else { asker };
        if let Some(answer) = one(app, asker, message.get()).await {
            bytes += answer.len();
            answers.push(answer);
        }
        // What waits for no disk would keep everybody else waiting until the last of a batch.
        tokio::task::yield_now().await;
    }
    (!answers.is_empty()).then(|| format!("[{}]", answers.join(",")))
}

/// Answers a line of a stream, and turns a panic outside of any method into an error that belongs to no message.
pub(crate) async fn guarded(app: &App, session: &mut Session, text: &[u8]) -> Option<String> {
    let answering = AssertUnwindSafe(answer_session(app, session, text)).catch_unwind();
    answering.await.unwrap_or_else(|_| Some(refused(&own::panicked())))
}

/// Answers a line of a stream, on which `vault.auth` sets who speaks from then on.
async fn answer_session(app: &App, session: &mut Session, text: &[u8]) -> Option<String> {
    if let Some(answer) = session.authenticate(app, text).await {
        return answer;
    }
    let identified = session.identify(app).await;
    answer(app, identified.as_ref(), text).await
}

/// Answers one message; nothing where it is a notification.
async fn one(app: &App, asker: Asker<'_>, text: &str) -> Option<String> {
    let Ok(message) = serde_json::from_str::<Message<'_>>(text) else {
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        return Some(if is_json {
            invalid(app, "the message is no JSON-RPC 2.0 request")
        } else {
            unreadable(app, "the message is not JSON")
        });
    };
    if !message.is_of_version_2() {
        return Some(invalid(app, "`jsonrpc` is not \"2.0\""));
    }
    let Some(id) = message.id() else { return Some(invalid(app, "`id` is not text, a number or null")) };
    let answering = AssertUnwindSafe(called(app, asker, &message, id.clone())).catch_unwind();
    let response = answering.await.unwrap_or_else(|_| MethodResponse::error(id, error_of(&own::panicked())));
    message.answered(response)
}

async fn called(app: &App, asker: Asker<'_>, message: &Message<'_>, id: Id<'static>) -> MethodResponse {
    if message.method == AUTH {
        let fault = Fault::new(Code::InvalidRequest, "`vault.auth` is a message of its own, on a stream");
        return MethodResponse::error(
            id,
            error_of(&fault.hint("over HTTP send `Authorization: Bearer` and the token")),
        );
    }
    let Some(MethodCallback::Async(callback)) = app.methods.method(&message.method) else {
        app.metrics.refused(Code::NotFound.as_str());
        let fault = Fault::new(Code::NotFound, "there is no such method").rpc(METHOD_NOT_FOUND);
        return MethodResponse::error(id, error_of(&fault.hint("the methods are described by rpc.discover")));
    };
    let caller = match asker {
        Ok(caller) => caller,
        Err(fault) => return MethodResponse::error(id, error_of(fault)),
    };
    let params = Params::new(message.params.map(RawValue::get)).into_owned();
    let mut extensions = Extensions::new();
    extensions.insert(caller.clone());
    callback(id, params, ConnectionId(0), usize::MAX, extensions).await
}

/// Refuses what is not JSON.
fn unreadable(app: &App, words: &str) -> String {
    app.metrics.refused(Code::InvalidRequest.as_str());
    refused(&Fault::new(Code::InvalidRequest, words).rpc(PARSE_ERROR))
}

/// Refuses JSON that is no request.
fn invalid(app: &App, words: &str) -> String {
    app.metrics.refused(Code::InvalidRequest.as_str());
    refused(&Fault::new(Code::InvalidRequest, words).rpc(INVALID_REQUEST))
}

/// Writes a refusal that belongs to no message.
pub(crate) fn refused(fault: &Fault) -> String {
    written(MethodResponse::error(Id::Null, error_of(fault)))
}

pub(crate) fn error_of(fault: &Fault) -> ErrorObjectOwned {
    let fault = &*own::numbered(fault);
    ErrorObject::owned(fault.rpc, fault.message.as_str(), Some(fault.details()))
}

fn written(response: MethodResponse) -> String {
    Box::<str>::from(response.into_json()).into_string()
}
