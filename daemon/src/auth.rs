//! `vault.auth`: who speaks on a stream. Once it failed, nothing else is done there: a program whose token was revoked
//! would otherwise go on with the rights of its user.

use std::sync::Arc;

use jsonrpsee::MethodResponse;
use jsonrpsee::core::server::ResponsePayload;
use jsonrpsee::types::Id;
use serde::Deserialize;
use serde_json::value::RawValue;
use vault::agents::Token;
use vault::api::{Code, Fault};
use vault::domain::Caller;
use vault::secret::Revealed;

use crate::gate::Visitor;
use crate::router::{App, Client};
use crate::rpc::{Message, error_of};

/// The method that says who speaks on a stream.
pub(crate) const AUTH: &str = "vault.auth";

/// Who speaks on a stream: the process, and what it said of itself.
pub(crate) struct Session {
    visitor: Arc<Visitor>,
    speaks: Speaks,
}

/// As whom a process speaks.
enum Speaks {
    /// As its user: no token was sent.
    User,
    /// As the agent of a token.
    Agent(Token),
    /// As no one: the last `vault.auth` failed.
    NoOne,
}

/// What a line says of who speaks.
enum Tried<'a> {
    /// Nothing.
    No,
    /// It is a `vault.auth`.
    Alone(Message<'a>),
    /// It holds a `vault.auth`, or what may be one, and cannot be done: one in a batch, or not JSON-RPC.
    Amiss,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    token: Revealed,
}

impl Session {
    /// Begins a stream, on which a process speaks as its user.
    pub(crate) fn new(visitor: Arc<Visitor>) -> Self {
        Self { visitor, speaks: Speaks::User }
    }

    /// Returns the process that speaks.
    pub(crate) fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// Decides who is calling.
    ///
    /// # Errors
    /// `unauthorized` after a `vault.auth` that failed, and for a token that is not valid any more; `locked` if tokens
    /// cannot be judged.
    pub(crate) async fn identify(&self, app: &App) -> Result<Client, Fault> {
        match &self.speaks {
            Speaks::User => app.identify(&self.visitor, None).await,
            Speaks::Agent(token) => app.identify(&self.visitor, Some(token)).await,
            Speaks::NoOne => Err(failed()),
        }
    }

    /// Answers `vault.auth`; `None` if the line is something else.
    pub(crate) async fn authenticate(&mut self, app: &App, line: &[u8]) -> Option<Option<String>> {
        let message = match tried(line) {
            Tried::No => return None,
            Tried::Alone(message) => Some(message),
            Tried::Amiss => None,
        };
        // Before it is tried: what breaks off has not succeeded.
        self.speaks = Speaks::NoOne;
        let message = message.filter(Message::is_of_version_2)?;
        let id = message.id()?;
        let response = match self.speak_as(app, message.params).await {
            Err(fault) => MethodResponse::error(id, error_of(&fault)),
            Ok(caller) => success(id, &caller),
        };
        Some(message.answered(response))
    }

    async fn speak_as(&mut self, app: &App, params: Option<&RawValue>) -> Result<Caller, Fault> {
        let params = serde_json::from_str::<Params>(params.map_or("{}", RawValue::get));
        let params = params.map_err(|_| {
            Fault::new(Code::InvalidRequest, "`params` is an object with a `token`, which is a string")
        })?;
        let token = Token::from_text(params.token.value().expose());
        let client = app.identify(&self.visitor, Some(&token)).await?;
        self.speaks = Speaks::Agent(token);
        Ok(client.caller)
    }
}

fn success(id: Id<'static>, caller: &Caller) -> MethodResponse {
    let answer = serde_json::json!({ "success": true, "actor": caller.actor().to_string() });
    MethodResponse::response(id, ResponsePayload::success(answer), usize::MAX)
}

/// Returns whether a message or a batch holds a `vault.auth`, or what may be one.
pub(crate) fn is_tried(text: &[u8]) -> bool {
    !matches!(tried(text), Tried::No)
}

fn tried(text: &[u8]) -> Tried<'_> {
    // Any other line is read only once. The name may be written with escapes (RFC 8259, 7), as any other may.
    let has = |words: &[u8]| text.windows(words.len()).any(|window| window == words);
    if !has(AUTH.as_bytes()) && !has(b"\\u") {
        return Tried::No;
    }
    let is_auth = |message: &Message<'_>| message.method == AUTH;
    match serde_json::from_slice::<Message<'_>>(text) {
        Ok(message) if is_auth(&message) => Tried::Alone(message),
        Ok(_) => Tried::No,
        Err(_) => match serde_json::from_slice::<Vec<Message<'_>>>(text) {
            Ok(batch) if !batch.iter().any(is_auth) => Tried::No,
            _ => Tried::Amiss,
        },
    }
}

/// The refusal of all that follows a `vault.auth` that failed.
pub(crate) fn failed() -> Fault {
    Fault::new(Code::Unauthorized, "`vault.auth` failed here, so nothing else is done")
        .hint("send `vault.auth` alone with a valid token, or connect again")
}
