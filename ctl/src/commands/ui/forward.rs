//! Requests handed on to the daemon, over its socket, as any client's.

use std::net::IpAddr;
use std::path::PathBuf;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde::Deserialize;
use vault::agents::Token;
use vault::api::{Code, Fault};
use vault::client::exchange;
use zeroize::Zeroizing;

/// The headers of a request that are handed on; no other is.
const PASSED_ON: [HeaderName; 3] = [CONTENT_TYPE, ACCEPT, HeaderName::from_static("last-event-id")];
/// What this client says of itself.
const CLIENT: HeaderName = HeaderName::from_static("x-vault-client");
/// Where the browser is, as far as this client sees.
const ADDRESS: HeaderName = HeaderName::from_static("x-vault-address");

/// The most bytes of an answer about the daemon's health.
const HEALTH_BYTES: usize = 4096;

/// How the daemon is, as a page is shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It answers, and secrets can be read.
    Unlocked,
    /// It answers, and its vault is locked.
    Locked,
    /// It is there and does not answer in time.
    Slow,
    /// Nothing answers at its socket.
    Gone,
}

impl Health {
    /// Returns the word by which the page knows it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Unlocked => "unlocked",
            Self::Locked => "locked",
            Self::Slow => "slow",
            Self::Gone => "gone",
        }
    }
}

/// What is read of `GET /healthz`.
#[derive(Deserialize)]
struct Answered {
    locked: bool,
}

/// The daemon, and who asks there.
#[derive(Debug)]
pub(super) struct Daemon {
    socket: PathBuf,
    credential: Option<HeaderValue>,
}

impl Daemon {
    /// Takes the socket, and the token of the agent to speak as.
    pub(super) fn of(socket: PathBuf, token: Option<&Token>) -> Self {
        let credential = token.and_then(|token| {
            let text = Zeroizing::new(format!("Bearer {}", token.expose()));
            let mut value = HeaderValue::from_str(&text).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Self { socket, credential }
    }

    /// Asks the daemon; the answer streams.
    ///
    /// # Errors
    /// `unavailable` where nobody answers, `forbidden` where a stranger does.
    pub(super) async fn forward(
        &self,
        head: &Parts,
        body: Bytes,
        from: IpAddr,
    ) -> Result<Response<Incoming>, Fault> {
        let garbled = |_| Fault::new(Code::InvalidRequest, "the request cannot be handed on");
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut request = Request::builder().method(&head.method).uri(target).header(HOST, "vault");
        for name in PASSED_ON {
            if let Some(value) = head.headers.get(&name) {
                request = request.header(name, value);
            }
        }
        if let Some(credential) = &self.credential {
            request = request.header(AUTHORIZATION, credential);
        }
        request = request.header(CLIENT, "dashboard").header(ADDRESS, from.to_string());
        exchange(&self.socket, request.body(Full::new(body)).map_err(garbled)?).await
    }

    /// Asks how the daemon is. It records nothing of that, and it is no use of the vault.
    pub(super) async fn health(&self) -> Health {
        let request = Request::get("/healthz").header(HOST, "vault").body(Full::default());
        let Ok(request) = request else { return Health::Gone };
        let Ok(answer) = exchange(&self.socket, request).await else { return Health::Gone };
        let is_ok = answer.status() == StatusCode::OK;
        let Ok(body) = Limited::new(answer.into_body(), HEALTH_BYTES).collect().await else {
            return Health::Gone;
        };
        match serde_json::from_slice(&body.to_bytes()) {
            Ok(Answered { locked: false }) if is_ok => Health::Unlocked,
            Ok(Answered { locked: true }) if is_ok => Health::Locked,
            // It has no place for one more request now.
            _ => Health::Slow,
        }
    }
}
