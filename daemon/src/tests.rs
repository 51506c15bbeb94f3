//! A panic of one request costs that request an error, and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failing helper fails its test"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use vault::api::{Fault, Operation, Route};
use vault::clock::Clock;
use vault::config::Limits;
use vault::domain::Timestamp;
use vault::vault::{Desk, Fold, Handle, Place, Records, WhileLocked, each};
use vault_testkit::Inside;
use vault_testkit::inside::KEY;

use crate::gate::Gate;
use crate::router::App;
use crate::task::keep_up;

/// What a panic says, and nobody may hear.
const WORDS: &str = "sk-what-a-request-held";
/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// An operation that panics, on the runtime's thread or on one of its own.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Panics<const APART: bool> {}

impl<const APART: bool> Operation for Panics<APART> {
    type Answer = Value;
    const METHOD: &'static str = if APART { "test.apart" } else { "test.inline" };
    const ROUTE: Route = Route::get(if APART { "/test/apart" } else { "/test/inline" });
    const SUMMARY: &'static str = "Panics.";
}

impl<const APART: bool> Handle for Panics<APART> {
    const PLACE: Place = if APART { Place::Blocking } else { Place::Inline };
    const WHILE_LOCKED: WhileLocked = WhileLocked::Serve;
    const RECORDS: Records = Records::Nothing;

    fn act(&self, _desk: &mut Desk) -> Result<Value, Fault> {
        panic!("{WORDS}")
    }
}

/// A clock that panics once it is told to.
#[derive(Debug, Default)]
struct Broken(AtomicBool);

impl Clock for Broken {
    fn now(&self) -> Timestamp {
        assert!(!self.0.load(Ordering::SeqCst), "{WORDS}");
        Timestamp::from_millis(0)
    }
}

/// A vault behind a real socket, with the two operations that panic beside the usual ones.
struct Served {
    inside: Inside<Broken>,
    runtime: Runtime,
    _stop: watch::Sender<bool>,
}

impl Served {
    fn new() -> Self {
        let inside = Inside::with(Broken::default());
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let app = App::serving(inside.vault.clone(), &Limits::default(), |table| {
            each(table);
            table.add::<Panics<false>>();
            table.add::<Panics<true>>();
        });
        let (stop, stopping) = watch::channel(false);
        let (_, in_force) = watch::channel(Arc::default());
        let entered = runtime.enter();
        let listener = tokio::net::UnixListener::bind(inside.folder().join("socket")).unwrap();
        drop(entered);
        runtime.spawn(Gate::new(listener, stopping, in_force).serve(Arc::new(app)));
        Self { inside, runtime, _stop: stop }
    }

    /// Makes the vault and opens it.
    fn opened() -> Self {
        let served = Self::new();
        served.runtime.block_on(served.inside.found(KEY));
        served
    }

    fn connect(&self) -> Connection {
        let stream = UnixStream::connect(self.inside.folder().join("socket")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Connection(BufReader::new(stream))
    }
}

/// A connection that is kept from one request to the next.
struct Connection(BufReader<UnixStream>);

impl Connection {
    /// Makes a request over HTTP; gives the status and the body.
    fn http(&mut self, target: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let length = body.len();
        let request = format!("{target} HTTP/1.1\r\nHost: v\r\nContent-Length: {length}\r\n\r\n{body}");
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(0, self.0.read_line(&mut head).unwrap(), "closed after {head:?}");
        }
        let length = head.to_lowercase().split_once("content-length: ").unwrap().1.to_owned();
        let mut body = vec![0; length.lines().next().unwrap().parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        (head[9..12].parse().unwrap(), serde_json::from_slice(&body).unwrap())
    }

    /// Sends a message over HTTP.
    fn posted(&mut self, message: &Value) -> Value {
        let (status, answer) = self.http("POST /rpc", message);
        assert_eq!(200, status);
        answer
    }

    /// Sends a message on the stream.
    fn streamed(&mut self, message: &Value) -> Value {
        self.0.get_mut().write_all(format!("{message}\n").as_bytes()).unwrap();
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("answered {line:?}"))
    }
}

fn message(method: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": {} })
}

/// Makes sure that an error says what the interface has it say, and nothing of the panic.
#[track_caller]
fn assert_is_internal(error: &Value) {
    assert_eq!("internal", error["code"], "{error}");
    assert!(!error.to_string().contains(WORDS), "{error}");
    let id = error["requestId"].as_str().unwrap_or_default();
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{error}");
}

#[track_caller]
fn assert_is_internal_message(answer: &Value) {
    assert_eq!(-32603, answer["error"]["code"], "{answer}");
    assert!(!answer.to_string().contains(WORDS), "{answer}");
    assert_is_internal(&answer["error"]["data"]);
}

#[track_caller]
fn assert_answers(answer: &Value) {
    assert!(answer["result"].is_object() && answer["id"] == 7, "{answer}");
}

