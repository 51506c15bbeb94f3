//! SIGHUP: what the configuration takes away is gone at once, and a file that no daemon would start with changes nothing.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use vault_testkit::users::User;
use vault_testkit::{Daemon, Home, connect, exchange, refusal, wait_for};

use crate::shared::{CLIENTS, KEEPER, MEMBER, Shared};

const ROOT: User = User { uid: 0, groups: &[0] };
const KDF: &str = "[kdf]\niterations = 100000\n";

/// Replaces the configuration, or takes it away, and waits until the daemon has said whether it goes by it.
fn reload(home: &Home, daemon: &Daemon, text: Option<&str>) -> bool {
    let said = |words: &str| home.log().matches(words).count();
    let (taken, refused) = (said("was read again"), said("stays as it was"));
    match text {
        Some(text) => {
            home.write("vault.toml", &format!("{KDF}{text}"));
            let owner = std::fs::metadata(home.path("")).unwrap().uid();
            chown(home.path("vault.toml"), Some(owner), Some(owner)).unwrap();
        }
        None => home.remove("vault.toml"),
    }
    daemon.signal(Signal::SIGHUP);
    wait_for("a word on the configuration", || match () {
        () if said("was read again") > taken => Some(true),
        () if said("stays as it was") > refused => Some(false),
        () => None,
    })
}

/// A shared daemon under another configuration than the usual one.
fn shared(text: &str) -> Shared {
    let shared = Shared::new();
    assert!(reload(&shared.home, &shared.daemon, Some(text)));
    shared
}

fn status() -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "vault.status" }).to_string() + "\n"
}

/// Asks on a stream; `None` if it was closed.
fn asked(stream: &mut UnixStream) -> Option<Value> {
    if let Err(error) = stream.write_all(status().as_bytes()) {
        assert_eq!(ErrorKind::BrokenPipe, error.kind());
        return None;
    }
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line.last() != Some(&b'\n') {
        match stream.read(&mut byte) {
            Ok(1) => line.push(byte[0]),
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
            _ => return None,
        }
    }
    Some(serde_json::from_slice(&line).unwrap())
}

/// Makes sure that an open stream of a user lives until a reload, and then answers nothing more.
#[track_caller]
fn loses_its_stream(user: User, before: &str, after: &str) {
    let shared = shared(before);
    let mut stream = user.does(|| connect(&shared.socket()));
    assert!(asked(&mut stream).is_some());
    assert!(reload(&shared.home, &shared.daemon, Some(after)));
    assert_eq!(None, asked(&mut stream), "{before} {after}");
}

#[test(needs(Root))]
fn a_group_that_is_removed_loses_its_open_streams_at_once() {
    loses_its_stream(MEMBER, "[access]\ngroups = [2000]\nowners = [0]\n", "[access]\nowners = [0]\n");
}

#[test(needs(Root))]
fn whoever_was_let_in_in_any_way_loses_the_open_streams_with_it() {
    loses_its_stream(MEMBER, "[access]\nusers = [2003]\nowners = [0]\n", "[access]\nowners = [0]\n");
    loses_its_stream(ROOT, "[access]\nowners = [0]\n", "[access]\ngroups = [2000]\n");
    loses_its_stream(ROOT, "[access]\nowners = [0]\n", "");
}

#[test(needs(Root))]
fn an_owner_who_is_one_no_more_does_not_go_on_as_an_owner() {
    loses_its_stream(MEMBER, "[access]\nowners = [2003]\n", "[access]\ngroups = [2000]\n");
}

#[test(needs(Root))]
fn an_owner_who_is_one_no_more_hears_of_no_more_events() {
    let shared = shared("[access]\nowners = [0]\n");
    let mut stream = connect(&shared.socket());
    stream.write_all(b"GET /vault/events HTTP/1.1\r\nHost: v\r\n\r\n").unwrap();
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(b"HTTP/1.1 200", &begun);
    assert!(reload(&shared.home, &shared.daemon, Some("")));
    // Shorter than the time between two signs of life.
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert!(stream.read_to_end(&mut Vec::new()).is_ok(), "the stream goes on");
}

#[test(needs(Root))]
fn whoever_is_still_let_in_keeps_the_open_stream_and_a_newcomer_is_judged_by_the_new_file() {
    let shared = shared("[access]\nowners = [0]\n");
    let mut stream = connect(&shared.socket());
    assert!(asked(&mut stream).is_some());
    assert!(MEMBER.does(|| exchange(&shared.socket(), status().as_bytes())).is_empty());
    let text = format!("[access]\nowners = [0]\ngroups = [{CLIENTS}]\n");
    assert!(reload(&shared.home, &shared.daemon, Some(&text)));
    assert!(asked(&mut stream).is_some());
    assert!(!MEMBER.does(|| exchange(&shared.socket(), status().as_bytes())).is_empty());
}

