//! Bodies: bounded in size, time and together.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, EXPECT, HeaderMap};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use vault::api::{Code, Fault, REQUEST_BYTES, RequestLength, SENT_BYTES};

/// How many requests of more than [`REQUEST_BYTES`] as they are sent, which values of many escapes take, owners have in memory, and
/// all other callers together.
const ESCAPED: usize = 2;
/// What the requests of owners that are being read may take together, in KiB.
const OF_OWNERS: usize = 64 * 1024;
/// The same of all other callers.
const OF_OTHERS: usize = 32 * 1024;
/// The same of one of them.
const OF_ONE: usize = OF_OTHERS / 4;
/// How much of a refused body is read, in bytes, and for how long.
const DRAIN_BYTES: usize = 8 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// The encodings that a refusal names (the registry of content codings, RFC 9110, section 16.6.1).
const ENCODINGS: [&str; 7] = ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "aes128gcm"];
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// What each body may take without drawing on the budget.
const FREE: usize = 64 * 1024;
/// How much is drawn at once, in bytes.
const STEP: usize = 64 * 1024;
/// How long a body waits where others have taken all.
const WAIT_TIME: Duration = Duration::from_secs(5);

/// The memory that requests draw on as they grow.
#[derive(Debug, Clone)]
struct Budget {
    kib: Arc<Semaphore>,
    escaped: Arc<Semaphore>,
}

impl Budget {
    fn new(kib: usize, escaped: usize) -> Self {
        Self { kib: Arc::new(Semaphore::new(kib)), escaped: Arc::new(Semaphore::new(escaped)) }
    }
}

/// What the requests of a caller draw on: what it shares with others of its kind, and a part of that as its own unless it is an owner.
///
/// So no guest or agent takes what an owner needs, and none what all others need.
#[derive(Debug, Clone)]
pub(crate) struct Budgets {
    shared: Budget,
    own: Option<Budget>,
}

/// Kept until a request is answered: of more than [`REQUEST_BYTES`] as they are sent, a few are in memory at once.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    _escaped: Vec<OwnedSemaphorePermit>,
}

/// What one request has drawn; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share<'b> {
    budgets: &'b Budgets,
    drawn: usize,
    held: Vec<OwnedSemaphorePermit>,
    escaped: Vec<OwnedSemaphorePermit>,
}

impl Share<'_> {
    /// Returns what a request took to be read, and keeps what it has until it is answered.
    pub(crate) fn arrived(self) -> Turn {
        Turn { _escaped: self.escaped }
    }

    /// Draws what a request of so many bytes needs beyond what it has.
    ///
    /// # Errors
    /// `busy` where others hold the rest for more than five seconds.
    pub(crate) async fn cover(&mut self, bytes: usize) -> Result<(), Fault> {
        if bytes > REQUEST_BYTES && self.escaped.is_empty() {
            self.escaped = self.budgets.drawn(|budget| &budget.escaped, 1).await?;
        }
        let lacking = bytes.saturating_sub(FREE + self.drawn).div_ceil(STEP) * STEP;
        if lacking > 0 {
            let permits = u32::try_from(lacking / 1024).unwrap_or(u32::MAX);
            self.held.extend(self.budgets.drawn(|budget| &budget.kib, permits).await?);
            self.drawn += lacking;
        }
        Ok(())
    }
}

impl Budgets {
    /// Makes what all owners draw on.
    pub(crate) fn of_owners() -> Self {
        Self { shared: Budget::new(OF_OWNERS, ESCAPED), own: None }
    }

    /// Makes what all other callers draw on together.
    pub(crate) fn of_others() -> Self {
        Self { shared: Budget::new(OF_OTHERS, ESCAPED), own: None }
    }

    /// Makes what one caller draws on of what it shares with others.
    #[must_use]
    pub(crate) fn of_one(&self) -> Self {
        Self { shared: self.shared.clone(), own: Some(Budget::new(OF_ONE, 1)) }
    }

    async fn drawn(
        &self,
        of: impl Fn(&Budget) -> &Arc<Semaphore>,
        permits: u32,
    ) -> Result<Vec<OwnedSemaphorePermit>, Fault> {
        let drawing = async {
            let mut held = Vec::new();
            for budget in self.own.iter().chain([&self.shared]) {
                held.push(Arc::clone(of(budget)).acquire_many_owned(permits).await?);
            }
            Ok::<_, AcquireError>(held)
        };
        let Ok(Ok(held)) = tokio::time::timeout(WAIT_TIME, drawing).await else {
            return Err(Fault::new(Code::Busy, "too many large requests at once"));
        };
        Ok(held)
    }

