//! Signs of life for a call that takes long: many clients give up after a minute without one.

use std::convert::Infallible;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::message::Id;
use super::outlet::line;
use crate::show::Show;

/// How often there is one.
const INTERVAL: Duration = Duration::from_secs(3);

/// That a call goes on.
#[derive(Serialize)]
struct Notification<'a> {
    jsonrpc: &'a str,
    method: &'a str,
    params: Progress<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress<'a> {
    progress_token: &'a Id,
    /// For how many seconds it runs; how long it will run is unknown, so there is no total.
    progress: u64,
}

/// Says every few seconds that a call goes on, until the other end of the channel is dropped.
pub(super) fn report(token: &Id, show: Show, running: &Receiver<Infallible>) {
    let began = Instant::now();
    while running.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
        let params = Progress { progress_token: token, progress: began.elapsed().as_secs() };
        let sign = Notification { jsonrpc: "2.0", method: "notifications/progress", params };
        if let Ok(text) = serde_json::to_string(&sign) {
            line(show, text);
        }
    }
}
