//! One request over HTTP, on a connection of its own: the answer streams, and ends with whoever reads it.

use std::path::Path;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::handshake;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::{connect, unavailable};
use crate::api::{Code, Fault};

/// Sends a request as it is and gives the answer as it comes, after a look at who listens on the socket.
///
/// The connection ends when the answer's body is read or dropped.
///
/// # Errors
/// `unavailable` where nobody answers, `forbidden` where a stranger listens.
pub async fn exchange(socket: &Path, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Fault> {
    let path = socket.to_owned();
    let gone = |error: &dyn std::fmt::Display| unavailable(socket, &std::io::Error::other(error.to_string()));
    let connected = tokio::task::spawn_blocking(move || connect(&path)).await;
    let stream = connected.map_err(|_| Fault::new(Code::Internal, "connecting ended by a panic"))??;
    stream.set_nonblocking(true).map_err(|error| gone(&error))?;
    let stream = UnixStream::from_std(stream).map_err(|error| gone(&error))?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| gone(&error))?;
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|error| gone(&error))
}
