//! Auto-discovery: which stored name answers to what a tool asks for, and which never does.

use serde_json::json;
use vault_testkit::{Daemon, Home, NONE};

use crate::agents::{agent, ask};

/// Starts a vault in which each name's value is the name itself.
pub(crate) fn stocked(names: &[&str]) -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for name in names {
        daemon.create(name, name);
    }
    (home, daemon)
}

/// Asserts which stored name answers to each asked one; the empty text stands for none.
fn assert_resolves(daemon: &Daemon, expected: &[(&str, &str)]) {
    for (asked, found) in expected {
        let answer = daemon.resolve(asked);
        assert_eq!(
            (*found, *found),
            (answer.value(), answer.body["name"].as_str().unwrap_or_default()),
            "{asked}"
        );
        assert_eq!(if found.is_empty() { 404 } else { 200 }, answer.status, "{asked}");
    }
}

#[test]
fn a_resolved_secret_is_its_stored_name_its_value_and_its_entry() {
    let (_home, daemon) = stocked(&["skill:openai:access_token"]);
    let body = daemon.resolve("openai").body;
    let fields: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(vec!["entry", "name", "value"], fields);
    assert_eq!(body["name"], body["entry"]["name"]);
}

#[test]
fn an_exact_name_always_wins() {
    let (_home, daemon) =
        stocked(&["openai", "skill:openai", "skill:openai:api_key", "skill:openai:access_token"]);
    assert_resolves(
        &daemon,
        &[
            ("openai", "openai"),
            ("skill:openai", "skill:openai"),
            ("skill:openai:api_key", "skill:openai:api_key"),
        ],
    );
}

#[test]
fn a_platform_alone_gives_access_token_then_api_key_then_token_then_itself() {
    let order = ["skill:x:access_token", "skill:x:api_key", "skill:x:token", "skill:x"];
    let (_home, daemon) = stocked(&order);
    for best in order {
        let answer = daemon.resolve("x");
        assert_eq!(best, answer.value());
        let id = answer.body["entry"]["id"].as_str().unwrap().to_owned();
        daemon.http("DELETE", &format!("/vault/secrets/{id}"), NONE);
    }
    assert_eq!(404, daemon.resolve("x").status);
}

#[test]
fn the_three_usual_fields_stand_in_for_each_other() {
    let (_home, daemon) = stocked(&["skill:a:api_key", "skill:b:token", "skill:c:access_token"]);
    for (platform, field) in [("a", "api_key"), ("b", "token"), ("c", "access_token")] {
        for asked in ["access_token", "api_key", "token"] {
            assert_eq!(
                format!("skill:{platform}:{field}"),
                daemon.resolve(&format!("skill:{platform}:{asked}")).value()
            );
        }
    }
}

#[test]
fn camel_case_and_kebab_case_find_their_snake_case_twin() {
    let (_home, daemon) = stocked(&["skill:x:webhook_secret", "skill:x:access_token"]);
    assert_resolves(
        &daemon,
        &[
            ("skill:x:webhookSecret", "skill:x:webhook_secret"),
            ("skill:x:webhook-secret", "skill:x:webhook_secret"),
            ("skill:x:apiKey", "skill:x:access_token"),
            ("skill:x:access-token", "skill:x:access_token"),
        ],
    );
}

#[test]
fn any_spelling_finds_what_is_stored_in_another_before_what_stands_in_for_it() {
    let (_home, daemon) = stocked(&[
        "skill:trello-cards:apiKey",
        "skill:datadog:apiKey",
        "skill:x:api-key",
        "skill:x:token",
        "skill:y:webhook.secret",
        "skill:twilio-sms:authToken",
    ]);
    assert_resolves(
        &daemon,
        &[
            ("skill:trello-cards:api_key", "skill:trello-cards:apiKey"),
            ("skill:trello:app_key", "skill:trello-cards:apiKey"),
            ("skill:datadog-monitoring:api_key", "skill:datadog:apiKey"),
            ("skill:x:api_key", "skill:x:api-key"),
            ("x", "skill:x:api-key"),
            ("skill:y:webhookSecret", "skill:y:webhook.secret"),
            ("skill:twilio:access_token", "skill:twilio-sms:authToken"),
            ("twilio", "skill:twilio-sms:authToken"),
        ],
    );
}

#[test]
fn a_presets_alias_finds_the_platform() {
    let (_home, daemon) =
        stocked(&["skill:telegram:access_token", "skill:aws:access_key_id", "skill:google:access_token"]);
    assert_resolves(
        &daemon,
        &[
            ("telegram-bot", "skill:telegram:access_token"),
            ("skill:telegram-bot:token", "skill:telegram:access_token"),
            ("skill:aws-services:access_key_id", "skill:aws:access_key_id"),
            ("gemini", "skill:google:access_token"),
            ("google-cloud", "skill:google:access_token"),
        ],
    );
}

