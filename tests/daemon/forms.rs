//! A value that does not have the form that its preset knows: stored, with a warning that repeats nothing of it.

use serde_json::{Value, json};
use vault_testkit::Daemon;

use crate::resolve::stocked;

const ODD: &str = "odd-value-0123";
const OPENAI: &str = "sk-0123456789abcdefghij0123456789abcdefghij";

/// Lists the codes of an answer's warnings, and asserts that none of them repeats the value.
fn warned(answer: &Value) -> Vec<&str> {
    let warnings = answer["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(!answer["warnings"].to_string().contains(ODD), "{answer}");
    assert!(warnings.iter().all(|one| one["hint"].as_str().unwrap().contains("vaultctl set skill:")));
    warnings.iter().map(|one| one["code"].as_str().unwrap()).collect()
}

/// Stores and replaces over both protocols; returns the answers.
fn stored(daemon: &Daemon, name: &str, value: &str) -> [Value; 4] {
    let (new, given) = (json!({ "name": name, "value": value }), json!({ "value": value }));
    let made = daemon.http("POST", "/vault/secrets", new.clone()).body;
    let replaced = daemon.http("PUT", &format!("/vault/secrets?name={name}"), given).body;
    let again = daemon.stream("vault.update", new.clone())["result"].clone();
    daemon.http("DELETE", &format!("/vault/secrets?name={name}"), json!(null));
    [made, replaced, again, daemon.stream("vault.create", new)["result"].clone()]
}

#[test]
fn a_value_of_an_unusual_form_is_stored_with_a_warning_by_all_who_store_it() {
    let (_home, daemon) = stocked(&[]);
    for name in ["skill:openai:access_token", "skill:twilio-sms:accountSid", "skill:stripe:api_key"] {
        for answer in stored(&daemon, name, ODD) {
            assert_eq!(
                (json!(true), vec!["unusual_form"]),
                (answer["success"].clone(), warned(&answer)),
                "{name}"
            );
        }
        assert_eq!(ODD, daemon.resolve(name).value());
    }
    let platform =
        |fields: Value| daemon.http("POST", "/vault/platforms/github", json!({ "fields": fields })).body;
    assert_eq!(vec!["unusual_form"], warned(&platform(json!({ "access_token": ODD }))));
}

#[test]
fn a_usual_value_and_one_that_no_preset_knows_are_stored_without_a_word() {
    let (_home, daemon) = stocked(&[]);
    for (name, value) in [
        ("skill:openai:access_token", OPENAI),
        ("skill:mine:access_token", ODD),
        ("openai", ODD),
        ("skill:openai:base_url", ODD),
    ] {
        for answer in stored(&daemon, name, value) {
            assert_eq!(
                (json!(true), &Value::Null),
                (answer["success"].clone(), &answer["warnings"]),
                "{name}"
            );
        }
    }
}

#[test]
fn what_gives_no_value_says_nothing_of_the_one_that_is_stored() {
    let (_home, daemon) = stocked(&["skill:openai:access_token"]);
    daemon.http("PUT", "/vault/secrets?name=skill:openai:access_token", json!({ "value": OPENAI }));
    let name = "skill:openai:access_token";
    for (verb, path, body) in [
        ("POST", "/vault/secrets/rollback", json!({ "name": name, "version": 1 })),
        ("POST", "/vault/secrets/rotate", json!({ "name": name })),
        ("PUT", "/vault/secrets?name=skill:openai:access_token", json!({ "category": "deploy" })),
    ] {
        let answer = daemon.http(verb, path, body);
        assert_eq!((200, &Value::Null), (answer.status, &answer.body["warnings"]), "{path}");
    }
}
