//! What leads to authenticated rows is changed behind the daemon's back: indexes and the schema.

use std::os::unix::fs::FileExt;

use serde_json::json;
use vault_testkit::{Daemon, Home};

/// The size of a page of the database (1.3.2 of <https://www.sqlite.org/fileformat.html>).
const PAGE: usize = 4096;
/// The first byte of a leaf page of an index (1.6).
const INDEX_LEAF: u8 = 0x0a;

/// Makes a vault with two secrets, and stops its daemon.
fn stopped() -> Home {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("db-prod", "postgres://production");
    daemon.create("db-test", "postgres://test");
    daemon.stop();
    // What is edited is the file alone, so nothing may be left in its write-ahead log.
    home.database().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    home
}

/// Replaces bytes in every leaf page of an index; nothing else is touched.
fn edit_indexes(home: &Home, from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let path = home.path("vault.db");
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let bytes = home.read("vault.db");
    let mut edits = 0;
    for (number, page) in bytes.chunks(PAGE).enumerate().filter(|(_, page)| page[0] == INDEX_LEAF) {
        for at in (0..=page.len() - from.len()).filter(|at| page[*at..].starts_with(from)) {
            file.write_all_at(to, (number * PAGE + at) as u64).unwrap();
            edits += 1;
        }
    }
    assert!(edits > 0, "the text is in no index");
}

#[test]
fn an_index_that_leads_a_name_to_another_secret_reveals_nothing() {
    let home = stopped();
    edit_indexes(&home, b"defaultdb-prod", b"defaultdb-prox");
    let daemon = Daemon::start(&home);
    let answer = daemon.resolve("db-prox");
    assert_eq!((500, "integrity", ""), (answer.status, answer.code(), answer.value()), "{}", answer.text);
    assert_eq!("postgres://test", daemon.resolve("db-test").value());
}

#[test]
fn a_name_that_the_index_leads_elsewhere_is_not_given_away() {
    let home = stopped();
    edit_indexes(&home, b"defaultdb-prod", b"defaultdb-prox");
    let daemon = Daemon::start(&home);
    let body = json!({ "name": "db-prox", "value": "an attacker's" });
    let answer = daemon.http("POST", "/vault/secrets", body);
    assert_eq!((409, "conflict"), (answer.status, answer.code()), "{}", answer.text);
    assert_eq!("", daemon.resolve("db-prox").value());
}

#[test]
fn a_vault_whose_schema_folds_names_stays_locked() {
    let home = stopped();
    home.database()
        .execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, 'name       TEXT    NOT NULL', 'name TEXT NOT NULL COLLATE NOCASE')
             WHERE name = 'secret';
             PRAGMA writable_schema = RESET; REINDEX;",
        )
        .unwrap();
    let sql: String = home
        .database()
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'secret'", [], |row| row.get(0))
        .unwrap();
    assert!(sql.contains("NOCASE"), "{sql}");
    let daemon = Daemon::start(&home);
    let status = daemon.get("/vault/status");
    assert_eq!(
        (json!(true), json!("damaged")),
        (status["locked"].clone(), status["lockReason"].clone()),
        "{status}"
    );
    assert_eq!("", daemon.resolve("DB-PROD").value());
}

#[test]
fn a_table_that_is_not_ours_keeps_no_vault_locked() {
    let home = stopped();
    home.database()
        .execute_batch("CREATE TABLE notes (text); CREATE INDEX notes_text ON notes (text);")
        .unwrap();
    let daemon = Daemon::start(&home);
    assert_eq!("postgres://production", daemon.resolve("db-prod").value());
}