#[test]
fn fewer_connections_close_the_idle_ones_that_are_too_many() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for key in ["connections", "connections_per_user"] {
        assert!(reload(&home, &daemon, Some("")));
        let mut streams: Vec<_> = (0..4).map(|_| connect(daemon.socket())).collect();
        assert!(streams.iter_mut().all(|stream| asked(stream).is_some()));
        assert!(reload(&home, &daemon, Some(&format!("[limits]\n{key} = 2\n"))));
        let left: Vec<_> = streams.iter_mut().map(|stream| asked(stream).is_some()).collect();
        assert_eq!([false, false, true, true], left[..], "{key}");
    }
}

#[test]
fn the_time_after_which_the_vault_locks_itself_is_read_again() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    assert!(reload(&home, &daemon, Some("[auto_lock]\nafter_seconds = 1\n")));
    wait_for("a lock", || (daemon.get("/vault/status")["lockReason"] == "idle").then_some(()));
}

#[test]
fn what_waits_for_a_restart_is_named_in_the_log_and_the_status_until_it_is_taken_back() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    assert!(reload(&home, &daemon, Some("[limits]\nthreads = 2\n")));
    assert!(home.log().contains("[limits] threads"), "{}", home.log());
    let warnings = daemon.warnings("configuration");
    assert!(
        warnings[0].contains("[limits] threads of the configuration waits for a restart"),
        "{warnings:?}"
    );
    assert!(reload(&home, &daemon, Some("[limits]\nthreads = 1\n")));
    assert_eq!(Vec::<String>::new(), daemon.warnings("configuration"));
}

/// Makes sure that SIGHUP, the doctor and a start refuse a configuration, that the status says so, and that what was in
/// force stays.
#[track_caller]
fn is_refused_everywhere(text: &str, words: &str) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    assert!(reload(&home, &daemon, Some("[limits]\nconnections = 9\n")));
    assert!(!reload(&home, &daemon, Some(text)));
    let warnings = daemon.warnings("configuration");
    assert!(warnings[0].contains(words) && warnings[0].contains("stays as it was"), "{warnings:?}");
    let mut streams: Vec<_> = (0..10).map(|_| connect(daemon.socket())).collect();
    assert_eq!(9, streams.iter_mut().filter_map(asked).count(), "what was in force does not stay");
    let doctor = home.ctl(&["doctor", "--json"], "");
    assert!(doctor.stdout.contains(words), "{doctor}");
    daemon.stop();
    let (code, said) = refusal(home.command());
    assert!(code == 1 && said.contains(words), "{said}");
    let doctor = home.ctl(&["doctor", "--json"], "");
    assert!(doctor.stdout.contains(words), "{doctor}");
}

#[test]
fn a_user_or_a_group_that_does_not_exist_is_refused_by_a_reload_the_doctor_and_a_start() {
    is_refused_everywhere(
        "[access]\ngroups = [7, \"no-such-group\"]\n",
        "[access] groups: number 2 names no group",
    );
}

#[test]
fn what_no_daemon_would_start_with_is_refused_by_a_reload_and_the_doctor_too() {
    is_refused_everywhere("[access]\nusers = [\"no-such-user\"]\n", "[access] users: number 1 names no user");
    is_refused_everywhere(
        "[access]\nowners = [0, 1, \"no-such\"]\n",
        "[access] owners: number 3 names no user",
    );
    is_refused_everywhere("[limits]\nconnections = 0\n", "[limits]");
    let long = format!("#{}\n[access]\nowners = []\n", "x".repeat(1024 * 1024));
    is_refused_everywhere(&long, "more than 1 MiB");
}

