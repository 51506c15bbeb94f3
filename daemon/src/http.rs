//! HTTP/1.1: a request to an operation, a fault to a JSON error.

mod accept;
mod looks;
mod target;

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::channel::Channel;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use vault::agents::Token;
use vault::api::{Code, Fault, Route};
use vault::domain::{CLAIM_BYTES, Claims};
use vault::speaker::{Headers, Speaker};

use crate::auth;
use crate::body::{is_long_batch, too_large};
use crate::gate::{Guest, Visitor};
use crate::own;
use crate::patient::Patient;
use crate::router::{App, Client, Fields, Parts};
use crate::rpc::{Answers, Asker};
use crate::seats::Busy;
use crate::sent::{self, Batch};
use crate::unsent::Room;

/// How long a request's head may take to arrive, and how long a connection may wait between requests.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// The most bytes of a request's head.
const HEAD_BYTES: usize = 64 * 1024;
/// The methods of what is only read.
const READ: &str = "GET, HEAD";
/// What stands on every answer.
const HEADERS: Headers = &[("cache-control", "no-store")];
/// Who the caller says it acts for.
static USER_ID: HeaderName = HeaderName::from_static("x-user-id");
/// What the caller says it is.
static CLIENT: HeaderName = HeaderName::from_static("x-vault-client");
/// From where the caller says it was asked.
static ADDRESS: HeaderName = HeaderName::from_static("x-vault-address");

/// An answer: whole, events as they come, or the answers of a batch as they are taken.
pub(crate) type Answer = Response<Either<Full<Bytes>, Either<Channel<Bytes>, Batch>>>;

