//! JSON-RPC 2.0 over the socket, one message a line each way.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::connect;
use crate::agents::Token;
use crate::api::{Code, Fault, Operation, RequestLength};
use crate::domain::{LockReason, Timestamp};

/// The longest wait for an answer: deriving keys and sealing everything afresh take their time.
const PATIENCE: Duration = Duration::from_mins(10);

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    next: u64,
}

/// Who speaks from now on.
#[derive(Serialize)]
struct Auth<'a> {
    token: &'a str,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<WireError>,
}

#[derive(Deserialize)]
struct WireError {
    code: i32,
    message: String,
    #[serde(default)]
    data: Option<WireData>,
}

/// What stands beside an error's words.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireData {
    code: String,
    hint: String,
    #[serde(default)]
    lock_reason: Option<LockReason>,
    #[serde(default)]
    expired_at: Option<Timestamp>,
    #[serde(default)]
    request_id: Option<String>,
}

impl Client {
    /// Connects to a socket and checks who listens there.
    ///
    /// # Errors
    /// `unavailable` where nobody does, `forbidden` where a stranger does.
    pub fn connect(path: &Path) -> Result<Self, Fault> {
        let stream = connect(path)?;
        let timed =
            stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
        timed.map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
        Ok(Self { stream: BufReader::new(stream), next: 1 })
    }

    /// Does an operation.
    ///
    /// # Errors
    /// What the daemon answered; `unavailable` where it went away.
    pub fn call<O: Operation>(&mut self, operation: &O) -> Result<O::Answer, Fault> {
        self.ask(O::METHOD, operation)
    }

    /// Names the agent that speaks on this connection from now on (`vault.auth`).
    ///
    /// # Errors
    /// `unauthorized` where the token is not valid, `locked` where tokens cannot be judged.
    pub fn authenticate(&mut self, token: &Token) -> Result<(), Fault> {
        self.ask::<IgnoredAny>("vault.auth", &Auth { token: token.expose() }).map(drop)
    }

    fn ask<A: DeserializeOwned>(&mut self, method: &str, params: &impl Serialize) -> Result<A, Fault> {
        let params = Zeroizing::new(serde_json::to_vec(params).map_err(|_| garbled())?);
        let answer = self.exchange(method, &params)?;
        serde_json::from_str(result(&answer)?.get()).map_err(|_| garbled())
    }

    // Not generic, as `result` is not: what is, the program holds once for each operation.
    fn exchange(&mut self, method: &str, params: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let head = format!(r#"{{"jsonrpc":"2.0","id":{},"method":"{method}","params":"#, self.next);
        self.next += 1;
        let line = Zeroizing::new([head.as_bytes(), params, b"}\n"].concat());
        if !RequestLength::default().fits(&line) {
            return Err(Fault::new(Code::TooLarge, "a request takes at most 2 MiB"));
        }
        self.stream.get_mut().write_all(&line).map_err(|error| gone(&error))?;
        let mut answer = Zeroizing::new(Vec::new());
        let read = self.stream.read_until(b'\n', &mut answer).map_err(|error| gone(&error))?;
        if read == 0 {
            Err(Fault::new(Code::Unavailable, "the daemon closed the connection"))
        } else {
            Ok(answer)
        }
    }
}

/// Gives the result in an answer, else its error.
fn result(answer: &[u8]) -> Result<&RawValue, Fault> {
    let response: Response<'_> = serde_json::from_slice(answer).map_err(|_| garbled())?;
    match (response.result, response.error) {
        (_, Some(error)) => Err(error.into()),
        (Some(result), None) => Ok(result),
        (None, None) => Err(garbled()),
    }
}

impl From<WireError> for Fault {
    fn from(error: WireError) -> Self {
        let code = error.data.as_ref().and_then(|data| Code::from_word(&data.code)).unwrap_or(Code::Internal);
        let mut fault = Self::new(code, error.message).rpc(error.code);
        if let Some(data) = error.data {
            fault.hint = data.hint;
            fault.lock_reason = data.lock_reason;
            fault.expired_at = data.expired_at;
            fault.request_id = data.request_id;
        }
        fault
    }
}

fn garbled() -> Fault {
    Fault::new(Code::Internal, "the daemon's answer is not what this program understands")
        .hint("check that vaultd and vaultctl are of the same version: vaultctl doctor")
}

fn gone(error: &std::io::Error) -> Fault {
    Fault::new(Code::Unavailable, format!("the connection to the daemon broke: {}", error.kind()))
}
