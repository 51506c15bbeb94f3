//! A daemon under a user of its own, shared by agents under theirs: who gets in, and what each may see.
//!
//! The tests act as several users, so they need root.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use vault_testkit::users::{User, public_folder};
use vault_testkit::{Answer, Daemon, Home, NO_ID, NONE, connect, encoded, exchange, parse, refusal};

pub(crate) const CLIENTS: u32 = 2000;
/// Runs the daemon.
pub(crate) const KEEPER: User = User { uid: 2001, groups: &[CLIENTS] };
/// Has a grant on one secret.
const GRANTED: User = User { uid: 2002, groups: &[CLIENTS] };
/// May connect, and has no grant.
pub(crate) const MEMBER: User = User { uid: 2003, groups: &[CLIENTS] };
/// Is in no group of the daemon's.
const STRANGER: User = User { uid: 2004, groups: &[] };
/// Stands for everybody outside of this user namespace.
const UNMAPPED: User = User { uid: 65_534, groups: &[CLIENTS] };

const CONFIGURATION: &str = "[kdf]\niterations = 100000\n[access]\ngroups = [2000]\nowners = [0]\n";
const SEEN: &str = "skill:openai:access_token";
const HIDDEN: &str = "skill:stripe:access_token";

/// A shared daemon, its home, and the folder of its socket.
pub(crate) struct Shared {
    pub(crate) home: Home,
    folder: TempDir,
    pub(crate) daemon: Daemon,
}

impl Shared {
    pub(crate) fn new() -> Self {
        let (home, folder) = (Home::new(), public_folder().0);
        home.write("vault.toml", CONFIGURATION);
        KEEPER.owns(&home);
        let socket = folder.path().join("vault.sock");
        chown(folder.path(), Some(KEEPER.uid), Some(KEEPER.uid)).unwrap();
        let mut command = KEEPER.vaultd(&home, &folder.path().join("vaultd"));
        command.arg("--socket").arg(&socket).arg("--socket-group").arg(CLIENTS.to_string());
        let daemon = Daemon::start_as(&home, command, &socket);
        Self { home, folder, daemon }
    }

    /// Lets the granted user read and resolve one secret.
    fn with_grant(self) -> Self {
        self.daemon.create(SEEN, "the seen value");
        let agent = json!({ "name": "bot", "match": { "uid": GRANTED.uid }, "grants": grant() });
        assert_eq!(201, self.daemon.http("POST", "/vault/agents", agent).status);
        self
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("vault.sock")
    }

    /// Makes a request as a user.
    pub(crate) fn ask(&self, user: User, request: &Request) -> Answer {
        parse(&user.does(|| exchange(&self.socket(), &request.bytes(""))))
    }
}

fn grant() -> Value {
    json!([{ "names": [SEEN], "actions": ["read", "decrypt"] }])
}

/// A request of HTTP.
pub(crate) struct Request {
    verb: &'static str,
    target: String,
    body: Value,
}

impl Request {
    fn bytes(&self, headers: &str) -> Vec<u8> {
        let Self { verb, target, body } = self;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let length = body.len();
        let head = format!("{verb} {target} HTTP/1.1\r\nHost: v\r\nConnection: close\r\n{headers}");
        format!("{head}Content-Length: {length}\r\n\r\n{body}").into_bytes()
    }
}

pub(crate) fn get(target: &str) -> Request {
    Request { verb: "GET", target: target.to_owned(), body: NONE }
}

fn post(target: &str, body: Value) -> Request {
    Request { verb: "POST", target: target.to_owned(), body }
}

