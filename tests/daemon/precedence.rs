//! Agents that may store names and replace nothing: what they store goes before no secret of others.

use serde_json::{Value, json};
use vault_testkit::Daemon;

use crate::agents::{agent, ask};
use crate::resolve::stocked;

/// Has an agent store a name, and returns the status and the code of the answer.
fn stores(daemon: &Daemon, token: &str, name: &str) -> (u16, String) {
    let answer = ask(daemon, token, ("POST", "/vault/secrets"), &json!({ "name": name, "value": "theirs" }));
    (answer.status, answer.code().to_owned())
}

fn forbidden() -> (u16, String) {
    (403, "forbidden".to_owned())
}

/// What goes before a stored secret in the answer to some question.
const BEFORE: [(&str, &str); 19] = [
    ("skill:openai:access_token", "openai"),
    ("skill:openai:api_key", "skill:openai"),
    ("skill:openai:api_key", "skill:openai:access_token"),
    ("skill:openai:api_key", "skill:openai:token"),
    ("skill:google:access_token", "gemini"),
    ("skill:google:access_token", "skill:gemini:api_key"),
    ("skill:google:access_token", "skill:gcp"),
    ("skill:gemini:apiKey", "skill:google:access-token"),
    ("skill:mine:token", "mine"),
    ("skill:mine:token", "skill:mine:api-key"),
    ("skill:mine", "skill:mine:token"),
    ("skill:gcp:token", "skill:gemini:accessToken"),
    ("skill:mine:apiKey", "skill:mine:access_token"),
    ("skill:mine:accessToken", "mine"),
    ("skill:mine:webhook_secret", "mine"),
    ("skill:mine:webhook_secret", "skill:mine:token"),
    ("skill:aws:region", "aws"),
    ("skill:smtp:password", "skill:smtp"),
    ("skill:database:connection_string", "database"),
];

#[test]
fn who_may_only_create_stores_nothing_that_goes_before_a_stored_secret() {
    for (stored, before) in BEFORE {
        let (_home, daemon) = stocked(&[stored]);
        let maker = agent(&daemon, "maker", &["create"], &["*"]);
        assert_eq!(forbidden(), stores(&daemon, &maker, before), "{before} before {stored}");
        assert_eq!(stored, daemon.resolve(stored).value());
    }
}

#[test]
fn of_a_platform_with_a_thousand_secrets_only_an_owner_stores_one_more() {
    let (_home, daemon) = stocked(&[]);
    let maker = agent(&daemon, "maker", &["create", "encrypt", "delete"], &["*"]);
    for fields in [0..500, 500..999] {
        let name =
            |field| format!("skill:{}:field_{field}", if field % 2 == 0 { "google" } else { "gemini" });
        let entries: Vec<_> = fields.map(|field| json!({ "name": name(field), "value": "v" })).collect();
        assert_eq!(200, daemon.http("POST", "/vault/import", json!({ "entries": entries })).status);
    }
    assert_eq!(201, stores(&daemon, &maker, "skill:gcp:last").0);
    assert_eq!(forbidden(), stores(&daemon, &maker, "skill:google:more"));
    assert_eq!(forbidden(), stores(&daemon, &maker, "skill:gemini:more"));
    for other in ["skill:mine:more", "more", "google-more"] {
        assert_eq!(201, stores(&daemon, &maker, other).0, "{other}");
    }
    daemon.create("skill:google:owners", "v");
}

#[test]
fn who_may_replace_a_secret_may_store_what_goes_before_it() {
    for (stored, before) in BEFORE {
        let (_home, daemon) = stocked(&[stored]);
        let keeper = agent(&daemon, "keeper", &["create", "encrypt"], &["*"]);
        assert_eq!(201, stores(&daemon, &keeper, before).0, "{before} before {stored}");
    }
}

#[test]
fn the_right_to_replace_counts_for_the_secret_that_would_be_behind() {
    let (_home, daemon) = stocked(&["skill:openai:api_key"]);
    let grants = json!([
        { "names": ["openai"], "actions": ["create", "encrypt"] },
        { "names": ["skill:openai:api_key"], "actions": ["read", "decrypt"] },
    ]);
    let added = daemon.http("POST", "/vault/agents", json!({ "name": "bot", "grants": grants }));
    let token = added.body["token"].as_str().unwrap();
    assert_eq!(forbidden(), stores(&daemon, token, "openai"));
}

