//! Ways to look at much: by expiry, by the age of a value, along the log from any place, and what filters offer.

use std::process::Command;

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE, vaultctl, wire};

use crate::list::{list, names};

/// Starts a vault whose secrets expire at times that have passed, come soon, come late and never come.
fn aging() -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let day = |days: i64| Some(vault::domain::Timestamp::from_millis(now() + days * 86_400_000).to_string());
    for (name, expires) in [
        ("never", None),
        ("late", day(300)),
        ("soon", day(3)),
        ("gone", day(-1)),
        ("also never", None),
        ("long gone", day(-400)),
    ] {
        daemon.create_with(json!({ "name": name, "value": "v", "expiresAt": expires }));
    }
    (home, daemon)
}

fn now() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn log(daemon: &Daemon, query: &str) -> Value {
    daemon.get(&format!("/vault/audit-log?{query}"))
}

fn places_of(page: &Value, action: &str) -> usize {
    page["entries"].as_array().unwrap().iter().filter(|entry| entry["action"] == action).count()
}

fn places(page: &Value) -> Vec<u64> {
    page["entries"].as_array().unwrap().iter().map(|entry| entry["seq"].as_u64().unwrap()).collect()
}

#[test]
fn in_order_of_expiry_what_expires_first_is_first_and_what_never_does_is_last() {
    let (_home, daemon) = aging();
    let rising = list(&daemon, "sort=expiresAt");
    assert_eq!(["long gone", "gone", "soon", "late", "also never", "never"], *names(&rising));
    let falling = list(&daemon, "sort=-expiresAt");
    assert_eq!(["late", "soon", "gone", "long gone", "never", "also never"], *names(&falling));
    let second = list(&daemon, "sort=expiresAt&limit=2&offset=3");
    assert_eq!((vec!["late", "also never"], json!(6)), (names(&second), second["total"].clone()));
}

#[test]
fn a_list_is_narrowed_to_what_has_expired_expires_soon_at_some_time_or_never() {
    let (_home, daemon) = aging();
    for (expiry, expected) in [
        ("expired", vec!["long gone", "gone"]),
        ("soon", vec!["soon"]),
        ("set", vec!["long gone", "gone", "soon", "late"]),
        ("never", vec!["also never", "never"]),
    ] {
        let found = list(&daemon, &format!("sort=expiresAt&expiry={expiry}"));
        assert_eq!((expected.clone(), json!(expected.len())), (names(&found), found["total"].clone()));
    }
    assert_eq!(400, daemon.http("GET", "/vault/secrets?expiry=later", NONE).status);
}

#[test]
fn a_secret_is_listed_by_its_id_and_its_value_is_not_read() {
    let (_home, daemon) = aging();
    let id = list(&daemon, "name=gone")["secrets"][0]["id"].as_str().unwrap().to_owned();
    let found = list(&daemon, &format!("orgId=*&id={id}"));
    assert_eq!((vec!["gone"], json!(1)), (names(&found), found["total"].clone()));
    assert_eq!(json!("read"), daemon.audit()[0]["action"]);
    for other in ["00000000-0000-0000-0000-000000000000", "no id", "gone"] {
        let found = list(&daemon, &format!("orgId=*&id={}", vault_testkit::encoded(other)));
        assert_eq!(json!(0), found["total"], "{other}");
    }
}

#[test]
fn a_rotation_does_not_make_a_value_younger_and_a_new_value_does() {
    let (_home, daemon) = aging();
    let stored = |name: &str| list(&daemon, &format!("name={name}"))["secrets"][0].clone();
    let before = stored("late");
    let id = before["id"].as_str().unwrap();
    assert_eq!(200, daemon.http("POST", "/vault/rotate-all", json!({})).status);
    let rotated = stored("late");
    assert_eq!(before["versionCreatedAt"], rotated["versionCreatedAt"]);
    assert_ne!(before["rotatedAt"], rotated["rotatedAt"]);
    let changed = daemon.http("PUT", &format!("/vault/secrets/{id}"), json!({ "value": "new" }));
    assert_eq!(200, changed.status);
    assert!(stored("late")["versionCreatedAt"].as_str() > before["versionCreatedAt"].as_str());
    assert_eq!(Some(&"late"), names(&list(&daemon, "sort=-versionCreatedAt")).first());
    assert_eq!(Some(&"late"), names(&list(&daemon, "sort=versionCreatedAt")).last());
}

#[test]
fn the_log_is_walked_from_either_end_without_a_gap_or_a_repeat_while_entries_are_added() {
    let (_home, daemon) = aging();
    let end = daemon.audit()[0]["seq"].as_u64().unwrap();
    let (mut met, mut before) = (Vec::new(), end + 1);
    loop {
        let page = places(&log(&daemon, &format!("limit=2&before={before}")));
        let Some(last) = page.last() else { break };
        before = *last;
        met.extend(page);
        list(&daemon, "");
    }
    assert_eq!((1..=end).rev().collect::<Vec<_>>(), met);
    assert_eq!(vec![1, 2, 3], places(&log(&daemon, "limit=3&after=0")));
    assert_eq!(vec![3], places(&log(&daemon, "after=2&before=4")));
    assert!(places(&log(&daemon, "before=0")).is_empty() && places(&log(&daemon, "before=1")).is_empty());
}