/// Lists every way in which a caller might hear of a hidden secret, given an id that is it or none at all.
fn curious(id: &str) -> Vec<Request> {
    let secret = format!("/vault/secrets/{id}");
    let by_id = |verb, path: String, body| Request { verb, target: path, body };
    let mut requests = vec![
        get("/vault/secrets?orgId=*"),
        get("/vault/secrets?platform=stripe"),
        get(&format!("/vault/secrets?name={}", encoded(HIDDEN))),
        get("/vault/secrets?search=stripe"),
        get("/vault/discover"),
        get("/vault/discover?platform=stripe"),
        get("/vault/status?orgId=*"),
        get("/vault/resolve/stripe"),
        get(&format!("/vault/resolve/{}", encoded(HIDDEN))),
        post("/vault/resolve", json!({ "names": [HIDDEN] })),
        post("/vault/resolve", json!({ "platform": "stripe" })),
        post("/vault/resolve", json!({ "names": [SEEN, HIDDEN] })),
        post("/vault/secrets", json!({ "name": HIDDEN, "value": "v" })),
        post("/vault/platforms/stripe", json!({ "fields": { "access_token": "v" } })),
        get("/vault/audit-log"),
        get("/vault/audit-log/verify"),
        get("/vault/events?since=0"),
        get("/metrics"),
        get("/vault/agents"),
        post("/vault/rotate-all", json!({})),
    ];
    requests.extend([
        by_id("GET", secret.clone(), NONE),
        by_id("GET", format!("{secret}/versions"), NONE),
        by_id("PUT", secret.clone(), json!({ "value": "v" })),
        by_id("POST", format!("{secret}/rotate"), json!({})),
        by_id("POST", format!("{secret}/rollback"), json!({ "version": 1 })),
        by_id("DELETE", secret, NONE),
    ]);
    requests
}

/// What a caller is told, without what may differ between two moments.
fn told(request: &Request, answer: &Answer) -> (String, u16, Vec<(String, String)>, Value) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "date");
    let mut body = answer.body.clone();
    if let Some(status) = body.as_object_mut().filter(|body| body.contains_key("uptimeSeconds")) {
        status.remove("uptimeSeconds");
    }
    let target = request.target.split("/secrets/").next().unwrap().to_owned();
    (format!("{} {target}", request.verb), answer.status, headers, body)
}

#[test(needs(Root))]
fn a_member_of_the_group_is_let_in_and_a_stranger_cannot_open_the_socket() {
    let shared = Shared::new();
    assert_eq!(200, shared.ask(MEMBER, &get("/healthz")).status);
    let error = STRANGER.does(|| UnixStream::connect(shared.socket())).unwrap_err();
    assert_eq!(ErrorKind::PermissionDenied, error.kind());
}

/// Asks something while the daemon stands still, so that the whole request waits at its door; gives what came.
fn answer_to_waiting(daemon: &Daemon, user: User) -> Result<Vec<u8>, ErrorKind> {
    daemon.signal(Signal::SIGSTOP);
    let mut stream = user.does(|| connect(daemon.socket()));
    stream.write_all(&get("/healthz").bytes("")).unwrap();
    daemon.signal(Signal::SIGCONT);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map(|_| answer).map_err(|error| error.kind())
}

#[test(needs(Root))]
fn a_stranger_is_dropped_with_his_bytes_unread_where_the_mode_was_opened_by_hand() {
    let home = Home::new();
    let mine = Daemon::start(&home);
    home.set_mode("", 0o711);
    home.set_mode("vault.sock", 0o666);
    let shared = Shared::new();
    std::fs::set_permissions(shared.socket(), PermissionsExt::from_mode(0o666)).unwrap();
    for daemon in [&mine, &shared.daemon] {
        // The kernel resets a connection that is closed with bytes unread, and merely ends one that was read.
        assert_eq!(Err(ErrorKind::ConnectionReset), answer_to_waiting(daemon, STRANGER));
    }
    assert_eq!(Err(ErrorKind::ConnectionReset), answer_to_waiting(&mine, MEMBER));
    assert!(answer_to_waiting(&shared.daemon, MEMBER).unwrap().starts_with(b"HTTP/1.1 200"));
}

#[test(needs(Root))]
fn a_user_from_outside_of_the_namespace_is_nobody_whatever_his_groups() {
    let shared = Shared::new();
    assert_eq!(Err(ErrorKind::ConnectionReset), answer_to_waiting(&shared.daemon, UNMAPPED));
}

#[test(needs(Root))]
fn an_agent_under_its_own_user_gets_what_its_grant_says() {
    let shared = Shared::new().with_grant();
    shared.daemon.create(HIDDEN, "the hidden value");
    assert_eq!("the seen value", shared.ask(GRANTED, &get("/vault/resolve/openai")).value());
    let list = shared.ask(GRANTED, &get("/vault/secrets?orgId=*")).body;
    assert_eq!((json!(SEEN), json!(1)), (list["secrets"][0]["name"].clone(), list["total"].clone()));
    assert_eq!(json!(1), shared.ask(GRANTED, &get("/vault/status")).body["totalEntries"]);
    let discovered = shared.ask(GRANTED, &get("/vault/discover")).body;
    assert_eq!(1, discovered["platforms"].as_array().unwrap().len());
}

