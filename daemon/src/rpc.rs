//! JSON-RPC 2.0: one message or a batch to answers; the table of methods, ids, errors and batches are jsonrpsee's.

mod answers;

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use jsonrpsee::core::server::{MethodCallback, MethodResponse};
use jsonrpsee::types::{ErrorObject, ErrorObjectOwned, Id, Params};
use jsonrpsee::{ConnectionId, Extensions, RpcModule};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use vault::api::{Code, Fault};
use vault::domain::Caller;
use vault::vault::Length;

pub(crate) use answers::{Answers, Piece};

use crate::auth::{AUTH, Session};
use crate::own;
use crate::router::{App, Client, Endpoint, Fields, Parts};
use crate::seats::Busy;
use crate::unsent::{LongTurn, Room};

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

/// Who asks, or why the caller is not known.
pub(crate) type Asker = Result<Client, Fault>;

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
    let turn = extensions
        .get::<Arc<LongTurn>>()
        .ok_or_else(|| Fault::new(Code::Internal, "the answer has no room"))?;
    let fields = Fields::Json(by_name(params)?.as_bytes());
    let json = endpoint.answer(Parts { caller, turn, path: &[], fields }).await?;
    let json = String::from_utf8(json).ok().and_then(|json| RawValue::from_string(json).ok());
    json.ok_or_else(|| Fault::new(Code::Internal, "the answer could not be written"))
}

/// Gives parameters as an object: a list without any is what some clients send for none.
fn by_name<'p>(params: &'p Params<'_>) -> Result<&'p str, Fault> {
    let params = params.as_str().unwrap_or_default().trim_ascii();
    match params.strip_prefix('[').map(|rest| rest.strip_suffix(']').map(str::trim_ascii)) {
        None => Ok(params),
        Some(Some("")) => Ok("{}"),
        Some(_) => {
            let fault =
                Fault::new(Code::InvalidRequest, "`params` is a list, and parameters have names here");
            Err(fault.hint("send an object: {\"name\": \"openai\"}"))
        }
    }
}

/// Adds `rpc.discover`, which describes all methods.
pub(crate) fn register_description(methods: &mut RpcModule<()>) {
    static TEXT: OnceLock<Option<Box<RawValue>>> = OnceLock::new();
    let described = || serde_json::value::to_raw_value(&vault::describe::openrpc()).ok();
    let added = methods.register_async_method("rpc.discover", move |_, _, _| async move {
        Ok::<_, ErrorObjectOwned>(TEXT.get_or_init(described).clone())
    });
    if let Err(error) = added {
        tracing::error!(%error, "rpc.discover could not be added");
    }
}

/// Reads a line of a stream, on which `vault.auth` sets who speaks from then on; `Err` holds its answer, if it has one.
///
/// A panic outside of any method is an error that belongs to no message.
pub(crate) async fn asker(app: &App, session: &mut Session, text: &[u8]) -> Result<Asker, Option<String>> {
    let identifying = async {
        match session.authenticate(app, text).await {
            Some(answer) => Err(answer),
            None => Ok(session.identify(app).await),
        }
    };
    let asker = AssertUnwindSafe(identifying).catch_unwind().await;
    asker.unwrap_or_else(|_| Err(Some(refused(&own::panicked()))))
}

/// Answers one message; nothing where it is a notification.
async fn one(app: &App, asker: &Asker, (busy, text): (&Busy, &str)) -> Option<(String, Option<Room>)> {
    let Ok(message) = serde_json::from_str::<Message<'_>>(text) else {
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        let refusal = if is_json {
            invalid(app, "the message is no JSON-RPC 2.0 request")
        } else {
            unreadable(app, "the message is not JSON")
        };
        return Some((refusal, None));
    };
    if !message.is_of_version_2() {
        return Some((invalid(app, "`jsonrpc` is not \"2.0\""), None));
    }
    let Some(id) = message.id() else {
        return Some((invalid(app, "`id` is not text, a number or null"), None));
    };
    let mut room = None;
    let done = AssertUnwindSafe(called(app, (asker, busy), &message, &mut room)).catch_unwind().await;
    let response = match done.unwrap_or_else(|_| Err(own::panicked())) {
        Ok(response) => response,
        Err(fault) => MethodResponse::error(id, error_of(&fault)),
    };
    let text = message.answered(response)?;
    if let Some(room) = &mut room {
        room.fit(text.len());
    }
    Some((text, room))
}

/// Does what a message asks for, once there is room for its answer.
async fn called(
    app: &App,
    (asker, busy): (&Asker, &Busy),
    message: &Message<'_>,
    room: &mut Option<Room>,
) -> Result<MethodResponse, Fault> {
    if message.method == AUTH {
        let fault = Fault::new(Code::InvalidRequest, "`vault.auth` is a message of its own, on a stream");
        return Err(fault.hint("over HTTP send `Authorization: Bearer` and the token"));
    }
    let Some(MethodCallback::Async(callback)) = app.methods.method(&message.method) else {
        app.metrics.refused(Code::NotFound.as_str());
        let fault = Fault::new(Code::NotFound, "there is no such method").rpc(METHOD_NOT_FOUND);
        return Err(fault.hint("the methods are described by rpc.discover"));
    };
    let client = asker.as_ref().map_err(Clone::clone)?;
    let length = app.lengths.get(&*message.method).copied().unwrap_or(Length::Short);
    let admitted = busy.while_caller(client.account.admit(length)).await?;
    let params = Params::new(message.params.map(RawValue::get)).into_owned();
    let mut extensions = Extensions::new();
    extensions.insert(client.caller.clone());
    extensions.insert(admitted.turn());
    *room = Some(admitted);
    let id = message.id().unwrap_or(Id::Null);
    Ok(callback(id, params, ConnectionId(0), usize::MAX, extensions).await)
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
