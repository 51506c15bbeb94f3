//! Faults of our own: each has an id, which stands in the log too.

use std::borrow::Cow;

use vault::api::{Code, Fault};

/// Makes the fault of a request that ended by a panic; of what it said nothing leaves.
pub(crate) fn panicked() -> Fault {
    Fault::new(Code::Internal, "the daemon failed at this request")
}

/// Gives a fault of our own an id, and writes it down; every other fault stays as it is.
pub(crate) fn numbered(fault: &Fault) -> Cow<'_, Fault> {
    if fault.code != Code::Internal || fault.request_id.is_some() {
        return Cow::Borrowed(fault);
    }
    let id = vault::crypto::random::<8>().map(u64::from_be_bytes).unwrap_or_default();
    let id = format!("{id:016x}");
    tracing::error!(request = %id, "a request failed: {}", fault.message);
    Cow::Owned(Fault { request_id: Some(id), ..fault.clone() })
}