    /// Begins a request, which has drawn nothing yet.
    pub(crate) fn share(&self) -> Share<'_> {
        Share { budgets: self, drawn: 0, held: Vec::new(), escaped: Vec::new() }
    }

    /// Reads a body whole, and draws on the budget as it arrives: one that is only announced takes nothing.
    ///
    /// # Errors
    /// `unsupported_encoding` for one that is encoded, `too_large` for one over [`REQUEST_BYTES`], an escape counted as one byte, or
    /// over [`SENT_BYTES`] as it is sent; `busy`; all once its client has sent it, or a bounded part of it; `invalid_request` for
    /// one that does not arrive within ten seconds or ends early.
    pub(crate) async fn read(&self, headers: &HeaderMap, mut body: Incoming) -> Result<(Bytes, Turn), Fault> {
        let announced =
            body.size_hint().upper().map_or(SENT_BYTES, |size| usize::try_from(size).unwrap_or(usize::MAX));
        let refused = encoded(headers).or_else(|| (announced > SENT_BYTES).then(too_large));
        if let Some(fault) = refused {
            // A client that waits for a sign to go on sends nothing without one.
            if !headers.contains_key(EXPECT) {
                drain(&mut body).await;
            }
            return Err(fault);
        }
        if announced == 0 {
            return Ok((Bytes::new(), Turn::default()));
        }
        let Ok(read) = tokio::time::timeout(BODY_TIME, collect(&mut body, self.share())).await else {
            return Err(Fault::new(Code::InvalidRequest, "the body did not arrive within 10 seconds"));
        };
        if read.is_err() {
            drain(&mut body).await;
        }
        read
    }
}

async fn collect(body: &mut Incoming, mut share: Share<'_>) -> Result<(Bytes, Turn), Fault> {
    let (mut whole, mut length) = (BytesMut::new(), RequestLength::default());
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|_| Fault::new(Code::InvalidRequest, "the body ended before its announced length"))?;
        if let Ok(data) = frame.into_data() {
            share.cover(whole.len() + data.len()).await?;
            whole.extend_from_slice(&data);
            if !length.fits(&whole) {
                return Err(too_large());
            }
        }
    }
    Ok((whole.freeze(), share.arrived()))
}

/// Reads what is left of a body that is refused, and keeps none of it: at most 8 MiB, for at most two seconds.
///
/// Most clients, those of Python and Node among them, send a body whole before they read the answer. If the connection is closed
/// meanwhile, they report that and never see why.
async fn drain(body: &mut Incoming) {
    let dropped = async {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(less) = left.checked_sub(length) else { return };
            left = less;
        }
    };
    // What is left then is cut off with the connection.
    let _ = tokio::time::timeout(DRAIN_TIME, dropped).await;
}

/// Refuses a body that is encoded, by the name of the encoding if that is one of HTTP's own.
fn encoded(headers: &HeaderMap) -> Option<Fault> {
    let mut lists = headers.get_all(CONTENT_ENCODING).iter().map(|list| list.to_str().unwrap_or("unknown"));
    let plain = |word: &&str| word.is_empty() || word.eq_ignore_ascii_case("identity");
    let encoding = lists.find_map(|list| list.split(',').map(str::trim).find(|word| !plain(word)))?;
    let known = ENCODINGS.into_iter().find(|known| encoding.eq_ignore_ascii_case(known));
    let words = known.map_or_else(|| "encoded".to_owned(), |known| format!("encoded as {known}"));
    Some(Fault::new(
        Code::UnsupportedEncoding,
        format!("the body is {words}, and only plain bodies are read"),
    ))
}

/// Returns whether a text is a batch of more than [`REQUEST_BYTES`] as it is sent: its messages wait until answers are read.
pub(crate) fn is_long_batch(text: &[u8]) -> bool {
    text.len() > REQUEST_BYTES && text.trim_ascii_start().starts_with(b"[")
}

/// The refusal of a request over 2 MiB.
pub(crate) fn too_large() -> Fault {
    Fault::new(Code::TooLarge, "a request takes at most 2 MiB")
}