#[test]
fn the_total_of_the_log_is_the_same_on_each_of_its_pages() {
    let (_home, daemon) = aging();
    let total = |query: &str| log(&daemon, query)["total"].clone();
    for filter in ["", "action=create", "search=gone", "outcome=ok"] {
        let all = total(filter);
        for place in ["before=4", "after=3", "before=1", "after=99"] {
            assert_eq!(all, total(&format!("{filter}&{place}")), "{filter} {place}");
        }
    }
}

#[test]
fn the_whole_log_is_counted_beyond_ten_thousand_and_what_is_narrowed_up_to_that() {
    let (_home, daemon) = aging();
    for round in 0..20 {
        let entries: Vec<_> =
            (0..501).map(|number| json!({ "name": format!("{round} {number}"), "value": "v" })).collect();
        assert_eq!(200, daemon.http("POST", "/vault/import", json!({ "entries": entries })).status);
    }
    let end = daemon.audit()[0]["seq"].as_u64().unwrap();
    assert!(end > 10_020);
    let whole = log(&daemon, "limit=1&before=3");
    assert_eq!((json!(end), Value::Null), (whole["total"].clone(), whole["totalCapped"].clone()));
    let narrowed = log(&daemon, "limit=1&outcome=ok&before=9");
    assert_eq!((json!(10_000), json!(true)), (narrowed["total"].clone(), narrowed["totalCapped"].clone()));
    let searched = log(&daemon, "limit=3&search=uid&after=0");
    assert_eq!((vec![2, 3, 4], json!(true)), (places(&searched), searched["totalCapped"].clone()));
}

#[test]
fn the_log_is_narrowed_to_one_of_several_actions() {
    let (_home, daemon) = aging();
    daemon.resolve("late");
    let total = |action: &str| log(&daemon, &format!("action={action}"))["total"].as_u64().unwrap();
    assert_eq!((6, 1, 7), (total("create"), total("decrypt"), total("decrypt,create")));
    for wrong in ["creat", "create,", ",", "create,nothing", "create%20decrypt"] {
        assert_eq!(400, daemon.http("GET", &format!("/vault/audit-log?action={wrong}"), NONE).status);
    }
}

#[test]
fn only_ones_own_looks_with_the_dashboard_are_left_out_of_the_log() {
    let (_home, daemon) = aging();
    let grants = json!([{ "orgId": "default", "names": ["*"], "actions": ["read"] }]);
    let added = daemon.http("POST", "/vault/agents", json!({ "name": "bot", "grants": grants }));
    let token = added.body["token"].as_str().unwrap().to_owned();
    let look = |more: &str, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\nHost: vault\r\n{more}\r\n");
        assert_eq!(200, wire::parse(&daemon.unended(request.as_bytes())).status, "{path}");
    };
    let dashboard = "X-Vault-Client: dashboard\r\n";
    let id = list(&daemon, "name=late")["secrets"][0]["id"].as_str().unwrap().to_owned();
    look(dashboard, "/vault/secrets");
    look("", "/vault/secrets");
    look(&format!("{dashboard}Authorization: Bearer {token}\r\n"), "/vault/secrets");
    look(dashboard, &format!("/vault/secrets/{id}/versions"));
    look(dashboard, &format!("/vault/secrets/{id}"));
    let all = log(&daemon, "");
    let shown = log(&daemon, "withoutOwnLooks=true");
    assert_eq!(all["total"].as_u64().unwrap() - 2, shown["total"].as_u64().unwrap());
    let values = |page: &Value| places_of(page, "decrypt");
    assert_eq!((1, 1), (values(&all), values(&shown)));
    let by_agent = |page: &Value| {
        let entries = page["entries"].as_array().unwrap();
        entries.iter().filter(|entry| entry["actor"] == "agent:bot").count()
    };
    assert_eq!((1, 1), (by_agent(&all), by_agent(&shown)));
}

