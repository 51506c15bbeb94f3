//! What leads to authenticated rows is changed behind the daemon's back: indexes and the schema.

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon, Home, Leaf, NONE};

/// The index by which a secret is found by its name, and that by its id.
const BY_NAME: &str = "sqlite_autoindex_secret_1";
const BY_ID: &str = "secret_state";

/// Makes a vault with three secrets, and stops its daemon.
fn stopped() -> Home {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("aaa", "the first one");
    daemon.create("db-prod", "postgres://production");
    daemon.create("db-test", "postgres://test");
    daemon.stop();
    home
}

fn index(home: &Home, name: &str) -> Leaf {
    Leaf::of(&home.path("vault.db"), name)
}

/// Exchanges the places of two secrets in an index.
fn swap(home: &Home, name: &str, (one, other): (&str, &str)) {
    let leaf = index(home, name);
    let (one, other) = (leaf.cell_with(one), leaf.cell_with(other));
    leaf.swap(one, other);
}

fn edit_indexes(home: &Home, from: &[u8], to: &[u8]) {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    index(home, BY_NAME).replace(text(from), text(to));
}

/// Asserts that a secret is refused and named, and that its name is not given away.
fn assert_refused(daemon: &Daemon, name: &str) {
    assert_integrity(&daemon.resolve(name), name);
    let taken = daemon.http("POST", "/vault/secrets", json!({ "name": name, "value": "an attacker's" }));
    assert_eq!((500, "integrity"), (taken.status, taken.code()), "{}", taken.text);
    assert!(daemon.warnings("integrity").iter().any(|words| words.contains(&format!("`{name}`"))));
}

fn assert_integrity(answer: &Answer, name: &str) {
    assert_eq!((500, "integrity"), (answer.status, answer.code()), "{}", answer.text);
    assert!(answer.error().contains(&format!("`{name}`")), "{}", answer.error());
}

fn flaws(daemon: &Daemon) -> Vec<Value> {
    let verified = daemon.get("/vault/audit-log/verify?pages=true");
    verified["flaws"].as_array().cloned().unwrap_or_default()
}

