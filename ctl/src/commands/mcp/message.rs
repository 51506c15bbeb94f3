//! Messages of JSON-RPC 2.0, one a line each way.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::failure::Failure;

/// The arguments of a method, of a tool, or what else stands in an object.
pub(super) type Object = Map<String, Value>;

/// What a client sends.
#[derive(Debug)]
pub(super) enum Message {
    Request(Request),
    /// A request that wants no answer.
    Notification {
        method: String,
        params: Object,
    },
    /// An answer, though this server asks nothing.
    Answer,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: Id,
    pub(super) method: String,
    pub(super) params: Object,
}

/// What an answer is recognised by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Number(i64),
    Text(String),
}

/// Why a request is refused (JSON-RPC 2.0, section 5.1).
#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    code: i32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

impl Refusal {
    /// Says that a line is JSON and no message.
    pub(super) fn no_message() -> Self {
        Self { code: -32600, message: "Invalid request".to_owned(), data: None }
    }

    /// Says that this session has no batches.
    pub(super) fn no_batches() -> Self {
        let message = "Invalid request: batches are part of the version 2025-03-26 alone";
        Self { code: -32600, message: message.to_owned(), data: None }
    }

    /// Says that a line is no JSON.
    pub(super) fn no_json() -> Self {
        Self { code: -32700, message: "Parse error".to_owned(), data: None }
    }

    /// Says that there is no such method.
    pub(super) fn no_method() -> Self {
        Self { code: -32601, message: "Method not found".to_owned(), data: None }
    }

    /// Says what is wrong with the parameters.
    pub(super) fn params(message: impl Display) -> Self {
        Self { code: -32602, message: message.to_string(), data: None }
    }

    /// Says that the protocol has no such version here, and which it has.
    pub(super) fn version(data: Value) -> Self {
        Self { code: -32022, message: "Unsupported protocol version".to_owned(), data: Some(data) }
    }
}

/// What a line holds.
#[derive(Debug)]
pub(super) enum Line {
    /// A message, or what is to be one.
    One(Result<Message, Refusal>),
    /// Messages that are answered together (JSON-RPC 2.0, section 6); at least one.
    Batch(Vec<Result<Message, Refusal>>),
}

/// Reads a line; nothing where it is blank, which is passed over.
pub(super) fn read(line: &[u8]) -> Option<Line> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return None;
    }
    Some(match serde_json::from_slice(line) {
        Ok(Value::Array(values)) if !values.is_empty() => {
            Line::Batch(values.into_iter().map(message).collect())
        }
        Ok(value) => Line::One(message(value)),
        Err(_) => Line::One(Err(Refusal::no_json())),
    })
}

fn message(value: Value) -> Result<Message, Refusal> {
    fields_of(value).ok_or_else(Refusal::no_message)
}

fn fields_of(value: Value) -> Option<Message> {
    let Value::Object(mut fields) = value else { return None };
    if fields.remove("jsonrpc")? != "2.0" {
        return None;
    }
    let id = fields.remove("id").map(serde_json::from_value).transpose().ok()?;
    let is_answer = fields.contains_key("result") || fields.contains_key("error");
    match (fields.remove("method"), id) {
        (None, Some(Id::Number(_) | Id::Text(_))) if is_answer => Some(Message::Answer),
        (Some(Value::String(method)), id) if !is_answer => {
            let params = params(fields.remove("params"))?;
            Some(match id {
                Some(id) => Message::Request(Request { id, method, params }),
                None => Message::Notification { method, params },
            })
        }
        _ => None,
    }
}

/// Takes an object with an object beside it that is about the request, where there is one.
fn params(found: Option<Value>) -> Option<Object> {
    let params = match found {
        Some(Value::Object(params)) => params,
        None | Some(Value::Null) => Object::new(),
        Some(_) => return None,
    };
    matches!(params.get(META), None | Some(Value::Null | Value::Object(_))).then_some(params)
}

/// What a request or an answer says about itself.
pub(super) const META: &str = "_meta";

/// Writes the answer to a request; a refusal of what is no message has no request to name.
pub(super) fn written(id: Option<&Id>, answer: Result<Box<RawValue>, Refusal>) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Written<'a> {
        jsonrpc: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a Id>,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Refusal>,
    }
    let (result, error) = match answer {
        Ok(result) => (Some(result), None),
        Err(refusal) => (None, Some(refusal)),
    };
    Ok(serde_json::to_string(&Written { jsonrpc: "2.0", id, result, error })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a line that is no batch.
    fn one(line: &[u8]) -> Option<Result<Message, Refusal>> {
        read(line).map(|line| match line {
            Line::One(message) => message,
            Line::Batch(messages) => panic!("{messages:?}"),
        })
    }

    #[test]
    fn an_array_of_messages_is_a_batch_and_an_empty_one_is_none() {
        let line = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}, 5, {"jsonrpc":"2.0","method":"a"}]"#;
        let Some(Line::Batch(messages)) = read(line.as_bytes()) else { panic!("{line}") };
        let [Ok(Message::Request(_)), Err(_), Ok(Message::Notification { .. })] = &*messages else {
            panic!("{messages:?}")
        };
        assert!(matches!(one(b"[]"), Some(Err(_))));
    }

    #[test]
    fn what_is_no_json_is_refused_and_a_blank_line_passed_over() {
        let code = |line: &[u8]| one(line).map(|read| read.map(|_| ()).map_err(|refusal| refusal.code));
        for line in ["{", "hello", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\u{0}\"}"] {
            assert_eq!(Some(Err(-32700)), code(line.as_bytes()), "{line}");
        }
        assert_eq!(Some(Err(-32700)), code(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"));
        assert_eq!([None, None], [code(b""), code(b" \r\n")]);
    }

    #[test]
    fn json_that_is_no_message_is_refused() {
        for line in [
            "[]",
            "1",
            "null",
            r#"{"id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":5}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":5}}"#,
        ] {
            assert!(matches!(one(line.as_bytes()), Some(Err(_))), "{line}");
        }
    }

    #[test]
    fn requests_notifications_and_answers_are_told_apart() {
        let read = |line: &str| one(line.as_bytes()).unwrap().unwrap();
        let asked =
            read("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\",\"params\":null}\r\n");
        assert!(matches!(asked, Message::Request(Request { id: Id::Text(_), .. })), "{asked:?}");
        let told = read(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        assert!(matches!(told, Message::Notification { .. }), "{told:?}");
        assert!(matches!(read(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), Message::Answer));
    }
}
