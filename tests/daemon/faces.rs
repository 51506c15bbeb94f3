//! HTTP, JSON-RPC over HTTP and the JSON-RPC stream are three faces of one service.
//!
//! Every operation of the one list is done and refused through each face, in three vaults of equal history; what
//! comes back and what is written down must not differ. An operation that joins the list needs a line in
//! [`case_of`].

mod whole;

use serde_json::{Map, Value, json};
use vault::api::{Code, Route};
use vault::vault::{Fold, Handle};
use vault_testkit::{Answer, Daemon, Home, NO_ID, NONE, encoded};

/// What one operation is asked: something that succeeds, then something that is refused with a code.
struct Case {
    good: Value,
    bad: Value,
    code: Code,
}

/// Gives each operation its case; the walk is at hand to prepare what the operation needs.
fn case_of(method: &str, walk: &Walk) -> Case {
    let case = |good: Value, bad: Value, code: Code| Case { good, bad, code };
    let id = |name: &str| json!({ "id": walk.daemon.create(name, "a value") });
    let nobody = json!({ "id": NO_ID });
    match method {
        "vault.list" => case(json!({}), json!({ "sort": "colour" }), Code::InvalidRequest),
        "vault.create" => {
            case(json!({ "name": "a", "value": "b" }), json!({ "name": "a", "value": "c" }), Code::Conflict)
        }
        "vault.get" => case(id("get"), nobody, Code::NotFound),
        "vault.update" => {
            let id = walk.daemon.create("update", "old");
            let good = json!({ "id": id, "value": "new", "ifVersion": 1 });
            case(good, json!({ "id": id, "value": "newer", "ifVersion": 1 }), Code::Conflict)
        }
        "vault.delete" => case(id("delete"), nobody, Code::NotFound),
        "vault.versions" => case(id("versions"), nobody, Code::NotFound),
        "vault.rollback" => {
            let id = walk.daemon.create("rollback", "old");
            walk.daemon.http("PUT", &format!("/vault/secrets/{id}"), json!({ "value": "new" }));
            case(json!({ "id": id, "version": 1 }), json!({ "id": id, "version": 9 }), Code::NotFound)
        }
        "vault.rotate" => case(id("rotate"), nobody, Code::NotFound),
        "vault.addPlatform" => {
            let fields = json!({ "access_token": "sk_live", "webhook_secret": "whsec" });
            let good = json!({ "platform": "stripe", "fields": fields });
            case(good, json!({ "platform": "nobody", "fields": fields }), Code::NotFound)
        }
        "vault.resolve" => {
            walk.daemon.create("skill:openai:api_key", "sk");
            case(json!({ "name": "openai" }), json!({ "name": "github" }), Code::NotFound)
        }
        "vault.resolveMany" => {
            case(json!({ "platform": "stripe" }), json!({ "names": ["get", "missing"] }), Code::NotFound)
        }
        other => whole::case_of(other, walk),
    }
}

#[derive(Debug, Clone, Copy)]
enum Face {
    Http,
    Rpc,
    Stream,
}

/// What a caller and the log saw of one operation.
#[derive(Debug, PartialEq)]
struct Seen {
    method: &'static str,
    answer: Result<Value, Error>,
    entries: Vec<Value>,
}

/// An error without the numbers that belong to one face.
#[derive(Debug, PartialEq)]
struct Error {
    code: Code,
    message: String,
    hint: String,
}

/// Walks the list through one face.
struct Walk {
    face: Face,
    home: Home,
    daemon: Daemon,
    good: Vec<Seen>,
    bad: Vec<Seen>,
}

impl Fold for Walk {
    fn add<O: Handle>(&mut self) {
        let case = case_of(O::METHOD, self);
        let good = self.see::<O>(&case.good);
        assert!(good.answer.is_ok(), "{:?}: {good:?}", self.face);
        self.good.push(good);
        if case.bad.is_null() {
            return;
        }
        let bad = self.see::<O>(&case.bad);
        assert_eq!(
            Some(case.code),
            bad.answer.as_ref().err().map(|error| error.code),
            "{:?}: {bad:?}",
            self.face
        );
        self.bad.push(bad);
    }
}

impl Walk {
    /// Walks the whole list in a new vault.
    fn through(face: Face) -> Self {
        let home = Home::new();
        let daemon = Daemon::start(&home);
        let mut walk = Self { face, home, daemon, good: Vec::new(), bad: Vec::new() };
        vault::vault::each(&mut walk);
        walk
    }

    fn see<O: Handle>(&self, params: &Value) -> Seen {
        let before = self.daemon.audit().len();
        let answer = match self.face {
            Face::Http => of_http(&ask(&self.daemon, O::ROUTE, params), O::ROUTE.status),
            Face::Rpc => of_rpc(&self.daemon.rpc(O::METHOD, params.clone())),
            Face::Stream => of_rpc(&self.daemon.stream(O::METHOD, params.clone())),
        };
        if O::METHOD == "vault.lock" {
            self.daemon.http("POST", "/vault/unlock", json!({ "key": self.home.key }));
        }
        let log = self.daemon.audit();
        let entries = log[..log.len() - before].iter().map(plain).collect();
        Seen { method: O::METHOD, answer: answer.map(|answer| plain(&answer)), entries }
    }
}

