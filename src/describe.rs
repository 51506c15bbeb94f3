//! Descriptions of the interface, folded from the one list of operations: `OpenAPI` 3.1 and `OpenRPC` 1.3.

#![expect(
    clippy::indexing_slicing,
    reason = "writing a key of a JSON object makes the key where it is missing"
)]

mod forms;
mod http_alone;

use std::collections::BTreeMap;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use self::forms::{generator, with_closed_sets, without_null};
use crate::api::{Code, Operation, Route, Verb};
use crate::domain::LockReason;
use crate::vault::{Fold, Handle, each};

/// Builds the `OpenAPI` 3.1 description of the HTTP face.
pub fn openapi() -> Value {
    let mut fold = OpenApi { schemas: generator("/components/schemas"), paths: Map::new() };
    each(&mut fold);
    fold.add_of_http_alone();
    let lock_reason = fold.schemas.subschema_for::<LockReason>().to_value();
    with_closed_sets(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "The Vault",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Keeps the keys of AI agents; HTTP/1.1 over a Unix socket.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://localhost", "description": "the Unix socket <home>/vault.sock" }],
        "paths": fold.paths,
        "security": [{}, { "token": [] }],
        "components": {
            "schemas": components(&mut fold.schemas),
            "responses": error_responses(&lock_reason),
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer",
                "description": "Of an agent, as `vaultctl agent add` prints it; an owner needs none.",
            } },
        },
    }))
}

/// Builds the `OpenRPC` description of the JSON-RPC face.
pub fn openrpc() -> Value {
    let mut fold = OpenRpc { schemas: generator("/components/schemas"), methods: Vec::new() };
    each(&mut fold);
    fold.methods.extend(of_the_face());
    with_closed_sets(json!({
        "openrpc": "1.3.2",
        "info": { "title": "The Vault", "version": env!("CARGO_PKG_VERSION") },
        "methods": fold.methods,
        "components": { "schemas": components(&mut fold.schemas) },
    }))
}

/// Describes the methods that are no operations.
fn of_the_face() -> [Value; 2] {
    let answer = |schema: Value| json!({ "name": "answer", "schema": schema });
    let token = json!({ "name": "token", "required": true, "schema": { "type": "string" } });
    let authenticated = json!({
        "type": "object",
        "required": ["success", "actor"],
        "properties": { "success": { "const": true }, "actor": { "type": "string" } },
    });
    [
        json!({
            "name": "vault.auth",
            "summary": "Speaks as an agent from here on; on a stream alone",
            "paramStructure": "by-name",
            "params": [token],
            "result": answer(authenticated),
        }),
        json!({
            "name": "rpc.discover",
            "summary": "Describes the methods",
            "params": [],
            "result": answer(json!({ "type": "object" })),
        }),
    ]
}

fn components(schemas: &mut SchemaGenerator) -> Value {
    Value::Object(schemas.take_definitions(true))
}

/// Gives the statuses that tell errors, each with the codes that it stands for; `unavailable` is the clients' own.
fn error_statuses() -> BTreeMap<u16, Vec<Code>> {
    let mut statuses = BTreeMap::<_, Vec<_>>::new();
    for code in Code::ALL.into_iter().filter(|code| *code != Code::Unavailable) {
        statuses.entry(code.http()).or_default().push(code);
    }
    statuses
}

/// Describes each error's answer under its status.
fn error_responses(lock_reason: &Value) -> Value {
    let mut schema = json!({
        "type": "object",
        "required": ["error", "code", "hint"],
        "properties": {
            "error": { "type": "string" },
            "hint": { "type": "string" },
            "lockReason": lock_reason,
            "expiredAt": { "type": "string", "format": "date-time" },
            "requestId": { "type": "string" },
            "retryAfter": { "type": "integer", "minimum": 1 },
        },
        "additionalProperties": false,
    });
    let described = error_statuses().into_iter().map(|(status, codes)| {
        let words: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
        schema["properties"]["code"] = json!({ "enum": words });
        let mut response = json!({
            "description": "What went wrong, in words, and what to do about it.",
            "content": { "application/json": { "schema": schema } },
        });
        let header = match codes.first() {
            Some(Code::MethodNotAllowed) => Some(("Allow", "string")),
            Some(Code::UnsupportedEncoding) => Some(("Accept-Encoding", "string")),
            Some(Code::Busy) => Some(("Retry-After", "integer")),
            _ => None,
        };
        if let Some((name, kind)) = header {
            response["headers"][name] = json!({ "required": true, "schema": { "type": kind } });
        }
        (status.to_string(), response)
    });
    Value::Object(described.collect())
}

