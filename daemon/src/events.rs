//! Server-sent events: each audit entry after its commit, in order, without gaps.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use vault::api::AuditEntry;
use vault::audit::Entry;
use vault::vault::Following;

use crate::unsent::Room;

/// How often a silent stream shows that it is alive.
const PING: Duration = Duration::from_secs(15);
/// How many frames may wait for a slow reader.
const FRAMES: usize = 16;
/// What a follower has in memory, in bytes: frames that wait, and a page of the past.
const HELD: usize = 128 * 1024;

/// Opens a stream of what a caller follows; it ends when the caller may follow no more.
///
/// It begins with a remark, by which a proxy in between sees that it has begun.
pub(crate) fn stream(following: Following, mut room: Room) -> Channel<Bytes> {
    room.fit(HELD);
    let (sender, channel) = Channel::new(FRAMES);
    tokio::spawn(feed(following, sender, room));
    channel
}

async fn feed(mut following: Following, mut sender: Sender<Bytes>, _room: Room) {
    let mut next = Bytes::from_static(b": begins\n\n");
    while sender.send_data(next).await.is_ok() {
        next = match tokio::time::timeout(PING, following.next()).await {
            Ok(Some(entry)) => frame(&entry),
            Ok(None) => return,
            Err(_) => Bytes::from_static(b": ping\n\n"),
        };
    }
}

fn frame(entry: &Entry) -> Bytes {
    let json = serde_json::to_string(&AuditEntry::from(entry)).unwrap_or_default();
    Bytes::from(format!("id: {}\nevent: audit\ndata: {json}\n\n", entry.seq))
}
