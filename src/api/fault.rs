//! The one table of errors: code ↔ HTTP status ↔ JSON-RPC number ↔ exit code ↔ hint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Invalid, LockReason, Timestamp};

/// The codes of errors, as every face names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request is malformed or breaks a limit.
    InvalidRequest,
    /// A token is not valid.
    Unauthorized,
    /// The caller may not do this; a wrong key at unlock.
    Forbidden,
    /// There is no such secret, preset or path.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The name is taken; the version is not the present one.
    Conflict,
    /// A body over 2 MiB, a value over 1 MiB.
    TooLarge,
    /// A body that is compressed.
    UnsupportedEncoding,
    /// Too many connections or failed attempts.
    Busy,
    /// A stored row does not authenticate.
    Integrity,
    /// The disk is full or read-only.
    Storage,
    /// Our own fault.
    Internal,
    /// No key, or the wrong one.
    Locked,
    /// The client finds no daemon.
    Unavailable,
}

/// A row of the table.
struct Row(&'static str, u16, i32, u8, &'static str);

impl Code {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::InvalidRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedEncoding,
        Self::Busy,
        Self::Integrity,
        Self::Storage,
        Self::Internal,
        Self::Locked,
        Self::Unavailable,
    ];

    const fn row(self) -> Row {
        match self {
            Self::InvalidRequest => {
                Row("invalid_request", 400, -32602, 2, "correct the request and send it again")
            }
            Self::Unauthorized => {
                Row("unauthorized", 401, -32001, 5, "check the token, or ask the owner for a new one")
            }
            Self::Forbidden => Row("forbidden", 403, -32003, 5, "ask the vault's owner for a grant"),
            Self::NotFound => Row("not_found", 404, -32004, 3, "see what there is with: vaultctl list"),
            Self::MethodNotAllowed => {
                Row("method_not_allowed", 405, -32601, 2, "use a method that `Allow` names")
            }
            Self::Conflict => Row("conflict", 409, -32009, 7, "read the present state and try again"),
            Self::TooLarge => {
                Row("too_large", 413, -32013, 2, "a value takes at most 1 MiB, a request 2 MiB")
            }
            Self::UnsupportedEncoding => Row(
                "unsupported_encoding",
                415,
                -32015,
                2,
                "send the body as it is, without a `Content-Encoding`",
            ),
            Self::Busy => Row("busy", 429, -32029, 75, "wait a moment and try again"),
            Self::Integrity => Row(
                "integrity",
                500,
                -32022,
                8,
                "bring back a backup with: vaultctl restore, or accept the loss with: vaultctl doctor --accept-loss",
            ),
            Self::Storage => {
                Row("storage", 507, -32007, 8, "free space on the vault's disk, or make it writable")
            }
            Self::Internal => Row("internal", 500, -32603, 1, "look the request's id up in vaultd's log"),
            Self::Locked => Row("locked", 503, -32023, 4, "unlock it with: vaultctl unlock"),
            Self::Unavailable => Row("unavailable", 503, -32000, 69, "start the daemon with: vaultd"),
        }
    }

    /// Gives the word on the wire.
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// Gives the HTTP status.
    pub const fn http(self) -> u16 {
        self.row().1
    }

    /// Gives the JSON-RPC error number.
    pub const fn rpc(self) -> i32 {
        self.row().2
    }

    /// Gives the exit code of `vaultctl`.
    pub const fn exit(self) -> u8 {
        self.row().3
    }

    /// Gives the usual hint.
    pub const fn hint(self) -> &'static str {
        self.row().4
    }

    /// Finds the code of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == word)
    }
}

/// A refusal as every face tells it: what went wrong, in words, and what to do about it. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// The code.
    pub code: Code,
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The JSON-RPC number, where it is not the code's own.
    pub rpc: i32,
    /// After how many seconds to try again.
    pub retry_after: Option<u64>,
    /// Why the vault is locked.
    pub lock_reason: Option<LockReason>,
    /// When the secret expired that was asked for.
    pub expired_at: Option<Timestamp>,
    /// The request's id, where the log says more.
    pub request_id: Option<String>,
    /// Whether something else was done since what was read, so that another try may succeed; the vault tries by itself.
    pub is_stale: bool,
}

impl Fault {
    /// Makes a fault with the code's usual hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: code.hint().to_owned(),
            rpc: code.rpc(),
            retry_after: (code == Code::Busy).then_some(1),
            lock_reason: None,
            expired_at: None,
            request_id: None,
            is_stale: false,
        }
    }

    /// Replaces the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Replaces the JSON-RPC number.
    #[must_use]
    pub fn rpc(mut self, number: i32) -> Self {
        self.rpc = number;
        self
    }

    /// The vault is locked, for a reason.
    pub fn locked(reason: LockReason) -> Self {
        let (message, hint) = match reason {
            LockReason::NoKey => (
                "the vault is locked: AGENTICMAIL_VAULT_KEY was found in no source",
                "add the line AGENTICMAIL_VAULT_KEY=… to the key file, or run: vaultctl unlock",
            ),
            LockReason::WrongKey => (
                "the vault is locked: AGENTICMAIL_VAULT_KEY does not fit this vault",
                "put back the .env file that the vault was made with, or unlock with the recovery key: vaultctl unlock",
            ),
            LockReason::KeyFileUnsafe => (
                "the vault is locked: others can read or change the key file",
                "make it private with: chmod 600 on the key file",
            ),
            LockReason::ByRequest => (
                "the vault is locked by request",
                "unlock it with: vaultctl unlock --key-file; or, with a key to type: vaultctl unlock",
            ),
            LockReason::Idle => {
                ("the vault locked itself after a time without use", "unlock it with: vaultctl unlock")
            }
            LockReason::NoLockedMemory => (
                "the vault is locked: no memory page can be locked for the keys",
                "raise the limit (ulimit -l, LimitMEMLOCK=), or set memory.lock = \"try\"",
            ),
            LockReason::Damaged => (
                "the vault is locked: its header does not authenticate",
                "stop vaultd, move the database away, and bring back a backup with: vaultctl restore",
            ),
        };
        Self { lock_reason: Some(reason), ..Self::new(Code::Locked, message).hint(hint) }
    }

    /// The secret was changed by another caller since it was read.
    pub(crate) fn stale() -> Self {
        let fault = Self::new(Code::Conflict, "the secret changed meanwhile, again and again");
        Self { is_stale: true, ..fault }
    }

    /// Nothing of that name or id is there, for this caller.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "there is no such secret")
    }
}

/// What stands beside a fault's words: HTTP puts it into the same object, JSON-RPC under `data`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Details<'a> {
    code: Code,
    hint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_reason: Option<LockReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expired_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

/// A fault as HTTP and `vaultctl --json` write it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Body<'a> {
    error: &'a str,
    #[serde(flatten)]
    details: Details<'a>,
}

impl Fault {
    /// Gives what stands beside the words.
    pub fn details(&self) -> Details<'_> {
        Details {
            code: self.code,
            hint: &self.hint,
            lock_reason: self.lock_reason,
            expired_at: self.expired_at,
            request_id: self.request_id.as_deref(),
            retry_after: self.retry_after,
        }
    }

    /// Returns the whole as HTTP and `vaultctl --json` write it.
    pub fn body(&self) -> Body<'_> {
        Body { error: &self.message, details: self.details() }
    }
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        Self::new(Code::InvalidRequest, invalid.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_word_of_its_own_that_leads_back_to_it() {
        for code in Code::ALL {
            assert_eq!(Some(code), Code::from_word(code.as_str()));
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.as_str()));
        }
    }
}
