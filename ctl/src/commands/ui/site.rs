//! What is answered where: the page's files, the session, and the vault behind it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use tokio::sync::watch;
use vault::api::{Code, Fault, SENT_BYTES};

use super::answer::{self, Answer};
use super::door::{Door, Refusal, only};
use super::forward::Daemon;
use super::page::File;
use super::session::{End, Session, Shown, Use};
use super::stay;

const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);
/// Where the page asks by itself: that alone does not keep the session alive.
const PASSIVE: [&str; 4] = ["/vault/events", "/healthz", "/session/stream", "/session/proof"];

/// What locks and unlocks the vault.
const LOCKS: [&str; 2] = ["/vault/lock", "/vault/unlock"];

/// What every connection shares.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) door: Door,
    pub(super) session: Session,
    pub(super) daemon: Daemon,
    /// Why the dashboard ends, once it does, for every page that stays.
    pub(super) ending: watch::Sender<Option<End>>,
    /// Sent to when the page has locked or unlocked the vault.
    pub(super) acted: watch::Sender<()>,
}

/// What is at the other end of a connection.
#[derive(Debug)]
pub(super) struct Browser {
    address: IpAddr,
    known: AtomicBool,
}

impl Browser {
    /// Takes an address, of which nothing is known yet.
    pub(super) fn new(address: IpAddr) -> Self {
        Self { address, known: AtomicBool::new(false) }
    }

    /// Tells whether the bearer was shown on this connection.
    pub(super) fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }
}

/// What the page sends to begin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening<'r> {
    token: &'r str,
}

/// What the page sends to have the server prove itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Challenge<'r> {
    nonce: &'r str,
}

impl Site {
    /// Answers a request.
    pub(super) async fn answer(self: &Arc<Self>, request: Request<Incoming>, browser: &Browser) -> Answer {
        let (head, body) = request.into_parts();
        match self.door.check(&head) {
            Err(Refusal::Misdirected) => answer::misdirected(),
            Err(Refusal::Fault(fault)) => answer::refusal(&fault),
            Ok(()) => {
                let answered = self.answered((&head, body), browser).await;
                answered.unwrap_or_else(|fault| answer::refusal(&fault))
            }
        }
    }

    async fn answered(
        self: &Arc<Self>,
        (head, body): (&Parts, Incoming),
        browser: &Browser,
    ) -> Result<Answer, Fault> {
        let path = head.uri.path();
        if let Some(file) = File::at(path) {
            return if head.method == Method::GET { Ok(answer::file(file)) } else { Err(not_so()) };
        }
        if path == "/session" && head.method == Method::POST {
            return self.open(&Limit::Own.whole(body).await?);
        }
        self.session.admit(&Shown {
            bearer: bearer(&head.headers)?,
            csrf: only(&head.headers, &CSRF)?,
            verb: &head.method,
            use_of_it: if PASSIVE.contains(&path) { Use::Passive } else { Use::Active },
        })?;
        browser.known.store(true, Ordering::Relaxed);
        match path {
            "/session" if head.method == Method::DELETE => {
                self.session.close();
                Ok(done())
            }
            "/session/proof" if head.method == Method::POST => self.prove(&Limit::Own.whole(body).await?),
            "/session/stream" if head.method == Method::GET => Ok(answer::stream(stay::stream(self))),
            "/session/use" if head.method == Method::POST => Ok(done()),
            "/session" | "/session/proof" | "/session/stream" | "/session/use" => Err(not_so()),
            path if is_of_vault(path) => {
                let body = Limit::Daemon.whole(body).await?;
                let answer = self.daemon.forward(head, body, browser.address).await;
                if LOCKS.contains(&path) {
                    self.acted.send_replace(());
                }
                Ok(answer::handed_on(answer?))
            }
            _ => Err(no_path()),
        }
    }

    /// Proves that this server is the one of the page's link.
    fn prove(&self, body: &[u8]) -> Result<Answer, Fault> {
        let nonce = serde_json::from_slice(body)
            .ok()
            .and_then(|Challenge { nonce }| BASE64URL_NOPAD.decode(nonce.as_bytes()).ok()?.try_into().ok())
            .ok_or_else(|| Fault::new(Code::InvalidRequest, "expected an object with `nonce`, 32 bytes"))?;
        Ok(answer::json(StatusCode::OK, &serde_json::json!({ "proof": self.session.prove(&nonce) })))
    }

    /// Trades the token.
    fn open(&self, body: &[u8]) -> Result<Answer, Fault> {
        let opening: Opening<'_> = serde_json::from_slice(body)
            .map_err(|_| Fault::new(Code::InvalidRequest, "expected an object with `token`"))?;
        Ok(answer::json(StatusCode::CREATED, &self.session.trade(opening.token)?))
    }
}

fn done() -> Answer {
    answer::json(StatusCode::OK, &serde_json::json!({ "success": true }))
}

fn not_so() -> Fault {
    Fault::new(Code::MethodNotAllowed, "the path exists, this method does not")
}

fn no_path() -> Fault {
    Fault::new(Code::NotFound, "there is no such path")
}

/// Tells whether a path is the daemon's, and written without a way around.
fn is_of_vault(path: &str) -> bool {
    let is_plain = |segment: &str| {
        let decoded = percent_decode_str(segment).collect::<Vec<_>>();
        !matches!(decoded.as_slice(), b"" | b"." | b"..")
    };
    path == "/healthz" || path.strip_prefix("/vault/").is_some_and(|rest| rest.split('/').all(is_plain))
}

/// Gives what `Authorization: Bearer` shows.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    Ok(only(headers, &AUTHORIZATION)?.and_then(|text| text.strip_prefix("Bearer ")))
}

/// How large a body is, by who reads it.
#[derive(Debug, Clone, Copy)]
enum Limit {
    /// The dashboard's server, also before there is a session: a token, or 32 bytes.
    Own,
    /// The daemon, which counts escapes as one byte each.
    Daemon,
}

impl Limit {
    const fn bytes(self) -> usize {
        match self {
            Self::Own => 4096,
            Self::Daemon => SENT_BYTES,
        }
    }

    fn too_large(self) -> Fault {
        let words = match self {
            Self::Own => "a request of the session takes at most 4 KiB",
            Self::Daemon => "a request takes at most 2 MiB",
        };
        Fault::new(Code::TooLarge, words)
    }

    /// Reads a body whole.
    async fn whole(self, body: Incoming) -> Result<Bytes, Fault> {
        if body.size_hint().lower() > self.bytes() as u64 {
            return Err(self.too_large());
        }
        let read = tokio::time::timeout(BODY_TIME, Limited::new(body, self.bytes()).collect()).await;
        match read {
            Err(_) => Err(Fault::new(Code::InvalidRequest, "the body did not arrive within 10 seconds")),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(self.too_large()),
            Ok(Err(_)) => Err(Fault::new(Code::InvalidRequest, "the body ended before its announced length")),
            Ok(Ok(body)) => Ok(body.to_bytes()),
        }
    }
}
