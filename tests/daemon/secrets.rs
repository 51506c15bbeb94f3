//! Storing, reading, listing and deleting secrets, in the shapes that `AgenticMail`'s own tools expect.

use serde_json::{Value, json};
use vault_testkit::search::contains;
use vault_testkit::{Daemon, Home, NO_ID, NONE, wait_for};

const MIB: usize = 1024 * 1024;

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn daemon() -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    (home, daemon)
}

fn names(list: &Value) -> Vec<&str> {
    list["secrets"].as_array().unwrap().iter().map(|secret| secret["name"].as_str().unwrap()).collect()
}

#[test]
fn a_created_secret_is_answered_with_201_success_and_its_entry() {
    let (_home, daemon) = daemon();
    let answer = daemon.http("POST", "/vault/secrets", json!({ "name": "a", "value": "v" }));
    assert_eq!((201, vec!["entry", "success"]), (answer.status, keys(&answer.body)));
    assert_eq!(json!(true), answer.body["success"]);
}

#[test]
fn an_entry_has_exactly_the_documented_fields() {
    let (_home, daemon) = daemon();
    let entry = daemon.create_with(json!({ "name": "a", "value": "v" }));
    let mut documented = [
        "id",
        "orgId",
        "name",
        "category",
        "metadata",
        "version",
        "revision",
        "createdBy",
        "createdAt",
        "updatedAt",
        "rotatedAt",
        "versionCreatedAt",
        "expiresAt",
    ];
    documented.sort_unstable();
    assert_eq!(documented[..], keys(&entry)[..]);
}

#[test]
fn a_list_has_secrets_and_their_total_and_no_value() {
    let (_home, daemon) = daemon();
    daemon.create("a", "the value");
    let answer = daemon.http("GET", "/vault/secrets", NONE);
    assert_eq!((200, vec!["secrets", "total"]), (answer.status, keys(&answer.body)));
    assert_eq!(json!(1), answer.body["total"]);
    assert!(!answer.text.contains("the value"));
}

#[test]
fn a_read_secret_is_an_entry_and_its_value() {
    let (_home, daemon) = daemon();
    let answer = daemon.secret(&daemon.create("a", "wörth ¤\n\"\\"));
    assert_eq!((200, vec!["entry", "value"]), (answer.status, keys(&answer.body)));
    assert_eq!("wörth ¤\n\"\\", answer.value());
}

#[test]
fn a_deleted_secret_answers_success_and_is_not_found_again() {
    let (_home, daemon) = daemon();
    let target = format!("/vault/secrets/{}", daemon.create("a", "v"));
    assert_eq!(json!({ "success": true }), daemon.http("DELETE", &target, NONE).body);
    assert_eq!(404, daemon.http("GET", &target, NONE).status);
    assert_eq!(404, daemon.http("DELETE", &target, NONE).status);
}

#[test]
fn an_unknown_id_and_a_text_that_is_no_id_are_not_found() {
    let (_home, daemon) = daemon();
    for id in [NO_ID, "1", "%2e%2e", "a%20b"] {
        assert_eq!((404, "not_found"), (daemon.secret(id).status, daemon.secret(id).code()), "{id}");
    }
}

#[test]
fn without_an_org_a_secret_lands_in_default() {
    let (_home, daemon) = daemon();
    assert_eq!(json!("default"), daemon.create_with(json!({ "name": "a", "value": "v" }))["orgId"]);
    assert_eq!(json!(1), daemon.get("/vault/secrets?orgId=default")["total"]);
}

#[test]
fn a_missing_category_is_the_presets_else_skill_credential_else_custom() {
    let (_home, daemon) = daemon();
    let category = |name: &str| daemon.create_with(json!({ "name": name, "value": "v" }))["category"].clone();
    assert_eq!(json!("cloud_storage"), category("skill:aws:region"));
    assert_eq!(json!("deploy"), category("skill:smtp:password"));
    assert_eq!(json!("skill_credential"), category("skill:nobody-knows:token"));
    assert_eq!(json!("custom"), category("plain"));
}

#[test]
fn a_given_category_wins_and_an_unknown_one_is_refused() {
    let (_home, daemon) = daemon();
    let given = json!({ "name": "skill:aws:region", "value": "v", "category": "api_key" });
    assert_eq!(json!("api_key"), daemon.create_with(given)["category"]);
    let unknown =
        daemon.http("POST", "/vault/secrets", json!({ "name": "b", "value": "v", "category": "x" }));
    assert_eq!((400, "invalid_request"), (unknown.status, unknown.code()));
}

