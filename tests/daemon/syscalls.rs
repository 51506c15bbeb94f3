//! `vaultd` under exactly the system calls that its units allow, as systemd itself spells them out.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use seccompiler::{BpfProgram, TargetArch, apply_filter, compile_from_json};
use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE, vaultd, wait_for};

const UNITS: [&str; 2] = ["systemd/vaultd.service", "systemd/user/vaultd.service"];
/// What `SystemCallErrorNumber=EPERM` answers.
const EPERM: i32 = 1;
/// The one family of sockets that `RestrictAddressFamilies=` leaves.
const AF_UNIX: u64 = 1;

/// Names of system calls.
type Calls = BTreeSet<String>;

/// Spells a set of systemd's, or a single call, out.
fn spelled(word: &str) -> Calls {
    if !word.starts_with('@') {
        return Calls::from([word.to_owned()]);
    }
    let asked = Command::new("systemd-analyze").args(["syscall-filter", word]).output().unwrap();
    assert!(asked.status.success(), "{word}");
    let text = String::from_utf8(asked.stdout).unwrap();
    let members =
        text.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| !line.starts_with('#'));
    members.flat_map(spelled).collect()
}

/// Gives what a unit allows: its lines in order, upon what systemd always allows.
fn allowed(unit: &str) -> Calls {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(unit)).unwrap();
    assert!(
        text.contains("SystemCallErrorNumber=EPERM") && text.contains("RestrictAddressFamilies=AF_UNIX\n")
    );
    let mut calls = spelled("@default");
    for line in text.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (taken, words) = line.strip_prefix('~').map_or((false, line), |words| (true, words));
        for call in words.split_whitespace().flat_map(spelled) {
            if taken {
                calls.remove(&call)
            } else {
                calls.insert(call)
            };
        }
    }
    calls
}

fn compiled(filter: &Value) -> Option<BpfProgram> {
    let machine = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let main = json!({ "main": { "mismatch_action": { "errno": EPERM }, "match_action": "allow", "filter": filter } });
    compile_from_json(main.to_string().as_bytes(), machine).ok()?.remove("main")
}

/// Makes the kernel's filter of these calls; sets name calls of other machines too, which are passed over.
fn filter_of(calls: &Calls) -> BpfProgram {
    let rule = |call: &String| match call.as_str() {
        "socket" | "socketpair" => {
            json!({ "syscall": call, "args": [{ "index": 0, "type": "dword", "op": "eq", "val": AF_UNIX }] })
        }
        _ => json!({ "syscall": call }),
    };
    let rules = calls.iter().map(rule).filter(|rule| compiled(&json!([rule])).is_some());
    compiled(&json!(rules.collect::<Vec<_>>())).unwrap()
}

/// Does something on a thread, and in the processes that it starts, that may make these calls alone.
fn confined<T: Send>(calls: &Calls, act: impl FnOnce() -> T + Send) -> T {
    let filter = filter_of(calls);
    // Found, or built, while everything is allowed.
    vaultd();
    std::thread::scope(|scope| {
        let confined = scope.spawn(move || {
            apply_filter(&filter).unwrap();
            act()
        });
        confined.join().unwrap()
    })
}

fn start_confined(home: &Home, calls: &Calls) -> Daemon {
    confined(calls, || Daemon::start(home))
}

/// Makes every kind of request once, and ends the daemon.
fn through_its_life(home: &Home, daemon: Daemon) {
    let id = daemon.create("a", "v");
    let secret = format!("/vault/secrets/{id}");
    let agent = json!({ "name": "bot", "grants": [{ "names": ["*"], "actions": ["read"] }] });
    for (verb, path, body) in [
        ("GET", "/vault/status".to_owned(), NONE),
        ("GET", "/vault/secrets".to_owned(), NONE),
        ("GET", "/metrics".to_owned(), NONE),
        ("GET", "/vault/resolve/a".to_owned(), NONE),
        ("PUT", secret.clone(), json!({ "value": "w".repeat(200_000) })),
        ("POST", format!("{secret}/rotate"), json!({})),
        ("POST", "/vault/rotate-all".to_owned(), json!({})),
        ("POST", "/vault/agents".to_owned(), agent),
        ("POST", "/vault/recovery".to_owned(), json!({})),
        ("POST", "/vault/rekey".to_owned(), json!({ "newKey": "another key of some length" })),
        ("DELETE", secret, NONE),
        ("GET", "/vault/audit-log/verify".to_owned(), NONE),
        ("POST", "/vault/lock".to_owned(), json!({})),
        ("POST", "/vault/unlock".to_owned(), json!({ "key": "another key of some length" })),
    ] {
        let answer = daemon.http(verb, &path, body);
        assert!(answer.status < 300, "{verb} {path}: {}", answer.text);
    }
    assert_eq!(Value::Null, daemon.stream("vault.status", json!({}))["error"]);
    assert!(
        ["secretmem", "mlock"].map(Value::from).contains(&daemon.get("/vault/status")["memory"]["locked"])
    );
    daemon.signal(Signal::SIGHUP);
    wait_for("a reload", || home.log().contains("read again").then_some(()));
    home.set_key("a key that does not fit at all");
    wait_for("the watcher's word", || daemon.warnings("key_file").first().cloned());
    daemon.stop();
    assert!(!home.log().contains("not permitted"), "{}", home.log());
}

#[test(needs(Systemd))]
fn the_daemon_lives_under_the_calls_that_its_units_allow() {
    for unit in UNITS {
        let home = Home::new();
        through_its_life(&home, start_confined(&home, &allowed(unit)));
    }
}

#[test(needs(Systemd))]
fn its_keys_are_in_secret_memory_under_them_where_the_kernel_has_it() {
    let (free, bound) = (Home::new(), Home::new());
    let locked = |daemon: Daemon| daemon.get("/vault/status")["memory"]["locked"].clone();
    let before = locked(Daemon::start(&free));
    assert_eq!(before, locked(start_confined(&bound, &allowed(UNITS[0]))));
}

#[test(needs(Systemd))]
fn a_call_that_is_not_allowed_fails() {
    let lower = || {
        let program = "import os; os.setpriority(os.PRIO_PROCESS, 0, 5)";
        Command::new("python3").args(["-c", program]).stderr(Stdio::null()).status().unwrap().success()
    };
    assert!(lower());
    assert!(!confined(&allowed(UNITS[0]), lower));
}

#[test(needs(Systemd))]
fn a_daemon_without_a_call_that_it_needs_does_not_live() {
    for needed in ["flock", "listen"] {
        let mut calls = allowed(UNITS[0]);
        assert!(calls.remove(needed), "{needed}");
        let home = Home::new();
        let status = confined(&calls, || home.command().status().unwrap());
        assert_eq!(Some(1), status.code(), "{needed}");
        assert!(home.log().contains("not permitted"), "{}", home.log());
    }
}

#[test(needs(Systemd))]
fn no_socket_but_a_unix_one_can_be_made_under_them() {
    let connect = || {
        let program = "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM)";
        Command::new("python3").args(["-c", program]).stderr(Stdio::null()).status().unwrap().success()
    };
    assert!(connect());
    assert!(!confined(&allowed(UNITS[0]), connect));
}