/// Returns what the doctor says of the configuration.
fn hints(home: &Home) -> Vec<String> {
    let found = home.ctl(&["doctor", "--json"], "").json();
    let of_configuration = |finding: &&Value| finding["code"] == "configuration";
    let findings = found["findings"].as_array().unwrap().iter().filter(of_configuration);
    findings.map(|finding| finding["hint"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_the_doctor_says_of_a_configuration_is_what_helps() {
    for (wrong, hint, right) in [
        ("[access]\nusers = [\"no-such\", 0]\n", "take its name off the list", "[access]\nusers = [0]\n"),
        ("[access]\ngroups = [\"no-such\"]\n", "add this group, or take its name", "[access]\ngroups = []\n"),
        ("[limits]\nconnections = 0\n", "empty it to have every default", ""),
        ("nonsense", "empty it to have every default", ""),
    ] {
        let home = Home::new();
        let daemon = Daemon::start(&home);
        assert!(!reload(&home, &daemon, Some(wrong)));
        let hints_now = hints(&home);
        assert!(hints_now.iter().any(|told| told.contains(hint)), "{wrong}: {hints_now:?}");
        assert!(hints_now.iter().all(|told| told.contains("SIGHUP")), "{wrong}: {hints_now:?}");
        assert!(reload(&home, &daemon, Some(right)), "{wrong}: {}", home.log());
        assert_eq!(Vec::<String>::new(), hints(&home), "{wrong}");
        daemon.stop();
        home.write("vault.toml", wrong);
        assert!(hints(&home)[0].contains("start vaultd"), "{wrong}");
        home.write("vault.toml", &format!("{KDF}{right}"));
        Daemon::start(&home).stop();
    }
}

#[test]
fn a_configuration_that_was_there_and_is_gone_changes_nothing() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    assert!(reload(&home, &daemon, Some("[limits]\nconnections = 9\n")));
    assert!(!reload(&home, &daemon, None));
    let warnings = daemon.warnings("configuration");
    assert!(warnings[0].contains("is gone"), "{warnings:?}");
    let mut streams: Vec<_> = (0..10).map(|_| connect(daemon.socket())).collect();
    assert_eq!(9, streams.iter_mut().filter_map(asked).count());
    drop(streams);
    assert!(reload(&home, &daemon, Some("")));
    assert_eq!(Vec::<String>::new(), daemon.warnings("configuration"));
}

/// Makes an agent whose facts are these, and returns the status of the answer.
fn agent(daemon: &Daemon, name: &str, facts: Value) -> u16 {
    let grants = json!([{ "names": ["*"], "actions": ["read"] }]);
    daemon.http("POST", "/vault/agents", json!({ "name": name, "match": facts, "grants": grants })).status
}

#[test(needs(Root))]
fn facts_that_no_process_could_match_are_refused_when_the_agent_is_made_or_changed() {
    let shared = Shared::new();
    let daemon = &shared.daemon;
    let hash = "0".repeat(64);
    for (name, facts) in [
        ("a", json!({ "exe": "/usr/bin/python3" })),
        ("b", json!({ "uid": MEMBER.uid, "exe": "/usr/bin/python3" })),
        ("c", json!({ "uid": MEMBER.uid, "sha256": hash })),
    ] {
        assert_eq!(400, agent(daemon, name, facts), "{name}");
    }
    assert_eq!(201, agent(daemon, "own", json!({ "uid": KEEPER.uid, "exe": "/usr/bin/python3" })));
    assert_eq!(201, agent(daemon, "other", json!({ "uid": MEMBER.uid })));
    let changed = daemon.http("PUT", "/vault/agents/other", json!({ "match": { "sha256": hash } }));
    assert_eq!((400, "invalid_request"), (changed.status, changed.code()), "{}", changed.text);
    assert!(changed.text.contains("never match here"), "{}", changed.text);
}

#[test(needs(Root))]
fn facts_that_no_process_can_match_any_more_are_named_by_the_status_the_list_and_the_agent() {
    let shared = shared("");
    let daemon = &shared.daemon;
    KEEPER.does(|| assert_eq!(201, agent(daemon, "old", json!({ "exe": "/usr/bin/python3" }))));
    KEEPER.does(|| assert!(daemon.warnings("agent_facts").is_empty()));
    assert!(reload(&shared.home, daemon, Some("[access]\nowners = [0]\n")));
    let warnings = daemon.warnings("agent_facts");
    assert!(warnings.len() == 1 && warnings[0].ends_with(": old"), "{warnings:?}");
    assert_eq!(json!(true), daemon.get("/vault/agents")["agents"][0]["neverMatches"]);
    let facts = json!({ "match": { "uid": MEMBER.uid } });
    let changed = daemon.http("PUT", "/vault/agents/old", facts);
    assert_eq!((200, json!(null)), (changed.status, changed.body["agent"]["neverMatches"].clone()));
    assert!(daemon.warnings("agent_facts").is_empty());
}

#[test]
fn a_daemon_that_lets_no_other_user_in_takes_facts_of_executables() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    assert_eq!(201, agent(&daemon, "a", json!({ "exe": "/usr/bin/python3" })));
    assert_eq!(201, agent(&daemon, "b", json!({ "sha256": "0".repeat(64) })));
}