#[test]
fn metadata_and_expiry_come_back_as_they_were_given() {
    let (_home, daemon) = daemon();
    let metadata = json!({ "team": "é", "n": [1, { "deep": null }] });
    let entry = daemon.create_with(
        json!({ "name": "a", "value": "v", "metadata": metadata, "expiresAt": "2099-01-01T01:00:00+01:00" }),
    );
    assert_eq!((&metadata, &json!("2099-01-01T00:00:00.000Z")), (&entry["metadata"], &entry["expiresAt"]));
}

#[test]
fn who_made_a_secret_is_the_caller_whatever_he_claims() {
    let (_home, daemon) = daemon();
    let entry = daemon.create_with(json!({ "name": "a", "value": "v", "createdBy": "the boss" }));
    assert_eq!(json!(format!("uid:{}", nix::unistd::geteuid())), entry["createdBy"]);
    assert_eq!(json!("the boss"), daemon.audit()[0]["metadata"]["claimedCreatedBy"]);
}

#[test]
fn a_taken_name_is_a_conflict_in_its_org_alone() {
    let (_home, daemon) = daemon();
    daemon.create("a", "v");
    let again = daemon.http("POST", "/vault/secrets", json!({ "name": "a", "value": "w" }));
    assert_eq!((409, "conflict"), (again.status, again.code()));
    daemon.create_with(json!({ "name": "a", "value": "w", "orgId": "other" }));
    assert_eq!(2, daemon.total());
}

#[test]
fn a_name_differs_by_case_and_by_normalisation() {
    let (_home, daemon) = daemon();
    for name in ["key", "KEY", "\u{e9}", "e\u{301}"] {
        daemon.create(name, "v");
    }
    assert_eq!(4, daemon.total());
}

#[test]
fn a_bad_name_is_refused() {
    let (_home, daemon) = daemon();
    let long = "n".repeat(257);
    let bad = [
        "",
        " a",
        "a ",
        "a\tb",
        "a\nb",
        "a\0b",
        "\u{a0}a",
        "a\u{7f}",
        &long,
        "skill:",
        "skill::a",
        "skill:a:",
        "skill:A:b",
        "skill:UPPER:x",
        "skill:UPPER",
        "skill:a:b:c",
        "skill:a b:c",
        "skill:ä:b",
    ];
    for name in bad {
        let answer = daemon.http("POST", "/vault/secrets", json!({ "name": name, "value": "v" }));
        assert_eq!((400, "invalid_request"), (answer.status, answer.code()), "{name:?}");
    }
    assert_eq!(0, daemon.total());
}

#[test]
fn a_name_may_have_256_bytes_and_any_script() {
    let (_home, daemon) = daemon();
    for name in [
        "é".repeat(128),
        "n".repeat(256),
        "🔑 ключ".to_owned(),
        "skill:a.b_c-1:d".to_owned(),
        "skill:aws:accessKeyId".to_owned(),
        "skill:x".to_owned(),
    ] {
        let id = daemon.create(&name, "v");
        assert_eq!(json!(name), daemon.secret(&id).body["entry"]["name"]);
    }
}

#[test]
fn a_bad_org_is_refused() {
    let (_home, daemon) = daemon();
    for org in ["", "*", " a", "a\nb"] {
        let answer =
            daemon.http("POST", "/vault/secrets", json!({ "name": "a", "value": "v", "orgId": org }));
        assert_eq!((400, "invalid_request"), (answer.status, answer.code()), "{org:?}");
    }
}

#[test]
fn a_value_of_one_byte_and_one_of_a_mebibyte_come_back() {
    let (_home, daemon) = daemon();
    for (name, value) in [("small", "x".to_owned()), ("large", "y".repeat(MIB))] {
        assert!(daemon.secret(&daemon.create(name, &value)).value() == value, "{name}");
    }
}

#[test]
fn an_empty_value_is_refused_and_one_over_a_mebibyte_is_too_large() {
    let (_home, daemon) = daemon();
    let create =
        |value: String| daemon.http("POST", "/vault/secrets", json!({ "name": "a", "value": value }));
    assert_eq!((400, "invalid_request"), (create(String::new()).status, create(String::new()).code()));
    for value in ["y".repeat(MIB + 1), "é".repeat(MIB / 2 + 1), "z".repeat(3 * MIB)] {
        let answer = create(value);
        assert_eq!((413, "too_large"), (answer.status, answer.code()));
    }
    assert_eq!(0, daemon.total());
}

