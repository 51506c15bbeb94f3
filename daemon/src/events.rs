//! Server-sent events: each audit entry after its commit, in order, without gaps.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use vault::api::{AuditEntry, Code, Fault};
use vault::audit::Entry;
use vault::vault::Vault;

/// How often a silent stream shows that it is alive.
const PING: Duration = Duration::from_secs(15);
/// How many frames may wait for a slow reader.
const FRAMES: usize = 64;
/// How many entries of the past are read at once: a follower may be a million behind.
const PAGE: u64 = 500;

/// Opens a stream of the entries after a place, or of those to come.
///
/// # Errors
/// `locked`, as every look at the log; `invalid_request` for a place that is no number.
pub(crate) fn open(vault: &Vault, since: Option<&str>) -> Result<Channel<Bytes>, Fault> {
    vault.check_open()?;
    let since = since.map(str::parse::<u64>).transpose();
    let since =
        since.map_err(|_| Fault::new(Code::InvalidRequest, "field `since`: expected a sequence number"))?;
    let (sender, channel) = Channel::new(FRAMES);
    let events = vault.events();
    tokio::spawn(feed(vault.clone(), since, events, sender));
    Ok(channel)
}

async fn feed(vault: Vault, since: Option<u64>, mut events: Receiver<Arc<Entry>>, mut sender: Sender<Bytes>) {
    let mut told = 0;
    if let Some(since) = since {
        let Some(caught_up) = tell_the_past(&vault, since, &mut sender).await else { return };
        (told, events) = caught_up;
    }
    loop {
        let next = tokio::time::timeout(PING, events.recv()).await;
        let (data, ends) = match next {
            Ok(Ok(entry)) if entry.seq <= told => continue,
            Ok(Ok(entry)) => (frame(&entry), false),
            Ok(Err(RecvError::Lagged(_))) => (Bytes::from_static(b"event: lagged\ndata: {}\n\n"), true),
            Ok(Err(RecvError::Closed)) => return,
            Err(_) => (Bytes::from_static(b": ping\n\n"), false),
        };
        if sender.send_data(data).await.is_err() || ends {
            return;
        }
    }
}

/// Tells what was committed after a place, a page at a time; gives the last place and what comes after it.
///
/// `None` where nobody listens any more, or the log cannot be read: whoever follows comes back with the last place.
async fn tell_the_past(
    vault: &Vault,
    since: u64,
    sender: &mut Sender<Bytes>,
) -> Option<(u64, Receiver<Arc<Entry>>)> {
    let mut told = since;
    loop {
        // Subscribed before the end is asked for, so that nothing falls between the two.
        let events = vault.events();
        let head = vault.head()?.seq;
        if told >= head {
            return Some((head, events));
        }
        let page = told + 1..=head.min(told.saturating_add(PAGE));
        told = *page.end();
        let vault = vault.clone();
        let entries = tokio::task::spawn_blocking(move || vault.entries_of(page)).await.ok()?.ok()?;
        for entry in &entries {
            sender.send_data(frame(entry)).await.ok()?;
        }
    }
}

fn frame(entry: &Entry) -> Bytes {
    let json = serde_json::to_string(&AuditEntry::from(entry)).unwrap_or_default();
    Bytes::from(format!("id: {}\nevent: audit\ndata: {json}\n\n", entry.seq))
}
