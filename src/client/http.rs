//! HTTP over the socket, by hyperlocal.

use std::path::{Path, PathBuf};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client as HyperClient;
use hyperlocal::{UnixClientExt, UnixConnector, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{connect, unavailable};
use crate::api::{Code, Fault, Operation, Route, Verb};

/// What a path segment or query value may keep as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A pool of connections to one daemon.
#[derive(Debug, Clone)]
pub struct HttpClient {
    socket: PathBuf,
    pool: HyperClient<UnixConnector, Full<Bytes>>,
}

/// An answer as it came: the status and the body.
#[derive(Debug)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

impl HttpClient {
    /// Takes a socket and checks who listens there.
    ///
    /// The pool opens further connections, which are not checked: for a socket whose place no other user can take.
    ///
    /// # Errors
    /// `unavailable` where nobody does, `forbidden` where a stranger does.
    pub fn new(socket: &Path) -> Result<Self, Fault> {
        drop(connect(socket)?);
        Ok(Self { socket: socket.to_owned(), pool: HyperClient::unix() })
    }

    /// Does an operation.
    ///
    /// # Errors
    /// What the daemon answered; `unavailable` where it went away.
    pub async fn call<O: Operation>(&self, operation: &O) -> Result<O::Answer, Fault> {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(operation) else {
            return Err(Fault::new(Code::Internal, "the operation is no object"));
        };
        let fits = |route: &Route| route.path_fields().all(|field| fields.contains_key(field));
        let route = O::routes().find(fits).unwrap_or(O::ROUTE);
        let path = fill(route.path, &mut fields);
        let (target, body) = if route.verb.has_body() {
            let in_query = route.query.iter().filter_map(|field| fields.remove_entry(*field)).collect();
            (path + &query(&in_query), Value::Object(fields).to_string())
        } else {
            (path + &query(&fields), String::new())
        };
        let answer = self.send(route.verb, &target, body).await?;
        if answer.status == route.status {
            return serde_json::from_slice(&answer.body)
                .map_err(|_| Fault::new(Code::Internal, "the answer is garbled"));
        }
        Err(fault_of(&answer))
    }

    /// Sends a request as it is and gives the answer as it came.
    ///
    /// # Errors
    /// `unavailable` where the daemon went away.
    pub async fn send(&self, verb: Verb, target: &str, body: String) -> Result<RawAnswer, Fault> {
        let method = match verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Delete => Method::DELETE,
        };
        let uri: hyper::Uri = Uri::new(&self.socket, target).into();
        let mut request = Request::builder().method(method).uri(uri);
        if verb.has_body() {
            request = request.header("content-type", "application/json");
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Fault::new(Code::InvalidRequest, "the request cannot be written as HTTP"))?;
        let gone = |error: &dyn std::fmt::Display| {
            unavailable(&self.socket, &std::io::Error::other(error.to_string()))
        };
        let answer = self.pool.request(request).await.map_err(|error| gone(&error))?;
        let status: StatusCode = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| gone(&error))?.to_bytes();
        Ok(RawAnswer { status: status.as_u16(), body })
    }
}

/// Fills a path's `{field}` parts and takes them out of the fields.
fn fill(path: &str, fields: &mut Map<String, Value>) -> String {
    let parts = path.split('/').map(|part| {
        let field = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let Some(field) = field else { return part.to_owned() };
        let value = fields.remove(field).unwrap_or_default();
        utf8_percent_encode(value.as_str().unwrap_or_default(), PLAIN).to_string()
    });
    parts.collect::<Vec<_>>().join("/")
}

fn query(fields: &Map<String, Value>) -> String {
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{name}={}", utf8_percent_encode(&text, PLAIN))
        })
        .collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn fault_of(answer: &RawAnswer) -> Fault {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let code = Code::from_word(&text("code")).unwrap_or(Code::Internal);
    let lock_reason = body.get("lockReason").and_then(|reason| serde_json::from_value(reason.clone()).ok());
    let expired_at = body.get("expiredAt").and_then(|end| serde_json::from_value(end.clone()).ok());
    let request_id = body.get("requestId").and_then(Value::as_str).map(str::to_owned);
    Fault { lock_reason, expired_at, request_id, ..Fault::new(code, text("error")).hint(text("hint")) }
}