/// Describes the answers of one place: that of success, and every error.
fn responses(status: u16, content: &Value) -> Value {
    let done = json!({ "description": "Done.", "content": content });
    let errors = error_statuses()
        .into_keys()
        .map(|status| (status.to_string(), json!({ "$ref": format!("#/components/responses/{status}") })));
    Value::Object(std::iter::once((status.to_string(), done)).chain(errors).collect())
}

/// An operation's fields: each with its schema, and the names of those that must be there.
struct Fields {
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl Fields {
    fn of<O: JsonSchema>(schemas: &mut SchemaGenerator) -> Self {
        let mut schema = O::json_schema(schemas).to_value();
        let mut take =
            |key: &str| schema.as_object_mut().and_then(|object| object.remove(key)).unwrap_or_default();
        let properties = take("properties").as_object().cloned().unwrap_or_default();
        Self { properties, required: take("required").as_array().cloned().unwrap_or_default() }
    }

    fn is_required(&self, name: &str) -> bool {
        self.required.iter().any(|required| required == name)
    }

    /// Leaves those of one place: of an address either the id, or the name and its org.
    fn at<O: Operation>(mut self, route: &Route) -> Self {
        if O::BY_NAME.is_none() {
            return self;
        }
        let elsewhere: &[&str] = if route.path == O::ROUTE.path { &["name", "orgId"] } else { &["id"] };
        self.properties.retain(|name, _| !elsewhere.contains(&name.as_str()));
        self.required.extend((route.path != O::ROUTE.path).then(|| json!("name")));
        self
    }

    /// Describes where the fields stand: in the path, in the query or in a body.
    fn described(mut self, route: &Route) -> Value {
        let mut parameters = Vec::new();
        for name in route.path_fields() {
            let schema = without_null(&self.take(name));
            parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
        }
        let in_query: Vec<_> = if route.verb.has_body() {
            route.query.iter().map(|name| (*name).to_owned()).collect()
        } else {
            self.properties.keys().cloned().collect()
        };
        for name in in_query {
            let (required, schema) = (self.is_required(&name), without_null(&self.take(&name)));
            // What is empty counts as absent.
            let empty = !required;
            parameters.push(json!({ "name": name, "in": "query", "required": required, "allowEmptyValue": empty, "schema": schema }));
        }
        let mut operation = json!({ "parameters": parameters });
        if route.verb.has_body() {
            let required = !self.required.is_empty();
            let schema = json!({
                "type": "object", "properties": self.properties, "required": self.required,
                "additionalProperties": false,
            });
            operation["requestBody"] =
                json!({ "required": required, "content": { "application/json": { "schema": schema } } });
        }
        operation
    }

    /// Takes a field out; its schema, or any string where it has none.
    fn take(&mut self, name: &str) -> Value {
        self.required.retain(|required| required != name);
        self.properties.remove(name).unwrap_or_else(|| json!({ "type": "string" }))
    }
}

struct OpenApi {
    schemas: SchemaGenerator,
    paths: Map<String, Value>,
}

impl Fold for OpenApi {
    fn add<O: Handle>(&mut self) {
        let answer = self.schemas.subschema_for::<O::Answer>().to_value();
        self.describe::<O>(&json!({ "application/json": { "schema": answer } }));
    }
}

impl OpenApi {
    /// Describes an operation whose answer has this content, at each of its places.
    fn describe<O: Operation>(&mut self, content: &Value) {
        for route in O::routes() {
            let fields = Fields::of::<O>(&mut self.schemas).at::<O>(&route);
            let mut operation = fields.described(&route);
            let by_name = if route.path == O::ROUTE.path { "" } else { "ByName" };
            operation["operationId"] = json!(id_of::<O>() + by_name);
            operation["summary"] = json!(O::SUMMARY);
            operation["responses"] = responses(route.status, content);
            self.put(route.path, route.verb, operation);
        }
    }

