//! What changes everything gets done while others keep changing something.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon, Home};

/// How many change secrets all the time.
const WRITERS: usize = 4;

/// Asks for something that concerns every secret while writers change them; each writer's last value is there after.
fn amid_writers(method: &str, path: &str, body: Value) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let ids: Vec<_> = (0..40).map(|number| daemon.create(&format!("secret {number}"), "first")).collect();
    let (ended, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let write = |writer: usize| {
        let mut number = 0;
        while !ended.load(Ordering::SeqCst) {
            let id = &ids[writer + WRITERS * (number % (ids.len() / WRITERS))];
            let value = json!({ "value": format!("value {number}") });
            assert_done(&daemon.http("PUT", &format!("/vault/secrets/{id}"), value));
            written.fetch_add(1, Ordering::SeqCst);
            number += 1;
        }
    };
    let answer = std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || write(writer));
        }
        while written.load(Ordering::SeqCst) < 20 {
            std::thread::yield_now();
        }
        let answer = daemon.http(method, path, body);
        ended.store(true, Ordering::SeqCst);
        answer
    });
    assert_eq!(200, answer.status, "{}", answer.text);
    for number in 0..40 {
        daemon.resolve(&format!("secret {number}")).value();
    }
}

#[track_caller]
fn assert_done(answer: &Answer) {
    assert_eq!(200, answer.status, "{}", answer.text);
}

#[test]
fn a_rekey_gets_done_while_others_write() {
    amid_writers("POST", "/vault/rekey", json!({ "newKey": "another key of some length 1234" }));
}

#[test]
fn all_are_rotated_while_others_write() {
    amid_writers("POST", "/vault/rotate-all", json!({}));
}

#[test]
fn a_request_that_meets_a_lock_is_served_or_says_locked() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "value");
    let ended = AtomicBool::new(false);
    let read = || {
        while !ended.load(Ordering::SeqCst) {
            let answer = daemon.resolve("a");
            assert!([200, 503].contains(&answer.status), "{}", answer.text);
        }
    };
    std::thread::scope(|scope| {
        (0..WRITERS).for_each(|_| drop(scope.spawn(read)));
        for _ in 0..20 {
            assert_done(&daemon.http("POST", "/vault/lock", json!({})));
            assert_done(&daemon.http("POST", "/vault/unlock", json!({ "key": home.key })));
        }
        ended.store(true, Ordering::SeqCst);
    });
}

/// Each delete empties the write-ahead log, which the writer takes for a change from outside.
#[test]
fn backups_are_made_while_others_delete() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for number in 0..40 {
        daemon.create(&format!("secret {number}"), &"x".repeat(20_000));
    }
    let ended = AtomicBool::new(false);
    let delete = |writer: usize| {
        while !ended.load(Ordering::SeqCst) {
            let secret = format!("/vault/secrets/{}", daemon.create(&format!("short-lived {writer}"), "v"));
            assert_done(&daemon.http("DELETE", &secret, Value::Null));
        }
    };
    let made = std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || delete(writer));
        }
        let made: Vec<_> = (0..10).map(|_| daemon.http("POST", "/vault/backup", json!({}))).collect();
        ended.store(true, Ordering::SeqCst);
        made
    });
    for answer in made {
        assert_eq!(201, answer.status, "{}", answer.text);
    }
}

#[test]
fn versions_that_change_while_they_are_read_are_not_called_damaged() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let secret = format!("/vault/secrets/{}", daemon.create("a", "first"));
    assert_done(&daemon.http("PUT", &secret, json!({ "value": "second" })));
    let ask = |verb: &str, path: String| {
        for _ in 0..60 {
            let answer = daemon.http(verb, &path, Value::Null);
            assert!([200, 409].contains(&answer.status), "{verb} {path}: {}", answer.text);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| ask("POST", format!("{secret}/rotate")));
            scope.spawn(|| ask("GET", format!("{secret}/versions")));
        }
    });
    assert_eq!("first", daemon.http("GET", &format!("{secret}?version=1"), Value::Null).value());
}

/// How often each of two clients asks.
const TIMES: u32 = 2500;
/// The most that the write-ahead log may take meanwhile, in bytes; each look adds about 24 KiB to it.
const LONGEST: usize = 16 * 1024 * 1024;

#[test]
fn the_write_ahead_log_does_not_grow_for_as_long_as_somebody_asks() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("skill:openai:api_key", "a value");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..TIMES).for_each(|_| assert_done(&daemon.resolve("openai"))));
        }
    });
    let length = home.read("vault.db-wal").len();
    assert!(length < LONGEST, "{length} bytes");
    assert_eq!(json!(true), daemon.get("/vault/audit-log/verify")["intact"]);
}
