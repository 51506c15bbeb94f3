//! Every column of every table, changed behind the vault's back: each change is told, or is known to matter to nobody.
//!
//! The columns are read from the database itself, so that one that joins is tried too.

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, Leaf, NO_ID, NONE};

/// What may change untold, and why that hurts nobody.
const HARMLESS: [(&str, &str); 8] = [
    // Rows may lie in any order; versions refer to them by this number, and are missed where it changes.
    ("secret", "key"),
    // Says when the vault was made, and nothing reads it.
    ("vault", "created_at"),
    // Counts for `status` alone: whether a row is missing is judged by the state.
    ("tally", "count"),
    ("tally", "category"),
    ("tally", "org"),
    // The order of the slots counts, not their numbers.
    ("slot", "ordinal"),
    // They name the write-ahead log that belongs to the database; at worst none is played any more.
    ("state", "wal"),
    ("state", "base"),
];

/// Makes a vault that has something in every table, and stops its daemon.
fn full() -> Home {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let expires =
        json!({ "name": "a", "value": "first", "metadata": { "k": 1 }, "expiresAt": "2099-01-01T00:00:00Z" });
    let id = daemon.create_with(expires)["id"].as_str().unwrap().to_owned();
    daemon.create("b", "value of b");
    let secret = format!("/vault/secrets/{id}");
    for value in ["second", "third"] {
        assert_eq!(200, daemon.http("PUT", &secret, json!({ "value": value })).status);
    }
    assert_eq!(200, daemon.http("POST", &format!("{secret}/rotate"), json!({})).status);
    let grants = json!([{ "names": ["*"], "actions": ["read"] }]);
    for name in ["bot", "other"] {
        assert_eq!(
            201,
            daemon.http("POST", "/vault/agents", json!({ "name": name, "grants": grants })).status
        );
    }
    assert_eq!(201, daemon.http("POST", "/vault/recovery", json!({})).status);
    daemon.stop();
    home
}

/// Makes a home of the same vault.
fn copy_of(home: &Home) -> Home {
    let copy = Home::new();
    for (name, bytes) in home.files() {
        vault::files::replace_private(&copy.path(&name), &bytes).unwrap();
    }
    copy
}

/// Lists tables with their columns.
fn columns(database: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
               WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY 1, 2";
    let mut rows = database.prepare(sql).unwrap();
    let found = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    found.map(Result::unwrap).collect()
}

/// Makes another value of the same type.
fn other(value: &Stored) -> Stored {
    match value {
        Stored::Integer(number) => Stored::Integer(number + 1),
        Stored::Real(number) => Stored::Real(number + 1.0),
        Stored::Text(text) => Stored::Text(format!("{text}x")),
        Stored::Blob(bytes) if bytes.is_empty() => Stored::Blob(vec![1]),
        Stored::Blob(bytes) => {
            let mut bytes = bytes.clone();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
            Stored::Blob(bytes)
        }
        Stored::Null => Stored::Integer(1),
    }
}

/// Changes a column in the last row that has something in it, or in the last row.
fn change(home: &Home, table: &str, column: &str) -> bool {
    let database = home.database();
    database.pragma_update(None, "foreign_keys", false).unwrap();
    database.pragma_update(None, "ignore_check_constraints", true).unwrap();
    let key = if table == "tally" { "org" } else { "rowid" };
    let filled = format!("(SELECT max({key}) FROM {table} WHERE {column} IS NOT NULL)");
    let last = format!("WHERE {key} = coalesce({filled}, (SELECT max({key}) FROM {table}))");
    let read = format!("SELECT {column} FROM {table} {last}");
    // A table may be empty: the log begins nowhere else until old entries are removed.
    let Ok(value) = database.query_row(&read, [], |row| row.get::<_, Stored>(0)) else { return false };
    database
        .execute(&format!("UPDATE {table} SET {column} = ?1 {last}"), [other(&value)])
        .is_ok_and(|n| n > 0)
}