/// Accepts a loss that takes nothing.
fn rebuild(daemon: &Daemon) -> Value {
    let accepted = daemon.http("POST", "/vault/accept-loss", NONE);
    assert_eq!((200, &json!([])), (accepted.status, &accepted.body["lost"]), "{}", accepted.text);
    assert_sound(daemon);
    accepted.body.clone()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

/// Asserts that everything is as it was before the damage, and can be changed.
fn assert_sound(daemon: &Daemon) {
    assert_eq!(Vec::<String>::new(), daemon.warnings("integrity"));
    assert_eq!(Vec::<Value>::new(), flaws(daemon));
    for (name, value) in
        [("aaa", "the first one"), ("db-prod", "postgres://production"), ("db-test", "postgres://test")]
    {
        let resolved = daemon.resolve(name);
        assert_eq!(value, resolved.value(), "{}", resolved.text);
        let id = resolved.body["entry"]["id"].as_str().unwrap();
        assert_eq!(200, daemon.http("POST", &format!("/vault/secrets/{id}/rotate"), json!({})).status);
    }
}

#[test]
fn names_whose_places_in_the_index_were_exchanged_are_refused_until_it_is_rebuilt() {
    let home = stopped();
    swap(&home, BY_NAME, ("defaultaaa", "defaultdb-prod"));
    let daemon = Daemon::start(&home);
    assert_refused(&daemon, "db-prod");
    assert!(!flaws(&daemon).is_empty());
    assert_eq!("postgres://test", daemon.resolve("db-test").value());
    rebuild(&daemon);
    daemon.stop();
    assert_sound(&Daemon::start(&home));
}

#[test]
fn a_name_that_was_edited_in_the_index_is_refused_until_it_is_rebuilt() {
    let home = stopped();
    edit_indexes(&home, b"defaultdb-prod", b"defaultdb-proe");
    let daemon = Daemon::start(&home);
    assert_refused(&daemon, "db-prod");
    let list = daemon.get("/vault/secrets");
    assert_eq!(json!("db-prod"), list["damaged"][0]["name"], "{list}");
    rebuild(&daemon);
}

#[test]
fn ids_whose_places_in_the_index_were_exchanged_are_refused_until_it_is_rebuilt() {
    let home = stopped();
    index(&home, BY_ID).swap(0, 2);
    let daemon = Daemon::start(&home);
    assert_refused(&daemon, "aaa");
    assert_refused(&daemon, "db-test");
    rebuild(&daemon);
}

#[test]
fn a_secret_whose_index_is_damaged_is_neither_changed_nor_deleted() {
    let home = stopped();
    let daemon = Daemon::start(&home);
    let id = daemon.resolve("aaa").body["entry"]["id"].as_str().unwrap().to_owned();
    daemon.stop();
    swap(&home, BY_NAME, ("defaultaaa", "defaultdb-prod"));
    let daemon = Daemon::start(&home);
    let secret = format!("/vault/secrets/{id}");
    for (verb, body) in [("PUT", json!({ "value": "second" })), ("DELETE", NONE)] {
        let answer = daemon.http(verb, &secret, body);
        assert_eq!((500, "integrity"), (answer.status, answer.code()), "{verb}: {}", answer.text);
    }
    let refused = daemon.http("POST", "/vault/secrets", json!({ "name": "new", "value": "v" }));
    assert!(refused.body["hint"].as_str().unwrap().contains("--accept-loss"), "{}", refused.text);
    rebuild(&daemon);
}

#[test]
fn a_version_that_an_index_hides_is_missed_by_the_name_of_its_secret() {
    let home = stopped();
    let daemon = Daemon::start(&home);
    let id = daemon.resolve("db-prod").body["entry"]["id"].as_str().unwrap().to_owned();
    for value in ["second", "postgres://production"] {
        assert_eq!(
            200,
            daemon.http("PUT", &format!("/vault/secrets/{id}"), json!({ "value": value })).status
        );
    }
    daemon.stop();
    index(&home, "sqlite_autoindex_version_1").edit(0);
    let daemon = Daemon::start(&home);
    assert!(daemon.warnings("integrity").iter().any(|words| words.contains("`db-prod`")));
    assert_integrity(&daemon.http("GET", &format!("/vault/secrets/{id}/versions"), NONE), "db-prod");
    rebuild(&daemon);
    assert_eq!("postgres://production", daemon.get(&format!("/vault/secrets/{id}?version=1"))["value"]);
}

#[test]
fn agents_whose_index_is_damaged_are_kept_out_until_it_is_rebuilt() {
    let home = stopped();
    let daemon = Daemon::start(&home);
    for name in ["one", "other"] {
        let agent = json!({ "name": name, "grants": [{ "names": ["*"], "actions": ["read"] }] });
        assert_eq!(201, daemon.http("POST", "/vault/agents", agent).status);
    }
    daemon.stop();
    index(&home, "sqlite_autoindex_agent_1").swap(0, 1);
    let daemon = Daemon::start(&home);
    assert_eq!(json!([]), daemon.get("/vault/agents")["agents"]);
    assert_eq!(1, daemon.warnings("integrity").len());
    let accepted = rebuild(&daemon);
    assert_eq!((&json!(["sqlite_autoindex_agent_1"]), &NONE), (&accepted["rebuilt"], &accepted["agents"]));
    let agents = daemon.get("/vault/agents");
    assert_eq!(vec!["one", "other"], names(&agents["agents"]));
}

#[test]
fn agents_that_were_edited_are_named_when_they_are_given_up() {
    let home = stopped();
    let daemon = Daemon::start(&home);
    for name in ["one", "other", "removed"] {
        let agent = json!({ "name": name, "grants": [{ "names": ["*"], "actions": ["read"] }] });
        assert_eq!(201, daemon.http("POST", "/vault/agents", agent).status);
    }
    assert_eq!(200, daemon.http("DELETE", "/vault/agents/removed", NONE).status);
    daemon.stop();
    // One of them is not even in the table any more.
    home.database().execute_batch("DELETE FROM agent WHERE name = 'one'").unwrap();
    let daemon = Daemon::start(&home);
    let accepted = daemon.http("POST", "/vault/accept-loss", NONE);
    assert_eq!(
        (200, &json!(["one", "other"])),
        (accepted.status, &accepted.body["agents"]),
        "{}",
        accepted.text
    );
    let again = daemon.http("POST", "/vault/accept-loss", NONE);
    assert_eq!((200, &NONE), (again.status, &again.body["agents"]), "{}", again.text);
}

#[test]
fn an_entry_of_the_log_that_an_index_hides_is_reported_and_found_again() {
    let home = stopped();
    let daemon = Daemon::start(&home);
    assert_eq!("the first one", daemon.resolve("aaa").value());
    daemon.stop();
    index(&home, "audit_action").replace("decrypt", "decrypu");
    let daemon = Daemon::start(&home);
    let decrypted = || daemon.get("/vault/audit-log?action=decrypt")["total"].clone();
    assert_eq!(json!(0), decrypted());
    assert!(flaws(&daemon).iter().any(|flaw| flaw.as_str().unwrap().contains("audit_action")));
    let accepted = rebuild(&daemon);
    assert_eq!(json!(["audit_action"]), accepted["rebuilt"]);
    assert_ne!(json!(0), decrypted());
}

#[test]
fn secrets_that_are_found_again_and_indexes_that_are_rebuilt_are_named() {
    let home = stopped();
    swap(&home, BY_NAME, ("defaultaaa", "defaultdb-prod"));
    let daemon = Daemon::start(&home);
    let accepted = rebuild(&daemon);
    assert_eq!(json!([BY_NAME]), accepted["rebuilt"]);
    assert!(names(&accepted["found"]).contains(&"db-prod"), "{accepted}");
}

#[test]
fn a_secret_whose_row_is_out_of_order_is_refused_and_nothing_is_rebuilt_on_it() {
    let home = stopped();
    index(&home, "secret").swap(0, 2);
    let daemon = Daemon::start(&home);
    assert!(!daemon.warnings("integrity").is_empty());
    assert!(!flaws(&daemon).is_empty());
    let stored = daemon.http("POST", "/vault/secrets", json!({ "name": "new", "value": "v" }));
    assert_eq!((500, "integrity"), (stored.status, stored.code()), "{}", stored.text);
    let accepted = daemon.http("POST", "/vault/accept-loss", NONE);
    assert_eq!((500, "integrity"), (accepted.status, accepted.code()), "{}", accepted.text);
    assert!(accepted.body["hint"].as_str().unwrap().contains("restore"), "{}", accepted.text);
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
    assert_eq!((500, "integrity"), (answer.status, answer.code()), "{}", answer.text);
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