#[test]
fn an_owner_may_store_every_name() {
    for (stored, before) in BEFORE {
        let (_home, daemon) = stocked(&[stored]);
        daemon.create(before, "v");
    }
}

#[test]
fn what_goes_before_nothing_is_stored_with_create_alone() {
    let (_home, daemon) = stocked(&["skill:openai:access_token", "skill:mine:webhook_secret", "a"]);
    let maker = agent(&daemon, "maker", &["create"], &["*"]);
    for name in
        ["skill:openai:base_url", "skill:mine:other", "other", "skill:slack:token", "b", "skill:openai2"]
    {
        assert_eq!(201, stores(&daemon, &maker, name).0, "{name}");
    }
}

#[test]
fn a_platforms_fields_are_judged_as_each_name_is() {
    let (_home, daemon) = stocked(&["skill:openai:api_key"]);
    let maker = agent(&daemon, "maker", &["create"], &["*"]);
    let fields = json!({ "fields": { "access_token": "theirs" } });
    assert_eq!(403, ask(&daemon, &maker, ("POST", "/vault/platforms/openai"), &fields).status);
    let fields = json!({ "fields": { "access_token": "theirs" } });
    assert_eq!(201, ask(&daemon, &maker, ("POST", "/vault/platforms/anthropic"), &fields).status);
}

#[test]
fn another_org_is_another_place() {
    let (_home, daemon) = stocked(&["skill:openai:api_key"]);
    let maker = agent(&daemon, "maker", &["create"], &["*"]);
    let other = json!({ "name": "openai", "value": "theirs", "orgId": "other" });
    assert_eq!(201, ask(&daemon, &maker, ("POST", "/vault/secrets"), &other).status);
}

#[test]
fn the_refusal_names_the_secret_to_its_readers_and_to_the_log() {
    let (_home, daemon) = stocked(&["skill:openai:api_key"]);
    let blind = agent(&daemon, "blind", &["create"], &["*"]);
    let reader = agent(&daemon, "reader", &["create", "read"], &["*"]);
    let store = json!({ "name": "openai", "value": "theirs" });
    let named =
        |token: &str| ask(&daemon, token, ("POST", "/vault/secrets"), &store).text.contains("api_key");
    assert_eq!((false, true), (named(&blind), named(&reader)));
    let entry: Value = daemon.audit()[0].clone();
    assert_eq!(
        (json!("encrypt"), json!("denied"), json!("skill:openai:api_key"), json!("openai")),
        (
            entry["action"].clone(),
            entry["outcome"].clone(),
            entry["entryName"].clone(),
            entry["metadata"]["storing"].clone()
        )
    );
}

#[test]
fn an_agents_second_spelling_is_a_conflict() {
    let (_home, daemon) = stocked(&["skill:x:client-id", "skill:aws:accessKeyId"]);
    let maker = agent(&daemon, "maker", &["create"], &["*"]);
    for name in [
        "skill:x:client-id",
        "skill:x:client_id",
        "skill:x:clientId",
        "skill:aws:access_key_id",
        "skill:aws-services:access_key_id",
    ] {
        assert_eq!((409, "conflict".to_owned()), stores(&daemon, &maker, name));
    }
}

#[test]
fn a_test_of_the_agent_says_that_it_may_not_store_what_goes_before() {
    let (_home, daemon) = stocked(&["skill:openai:api_key"]);
    agent(&daemon, "maker", &["create"], &["*"]);
    let tested = |name: &str| {
        let asked = json!({ "action": "create", "secret": name });
        daemon.http("POST", "/vault/agents/maker/test", asked).body
    };
    assert_eq!(json!(true), tested("skill:openai:base_url")["allowed"]);
    let denied = tested("openai");
    assert_eq!(json!(false), denied["allowed"]);
    assert!(denied["rule"].as_str().unwrap().contains("skill:openai:api_key"), "{denied}");
}