#[test]
fn every_alias_of_the_description_is_known() {
    let platforms = ["telegram", "aws", "twilio", "sendgrid", "cloudflare", "hubspot"];
    let names: Vec<_> = platforms.iter().map(|platform| format!("skill:{platform}:token")).collect();
    let (_home, daemon) = stocked(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for alias in
        ["telegram-bot", "aws-services", "twilio-sms", "sendgrid-email", "cloudflare-cdn", "hubspot-crm"]
    {
        assert_eq!(200, daemon.resolve(alias).status, "{alias}");
    }
}

#[test]
fn slack_never_finds_slackbot_and_nothing_else_is_guessed() {
    let (_home, daemon) =
        stocked(&["skill:slackbot:token", "skill:slackbot", "MY_OPENAI_KEY", "skill:x:webhook_secret"]);
    assert_resolves(
        &daemon,
        &[
            ("skill:slack", ""),
            ("slack", ""),
            ("skill:slackbo", ""),
            ("SLACKBOT", ""),
            ("openai", ""),
            ("skill:x:secret", ""),
            ("skill:x:webhook", ""),
            ("skill:x:%", ""),
        ],
    );
}

#[test]
fn a_field_that_is_no_key_has_no_stand_in() {
    let (_home, daemon) = stocked(&["skill:x:access_token"]);
    assert_resolves(&daemon, &[("skill:x:client_id", ""), ("skill:x:password", "")]);
}

#[test]
fn a_name_is_looked_for_in_the_asked_org_alone() {
    let (_home, daemon) = stocked(&["skill:x:token"]);
    daemon.create_with(json!({ "name": "skill:y:token", "value": "y", "orgId": "other" }));
    assert_resolves(&daemon, &[("x", "skill:x:token"), ("y", "")]);
    let other = |name: &str| daemon.http("GET", &format!("/vault/resolve/{name}?orgId=other"), NONE).status;
    assert_eq!((404, 200), (other("x"), other("y")));
}

#[test]
fn resolving_takes_one_org_and_not_all() {
    let (_home, daemon) = stocked(&["skill:x:token"]);
    let answer = daemon.http("GET", "/vault/resolve/x?orgId=*", NONE);
    assert_eq!((400, "invalid_request"), (answer.status, answer.code()));
}

#[test]
fn the_log_names_what_was_found_and_keeps_what_was_asked() {
    let (_home, daemon) = stocked(&["skill:telegram:access_token"]);
    daemon.resolve("telegram-bot");
    let entry = &daemon.audit()[0];
    assert_eq!(
        (json!("decrypt"), json!("skill:telegram:access_token"), json!("telegram-bot")),
        (entry["action"].clone(), entry["entryName"].clone(), entry["metadata"]["asked"].clone())
    );
}

#[test]
fn a_miss_is_recorded_as_a_failed_decrypt_of_the_asked_name() {
    let (_home, daemon) = stocked(&[]);
    daemon.resolve("skill:x:token");
    let entry = &daemon.audit()[0];
    assert_eq!(
        (json!("decrypt"), json!("failed"), json!("skill:x:token")),
        (entry["action"].clone(), entry["outcome"].clone(), entry["entryName"].clone())
    );
}

#[test]
fn a_miss_on_a_known_platform_says_how_to_store_it() {
    let (_home, daemon) = stocked(&[]);
    let hint = daemon.resolve("telegram-bot").body["hint"].clone();
    assert!(hint.as_str().unwrap().contains("vaultctl add telegram"), "{hint}");
}

#[test]
fn a_platform_with_one_required_field_is_that_field() {
    let (_home, daemon) = stocked(&["skill:database:connection_string", "skill:database:note"]);
    let field = "skill:database:connection_string";
    assert_resolves(
        &daemon,
        &[("database", field), ("skill:database", field), ("skill:database:uri", field)],
    );
}

#[test]
fn a_platform_without_a_key_is_the_only_field_that_is_stored() {
    let (_home, daemon) =
        stocked(&["skill:smtp:password", "skill:mine:webhook_secret", "skill:aws:secretAccessKey"]);
    assert_resolves(
        &daemon,
        &[
            ("smtp", "skill:smtp:password"),
            ("skill:mine", "skill:mine:webhook_secret"),
            ("aws", "skill:aws:secretAccessKey"),
        ],
    );
}

#[test]
fn a_platform_of_which_several_fields_are_stored_names_them() {
    let (_home, daemon) = stocked(&["skill:aws:access_key_id", "skill:aws:secret_access_key"]);
    let answer = daemon.resolve("aws");
    assert_eq!(
        (404, "not_found", "`aws` has several fields"),
        (answer.status, answer.code(), answer.error())
    );
    let hint = answer.body["hint"].as_str().unwrap();
    assert!(hint.contains("`skill:aws:access_key_id`, `skill:aws:secret_access_key`"), "{hint}");
}

#[test]
fn a_platform_whose_key_is_not_stored_is_none_of_its_other_fields() {
    let (_home, daemon) = stocked(&["skill:slack:signing_secret", "skill:openai:organization"]);
    assert_resolves(&daemon, &[("slack", ""), ("openai", ""), ("skill:openai:token", "")]);
}

#[test]
fn an_agent_hears_of_no_field_that_it_may_not_know() {
    let (_home, daemon) = stocked(&["skill:mine:a", "skill:mine:b", "skill:mine:c"]);
    let one = agent(&daemon, "one", &["read", "decrypt"], &["skill:mine:a"]);
    let found = ask(&daemon, &one, ("GET", "/vault/resolve/mine"), &NONE);
    assert_eq!((200, "skill:mine:a"), (found.status, found.value()));
    let two = agent(&daemon, "two", &["decrypt"], &["skill:mine:a", "skill:mine:b"]);
    let several = ask(&daemon, &two, ("GET", "/vault/resolve/mine"), &NONE);
    assert_eq!((404, false), (several.status, several.text.contains("skill:mine:c")), "{}", several.text);
    let none = agent(&daemon, "none", &["create"], &["*"]);
    let nothing = ask(&daemon, &none, ("GET", "/vault/resolve/nothing"), &NONE);
    assert_eq!(
        nothing.body["error"],
        ask(&daemon, &none, ("GET", "/vault/resolve/mine"), &NONE).body["error"]
    );
}