#[test(needs(Root))]
fn an_agent_may_do_nothing_that_is_not_granted() {
    let shared = Shared::new().with_grant();
    for request in [
        post("/vault/lock", json!({})),
        post("/vault/unlock", json!({ "key": shared.home.key })),
        post("/vault/rekey", json!({ "newKey": "another key that is long enough" })),
        post("/vault/recovery", json!({})),
        post("/vault/secrets", json!({ "name": "new", "value": "v" })),
        post("/vault/agents", json!({ "name": "own", "grants": grant() })),
        Request { verb: "PUT", target: "/vault/agents/bot".to_owned(), body: json!({ "grants": grant() }) },
        Request { verb: "DELETE", target: "/vault/agents/bot".to_owned(), body: NONE },
        get("/vault/agents"),
        get("/vault/audit-log"),
        get("/vault/audit-log/verify"),
        get("/vault/events"),
        get("/metrics"),
    ] {
        let answer = shared.ask(GRANTED, &request);
        assert_eq!((403, "forbidden"), (answer.status, answer.code()), "{} {}", request.verb, request.target);
    }
    assert_eq!(1, shared.daemon.total());
}

#[test(needs(Root))]
fn a_member_without_a_grant_sees_and_does_nothing() {
    let shared = Shared::new().with_grant();
    for request in curious(NO_ID) {
        let answer = shared.ask(MEMBER, &request);
        if request.target.starts_with("/vault/status") {
            assert_eq!(json!(0), answer.body["totalEntries"]);
        } else {
            assert!(matches!(answer.status, 403 | 404), "{}: {}", request.target, answer.text);
        }
    }
}

#[test(needs(Root))]
fn what_is_not_granted_looks_as_if_it_did_not_exist() {
    let shared = Shared::new().with_grant();
    let before: Vec<_> =
        curious(NO_ID).iter().map(|request| told(request, &shared.ask(GRANTED, request))).collect();
    let hidden = shared.daemon.create(HIDDEN, "the hidden value");
    for (request, before) in curious(&hidden).iter().zip(before) {
        assert_eq!(before, told(request, &shared.ask(GRANTED, request)));
    }
    assert_eq!("the hidden value", shared.daemon.secret(&hidden).value());
}

#[test(needs(Root))]
fn a_refusal_is_written_to_the_disk_as_a_miss_is() {
    let shared = Shared::new().with_grant();
    let hidden = shared.daemon.create(HIDDEN, "the hidden value");
    let entries_of = |request: Request| {
        let before = shared.daemon.audit().len();
        assert_eq!(404, shared.ask(GRANTED, &request).status);
        let log = shared.daemon.audit();
        let outcomes = log[..log.len() - before].iter().map(|entry| entry["outcome"].clone());
        outcomes.collect::<Vec<_>>()
    };
    assert_eq!(vec![json!("denied")], entries_of(get("/vault/resolve/stripe")));
    assert_eq!(vec![json!("failed")], entries_of(get("/vault/resolve/twilio")));
    assert_eq!(vec![json!("denied")], entries_of(get(&format!("/vault/secrets/{hidden}"))));
    assert_eq!(vec![json!("failed")], entries_of(get(&format!("/vault/secrets/{NO_ID}"))));
}

#[test(needs(Root))]
fn a_token_makes_an_owner_its_agent_who_learns_of_nothing_else() {
    let shared = Shared::new();
    shared.daemon.create(SEEN, "the seen value");
    let made = shared.daemon.http("POST", "/vault/agents", json!({ "name": "bot", "grants": grant() }));
    let bearer = format!("Authorization: Bearer {}\r\n", made.body["token"].as_str().unwrap());
    let ask = |request: &Request| parse(&exchange(&shared.socket(), &request.bytes(&bearer)));
    let before: Vec<_> = curious(NO_ID).iter().map(|request| told(request, &ask(request))).collect();
    let hidden = shared.daemon.create(HIDDEN, "the hidden value");
    for (request, before) in curious(&hidden).iter().zip(before) {
        assert_eq!(before, told(request, &ask(request)));
    }
}

