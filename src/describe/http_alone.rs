//! What HTTP alone serves and is outside the list of operations.

use serde_json::{Value, json};

use super::{OpenApi, responses};
use crate::api::{FollowLog, ReadMetrics, Verb};

impl OpenApi {
    /// Adds looks in a form of their own, JSON-RPC, and what says how the daemon is.
    pub(super) fn add_of_http_alone(&mut self) {
        let text = json!({ "schema": { "type": "string" } });
        self.describe::<ReadMetrics>(&json!({ "text/plain": text, "application/openmetrics-text": text }));
        self.describe::<FollowLog>(&json!({ "text/event-stream": text }));
        let health = json!({
            "type": "object",
            "required": ["status", "locked"],
            "properties": { "status": { "const": "ok", "type": "string" }, "locked": { "type": "boolean" } },
        });
        let plain = [
            ("/healthz", "readHealth", "Answers while the process serves, locked or not.", health),
            ("/vault/openapi.json", "describeApi", "Describes all of this.", json!({ "type": "object" })),
        ];
        for (path, id, summary, schema) in plain {
            let responses = responses(200, &json!({ "application/json": { "schema": schema } }));
            let described = json!({ "operationId": id, "summary": summary, "responses": responses });
            self.put(path, Verb::Get, described);
        }
        self.put("/rpc", Verb::Post, call());
    }
}

/// Describes JSON-RPC: a call, or a batch of them.
fn call() -> Value {
    let id = json!({ "type": ["string", "number", "null"] });
    let call = json!({
        "type": "object",
        "required": ["jsonrpc", "method"],
        "properties": {
            "jsonrpc": { "const": "2.0", "type": "string" },
            "id": id,
            "method": { "type": "string" },
            "params": { "type": "object" },
        },
    });
    let answer = json!({
        "type": "object",
        "required": ["jsonrpc", "id"],
        "properties": {
            "jsonrpc": { "const": "2.0", "type": "string" },
            "id": id,
            "result": {},
            "error": { "type": "object" },
        },
    });
    let mut responses = responses(200, &or_batch(&answer));
    responses["204"] = json!({ "description": "Done; all that was sent are notifications." });
    json!({
        "operationId": "call",
        "summary": "Does what a call of JSON-RPC 2.0, or a batch of them, asks for; rpc.discover describes the methods.",
        "requestBody": { "required": true, "content": or_batch(&call) },
        "responses": responses,
    })
}

fn or_batch(one: &Value) -> Value {
    let batch = json!({ "type": "array", "items": one, "minItems": 1, "maxItems": 100 });
    json!({ "application/json": { "schema": { "oneOf": [one, batch] } } })
}
