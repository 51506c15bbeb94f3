//! A write-ahead log next to a database that it was not written for: it is not played into it, and both files are left as
//! they are.

use serde_json::json;
use vault_testkit::{Daemon, Home, NONE};

/// The files of a database.
type Files = [Vec<u8>; 2];

fn files(home: &Home) -> Files {
    [home.read("vault.db"), home.read("vault.db-wal")]
}

/// Puts files in the place of a home's database and log; an empty log is left out.
fn put(home: &Home, [database, log]: &Files) {
    for beside in ["vault.db-wal", "vault.db-shm"] {
        let _ = std::fs::remove_file(home.path(beside));
    }
    vault::files::replace_private(&home.path("vault.db"), database).unwrap();
    if !log.is_empty() {
        vault::files::replace_private(&home.path("vault.db-wal"), log).unwrap();
    }
}

/// Stores a secret and empties the log into the database by deleting another.
fn store_and_move(daemon: &Daemon, name: &str) {
    daemon.create(name, "a value");
    let gone = daemon.create("gone", "a value");
    assert_eq!(200, daemon.http("DELETE", &format!("/vault/secrets/{gone}"), NONE).status);
}

/// Makes a vault of three lives: its files after a clean end of the first, and after a kill of the second.
fn killed() -> (Home, Files) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("first", "a value");
    daemon.stop();
    let clean = files(&home);
    let daemon = Daemon::start(&home);
    store_and_move(&daemon, "second");
    daemon.create("third", "a value");
    daemon.kill();
    assert!(!home.read("vault.db-wal").is_empty());
    (home, clean)
}

/// Asserts that a start serves locked, plays nothing, leaves the files as they are and says what to do.
fn assert_left(home: &Home) {
    let before = files(home);
    let daemon = Daemon::start(home);
    let status = daemon.get("/vault/status");
    let locked = (status["locked"].clone(), status["lockReason"].clone());
    assert_eq!((json!(true), json!("damaged")), locked, "{status}");
    let warnings = daemon.warnings("storage");
    let says_why = |words: &String| words.contains("does not belong") || words.contains("is gone");
    assert!(warnings.len() == 1 && warnings.iter().all(says_why), "{warnings:?}");
    let stored = daemon.http("POST", "/vault/secrets", json!({ "name": "b", "value": "v" }));
    assert_eq!((503, "locked"), (stored.status, stored.code()), "{}", stored.text);
    let unlocked = daemon.http("POST", "/vault/unlock", json!({ "key": home.key }));
    assert_eq!((503, "locked"), (unlocked.status, unlocked.code()), "{}", unlocked.text);
    daemon.stop();
    assert!(before == files(home));
}

/// Asserts that a start serves all of these, and warns of nothing.
fn assert_whole(home: &Home, names: &[&str]) {
    let daemon = Daemon::start(home);
    for name in names {
        assert_eq!("a value", daemon.resolve(name).value(), "{name}: {}", home.log());
    }
    assert_eq!(names.len() as u64, daemon.total());
    assert_eq!(json!(true), daemon.get("/vault/audit-log/verify")["intact"]);
    for code in ["integrity", "rolled_back", "storage"] {
        assert_eq!(Vec::<String>::new(), daemon.warnings(code));
    }
}

#[test]
fn a_log_is_not_played_into_an_older_copy_of_its_database() {
    let (home, [older, _]) = killed();
    let right = files(&home);
    put(&home, &[older, right[1].clone()]);
    assert_left(&home);
    put(&home, &right);
    assert_whole(&home, &["first", "second", "third"]);
}

#[test]
fn a_log_is_not_played_into_the_database_of_another_vault() {
    let ((home, _), (other, clean)) = (killed(), killed());
    let (right, theirs) = (files(&home), files(&other));
    for database in [&clean[0], &theirs[0]] {
        put(&home, &[database.clone(), right[1].clone()]);
        assert_left(&home);
    }
    put(&home, &right);
    assert_whole(&home, &["first", "second", "third"]);
}

#[test]
fn the_log_of_another_vault_is_not_played_into_a_database_that_was_closed() {
    let ((home, _), (other, _)) = (killed(), killed());
    Daemon::start(&home).stop();
    let [database, log] = files(&home);
    assert!(log.is_empty());
    put(&home, &[database.clone(), files(&other)[1].clone()]);
    assert_left(&home);
    put(&home, &[database, log]);
    assert_whole(&home, &["first", "second", "third"]);
}

#[test]
fn an_older_log_is_not_played_into_a_database_that_went_on() {
    let (home, _) = killed();
    let [_, log] = files(&home);
    // The log goes on under its name, and so it does under another one.
    for _ in 0..2 {
        let daemon = Daemon::start(&home);
        store_and_move(&daemon, "fourth");
        let fourth = daemon.resolve("fourth").body["entry"]["id"].as_str().unwrap().to_owned();
        assert_eq!(200, daemon.http("DELETE", &format!("/vault/secrets/{fourth}"), NONE).status);
        daemon.stop();
        let [database, none] = files(&home);
        put(&home, &[database.clone(), log.clone()]);
        assert_left(&home);
        put(&home, &[database, none]);
    }
    assert_whole(&home, &["first", "second", "third"]);
}

#[test]
fn a_log_without_its_database_is_kept() {
    let (home, _) = killed();
    let right = files(&home);
    home.remove("vault.db");
    assert_left(&home);
    vault::files::replace_private(&home.path("vault.db"), b"").unwrap();
    assert_left(&home);
    put(&home, &right);
    assert_whole(&home, &["first", "second", "third"]);
}

#[test]
fn a_log_is_not_played_into_something_that_is_no_vault() {
    let (home, _) = killed();
    let right = files(&home);
    let folder = Home::without_key();
    rusqlite::Connection::open(folder.path("other.db"))
        .unwrap()
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .unwrap();
    put(&home, &[folder.read("other.db"), right[1].clone()]);
    assert_left(&home);
    put(&home, &right);
    assert_whole(&home, &["first", "second", "third"]);
}

#[test]
fn a_home_that_is_copied_after_a_kill_is_whole() {
    let (home, _) = killed();
    let copy = Home::new();
    for (name, bytes) in home.files() {
        vault::files::replace_private(&copy.path(&name), &bytes).unwrap();
    }
    assert_whole(&copy, &["first", "second", "third"]);
    assert_whole(&home, &["first", "second", "third"]);
}

#[test]
fn a_vault_that_is_killed_again_and_again_is_whole_each_time() {
    let home = Home::new();
    let mut names: Vec<String> = Vec::new();
    for life in 0..6 {
        let daemon = Daemon::start(&home);
        for number in 0..life * 20 {
            let name = format!("life {life}, {number}");
            daemon.create(&name, "a value");
            names.push(name);
        }
        if life % 2 == 1 {
            store_and_move(&daemon, &format!("moved {life}"));
            names.push(format!("moved {life}"));
        }
        daemon.kill();
    }
    assert_whole(&home, &names.iter().map(String::as_str).collect::<Vec<_>>());
}
