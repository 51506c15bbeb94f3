//! The files of the database, taken away or exchanged while the daemon has them open: nothing is acknowledged that is gone at
//! the next start, and the file that was opened, put back, is taken up again.

use serde_json::json;
use vault_testkit::{Answer, Daemon, Home, NONE, wait_for};

/// Makes a vault with a secret that an older copy of its database lacks, and starts its daemon.
fn served() -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("old", "in the older copy");
    daemon.stop();
    std::fs::copy(home.path("vault.db"), home.path("older")).unwrap();
    let daemon = Daemon::start(&home);
    let gone = daemon.create("gone", "what a delete leaves");
    daemon.create("kept", "hunter2-hunter2");
    // A delete moves all of the log into the file, which the older copy then lacks.
    assert_eq!(200, daemon.http("DELETE", &format!("/vault/secrets/{gone}"), NONE).status);
    (home, daemon)
}

/// Puts the database of another vault into the home.
fn another(home: &Home) {
    let other = Home::new();
    let daemon = Daemon::start(&other);
    daemon.create("theirs", "theirs");
    daemon.stop();
    std::fs::copy(other.path("vault.db"), home.path("another")).unwrap();
}

fn rename(home: &Home, from: &str, to: &str) {
    std::fs::rename(home.path(from), home.path(to)).unwrap();
}

fn cut(home: &Home, name: &str, length: u64) {
    std::fs::OpenOptions::new().write(true).open(home.path(name)).unwrap().set_len(length).unwrap();
}

fn store(daemon: &Daemon, name: &str) -> Answer {
    daemon.http("POST", "/vault/secrets", json!({ "name": name, "value": "hunter2-hunter2" }))
}

fn assert_storage(answer: &Answer, what: &str) {
    assert_eq!((507, "storage"), (answer.status, answer.code()), "{what}: {}", answer.text);
    assert!(!answer.text.contains("hunter2"), "{what}");
}

/// Asserts that nothing is written or read, and that `status` and the log say why.
fn assert_refused(home: &Home, daemon: &Daemon, words: &str) {
    for answer in [
        store(daemon, "new"),
        daemon.resolve("kept"),
        daemon.http("GET", "/vault/secrets", NONE),
        daemon.http("GET", "/vault/audit-log", NONE),
        daemon.http("GET", "/vault/audit-log/verify", NONE),
        daemon.http("POST", "/vault/rotate-all", json!({})),
    ] {
        assert_storage(&answer, words);
    }
    let warnings = daemon.warnings("storage");
    assert!(warnings.len() == 1 && warnings[0].contains(words), "{words}: {warnings:?}");
    assert!(home.log().contains(words), "{}", home.log());
}

/// Writes the older copy over the file, as `cp` does.
fn overwrite(home: &Home) {
    std::fs::copy(home.path("older"), home.path("vault.db")).unwrap();
}

/// Asserts that every write is refused and that a restart is named.
fn assert_restart_named(daemon: &Daemon, what: &str) {
    let answer = store(daemon, "new");
    assert_storage(&answer, what);
    assert!(answer.text.contains("restart vaultd"), "{what}: {}", answer.text);
}