    fn put(&mut self, path: &str, verb: Verb, operation: Value) {
        let item = self.paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        item[verb.as_str().to_ascii_lowercase()] = operation;
    }
}

/// Returns what a client calls an operation: its type's name, with a small letter first.
fn id_of<O: Operation>() -> String {
    let name = O::schema_name();
    let (first, rest) = name.split_at(name.len().min(1));
    first.to_ascii_lowercase() + rest
}

struct OpenRpc {
    schemas: SchemaGenerator,
    methods: Vec<Value>,
}

impl Fold for OpenRpc {
    fn add<O: Handle>(&mut self) {
        let fields = Fields::of::<O>(&mut self.schemas);
        let param = |(name, schema): (&String, &Value)| json!({ "name": name, "required": fields.is_required(name), "schema": schema });
        let params: Vec<_> = fields.properties.iter().map(param).collect();
        let answer = self.schemas.subschema_for::<O::Answer>().to_value();
        self.methods.push(json!({
            "name": <O as Operation>::METHOD,
            "summary": O::SUMMARY,
            "paramStructure": "by-name",
            "params": params,
            "result": { "name": "answer", "schema": answer },
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_parameter_is_described() {
        let described = openapi();
        let get = &described["paths"]["/vault/secrets/{id}"]["get"];
        assert_eq!("id", get["parameters"][0]["name"]);
        assert_eq!(true, get["parameters"][0]["required"]);
    }

    #[test]
    fn every_place_has_an_id_of_its_own() {
        let described = openapi();
        let places = described["paths"].as_object().unwrap().values();
        let operations = places.flat_map(|place| place.as_object().unwrap().values());
        let ids: Vec<_> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
        let different: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), different.len(), "{ids:?}");
        assert!(ids.contains(&"listSecrets") && ids.contains(&"call"), "{ids:?}");
    }

    #[test]
    fn no_set_of_words_is_written_as_alternatives() {
        for text in [openapi().to_string(), openrpc().to_string()] {
            assert!(!text.contains(r#""oneOf":[{"const""#), "{text}");
        }
        let category = &openapi()["components"]["schemas"]["Category"];
        let words = category["enum"].as_array().unwrap().len();
        assert_eq!((&json!("string"), crate::domain::Category::ALL.len()), (&category["type"], words));
    }

    #[test]
    fn a_token_is_described_and_not_demanded() {
        let described = openapi();
        assert_eq!(json!([{}, { "token": [] }]), described["security"]);
        assert_eq!("bearer", described["components"]["securitySchemes"]["token"]["scheme"]);
    }

    #[test]
    fn no_parameter_can_be_null() {
        let described = openapi();
        let places = described["paths"].as_object().unwrap().values();
        for operation in places.flat_map(|place| place.as_object().unwrap().values()) {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(!parameter["schema"].to_string().contains("null"), "{parameter}");
                assert_eq!(None, parameter["schema"].get("anyOf"), "{parameter}");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        for (root, text) in [(openapi(), openapi().to_string()), (openrpc(), openrpc().to_string())] {
            for reference in text.split("\"$ref\":\"#").skip(1) {
                let pointer = reference.split('"').next().unwrap();
                assert!(root.pointer(pointer).is_some(), "{pointer}");
            }
        }
    }

    #[test]
    fn every_place_describes_each_status_that_tells_an_error() {
        for (path, place) in openapi()["paths"].as_object().unwrap() {
            for operation in place.as_object().unwrap().values() {
                let described: Vec<_> = operation["responses"].as_object().unwrap().keys().cloned().collect();
                for code in Code::ALL.iter().filter(|code| **code != Code::Unavailable) {
                    assert!(described.contains(&code.http().to_string()), "{path}: {described:?}");
                }
                assert_eq!(None, operation["responses"].get("default"), "{path}");
            }
        }
    }
}
