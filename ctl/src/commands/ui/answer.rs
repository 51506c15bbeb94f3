//! Answers, each with the headers that keep other pages out.

use http_body_util::channel::Channel;
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde::Serialize;
use vault::api::{Code, Fault};
use vault::speaker::Headers;

use super::page::File;

/// An answer: of our own, streamed from the daemon, or streamed from here.
pub(super) type Answer = Response<Either<Full<Bytes>, Either<Incoming, Channel<Bytes>>>>;

/// The verbs that are answered.
const VERBS: &str = "GET, POST, PUT, DELETE";

/// What stands on every answer.
pub(super) const HEADERS: Headers = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    (
        "permissions-policy",
        "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(self), \
         display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), \
         idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), \
         publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), \
         xr-spatial-tracking=()",
    ),
];

/// The headers of the daemon's answers that are handed on.
const PASSED_ON: [HeaderName; 3] = [CONTENT_TYPE, RETRY_AFTER, ALLOW];

fn answer(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    guarded(status, Either::Left(Full::new(body.into())))
}

fn guarded(status: StatusCode, body: Either<Full<Bytes>, Either<Incoming, Channel<Bytes>>>) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    for (name, value) in HEADERS {
        answer.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    answer
}

/// Writes a file of the page.
pub(super) fn file(file: &'static File) -> Answer {
    let mut answer = answer(StatusCode::OK, file.packed);
    // Every browser takes it, and nothing else is there to be sent.
    answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(file.kind()));
    answer
}

/// Writes JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    let mut answer = answer(status, serde_json::to_vec(body).unwrap_or_default());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// Streams events.
pub(super) fn stream(body: Channel<Bytes>) -> Answer {
    let mut answer = guarded(StatusCode::OK, Either::Right(Either::Right(body)));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    answer
}

/// Writes a fault.
pub(super) fn refusal(fault: &Fault) -> Answer {
    let mut answer = json(StatusCode::from_u16(fault.code.http()).unwrap_or_default(), &fault.body());
    if fault.code == Code::MethodNotAllowed {
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static(VERBS));
    }
    answer
}

/// Answers who asked for another server, with nothing.
pub(super) fn misdirected() -> Answer {
    answer(StatusCode::MISDIRECTED_REQUEST, Bytes::new())
}

/// Hands the daemon's answer on, as it comes.
pub(super) fn handed_on(theirs: Response<Incoming>) -> Answer {
    let (head, body) = theirs.into_parts();
    let mut answer = guarded(head.status, Either::Right(Either::Left(body)));
    for name in PASSED_ON {
        if let Some(value) = head.headers.get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}