/// One way of taking the database from under the daemon, and what is said of it.
type Act = (fn(&Home), &'static str);

const ACTS: [Act; 7] = [
    (|home| home.remove("vault.db"), "was removed"),
    (|home| rename(home, "vault.db", "elsewhere"), "was moved away"),
    (|home| cut(home, "vault.db", 0), "was cut short"),
    (|home| cut(home, "vault.db", 8192), "was cut short"),
    (|home| rename(home, "older", "vault.db"), "another file is in the place"),
    (|home| another(home), "another file is in the place"),
    (overwrite, "another program wrote"),
];

#[test]
fn nothing_is_written_to_or_read_from_a_database_that_is_not_in_its_place_any_more() {
    for (act, words) in ACTS {
        let (home, daemon) = served();
        act(&home);
        if home.path("another").exists() {
            rename(&home, "another", "vault.db");
        }
        assert_refused(&home, &daemon, words);
    }
}

#[test]
fn a_database_that_is_put_back_is_taken_up_again_without_a_restart() {
    for occupant in [None, Some("older"), Some("another")] {
        let (home, daemon) = served();
        another(&home);
        rename(&home, "vault.db", "elsewhere");
        if let Some(occupant) = occupant {
            rename(&home, occupant, "vault.db");
        }
        assert_storage(&store(&daemon, "refused"), "elsewhere");
        rename(&home, "elsewhere", "vault.db");
        assert_eq!(201, store(&daemon, "after").status);
        assert_eq!("hunter2-hunter2", daemon.resolve("kept").value());
        assert_eq!(Vec::<String>::new(), daemon.warnings("storage"));
        daemon.kill();
        assert_whole(&home, &["old", "kept", "after"]);
    }
}

#[test]
fn an_owners_lock_holds_though_it_cannot_be_recorded_and_the_next_unlock_records_it() {
    let (home, daemon) = served();
    rename(&home, "vault.db", "elsewhere");
    let locked = daemon.http("POST", "/vault/lock", NONE);
    assert_eq!((200, json!({ "success": true })), (locked.status, locked.body.clone()), "{}", locked.text);
    assert!(home.path("locked").exists());
    rename(&home, "elsewhere", "vault.db");
    assert_eq!("by_request", daemon.get("/vault/status")["lockReason"]);
    assert_eq!("locked", daemon.resolve("kept").code());
    assert_eq!(200, daemon.http("POST", "/vault/unlock", json!({ "key": home.key })).status);
    assert_eq!("hunter2-hunter2", daemon.resolve("kept").value());
    let log = daemon.audit();
    let locks = log.iter().filter(|entry| entry["action"] == "lock" && entry["actor"] != "system");
    assert_eq!(vec!["ok"], locks.map(|lock| lock["outcome"].as_str().unwrap()).collect::<Vec<_>>());
}

#[test]
fn a_vault_locks_itself_though_it_cannot_record_it() {
    let home = Home::new();
    home.write("vault.toml", "[kdf]\niterations = 100000\n[auto_lock]\nidle_seconds = 2\n");
    let daemon = Daemon::start(&home);
    daemon.create("kept", "hunter2-hunter2");
    rename(&home, "vault.db", "elsewhere");
    wait_for("a lock", || (daemon.get("/vault/status")["lockReason"] == "idle").then_some(()));
    rename(&home, "elsewhere", "vault.db");
    assert_eq!("locked", daemon.resolve("kept").code());
    assert!(home.log().contains("the lock could not be recorded"));
}

/// Starts the vault and asserts that it has these secrets and a log that verifies.
fn assert_whole(home: &Home, names: &[&str]) {
    let daemon = Daemon::start(home);
    for name in names {
        assert_eq!(200, daemon.resolve(name).status, "{name}: {}", home.log());
    }
    assert_eq!(names.len() as u64, daemon.total());
    let verified = daemon.get("/vault/audit-log/verify");
    assert_eq!(json!(true), verified["intact"], "{verified}");
    assert_eq!(Vec::<String>::new(), daemon.warnings("integrity"));
    assert_eq!(Vec::<String>::new(), daemon.warnings("rolled_back"));
    daemon.stop();
}

#[test]
fn what_is_in_the_databases_place_is_neither_written_to_nor_served_at_the_next_start() {
    for ended in [Daemon::stop as fn(Daemon), Daemon::kill] {
        let (home, daemon) = served();
        store(&daemon, "in the log alone");
        rename(&home, "vault.db", "elsewhere");
        rename(&home, "older", "vault.db");
        let occupant = home.read("vault.db");
        assert_storage(&store(&daemon, "refused"), "older");
        ended(daemon);
        assert!(occupant == home.read("vault.db"));
        let daemon = Daemon::start(&home);
        let status = daemon.get("/vault/status");
        assert_eq!(json!("damaged"), status["lockReason"], "{status}");
        daemon.stop();
        assert!(occupant == home.read("vault.db"));
        rename(&home, "elsewhere", "vault.db");
        assert_whole(&home, &["old", "kept", "in the log alone"]);
    }
}

#[test]
fn what_stands_in_a_write_ahead_log_that_is_removed_is_saved_and_nothing_more_is_acknowledged() {
    let (home, daemon) = served();
    assert_eq!(201, store(&daemon, "in the log alone").status);
    home.remove("vault.db-wal");
    assert_refused(&home, &daemon, "was removed, moved or replaced");
    daemon.stop();
    assert_whole(&home, &["old", "kept", "in the log alone"]);
}

#[test]
fn a_write_ahead_log_that_is_replaced_is_left_as_it_is() {
    let (home, daemon) = served();
    assert_eq!(201, store(&daemon, "in the log alone").status);
    vault::files::replace_private(&home.path("vault.db-wal"), b"somebody's commits").unwrap();
    assert_storage(&store(&daemon, "refused"), "replaced");
    daemon.stop();
    assert_eq!(b"somebody's commits".to_vec(), home.read("vault.db-wal"));
    home.remove("vault.db-wal");
    assert_whole(&home, &["old", "kept", "in the log alone"]);
}

#[test]
fn a_write_ahead_log_that_is_cut_short_takes_no_more_commits() {
    for length in [0, 100] {
        let (home, daemon) = served();
        assert_eq!(201, store(&daemon, "in the log alone").status);
        cut(&home, "vault.db-wal", length);
        assert_storage(&store(&daemon, "refused"), "cut");
        assert_storage(&daemon.resolve("kept"), "cut");
        assert_eq!(1, daemon.warnings("storage").len());
    }
}

#[test]
fn a_home_that_is_moved_is_not_written_to() {
    let (home, daemon) = served();
    let moved = home.path("").with_extension("moved");
    std::fs::rename(home.path(""), &moved).unwrap();
    let answer = vault_testkit::wire::http(
        &moved.join("vault.sock"),
        "POST",
        "/vault/secrets",
        &json!({ "name": "new", "value": "v" }),
    );
    std::fs::rename(&moved, home.path("")).unwrap();
    assert_storage(&answer, "moved home");
    assert_eq!(201, store(&daemon, "after").status);
}

#[test]
fn what_changes_nothing_of_the_files_is_borne() {
    let (home, daemon) = served();
    home.set_mode("vault.db", 0o400);
    std::fs::hard_link(home.path("vault.db"), home.path("linked")).unwrap();
    home.database().query_row("SELECT count(*) FROM secret", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(201, store(&daemon, "after").status);
    assert_eq!(Vec::<String>::new(), daemon.warnings("storage"));
}

#[test]
fn a_file_that_another_program_wrote_back_is_taken_up_by_the_restart_that_is_named() {
    for length in [0, 100, 8192] {
        let (home, daemon) = served();
        let whole = home.read("vault.db");
        cut(&home, "vault.db", length);
        assert_restart_named(&daemon, "cut short");
        // In place: the inode is the one that was opened.
        let file = std::fs::OpenOptions::new().write(true).open(home.path("vault.db"));
        std::io::Write::write_all(&mut file.unwrap(), &whole).unwrap();
        assert_restart_named(&daemon, "written back");
        daemon.stop();
        assert_whole(&home, &["old", "kept"]);
    }
}

#[test]
fn a_file_that_took_the_place_of_one_that_is_gone_is_taken_up_by_the_restart_that_is_named() {
    let (home, daemon) = served();
    std::fs::copy(home.path("vault.db"), home.path("copy")).unwrap();
    home.remove("vault.db");
    rename(&home, "copy", "vault.db");
    assert_restart_named(&daemon, "replaced");
    daemon.stop();
    assert_whole(&home, &["old", "kept"]);
}

#[test]
fn a_write_ahead_log_that_was_cut_short_is_given_up_by_the_restart_that_is_named() {
    let (home, daemon) = served();
    assert_eq!(201, store(&daemon, "in the log alone").status);
    cut(&home, "vault.db-wal", 0);
    assert_restart_named(&daemon, "cut short");
    daemon.stop();
    let daemon = Daemon::start(&home);
    assert_eq!(200, daemon.resolve("kept").status);
    assert_eq!(1, daemon.warnings("rolled_back").len());
}