#[test]
fn metadata_over_16_kib_is_refused() {
    let (_home, daemon) = daemon();
    let create = |name: &str, length: usize| {
        let metadata = json!({ "k": "m".repeat(length) });
        daemon
            .http("POST", "/vault/secrets", json!({ "name": name, "value": "v", "metadata": metadata }))
            .status
    };
    // {"k":""} takes eight bytes.
    assert_eq!((201, 400), (create("a", 16 * 1024 - 8), create("b", 16 * 1024 - 7)));
}

#[test]
fn an_expired_secret_is_not_handed_out_and_the_words_say_when_it_expired() {
    let (_home, daemon) = daemon();
    let entry = daemon
        .create_with(json!({ "name": "skill:x:token", "value": "v", "expiresAt": "2020-02-03T04:05:06Z" }));
    for answer in [daemon.secret(entry["id"].as_str().unwrap()), daemon.resolve("skill:x:token")] {
        assert_eq!((404, "not_found"), (answer.status, answer.code()));
        assert!(answer.error().contains("expired at 2020-02-03T04:05:06.000Z"), "{}", answer.error());
        assert_eq!("2020-02-03T04:05:06.000Z", answer.body["expiredAt"]);
    }
    let refused = daemon.rpc("vault.resolve", json!({ "name": "skill:x:token" }));
    assert_eq!("2020-02-03T04:05:06.000Z", refused["error"]["data"]["expiredAt"]);
    assert!(daemon.resolve("expired").body["expiredAt"].is_null());
}

#[test]
fn no_other_name_is_tried_in_place_of_an_expired_one() {
    let (_home, daemon) = daemon();
    daemon.create_with(
        json!({ "name": "skill:x:access_token", "value": "v", "expiresAt": "2020-01-01T00:00:00Z" }),
    );
    daemon.create("skill:x:api_key", "v");
    assert!(daemon.resolve("x").error().contains("expired"));
}

#[test]
fn an_expired_secret_is_still_listed_and_can_be_deleted() {
    let (_home, daemon) = daemon();
    let entry = daemon.create_with(json!({ "name": "a", "value": "v", "expiresAt": "2020-01-01T00:00:00Z" }));
    assert_eq!(vec!["a"], names(&daemon.get("/vault/secrets")));
    let target = format!("/vault/secrets/{}", entry["id"].as_str().unwrap());
    assert_eq!(200, daemon.http("DELETE", &target, NONE).status);
}

#[test]
fn what_was_deleted_is_in_neither_the_database_nor_its_wal() {
    let (home, daemon) = daemon();
    let id = daemon.create("a", "a value of some length, sealed");
    let sealed: Vec<u8> =
        home.database().query_row("SELECT sealed FROM secret", [], |row| row.get(0)).unwrap();
    let stored =
        || contains(&home.read("vault.db"), &sealed) || contains(&home.read("vault.db-wal"), &sealed);
    assert!(stored());
    daemon.http("DELETE", &format!("/vault/secrets/{id}"), NONE);
    assert!(!stored());
}

#[test]
fn a_version_that_is_no_longer_kept_leaves_the_wal_soon() {
    let (home, daemon) = daemon();
    let id = daemon.create("a", "the first value, of some length");
    let sealed: Vec<u8> =
        home.database().query_row("SELECT sealed FROM secret", [], |row| row.get(0)).unwrap();
    let stored =
        || contains(&home.read("vault.db"), &sealed) || contains(&home.read("vault.db-wal"), &sealed);
    for number in 2..=10 {
        let update = json!({ "value": format!("value {number}") });
        assert_eq!(200, daemon.http("PUT", &format!("/vault/secrets/{id}"), update).status);
    }
    assert!(stored(), "ten versions are kept");
    daemon.http("PUT", &format!("/vault/secrets/{id}"), json!({ "value": "value 11" }));
    wait_for("the end of the first version", || (!stored()).then_some(()));
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let (home, daemon) = daemon();
    let id = daemon.create("a", "kept");
    daemon.kill();
    assert_eq!("kept", Daemon::start(&home).secret(&id).value());
}

#[test]
fn status_counts_secrets_by_category_in_all_orgs_or_in_one() {
    let (_home, daemon) = daemon();
    daemon.create("a", "v");
    daemon.create_with(json!({ "name": "skill:openai:token", "value": "v", "orgId": "o" }));
    let all = daemon.get("/vault/status");
    assert_eq!(
        (json!(2), json!(1)),
        (all["totalEntries"].clone(), all["entriesByCategory"]["custom"].clone())
    );
    let one = daemon.get("/vault/status?orgId=o");
    assert_eq!(
        (json!(1), json!(0)),
        (one["totalEntries"].clone(), one["entriesByCategory"]["custom"].clone())
    );
}