/// Has a request panic over HTTP between requests of the same connection and of another.
#[track_caller]
fn one_request_fails_over_http(target: &str) {
    let served = Served::new();
    let (mut same, mut other) = (served.connect(), served.connect());
    assert_eq!(200, other.http("GET /vault/status", &Value::Null).0);
    let (status, error) = same.http(target, &Value::Null);
    assert_eq!(500, status, "{error}");
    assert_is_internal(&error);
    for connection in [&mut same, &mut other, &mut served.connect()] {
        assert_eq!(200, connection.http("GET /vault/status", &Value::Null).0);
    }
}

/// Has a message panic between messages of the same connection and of another.
#[track_caller]
fn one_message_fails(method: &str, send: impl Fn(&mut Connection, &Value) -> Value) {
    let served = Served::new();
    let (mut same, mut other) = (served.connect(), served.connect());
    assert_answers(&send(&mut other, &message("vault.status")));
    let failed = send(&mut same, &message(method));
    assert_eq!(7, failed["id"]);
    assert_is_internal_message(&failed);
    for connection in [&mut same, &mut other, &mut served.connect()] {
        assert_answers(&send(connection, &message("vault.status")));
    }
}

#[test]
fn a_panic_costs_one_http_request_an_error() {
    one_request_fails_over_http("GET /test/inline");
}

#[test]
fn a_panic_on_a_thread_of_its_own_costs_one_http_request_an_error() {
    one_request_fails_over_http("GET /test/apart");
}

#[test]
fn a_panic_costs_one_posted_message_an_error() {
    one_message_fails("test.inline", Connection::posted);
}

#[test]
fn a_panic_on_a_thread_of_its_own_costs_one_posted_message_an_error() {
    one_message_fails("test.apart", Connection::posted);
}

#[test]
fn a_panic_costs_one_message_of_a_stream_an_error() {
    one_message_fails("test.inline", Connection::streamed);
}

#[test]
fn a_panic_on_a_thread_of_its_own_costs_one_message_of_a_stream_an_error() {
    one_message_fails("test.apart", Connection::streamed);
}

#[test]
fn a_panic_costs_one_message_of_a_batch_an_error() {
    let batch = json!([message("vault.status"), message("test.inline"), message("vault.status")]);
    let answers = Served::new().connect().streamed(&batch);
    assert_answers(&answers[0]);
    assert_is_internal_message(&answers[1]);
    assert_answers(&answers[2]);
}

#[test]
fn a_notification_that_panics_is_not_answered() {
    let served = Served::new();
    let mut connection = served.connect();
    let notification = json!({ "jsonrpc": "2.0", "method": "test.inline" });
    connection.0.get_mut().write_all(format!("{notification}\n").as_bytes()).unwrap();
    assert_answers(&connection.streamed(&message("vault.status")));
}

#[test]
fn a_panic_before_a_caller_is_known_leaves_the_stream_open() {
    let served = Served::opened();
    let mut connection = served.connect();
    served.inside.clock.0.store(true, Ordering::SeqCst);
    let mut auth = message("vault.auth");
    auth["params"] = json!({ "token": "no token" });
    let failed = connection.streamed(&auth);
    assert_is_internal_message(&failed);
    served.inside.clock.0.store(false, Ordering::SeqCst);
    // It is open, and not the user's: a token that was tried did not succeed.
    let refused = connection.streamed(&message("vault.status"));
    assert_eq!(
        (7, "unauthorized"),
        (refused["id"].as_i64().unwrap(), refused["error"]["data"]["code"].as_str().unwrap())
    );
    assert_answers(&served.connect().streamed(&message("vault.status")));
}

#[test]
fn a_panic_in_one_that_changes_everything_lets_others_change_again() {
    let served = Served::opened();
    let mut connection = served.connect();
    served.inside.clock.0.store(true, Ordering::SeqCst);
    assert_is_internal_message(&connection.streamed(&message("vault.rotateAll")));
    served.inside.clock.0.store(false, Ordering::SeqCst);
    let mut create = message("vault.create");
    create["params"] = json!({ "name": "a", "value": "v" });
    assert_answers(&connection.streamed(&create));
}

#[test]
fn a_task_that_panics_is_begun_again_and_told_of() {
    let served = Served::opened();
    let begun = AtomicUsize::new(0);
    let task = || {
        let times = begun.fetch_add(1, Ordering::SeqCst);
        async move { assert!(times > 1, "{WORDS}") }
    };
    served.runtime.block_on(keep_up(served.inside.vault.clone(), ("clock", Duration::ZERO), task));
    assert_eq!(3, begun.load(Ordering::SeqCst));
    let (_, status) = served.connect().http("GET /vault/status", &Value::Null);
    let told =
        status["warnings"].as_array().unwrap().iter().find(|warning| warning["code"] == "task").unwrap();
    assert_eq!("the daemon's clock failed and was begun again", told["message"]);
}