/// Serves a connection until its peer closes it or the daemon ends.
pub(crate) async fn serve(guest: Guest, app: Arc<App>) {
    let Guest { stream, visitor, mut stopping, seat } = guest;
    let _connected = app.metrics.connection();
    let service = service_fn(move |request| {
        let (app, visitor, seat) = (Arc::clone(&app), Arc::clone(&visitor), Arc::clone(&seat));
        async move {
            let asking = Asking { visitor: &visitor, busy: seat.busy() };
            Ok::<_, Infallible>(guarded(&app, &asking, request).await)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .half_close(true)
        .serve_connection(Speaker::new(TokioIo::new(Patient::new(stream)), HEADERS), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Who makes a request, and the seat that is busy with it.
struct Asking<'v> {
    visitor: &'v Visitor,
    busy: Busy,
}

/// Answers, and turns a panic of one request into that request's error.
async fn guarded(app: &Arc<App>, asking: &Asking<'_>, request: Request<Incoming>) -> Answer {
    let answering = AssertUnwindSafe(answer(app, asking, request)).catch_unwind();
    answering.await.unwrap_or_else(|_| refusal(&own::panicked()))
}

async fn answer(app: &Arc<App>, asking: &Asking<'_>, request: Request<Incoming>) -> Answer {
    let Asking { visitor, busy } = asking;
    if request.uri().path() == "/healthz" {
        return plain(app, &request);
    }
    let identified = match bearer(request.headers()) {
        Ok(token) => busy.while_caller(app.identify(visitor, token.as_ref())).await,
        Err(fault) => Err(fault),
    };
    let claimed =
        |client: Client| Client { caller: client.caller.claiming(claims(request.headers())), ..client };
    let client = match (identified.map(claimed), request.uri().path()) {
        (Err(fault), "/rpc") if fault.code == Code::Locked => {
            return rpc_answer(app, Err(fault), asking, request).await;
        }
        (Err(fault), _) => return refusal(&fault),
        (Ok(client), _) => client,
    };
    busy.seat().speaks_for(&client);
    match request.uri().path() {
        "/rpc" => rpc_answer(app, Ok(client), asking, request).await,
        "/vault/openapi.json" => plain(app, &request),
        "/metrics" | "/vault/events" => {
            looks::look(app, client, (busy, request)).await.unwrap_or_else(|fault| refused(app, &fault))
        }
        _ => match operation(app, &client, (busy, request)).await {
            Ok(answer) => answer,
            Err(Refused::Fault(fault)) => refusal(&fault),
            Err(Refused::Method(allowed)) => wrong_method(app, &allowed),
        },
    }
}

/// Why no operation was done.
enum Refused {
    Fault(Fault),
    Method(String),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

async fn operation(
    app: &App,
    client: &Client,
    (busy, request): (&Busy, Request<Incoming>),
) -> Result<Answer, Refused> {
    let (head, body) = request.into_parts();
    let found = app.paths.at(head.uri.path()).map_err(|_| no_path(app))?;
    let answers = |(route, _): &&(Route, _)| names(*route).any(|name| head.method == name);
    let Some((route, endpoint)) = found.value.iter().find(answers) else {
        let allowed: Vec<_> = found.value.iter().flat_map(|(route, _)| names(*route)).collect();
        return Err(Refused::Method(allowed.join(", ")));
    };
    let query = head.uri.query().unwrap_or_default();
    let mut path = target::in_path(&found.params)?;
    let sent;
    let fields = if route.verb.has_body() {
        path.extend(target::in_query(route, query)?);
        sent = busy.while_caller(client.account.requests.read(&head.headers, body)).await?;
        Fields::Json(&sent.0)
    } else {
        Fields::Query(query)
    };
    let mut room = busy.while_caller(client.account.admit(endpoint.length())).await?;
    let turn = room.turn();
    let answer = endpoint.answer(Parts { caller: &client.caller, turn: &turn, path: &path, fields }).await?;
    room.fit(answer.len());
    Ok(json(route.status, sent::held(answer, Some(room))))
}

/// Gives the methods that a route answers; hyper leaves the body out of an answer to `HEAD`.
fn names(route: Route) -> impl Iterator<Item = &'static str> {
    std::iter::once(route.verb.as_str()).chain(route.answers_head().then_some("HEAD"))
}

/// Tells whether a method asks for what is read, with its body or without.
fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn no_path(app: &App) -> Fault {
    app.metrics.refused(Code::NotFound.as_str());
    Fault::new(Code::NotFound, "there is no such path").hint("the paths are described at /vault/openapi.json")
}

async fn rpc_answer(app: &Arc<App>, asker: Asker, asking: &Asking<'_>, request: Request<Incoming>) -> Answer {
    let Asking { visitor, busy } = asking;
    if request.method() != Method::POST {
        return wrong_method(app, "POST");
    }
    let (head, body) = request.into_parts();
    let account = asker.as_ref().map_or_else(|_| app.stranger(visitor), |client| Arc::clone(&client.account));
    let (text, _turn) = match busy.while_caller(account.requests.read(&head.headers, body)).await {
        Err(fault) => return refusal(&fault),
        Ok((text, _)) if is_long_batch(&text) => return refusal(&too_large()),
        Ok(read) => read,
    };
    let asker = if auth::is_tried(&text) { Err(auth::failed()) } else { asker };
    let mut answers = Answers::of(app, text);
    let (mut whole, mut kept) = (String::new(), None::<Room>);
    while let Some(piece) = answers.next(app, &asker, busy).await {
        whole = if whole.is_empty() { piece.text } else { whole + &piece.text };
        kept = piece.room;
        if !piece.last && whole.len() > sent::WHOLE_BYTES {
            let first = sent::held(whole, kept);
            let mut answer = json(200, Bytes::new());
            let batch = sent::batch(first, (Arc::clone(app), asker, answers), Arc::clone(busy.seat()));
            *answer.body_mut() = Either::Right(Either::Right(batch));
            return answer;
        }
    }
    if whole.is_empty() {
        with_headers(StatusCode::NO_CONTENT, Bytes::new())
    } else {
        json(200, sent::held(whole, kept))
    }
}

/// Takes the token of `Authorization: Bearer`; another scheme, a blank header or a second one is refused, never ignored.
fn bearer(headers: &HeaderMap) -> Result<Option<Token>, Fault> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Fault::new(Code::Unauthorized, "the Authorization header is there more than once"));
    }
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    let token =
        token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    match token {
        Some(token) if !token.is_empty() => Ok(Some(Token::from_text(token))),
        _ => Err(Fault::new(Code::Unauthorized, "the Authorization header is not `Bearer` and a token")),
    }
}

/// Takes what the caller says of itself, cut to a usual length; an address that is none is no claim.
fn claims(headers: &HeaderMap) -> Claims {
    let claim = |name: &HeaderName| {
        let text = headers.get(name)?.to_str().ok()?;
        Some(text.chars().take(CLAIM_BYTES).collect())
    };
    let ip = claim(&ADDRESS).and_then(|text: String| text.parse::<IpAddr>().ok());
    Claims { user_id: claim(&USER_ID), client: claim(&CLIENT), ip: ip.map(|address| address.to_string()) }
}

/// Answers what every caller that was let in may see.
fn plain(app: &App, request: &Request<Incoming>) -> Answer {
    if !is_read(request.method()) {
        return wrong_method(app, READ);
    }
    match request.uri().path() {
        "/healthz" => {
            let locked = app.vault.lock_reason().is_some();
            json(200, format!("{{\"status\":\"ok\",\"locked\":{locked}}}").into_bytes())
        }
        _ => json(200, description()),
    }
}

/// Returns the description of the interface, which is made once.
fn description() -> Bytes {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    TEXT.get_or_init(|| vault::describe::openapi().to_string().into()).clone()
}

fn typed(body: Bytes, kind: &'static str) -> Answer {
    let mut answer = with_headers(StatusCode::OK, body);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn json(status: u16, body: impl Into<Bytes>) -> Answer {
    with_headers(StatusCode::from_u16(status).unwrap_or_default(), body.into())
}

fn with_headers(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in HEADERS {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    answer
}

/// Writes a fault as HTTP.
pub(crate) fn refusal(fault: &Fault) -> Answer {
    let fault = &*own::numbered(fault);
    let mut answer = json(fault.code.http(), serde_json::to_vec(&fault.body()).unwrap_or_default());
    if let Some(seconds) = fault.retry_after {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if fault.code == Code::UnsupportedEncoding {
        answer.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    answer
}

/// Counts a refusal, and writes it as HTTP.
fn refused(app: &App, fault: &Fault) -> Answer {
    app.metrics.refused(fault.code.as_str());
    refusal(fault)
}

fn wrong_method(app: &App, allowed: &str) -> Answer {
    app.metrics.refused(Code::MethodNotAllowed.as_str());
    let fault = Fault::new(Code::MethodNotAllowed, "the path exists, this method does not");
    let mut answer = refusal(&fault.hint(format!("use one of: {allowed}")));
    if let Ok(value) = HeaderValue::from_str(allowed) {
        answer.headers_mut().insert(ALLOW, value);
    }
    answer
}