#[test]
fn what_the_callers_own_process_did_since_a_moment_is_left_out_of_the_log() {
    let (home, daemon) = aging();
    let middle = daemon.audit()[2]["createdAt"].as_str().unwrap().to_owned();
    let other = Command::new(vaultctl()).arg("--home").arg(home.path("")).arg("list").output().unwrap();
    assert!(other.status.success(), "{other:?}");
    let is_left = |entry: &&Value| {
        let is_own = entry["peer"]["pid"] == json!(std::process::id());
        !(is_own && entry["createdAt"].as_str() >= Some(&middle))
    };
    let whole = log(&daemon, "limit=100");
    let left: Vec<_> = whole["entries"].as_array().unwrap().iter().filter(is_left).cloned().collect();
    let shown = log(&daemon, &format!("limit=100&withoutOwnSince={middle}"));
    assert_eq!((json!(left), json!(left.len())), (shown["entries"].clone(), shown["total"].clone()));
    let actions: Vec<_> = left.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        (Some(&"read"), Some(&"unlock")),
        (actions.first(), actions.last()),
        "another process and no process"
    );
    assert!(left.len() < whole["entries"].as_array().unwrap().len() && actions.contains(&"create"));
    let earlier = log(&daemon, "limit=100&withoutOwnSince=2001-01-01T00:00:00Z&action=create");
    assert_eq!(json!(0), earlier["total"], "all of them are this process's");
    let later = log(&daemon, "limit=100&withoutOwnSince=2999-01-01T00:00:00Z");
    assert_eq!(whole["total"], later["total"]);
    assert_eq!(400, daemon.http("GET", "/vault/audit-log?withoutOwnSince=today", NONE).status);
}

#[test]
fn the_actors_of_the_log_and_the_orgs_with_secrets_are_listed() {
    let (_home, daemon) = aging();
    daemon.create_with(json!({ "name": "a", "value": "v", "orgId": "acme" }));
    let uid = nix::unistd::geteuid();
    assert_eq!(json!({ "actors": ["system", format!("uid:{uid}")] }), daemon.get("/vault/audit-log/actors"));
    let orgs = json!([{ "orgId": "acme", "secrets": 1 }, { "orgId": "default", "secrets": 6 }]);
    assert_eq!(json!({ "orgs": orgs }), daemon.get("/vault/orgs"));
    let id = list(&daemon, "orgId=acme")["secrets"][0]["id"].as_str().unwrap().to_owned();
    daemon.http("DELETE", &format!("/vault/secrets/{id}"), NONE);
    assert_eq!(json!([{ "orgId": "default", "secrets": 6 }]), daemon.get("/vault/orgs")["orgs"]);
}

#[test]
fn an_agent_sees_the_orgs_of_its_grants_and_no_actor() {
    let (_home, daemon) = aging();
    daemon.create_with(json!({ "name": "a", "value": "v", "orgId": "acme" }));
    let grants = json!([{ "orgId": "default", "names": ["*gone"], "actions": ["read"] }]);
    let added = daemon.http("POST", "/vault/agents", json!({ "name": "bot", "grants": grants }));
    let bearer = format!("Bearer {}", added.body["token"].as_str().unwrap());
    let get = |path: &str| daemon.http_with("GET", path, ("Authorization", &bearer));
    assert_eq!(json!([{ "orgId": "default", "secrets": 2 }]), get("/vault/orgs").body["orgs"]);
    assert_eq!(403, get("/vault/audit-log/actors").status);
}

#[test]
fn what_needs_attention_is_one_look_in_the_log() {
    let (_home, daemon) = aging();
    daemon.create_with(
        json!({ "name": "a", "value": "v", "orgId": "acme", "expiresAt": "2020-01-01T00:00:00Z" }),
    );
    let before = daemon.audit()[0]["seq"].as_u64().unwrap();
    let upkeep = daemon.get("/vault/upkeep");
    let of = |page: &Value, list: &str| {
        let names = page[list]["secrets"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
        (names.map(str::to_owned).collect::<Vec<_>>().join(", "), page[list]["total"].as_u64().unwrap())
    };
    assert_eq!(("long gone, gone".to_owned(), 2), of(&upkeep, "expired"));
    assert_eq!(("soon".to_owned(), 1), of(&upkeep, "expiresSoon"));
    assert_eq!(6, of(&upkeep, "oldest").1);
    assert!(!upkeep.to_string().contains("\"value\""));
    let written = daemon.audit();
    assert_eq!((before + 1, &json!("read")), (written[0]["seq"].as_u64().unwrap(), &written[0]["action"]));
    assert_eq!(json!(9), written[0]["metadata"]["listed"]);
    let every = daemon.get("/vault/upkeep?orgId=*&limit=1");
    assert_eq!((of(&every, "expired").0.as_str(), of(&every, "expired").1), ("a", 3));
    assert_eq!(400, daemon.http("GET", "/vault/upkeep?limit=-1", NONE).status);
}

#[test]
fn an_agent_sees_what_needs_attention_of_its_own_secrets_alone() {
    let (_home, daemon) = aging();
    let grants = json!([{ "orgId": "default", "names": ["*gone"], "actions": ["read"] }]);
    let added = daemon.http("POST", "/vault/agents", json!({ "name": "bot", "grants": grants }));
    let bearer = format!("Bearer {}", added.body["token"].as_str().unwrap());
    let upkeep = daemon.http_with("GET", "/vault/upkeep", ("Authorization", &bearer)).body;
    let total = |list: &str| upkeep[list]["total"].as_u64().unwrap();
    assert_eq!((2, 0, 2), (total("expired"), total("expiresSoon"), total("oldest")));
}
