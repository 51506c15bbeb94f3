//! What `AgenticMail`'s own server does, and its tools and its page rely on.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE};

fn daemon() -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    (home, daemon)
}

fn import(daemon: &Daemon, entries: &Value, on_conflict: &str) -> (u16, Value) {
    let answer =
        daemon.http("POST", "/vault/import", json!({ "entries": entries, "onConflict": on_conflict }));
    (answer.status, answer.body)
}

#[test]
fn the_categories_that_it_stores_secrets_under_are_taken_and_found() {
    let (_home, daemon) = daemon();
    for category in ["oauth_app", "org_integration", "database_credential"] {
        let entry = daemon.create_with(json!({ "name": category, "value": "v", "category": category }));
        assert_eq!(json!(category), entry["category"]);
        let found = daemon.get(&format!("/vault/secrets?category={category}"));
        assert_eq!((json!(1), &json!(category)), (found["total"].clone(), &found["secrets"][0]["name"]));
        assert_eq!(json!(1), daemon.get("/vault/status")["entriesByCategory"][category]);
    }
    for path in ["/vault/secrets?category=oauth", "/vault/secrets?category=OAUTH_APP"] {
        assert_eq!(400, daemon.http("GET", path, NONE).status, "{path}");
    }
}

#[test]
fn the_categories_to_choose_from_are_the_five() {
    let (_home, daemon) = daemon();
    assert_eq!(5, daemon.get("/vault/presets")["categories"].as_array().unwrap().len());
    assert_eq!(5, daemon.get("/vault/status")["entriesByCategory"].as_object().unwrap().len());
}

#[test]
fn an_empty_category_is_none() {
    let (_home, daemon) = daemon();
    for (name, category) in
        [("a", "custom"), ("skill:aws:region", "cloud_storage"), ("skill:x:y", "skill_credential")]
    {
        let entry = daemon.create_with(json!({ "name": name, "value": "v", "category": "" }));
        assert_eq!(json!(category), entry["category"], "{name}");
    }
    let number = daemon.http("POST", "/vault/secrets", json!({ "name": "b", "value": "v", "category": 1 }));
    assert_eq!(400, number.status);
}

#[test]
fn a_rotation_may_name_the_secrets_org_and_no_other() {
    let (_home, daemon) = daemon();
    let entry = daemon.create_with(json!({ "name": "a", "value": "v", "orgId": "acme" }));
    let target = format!("/vault/secrets/{}/rotate", entry["id"].as_str().unwrap());
    for (body, status) in [
        (json!({ "orgId": "acme" }), 200),
        (json!({}), 200),
        (NONE, 200),
        (json!({ "orgId": "default" }), 404),
        (json!({ "orgId": "acme", "colour": "red" }), 400),
    ] {
        assert_eq!(status, daemon.http("POST", &target, body.clone()).status, "{body}");
    }
    let entries = daemon.audit();
    let outcome = |at: usize| entries[at]["outcome"].as_str().unwrap().to_owned();
    assert_eq!(("failed".to_owned(), "ok".to_owned()), (outcome(0), outcome(1)));
}

#[test]
fn an_empty_org_of_a_request_by_name_is_the_default_one() {
    let (_home, daemon) = daemon();
    daemon.create("a", "first");
    let target = "/vault/secrets?name=a&orgId=";
    assert_eq!(200, daemon.http("PUT", target, json!({ "value": "second" })).status);
    assert_eq!("second", daemon.resolve("a").value());
    assert_eq!(200, daemon.http("DELETE", target, NONE).status);
    for target in ["/vault/secrets?name=", "/vault/secrets"] {
        assert_eq!(400, daemon.http("DELETE", target, NONE).status, "{target}");
    }
}