/// Collects all that the vault says is wrong.
fn told(daemon: &Daemon) -> Vec<String> {
    let status = daemon.get("/vault/status");
    let mut told: Vec<_> = status["warnings"].as_array().unwrap().iter().map(Value::to_string).collect();
    told.retain(|warning| !warning.contains("no_recovery"));
    if status["locked"] == json!(true) {
        told.push(format!("locked: {}", status["lockReason"]));
        return told;
    }
    // First, since what is asked afterwards writes entries of its own.
    let verified = daemon.get("/vault/audit-log/verify");
    if verified["intact"] == json!(false) {
        told.push("the log is not intact".to_owned());
    }
    told.extend(verified["flaws"].as_array().into_iter().flatten().map(Value::to_string));
    let damaged = daemon.http("GET", "/vault/secrets?orgId=*", NONE).body["damaged"].clone();
    told.extend(
        damaged
            .as_array()
            .into_iter()
            .flatten()
            .map(|secret| format!("`{}`", secret["name"].as_str().unwrap())),
    );
    for name in ["a", "b"] {
        let answer = daemon.resolve(name);
        if answer.status != 200 {
            told.push(answer.error().to_owned());
        }
        let id = answer.body["entry"]["id"].as_str().unwrap_or(NO_ID).to_owned();
        let versions = daemon.http("GET", &format!("/vault/secrets/{id}/versions"), NONE);
        if versions.status == 500 {
            told.push(versions.error().to_owned());
        }
    }
    told
}

#[test]
fn a_change_of_any_column_is_told() {
    let home = full();
    let mut untold = Vec::new();
    for (table, column) in columns(&home.database()) {
        let hurt = copy_of(&home);
        let changed = change(&hurt, &table, &column);
        let harmless = HARMLESS.contains(&(table.as_str(), column.as_str()));
        if changed && !harmless && told(&Daemon::start(&hurt)).is_empty() {
            untold.push(format!("{table}.{column}"));
        }
    }
    assert_eq!(Vec::<String>::new(), untold);
}

#[test]
fn a_change_of_any_column_of_a_secret_names_it() {
    let home = full();
    for (table, column) in columns(&home.database()) {
        if table != "secret" || column == "key" {
            continue;
        }
        let hurt = copy_of(&home);
        assert!(change(&hurt, &table, &column), "{column}");
        let told = told(&Daemon::start(&hurt));
        let names = |name: &str| told.iter().any(|words| words.contains(name));
        // One that was renamed is named as it is called now.
        assert!(names("`a") != names("`b"), "{column}: {told:?}");
    }
}

/// Lists the indexes of secrets, versions and agents; those of the log decide nothing about them.
fn indexes(database: &Connection) -> Vec<String> {
    let sql = "SELECT i.name FROM pragma_table_list t JOIN pragma_index_list(t.name) i
               WHERE t.schema = 'main' AND t.name IN ('secret', 'version', 'agent') ORDER BY 1";
    let mut rows = database.prepare(sql).unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_change_of_any_index_is_told() {
    let home = full();
    let indexes = indexes(&home.database());
    assert_eq!(4, indexes.len(), "{indexes:?}");
    let edits: [fn(Leaf); 4] = [
        |leaf| leaf.edit(0),
        |leaf| {
            let last = leaf.cells() - 1;
            leaf.edit(last);
        },
        |leaf| {
            let last = leaf.cells() - 1;
            leaf.swap(0, last);
        },
        |leaf| leaf.drop_last(),
    ];
    for index in indexes {
        for (number, edit) in edits.into_iter().enumerate() {
            let hurt = copy_of(&home);
            edit(Leaf::of(&hurt.path("vault.db"), &index));
            let daemon = Daemon::start(&hurt);
            assert!(!daemon.warnings("integrity").is_empty(), "{index}, edit {number}");
            assert!(!told(&daemon).is_empty(), "{index}, edit {number}");
        }
    }
}

#[test]
fn an_untouched_copy_tells_nothing() {
    let home = full();
    assert_eq!(Vec::<String>::new(), told(&Daemon::start(&copy_of(&home))));
}

#[test]
fn a_row_that_was_taken_out_of_any_table_is_told() {
    let home = full();
    let mut tables: Vec<_> = columns(&home.database()).into_iter().map(|(table, _)| table).collect();
    tables.dedup();
    // Counts are not authenticated, and the log has no other beginning until old entries are removed.
    for table in tables.iter().filter(|table| !["tally", "log_checkpoint"].contains(&table.as_str())) {
        let hurt = copy_of(&home);
        let database = hurt.database();
        database.pragma_update(None, "foreign_keys", false).unwrap();
        let last = format!("DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})");
        assert_eq!(1, database.execute(&last, []).unwrap(), "{table}");
        drop(database);
        assert!(!told(&Daemon::start(&hurt)).is_empty(), "{table}");
    }
}
