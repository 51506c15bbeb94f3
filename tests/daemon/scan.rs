//! Looking for stored values in texts: the text comes to the daemon, places go back, values do not.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE};

fn text(bytes: impl AsRef<[u8]>) -> Value {
    json!({ "data": BASE64.encode(bytes.as_ref()) })
}

fn scan(daemon: &Daemon, texts: &[Value]) -> Value {
    let answer = daemon.http("POST", "/vault/scan", json!({ "texts": texts }));
    assert_eq!(200, answer.status, "{}", answer.text);
    answer.body.clone()
}

/// Gives where values stand, as `(text, offset, length, name)`.
fn places(scanned: &Value) -> Vec<(u64, u64, u64, String)> {
    let number = |found: &Value, key: &str| found[key].as_u64().unwrap();
    let place = |found: &Value| {
        let name = found["name"].as_str().unwrap().to_owned();
        (number(found, "text"), number(found, "offset"), number(found, "length"), name)
    };
    scanned["matches"].as_array().unwrap().iter().map(place).collect()
}

#[test]
fn values_are_found_where_they_stand_in_every_form() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "hunter2-hunter2");
    daemon.create("b", "p@ss w/rd");
    let hex = HEXLOWER.encode(b"hunter2-hunter2");
    let texts =
        [text("nothing"), text("x hunter2-hunter2 y"), text(hex), text("u=p%40ss%20w%2Frd"), text([0xff, 0])];
    let scanned = scan(&daemon, &texts);
    let expected =
        [(1, 2, 15, "a".to_owned()), (2, 0, 30, "a".to_owned()), (3, 2, 15, "b".to_owned())].to_vec();
    assert_eq!(expected, places(&scanned));
    assert_eq!((&json!(3), &json!(2)), (&scanned["total"], &scanned["values"]));
}

#[test]
fn an_older_value_is_told_from_the_present_one() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let id = daemon.create("a", "the first value");
    daemon.http("PUT", &format!("/vault/secrets/{id}"), json!({ "value": "the second value" }));
    let scanned = scan(&daemon, &[text("the second value, the first value")]);
    let told = |found: &Value| (found["version"].as_u64().unwrap(), found["current"].as_bool().unwrap());
    let told: Vec<_> = scanned["matches"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(vec![(2, true), (1, false)], told);
}

#[test]
fn a_value_that_a_piece_cuts_off_is_left_for_the_next() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "hunter2-hunter2");
    let open = |text: &str| json!({ "data": BASE64.encode(text.as_bytes()), "open": true });
    let scanned = scan(&daemon, &[open("it is hunter2-hun"), text("it is hunter2-hun")]);
    assert_eq!((json!([6, 17]), json!(0)), (scanned["judged"].clone(), scanned["total"].clone()));
}

#[test]
fn short_values_and_settings_are_not_looked_for() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("pin", "12345");
    daemon.create("skill:aws:region", "eu-central-1");
    let scanned = scan(&daemon, &[text("12345 eu-central-1")]);
    assert_eq!(json!([0, 2]), json!([scanned["values"], scanned["leftOut"]]));
    assert!(places(&scanned).is_empty());
}

#[test]
fn a_thousand_places_are_counted_and_a_hundred_told() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "hunter2");
    let scanned = scan(&daemon, &[text("hunter2".repeat(1000))]);
    assert_eq!((json!(1000), 100), (scanned["total"].clone(), places(&scanned).len()));
}

#[test]
fn a_damaged_secret_is_named_and_the_others_are_found() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("good", "hunter2-hunter2");
    daemon.create("bad", "another value");
    home.database().execute_batch("UPDATE secret SET sealed = zeroblob(80) WHERE name = 'bad'").unwrap();
    let scanned = scan(&daemon, &[text("another value, hunter2-hunter2")]);
    assert_eq!(json!(["bad"]), scanned["damaged"]);
    assert_eq!("good", places(&scanned)[0].3);
}

#[test]
fn each_look_is_recorded_with_what_it_found_and_no_text() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "hunter2-hunter2");
    scan(&daemon, &[text("my hunter2-hunter2 twice hunter2-hunter2")]);
    let log = daemon.http("GET", "/vault/audit-log?action=read", NONE);
    let entries = log.body["entries"].as_array().unwrap();
    assert_eq!((2, json!("a")), (entries.len(), entries[0]["entryName"].clone()));
    assert_eq!(json!(2), entries[1]["metadata"]["found"]);
    assert!(!log.text.contains("hunter2"));
}

#[test]
fn an_agent_may_not_ask_whether_a_text_holds_a_value() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "hunter2-hunter2");
    let grants = json!([{ "orgId": "*", "names": ["*"], "actions": ["read", "decrypt"] }]);
    let added = daemon.http("POST", "/vault/agents", json!({ "name": "bot", "grants": grants }));
    let token = &added.body["token"];
    let auth = json!({ "jsonrpc": "2.0", "id": 1, "method": "vault.auth", "params": { "token": token } });
    let texts = json!({ "texts": [text("hunter2-hunter2")] });
    let ask = json!({ "jsonrpc": "2.0", "id": 2, "method": "vault.scan", "params": texts });
    let answers = String::from_utf8(daemon.bytes(format!("{auth}\n{ask}\n").as_bytes())).unwrap();
    let refused: Value = serde_json::from_str(answers.lines().nth(1).unwrap()).unwrap();
    assert_eq!(json!("forbidden"), refused["error"]["data"]["code"], "{refused}");
}

#[test]
fn too_many_texts_and_too_large_ones_are_refused() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let ask = |texts: Vec<Value>| daemon.http("POST", "/vault/scan", json!({ "texts": texts })).status;
    assert_eq!(400, ask(Vec::new()));
    assert_eq!(400, ask(vec![text(""); 4097]));
    assert_eq!(413, ask(vec![text(vec![b'x'; 1024 * 1024 + 1])]));
    assert_eq!(200, ask(vec![text(vec![b'x'; 1024 * 1024])]));
}
