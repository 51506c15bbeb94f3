//! Databases of every schema that there ever was open with the program of today; one of a schema to come is refused.

#[path = "../fixtures/schema/kept.rs"]
mod kept;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use vault::api::{AuditLog, CreateSecret, GetSecret, ListAgents, ListSecrets, StatusOf, VerifyAudit};
use vault::files;
use vault::store::{SqliteStore, StoreError};
use vault::vault::Vault;
use vault_testkit::{Daemon, Home, refusal};

use kept::{KEY, ask, known, migrations, open, path, today, unlock};

/// Copies the database of a schema to where it may be changed.
fn copy(schema: i64) -> (TempDir, PathBuf) {
    let folder = TempDir::with_prefix("vault").unwrap();
    let database = folder.path().join("vault.db");
    files::replace_private(&database, &std::fs::read(path(schema)).unwrap()).unwrap();
    (folder, database)
}

fn number_of(database: &Path) -> i64 {
    Connection::open(database).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

/// Lists tables and indices with the statements that made them.
fn schema_of(connection: &Connection) -> Vec<[Option<String>; 4]> {
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Reads every version of every secret that must be there, and counts them.
async fn assert_all_there(vault: &Vault) {
    let listed = ask::<ListSecrets>(vault, json!({ "orgId": "*" })).await;
    assert_eq!((known().len() as u64, 0), (listed.total, listed.damaged.len()));
    for secret in known() {
        let entry = listed
            .secrets
            .iter()
            .find(|entry| (entry.org_id.as_str(), entry.name.as_str()) == (secret.org, secret.name));
        let entry = entry.unwrap_or_else(|| panic!("{} of {} is not listed", secret.name, secret.org));
        assert_eq!(secret.values.len() as u64, entry.version, "{}", secret.name);
        for (value, version) in secret.values.iter().zip(1..) {
            let asked = json!({ "id": entry.id, "version": version });
            assert_eq!(value, ask::<GetSecret>(vault, asked).await.value.value().expose(), "{}", secret.name);
        }
    }
    let agents = ask::<ListAgents>(vault, json!({})).await.agents;
    assert_eq!(["bot"], agents.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>()[..]);
}

/// Verifies the log, and makes sure that nothing is warned of.
async fn assert_sound(vault: &Vault) {
    let verified = ask::<VerifyAudit>(vault, json!({})).await;
    assert!(verified.intact, "{verified:?}");
    let status = ask::<StatusOf>(vault, json!({})).await;
    let codes: Vec<_> = status.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(["no_recovery"], codes[..]);
}

#[test]
fn the_database_of_each_schema_is_what_its_migrations_make() {
    let made = Connection::open_in_memory().unwrap();
    for (migration, schema) in migrations().iter().zip(1..) {
        made.execute_batch(&std::fs::read_to_string(migration).unwrap()).unwrap();
        let (_folder, database) = copy(schema);
        assert_eq!(schema, number_of(&database));
        assert_eq!(schema_of(&made), schema_of(&Connection::open(&database).unwrap()), "schema {schema}");
    }
}

#[test]
async fn each_opens_whole_and_is_of_todays_schema_then() {
    for schema in 1..=today() {
        let (folder, database) = copy(schema);
        let (vault, _clock) = open(&database);
        unlock(&vault, KEY).await;
        assert_all_there(&vault).await;
        assert_sound(&vault).await;
        vault.close().await;
        drop(vault);
        assert_eq!(today(), number_of(&database), "schema {schema}");
        let fresh = folder.path().join("fresh.db");
        drop(SqliteStore::open(&fresh).unwrap());
        let connect = |path: &Path| Connection::open(path).unwrap();
        assert_eq!(schema_of(&connect(&fresh)), schema_of(&connect(&database)), "schema {schema}");
    }
}

#[test]
async fn each_goes_on_after_the_upgrade() {
    for schema in 1..=today() {
        let (_folder, database) = copy(schema);
        let (vault, _clock) = open(&database);
        unlock(&vault, KEY).await;
        ask::<CreateSecret>(&vault, json!({ "orgId": "new", "name": "new", "value": "new" })).await;
        let before = ask::<AuditLog>(&vault, json!({})).await.total;
        vault.trim_log(10).await;
        assert!(ask::<AuditLog>(&vault, json!({})).await.total < before, "schema {schema}");
        assert_sound(&vault).await;
    }
}

#[test]
fn a_daemon_serves_each() {
    for schema in 1..=today() {
        let home = Home::new();
        let database = home.path("vault.db");
        files::replace_private(&database, &std::fs::read(path(schema)).unwrap()).unwrap();
        home.set_key(KEY);
        let daemon = Daemon::start(&home);
        for secret in known().iter().filter(|secret| secret.org == "default") {
            assert_eq!(secret.values.last().unwrap(), daemon.resolve(secret.name).value());
        }
        assert_eq!(json!(true), daemon.get("/vault/audit-log/verify")["intact"]);
        daemon.stop();
        assert_eq!(today(), number_of(&database));
    }
}

/// Where what a newer program wrote last stands.
#[derive(Debug, Clone, Copy)]
enum Written {
    InTheDatabase,
    InTheLogBesideIt,
}

const EITHER: [Written; 2] = [Written::InTheDatabase, Written::InTheLogBesideIt];

/// Writes a database of the next schema, as a newer program would have left it when it was killed.
fn write_newer(database: &Path, written: Written) {
    let (_folder, made) = copy(today());
    let connection = Connection::open(&made).unwrap();
    let journal = match written {
        Written::InTheDatabase => "PRAGMA journal_mode = DELETE",
        Written::InTheLogBesideIt => "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0",
    };
    connection.execute_batch(journal).unwrap();
    connection.execute_batch("CREATE TABLE later (content TEXT)").unwrap();
    connection.pragma_update(None, "user_version", today() + 1).unwrap();
    let [content, log] = bytes_of(&made);
    assert_eq!(matches!(written, Written::InTheLogBesideIt), !log.is_empty());
    files::replace_private(database, &content).unwrap();
    if !log.is_empty() {
        files::replace_private(&beside(database), &log).unwrap();
    }
}

fn beside(database: &Path) -> PathBuf {
    database.with_file_name("vault.db-wal")
}

/// Reads a database and its write-ahead log.
fn bytes_of(database: &Path) -> [Vec<u8>; 2] {
    [std::fs::read(database).unwrap(), std::fs::read(beside(database)).unwrap_or_default()]
}

#[test]
fn a_newer_database_is_refused_and_not_a_byte_of_it_changes() {
    for written in EITHER {
        let folder = TempDir::with_prefix("vault").unwrap();
        let database = folder.path().join("vault.db");
        write_newer(&database, written);
        let before = bytes_of(&database);
        let error = SqliteStore::open(&database).unwrap_err();
        assert!(
            matches!(error, StoreError::NewerSchema { found, known } if (found, known) == (today() + 1, today()))
        );
        let words = format!("the database has schema {}, this program knows {}", today() + 1, today());
        assert_eq!(words, error.to_string());
        assert!(before == bytes_of(&database), "{written:?}");
    }
}

#[test]
fn a_daemon_refuses_a_newer_database_and_ends_with_1() {
    for written in EITHER {
        let home = Home::new();
        write_newer(&home.path("vault.db"), written);
        let before = bytes_of(&home.path("vault.db"));
        let (code, words) = refusal(home.command());
        assert_eq!(1, code, "{words}");
        let told = format!("schema {}, this program knows {}", today() + 1, today());
        assert!(words.contains(&told), "{words}");
        assert!(before == bytes_of(&home.path("vault.db")), "{written:?}");
    }
}