#[test]
fn what_an_import_says_of_the_past_is_kept_as_a_claim() {
    let (_home, daemon) = daemon();
    let entries = json!([
        { "name": "a", "value": "v", "createdAt": "2024-05-06T07:08:09Z", "createdBy": "alice" },
        { "name": "b", "value": "v", "createdAt": "2999-01-01T00:00:00Z", "createdBy": "system" },
        { "name": "c", "value": "v", "createdBy": "uid:0" },
        { "name": "d", "value": "v" },
    ]);
    assert_eq!(200, import(&daemon, &entries, "fail").0);
    let list = daemon.get("/vault/secrets");
    let uid = format!("uid:{}", nix::unistd::geteuid());
    let of = |at: usize, field: &str| list["secrets"][at][field].as_str().unwrap().to_owned();
    let makers: Vec<_> = (0..4).map(|at| of(at, "createdBy")).collect();
    assert_eq!(["claimed:alice", "claimed:system", "claimed:uid:0", &uid], makers[..]);
    assert_eq!("2024-05-06T07:08:09.000Z", of(0, "createdAt"));
    assert_eq!((of(1, "updatedAt"), of(3, "updatedAt")), (of(1, "createdAt"), of(3, "createdAt")));
    let migrated = &daemon.get("/vault/audit-log?action=migrate&search=a")["entries"];
    let first = migrated.as_array().unwrap().iter().find(|entry| entry["entryName"] == "a").unwrap();
    assert_eq!(
        (&json!(uid), &json!("alice"), &json!("2024-05-06T07:08:09.000Z")),
        (&first["actor"], &first["metadata"]["claimedCreatedBy"], &first["metadata"]["claimedCreatedAt"])
    );
    let id = of(0, "id");
    let versions = daemon.get(&format!("/vault/secrets/{id}/versions"));
    assert_eq!(json!(uid), versions["versions"][0]["createdBy"]);
}

#[test]
fn a_claim_that_is_none_is_refused_and_a_stored_secret_keeps_its_past() {
    let (_home, daemon) = daemon();
    for claim in [json!(""), json!("a\nb"), json!("x".repeat(257)), json!(1)] {
        let entries = json!([{ "name": "a", "value": "v", "createdBy": claim }]);
        assert_eq!(400, import(&daemon, &entries, "fail").0, "{claim}");
    }
    let before = daemon.create_with(json!({ "name": "a", "value": "v" }));
    let entries =
        json!([{ "name": "a", "value": "w", "createdAt": "2024-01-01T00:00:00Z", "createdBy": "alice" }]);
    assert_eq!(json!(1), import(&daemon, &entries, "overwrite").1["overwritten"]);
    let after = &daemon.get("/vault/secrets")["secrets"][0];
    for field in ["createdAt", "createdBy"] {
        assert_eq!(before[field], after[field], "{field}");
    }
}

#[test]
fn another_spelling_of_a_stored_field_is_the_same_secret_to_an_import() {
    let (_home, daemon) = daemon();
    daemon.create("skill:aws:accessKeyId", "first");
    let entries = json!([{ "name": "skill:aws:access_key_id", "value": "second" }]);
    let (status, refused) = import(&daemon, &entries, "fail");
    assert_eq!(409, status);
    assert!(refused["error"].as_str().unwrap().contains("skill:aws:accessKeyId"), "{refused}");
    let planned = daemon.http("POST", "/vault/import", json!({ "entries": entries, "dryRun": true }));
    assert_eq!(json!("conflict"), planned.body["entries"][0]["outcome"]);
    assert_eq!(json!(1), import(&daemon, &entries, "skip").1["skipped"]);
    assert_eq!(json!(1), import(&daemon, &entries, "overwrite").1["overwritten"]);
    assert_eq!("second", daemon.resolve("skill:aws:accessKeyId").value());
}

#[test]
fn two_spellings_in_one_import_are_named() {
    let (_home, daemon) = daemon();
    for names in [["skill:x:apiKey", "skill:x:api_key"], ["skill:x:a-b", "skill:x:aB"], ["same", "same"]] {
        let entries: Vec<_> = names.iter().map(|name| json!({ "name": name, "value": "v" })).collect();
        let (status, refused) = import(&daemon, &json!(entries), "overwrite");
        assert_eq!(400, status);
        assert!(refused["error"].as_str().unwrap().contains(names[1]), "{refused}");
    }
    assert_eq!(0, daemon.total());
}
