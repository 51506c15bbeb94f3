//! Many secrets at once, in from elsewhere.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE};

/// Writes an import of pairs of names and values.
fn import(pairs: &[(&str, &str)], on_conflict: &str) -> Value {
    let entry = |(name, value): &(&str, &str)| json!({ "name": name, "value": value });
    json!({ "entries": pairs.iter().map(entry).collect::<Vec<_>>(), "onConflict": on_conflict })
}

fn value_of(daemon: &Daemon, name: &str) -> Value {
    daemon.http("GET", &format!("/vault/resolve/{name}"), NONE).body["value"].clone()
}

/// Lists action, outcome and name of the newest entries, oldest first.
fn log(daemon: &Daemon, newest: usize) -> Vec<(String, String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let entries = daemon.audit();
    let row = |entry: &Value| {
        (text(&entry["action"]).unwrap(), text(&entry["outcome"]).unwrap(), text(&entry["entryName"]))
    };
    entries[..newest].iter().rev().map(row).collect()
}

#[test]
fn an_import_stores_all_and_writes_an_entry_for_each_and_one_of_its_own() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let answer = daemon.http("POST", "/vault/import", import(&[("a", "1"), ("b", "2")], "fail"));
    assert_eq!((200, json!(2)), (answer.status, answer.body["created"].clone()));
    let ok = |name: Option<&str>| ("migrate".to_owned(), "ok".to_owned(), name.map(str::to_owned));
    assert_eq!(vec![ok(Some("a")), ok(Some("b")), ok(None)], log(&daemon, 3));
    assert_eq!(json!("2"), value_of(&daemon, "b"));
}

#[test]
fn one_name_that_is_taken_keeps_all_of_them_out() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("b", "old");
    let answer = daemon.http("POST", "/vault/import", import(&[("a", "1"), ("b", "2")], "fail"));
    assert_eq!(409, answer.status);
    assert!(answer.error().contains("`b`"), "{}", answer.error());
    assert_eq!(("migrate".to_owned(), "failed".to_owned(), None), log(&daemon, 1)[0]);
    assert_eq!((Value::Null, json!("old")), (value_of(&daemon, "a"), value_of(&daemon, "b")));
}

#[test]
fn what_is_there_is_left_where_that_is_asked() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("b", "old");
    let answer = daemon.http("POST", "/vault/import", import(&[("a", "1"), ("b", "2")], "skip"));
    assert_eq!((json!(1), json!(1)), (answer.body["created"].clone(), answer.body["skipped"].clone()));
    assert_eq!((json!("1"), json!("old")), (value_of(&daemon, "a"), value_of(&daemon, "b")));
}

#[test]
fn what_is_overwritten_keeps_its_older_value() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let id = daemon.create("b", "old");
    let answer = daemon.http("POST", "/vault/import", import(&[("b", "new")], "overwrite"));
    assert_eq!(json!("overwritten"), answer.body["entries"][0]["outcome"]);
    let versions = daemon.http("GET", &format!("/vault/secrets/{id}/versions"), NONE);
    assert_eq!(2, versions.body["versions"].as_array().unwrap().len());
    assert_eq!(json!("new"), value_of(&daemon, "b"));
}

#[test]
fn a_dry_run_tells_and_stores_nothing() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("b", "old");
    let mut asked = import(&[("a", "1"), ("b", "2")], "fail");
    asked["dryRun"] = json!(true);
    let answer = daemon.http("POST", "/vault/import", asked);
    assert_eq!((200, json!(true)), (answer.status, answer.body["dryRun"].clone()));
    let outcomes: Vec<_> =
        answer.body["entries"].as_array().unwrap().iter().map(|entry| &entry["outcome"]).collect();
    assert_eq!(vec!["created", "conflict"], outcomes);
    assert_eq!(Value::Null, value_of(&daemon, "a"));
}

#[test]
fn two_entries_of_one_name_are_refused_but_not_in_two_orgs() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    assert_eq!(400, daemon.http("POST", "/vault/import", import(&[("a", "1"), ("a", "2")], "skip")).status);
    let mut asked = import(&[("a", "1"), ("a", "2")], "fail");
    asked["entries"][1]["orgId"] = json!("acme");
    assert_eq!(200, daemon.http("POST", "/vault/import", asked).status);
}

#[test]
fn an_empty_import_is_refused() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    assert_eq!(400, daemon.http("POST", "/vault/import", json!({ "entries": [] })).status);
}

#[test]
fn an_agent_may_neither_import_nor_export() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let every = ["create", "encrypt", "read", "decrypt", "rotate", "delete"];
    let agent = json!({ "name": "bot", "grants": [{ "orgId": "*", "names": ["*"], "actions": every }] });
    let made = daemon.http("POST", "/vault/agents", agent);
    let asked = [
        ("vault.auth", json!({ "token": made.body["token"] })),
        ("vault.import", import(&[("a", "1")], "skip")),
        ("vault.export", json!({})),
    ];
    let line = |(method, params): &(&str, Value)| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string() + "\n"
    };
    let answers = daemon.bytes(asked.iter().map(line).collect::<String>().as_bytes());
    let answers = String::from_utf8(answers).unwrap();
    let refused = answers.lines().filter(|answer| answer.contains("\"forbidden\"")).count();
    assert_eq!((3, 2), (answers.lines().count(), refused), "{answers}");
}
