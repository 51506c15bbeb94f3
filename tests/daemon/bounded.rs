//! Lists of more than an answer has room for.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE};

use crate::list::{list, names};

/// How many secrets with as much metadata as there may be are more than an answer has room for.
const TOO_MANY: usize = 1050;

/// Stores some secrets at a time.
fn import(daemon: &Daemon, entries: &[Value]) {
    let answer = daemon.http("POST", "/vault/import", json!({ "entries": entries }));
    assert_eq!(200, answer.status, "{}", answer.error());
}

/// Starts a vault with more metadata than an answer has room for.
fn overstocked() -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let metadata = json!({ "note": "n".repeat(16_000) });
    let entry = |number| json!({ "name": format!("secret-{number:04}"), "value": format!("the value of {number:04}"), "metadata": metadata });
    let entries: Vec<_> = (0..TOO_MANY).map(entry).collect();
    entries.chunks(125).for_each(|some| import(&daemon, some));
    (home, daemon)
}

#[test]
fn an_owners_list_has_a_limit_and_is_asked_for_in_parts() {
    let (_home, daemon) = overstocked();
    let refused = daemon.http("GET", "/vault/secrets", NONE);
    assert_eq!((413, "too_large"), (refused.status, refused.code()));
    assert!(refused.body["hint"].as_str().unwrap().contains("`offset`"), "{}", refused.text);
    assert_eq!(json!(-32013), daemon.rpc("vault.list", json!({ "sort": "-createdAt" }))["error"]["code"]);
    let parts: Vec<_> =
        [0, 500, 1000].map(|offset| list(&daemon, &format!("limit=500&offset={offset}"))).into();
    assert!(parts.iter().all(|part| part["total"] == json!(TOO_MANY)));
    let all: Vec<_> = parts.iter().flat_map(names).map(str::to_owned).collect();
    assert_eq!((0..TOO_MANY).map(|number| format!("secret-{number:04}")).collect::<Vec<_>>(), all);
    assert_eq!(100, names(&list(&daemon, "search=secret-00")).len());
}

#[test]
fn a_scan_looks_for_more_secrets_than_a_list_has_room_for() {
    let (_home, daemon) = overstocked();
    let text = data_encoding::BASE64.encode(b"here is the value of 1049 and no other");
    let scanned = daemon.http("POST", "/vault/scan", json!({ "texts": [{ "data": text }] }));
    assert_eq!((200, json!(TOO_MANY)), (scanned.status, scanned.body["values"].clone()), "{}", scanned.text);
    assert_eq!(json!("secret-1049"), scanned.body["matches"][0]["name"]);
}

#[test]
fn what_is_discovered_has_a_limit_and_a_platform_is_found_all_the_same() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let long = "n".repeat(240);
    for part in 0..4 {
        let entry = |number: u32| json!({ "name": format!("{long}-{part}-{number:04}"), "value": "v" });
        import(&daemon, &(0..5_600).map(entry).collect::<Vec<_>>());
    }
    daemon.create("skill:openai:access_token", "sk");
    let refused = daemon.http("GET", "/vault/discover", NONE);
    assert_eq!((413, "too_large"), (refused.status, refused.code()));
    assert!(refused.body["hint"].as_str().unwrap().contains("`platform`"), "{}", refused.text);
    let found = daemon.get("/vault/discover?platform=openai");
    assert_eq!(json!("skill:openai:access_token"), found["platforms"][0]["fields"][0]["name"]);
}
