//! Looks at the whole vault that have a form of their own: the counters, and the events.

use bytes::Bytes;
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
use vault::api::{Code, Fault, FollowLog, Operation, ReadMetrics, from_query};
use vault::vault::Length;

use super::{Answer, READ, accept, is_read, typed, wrong_method};
use crate::events;
use crate::metrics::Form;
use crate::router::{App, Client};
use crate::seats::Busy;
use crate::sent;
use crate::unsent::Room;

/// The type of the counters as `OpenMetrics`.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Their type as Prometheus' text.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// By which nginx passes what it gets at once, and keeps none of it back.
static BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Answers a look.
pub(super) async fn look(
    app: &App,
    client: Client,
    (busy, request): (&Busy, Request<Incoming>),
) -> Result<Answer, Fault> {
    if !is_read(request.method()) {
        return Ok(wrong_method(app, READ));
    }
    let room = busy.while_caller(client.account.admit(Length::Short)).await?;
    if request.uri().path() == ReadMetrics::ROUTE.path {
        metrics(app, &client, &request, room).await
    } else {
        events(app, client, &request, room).await
    }
}

async fn metrics(
    app: &App,
    client: &Client,
    request: &Request<Incoming>,
    mut room: Room,
) -> Result<Answer, Fault> {
    let asked: ReadMetrics = from_query(&[], request.uri().query().unwrap_or_default())?;
    let gauges = app.vault.call(&client.caller, asked).await?;
    let (form, kind) = if accept::asks_for_open_metrics(&accepted(request.headers())) {
        (Form::OpenMetrics, OPEN_METRICS)
    } else {
        (Form::Text, TEXT)
    };
    let text = app.metrics.text(gauges, form);
    room.fit(text.len());
    Ok(typed(sent::held(text, Some(room)), kind))
}

/// Gives all that a client says of the types that it takes, as one list.
fn accepted(headers: &HeaderMap) -> String {
    let lists = headers.get_all(ACCEPT).iter().filter_map(|list| list.to_str().ok());
    lists.collect::<Vec<_>>().join(",")
}

async fn events(app: &App, client: Client, request: &Request<Incoming>, room: Room) -> Result<Answer, Fault> {
    let from = match request.headers().get("last-event-id") {
        Some(id) => FollowLog { since: Some(place(id)?) },
        None => from_query(&[], request.uri().query().unwrap_or_default())?,
    };
    let following = app.vault.follow_log(client.caller, from).await?;
    let mut answer = typed(Bytes::new(), "text/event-stream");
    answer.headers_mut().insert(&BUFFERING, HeaderValue::from_static("no"));
    if request.method() == Method::GET {
        *answer.body_mut() = Either::Right(Either::Left(events::stream(following, room)));
    }
    Ok(answer)
}

/// Reads where a follower left off.
fn place(id: &HeaderValue) -> Result<u64, Fault> {
    let place = id.to_str().ok().and_then(|text| text.parse().ok());
    place.ok_or_else(|| Fault::new(Code::InvalidRequest, "the Last-Event-ID header is not a sequence number"))
}
