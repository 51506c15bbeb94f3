//! Bodies: bounded in size, time and together.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use tokio::sync::{Semaphore, SemaphorePermit};
use vault::api::{Code, Fault};

/// The largest body of a request, in bytes.
pub(crate) const BODY_BYTES: usize = vault::api::REQUEST_BYTES;
/// What all bodies that are being read may take together, in KiB.
const BUDGET_KIB: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The memory that bodies draw on before they are read.
#[derive(Debug)]
pub(crate) struct Budget(Semaphore);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Semaphore::new(BUDGET_KIB))
    }

    /// Waits for a share of the budget, given back when it is dropped.
    pub(crate) async fn share(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        let share = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        self.0.acquire_many(share).await.ok()
    }

    /// Reads a body whole; waits for its share of the budget first.
    pub(crate) async fn read(&self, body: Incoming) -> Result<Bytes, Fault> {
        let announced =
            body.size_hint().upper().map_or(BODY_BYTES, |size| usize::try_from(size).unwrap_or(usize::MAX));
        if announced > BODY_BYTES {
            return Err(too_large());
        }
        if announced == 0 {
            return Ok(Bytes::new());
        }
        let _share = self.share(announced).await;
        match tokio::time::timeout(BODY_TIME, collect(body)).await {
            Ok(read) => read,
            Err(_) => Err(Fault::new(Code::InvalidRequest, "the body did not arrive within 10 seconds")),
        }
    }
}

async fn collect(body: Incoming) -> Result<Bytes, Fault> {
    let mut whole = BytesMut::new();
    let mut body = Limited::new(body, BODY_BYTES);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                return too_large();
            }
            Fault::new(Code::InvalidRequest, "the body ended before its announced length")
        })?;
        if let Ok(data) = frame.into_data() {
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.freeze())
}

/// The refusal of a request over 2 MiB.
pub(crate) fn too_large() -> Fault {
    Fault::new(Code::TooLarge, "a request takes at most 2 MiB")
}
