//! The three faces that requests go through, and the record of each answer.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use vault::api::{Code, Fault, Operation, Verb};
use vault::client::{Client, HttpClient};
use vault::vault::Handle;

use super::record::Record;
use crate::world::oracle::{Answers, words};

/// How long a worker waits after it heard that the vault is locked.
const LOCKED: Duration = Duration::from_millis(50);

/// How a worker speaks with the daemon.
#[derive(Debug, Clone, Copy)]
pub(super) enum Speech {
    /// Messages on a stream.
    Stream,
    /// HTTP.
    Http,
    /// Messages within HTTP.
    Posted,
}

/// A worker's connection.
pub(super) struct Face<'a> {
    connection: Connection,
    record: &'a Record,
}

enum Connection {
    Stream(Client),
    Http(HttpClient, Runtime),
    Posted(HttpClient, Runtime),
}

impl<'a> Face<'a> {
    /// Connects.
    pub(super) fn connect(speech: Speech, socket: &Path, record: &'a Record) -> Result<Self> {
        let http = || -> Result<_> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok((HttpClient::new(socket).map_err(words)?, runtime))
        };
        let connection = match speech {
            Speech::Stream => Connection::Stream(Client::connect(socket).map_err(words)?),
            Speech::Http => http().map(|(client, runtime)| Connection::Http(client, runtime))?,
            Speech::Posted => http().map(|(client, runtime)| Connection::Posted(client, runtime))?,
        };
        Ok(Self { connection, record })
    }
}

impl Answers for Face<'_> {
    fn answer<O: Handle>(&mut self, operation: O) -> Result<O::Answer, Fault> {
        let asked = Instant::now();
        let answer = match &mut self.connection {
            Connection::Stream(client) => client.call(&operation),
            Connection::Http(client, runtime) => runtime.block_on(client.call(&operation)),
            Connection::Posted(client, runtime) => runtime.block_on(posted(client, &operation)),
        };
        match &answer {
            Ok(_) => self.record.count_served(asked),
            Err(fault) => {
                self.record.count_refused(O::METHOD, fault);
                if fault.code == Code::Locked {
                    self.record.wait(LOCKED);
                }
            }
        }
        answer
    }
}

/// Sends an operation as a message within HTTP.
async fn posted<O: Operation>(client: &HttpClient, operation: &O) -> Result<O::Answer, Fault> {
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": O::METHOD, "params": operation });
    let answer = client.send(Verb::Post, "/rpc", message.to_string()).await?;
    let mut answer: Value = serde_json::from_slice(&answer.body).map_err(|_| garbled())?;
    match answer.get_mut("result").map(Value::take) {
        Some(result) => serde_json::from_value(result).map_err(|_| garbled()),
        None => Err(fault_of(&answer)),
    }
}

fn fault_of(answer: &Value) -> Fault {
    let text = |at: &str| answer.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let code = Code::from_word(text("/error/data/code")).unwrap_or(Code::Internal);
    let reason = answer.pointer("/error/data/lockReason").cloned();
    let lock_reason = reason.and_then(|reason| serde_json::from_value(reason).ok());
    Fault { lock_reason, ..Fault::new(code, text("/error/message")) }
}

fn garbled() -> Fault {
    Fault::new(Code::Internal, "the answer is no message of this interface")
}
