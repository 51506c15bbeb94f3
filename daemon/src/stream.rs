//! The raw JSON-RPC stream: one message a line each way.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use vault::domain::Caller;

use crate::body::{BODY_BYTES, too_large};
use crate::gate::Guest;
use crate::router::App;
use crate::rpc;

/// How long a message may take to arrive once it has begun, and the first one in all.
const MESSAGE_TIME: Duration = Duration::from_secs(10);
/// How long a stream that has completed a request may be idle.
const IDLE_TIME: Duration = Duration::from_secs(600);

/// What reading brought.
enum Read {
    Line(BytesMut),
    TooLong,
    End,
}

/// Serves a connection until its peer closes it or the daemon ends.
pub(crate) async fn serve(guest: Guest, app: Arc<App>) {
    let Guest { mut stream, peer, mut stopping } = guest;
    let caller = Caller::user(peer);
    let mut buffer = BytesMut::new();
    let mut patience = MESSAGE_TIME;
    loop {
        let read = tokio::select! {
            read = next(&mut stream, &mut buffer, patience) => read,
            _ = stopping.changed() => return,
        };
        let answer = match read {
            Read::End => return,
            Read::TooLong => Some(rpc::refused(&too_large())),
            Read::Line(ref line) if line.trim_ascii().is_empty() => None,
            Read::Line(ref line) => rpc::answer(&app, &caller, line).await,
        };
        if let Some(answer) = answer {
            let mut line = answer.into_bytes();
            line.push(b'\n');
            if stream.write_all(&line).await.is_err() {
                return;
            }
        }
        if matches!(read, Read::TooLong) {
            return;
        }
        patience = IDLE_TIME;
    }
}

/// Reads up to the next line's end; what is left at the peer's end counts as a line.
async fn next(stream: &mut UnixStream, buffer: &mut BytesMut, patience: Duration) -> Read {
    let mut searched = 0;
    loop {
        let fresh = buffer.get(searched..).unwrap_or_default();
        if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
            let line = buffer.split_to(searched + at);
            buffer.advance(1);
            return Read::Line(line);
        }
        if buffer.len() > BODY_BYTES {
            return Read::TooLong;
        }
        searched = buffer.len();
        let limit = if searched > 0 { MESSAGE_TIME } else { patience };
        match tokio::time::timeout(limit, stream.read_buf(buffer)).await {
            Ok(Ok(0)) if searched > 0 => return Read::Line(buffer.split()),
            Ok(Ok(n)) if n > 0 => {}
            _ => return Read::End,
        }
    }
}