/// Writes the parameters as HTTP: what the path names into the path, the rest into the body or the query.
fn ask(daemon: &Daemon, route: Route, params: &Value) -> Answer {
    let mut fields: Map<String, Value> = params.as_object().unwrap().clone();
    let mut target = String::new();
    for part in route.path.split('/').skip(1) {
        let field = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let text = field.map(|field| encoded(fields.remove(field).unwrap().as_str().unwrap()));
        target = format!("{target}/{}", text.as_deref().unwrap_or(part));
    }
    if route.verb.has_body() {
        return daemon.http(route.verb.as_str(), &target, Value::Object(fields));
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let query: Vec<_> =
        fields.iter().map(|(name, value)| format!("{name}={}", encoded(&text(value)))).collect();
    daemon.http(route.verb.as_str(), &format!("{target}?{}", query.join("&")), NONE)
}

fn of_http(answer: &Answer, success: u16) -> Result<Value, Error> {
    assert_eq!("no-store", answer.header("cache-control"));
    if answer.status == success {
        return Ok(answer.body.clone());
    }
    let code = Code::from_word(answer.code()).unwrap();
    assert_eq!(code.http(), answer.status);
    Err(Error { code, message: answer.error().to_owned(), hint: text(&answer.body["hint"]) })
}

fn of_rpc(response: &Value) -> Result<Value, Error> {
    assert_eq!(json!(1), response["id"]);
    let error = &response["error"];
    if error.is_null() {
        return Ok(response["result"].clone());
    }
    let code = Code::from_word(error["data"]["code"].as_str().unwrap()).unwrap();
    assert_eq!(json!(code.rpc()), error["code"]);
    Err(Error { code, message: text(&error["message"]), hint: text(&error["data"]["hint"]) })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Takes out what differs between two vaults of equal history: ids, moments, MACs, keys and tokens.
fn plain(value: &Value) -> Value {
    const OWN: [&str; 13] = [
        "id",
        "vaultEntryId",
        "mac",
        "head",
        "nextAuditKey",
        "uptimeSeconds",
        "files",
        "token",
        "recoveryKey",
        "pid",
        "backup",
        "bytes",
        "data",
    ];
    match value {
        Value::Object(fields) => {
            let own = |name: &str| OWN.contains(&name) || name.ends_with("At");
            let plain = |(name, value): (&String, &Value)| {
                let value = if own(name) { Value::from(!value.is_null()) } else { plain(value) };
                (name.clone(), value)
            };
            Value::Object(fields.iter().map(plain).collect())
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

fn everywhere() -> [Walk; 3] {
    [Face::Http, Face::Rpc, Face::Stream].map(Walk::through)
}

#[test]
fn every_operation_answers_alike_through_each_face() {
    let [http, rpc, stream] = everywhere();
    for (at, seen) in http.good.iter().enumerate() {
        assert_eq!(seen, &rpc.good[at]);
        assert_eq!(seen, &stream.good[at]);
    }
}

#[test]
fn every_operation_is_refused_alike_through_each_face() {
    let [http, rpc, stream] = everywhere();
    for (at, seen) in http.bad.iter().enumerate() {
        assert_eq!(seen, &rpc.bad[at]);
        assert_eq!(seen, &stream.bad[at]);
    }
}

#[test]
fn what_is_written_down_names_the_action_the_secret_and_the_caller() {
    let walk = Walk::through(Face::Stream);
    let own = nix::unistd::geteuid().as_raw();
    let get = walk.good.iter().find(|seen| seen.method == "vault.get").unwrap();
    let [entry] = get.entries.as_slice() else { panic!("one entry: {get:?}") };
    assert_eq!(
        (json!("decrypt"), json!("ok"), json!("get"), json!(format!("uid:{own}")), json!(own)),
        (
            entry["action"].clone(),
            entry["outcome"].clone(),
            entry["entryName"].clone(),
            entry["actor"].clone(),
            entry["peer"]["uid"].clone()
        )
    );
}

#[test]
fn a_claimed_user_is_recorded_beside_the_true_one() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.http_with("GET", "/vault/secrets", ("X-User-Id", "root of all"));
    let entry = &daemon.audit()[0];
    assert_eq!(json!("root of all"), entry["metadata"]["claimedUserId"]);
    assert_eq!(json!(format!("uid:{}", nix::unistd::geteuid())), entry["actor"]);
}

#[test]
fn a_claimed_address_is_recorded_where_it_is_one() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.http_with("GET", "/vault/secrets", ("X-Vault-Address", "::1"));
    assert_eq!(json!("::1"), daemon.audit()[0]["metadata"]["ip"]);
    daemon.http_with("GET", "/vault/secrets", ("X-Vault-Address", "localhost, or <b>somewhere</b>"));
    assert_eq!(json!(null), daemon.audit()[0]["metadata"]["ip"]);
}

#[test]
fn what_is_no_operation_answers_with_the_type_that_is_described() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for path in ["/healthz", "/metrics", "/vault/openapi.json"] {
        let described =
            vault::describe::openapi()["paths"][path]["get"]["responses"]["200"]["content"].clone();
        let answer = daemon.http("GET", path, NONE);
        let kind = answer.header("content-type").split(';').next().unwrap();
        assert!(described.get(kind).is_some(), "{path}: {kind}");
    }
}

#[test]
fn what_is_refused_before_it_reaches_an_operation_is_counted() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.http("GET", "/vault/secrets?limit=x", NONE);
    daemon.http("POST", "/nope", NONE);
    daemon.http("PATCH", "/vault/secrets", NONE);
    daemon.rpc("vault.none", json!({}));
    let metrics = daemon.http("GET", "/metrics", NONE).text;
    for counted in
        ["reason=\"invalid_request\"} 1", "reason=\"not_found\"} 2", "reason=\"method_not_allowed\"} 1"]
    {
        assert!(metrics.contains(counted), "{counted}: {metrics}");
    }
}