#[test(needs(Root))]
fn a_token_lets_no_stranger_in() {
    let shared = Shared::new();
    let made = shared.daemon.http("POST", "/vault/agents", json!({ "name": "bot", "grants": grant() }));
    let bearer = format!("Authorization: Bearer {}\r\n", made.body["token"].as_str().unwrap());
    std::fs::set_permissions(shared.socket(), PermissionsExt::from_mode(0o666)).unwrap();
    let answer = STRANGER.does(|| exchange(&shared.socket(), &get("/vault/secrets").bytes(&bearer)));
    assert!(answer.is_empty());
}

#[test(needs(Root))]
fn a_user_who_is_named_is_let_in_without_the_group() {
    let home = Home::new();
    home.write("vault.toml", "[kdf]\niterations = 100000\n[access]\nusers = [2004]\n");
    let (folder, _) = public_folder();
    let socket = folder.path().join("vault.sock");
    let mut command = home.command();
    command.arg("--socket-mode").arg("0666").arg("--socket").arg(&socket);
    let daemon = Daemon::start_as(&home, command, &socket);
    assert!(answer_to_waiting(&daemon, STRANGER).unwrap().starts_with(b"HTTP/1.1 200"));
    assert_eq!(Err(ErrorKind::ConnectionReset), answer_to_waiting(&daemon, MEMBER));
}

#[test(needs(Root))]
fn the_log_knows_which_user_called_and_no_program_that_it_cannot_see() {
    let shared = Shared::new().with_grant();
    shared.ask(GRANTED, &get("/vault/resolve/openai"));
    let entry = shared.daemon.audit().remove(0);
    let (peer, pid) = (&entry["peer"], std::process::id());
    assert_eq!(json!("agent:bot"), entry["actor"]);
    assert_eq!(&json!({ "uid": GRANTED.uid, "gid": GRANTED.uid, "pid": pid, "exe": null }), peer);
}

/// Starts a daemon with flags for its socket and gives the socket's mode and group.
fn socket_with(flags: &[&str]) -> (u32, u32) {
    let home = Home::new();
    let mut command = home.command();
    command.args(flags);
    let daemon = Daemon::start_as(&home, command, &home.path("vault.sock"));
    let meta = std::fs::symlink_metadata(daemon.socket()).unwrap();
    (meta.mode() & 0o777, meta.gid())
}

#[test(needs(Root))]
fn the_settings_of_the_socket_apply_each_on_its_own() {
    assert_eq!((0o600, 0), socket_with(&[]));
    assert_eq!((0o660, 2000), socket_with(&["--socket-group", "2000"]));
    assert_eq!((0o600, 2000), socket_with(&["--socket-group", "2000", "--socket-mode", "0600"]));
    assert_eq!((0o660, 0), socket_with(&["--socket-mode", "0660"]));
}

#[test(needs(Root))]
fn a_group_that_cannot_reach_the_socket_is_told() {
    let home = Home::new();
    let mut command = home.command();
    command.arg("--socket-group").arg("2000");
    let _daemon = Daemon::start_as(&home, command, &home.path("vault.sock"));
    assert!(home.log().contains("--socket"), "{}", home.log());
    let shared = Shared::new();
    assert!(!shared.home.log().contains("cannot enter"), "{}", shared.home.log());
}

/// Tries to serve a socket in a folder and gives what was said.
fn refused_in(folder: &Path) -> String {
    let home = Home::new();
    let mut command = home.command();
    command.arg("--socket").arg(folder.join("vault.sock"));
    let (code, said) = refusal(command);
    assert!(code == 1 && !folder.join("vault.sock").exists(), "{said}");
    said
}

#[test(needs(Root))]
fn a_socket_is_not_made_where_others_could_put_theirs_in_its_place() {
    let folder = TempDir::with_prefix("open").unwrap();
    for mode in [0o777, 0o775, 0o757] {
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
        assert!(refused_in(folder.path()).contains("chmod go-w"), "{mode:o}");
    }
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    chown(folder.path(), Some(STRANGER.uid), None).unwrap();
    assert!(refused_in(folder.path()).contains("belongs to uid 2004"));
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    assert!(refused_in(&inner).contains("belongs to uid 2004"));
}

#[test]
fn a_socket_may_stand_in_a_folder_whose_files_are_their_owners_alone() {
    let folder = TempDir::with_prefix("sticky").unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o1777)).unwrap();
    let (home, socket) = (Home::new(), folder.path().join("vault.sock"));
    let mut command = home.command();
    command.arg("--socket").arg(&socket);
    Daemon::start_as(&home, command, &socket).stop();
}
