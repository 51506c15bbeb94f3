//! Secrets that are replaced, brought back, rotated and deleted by name, each judged by its own action.

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon, NONE, encoded};

use crate::agents::{agent, ask};
use crate::resolve::stocked;

/// The writes by name: verb, path, what else the body says, and the method of JSON-RPC.
fn writes() -> [(&'static str, &'static str, Value, &'static str); 4] {
    [
        ("PUT", "/vault/secrets", json!({ "value": "new" }), "vault.update"),
        ("POST", "/vault/secrets/rollback", json!({ "version": 1 }), "vault.rollback"),
        ("POST", "/vault/secrets/rotate", json!({}), "vault.rotate"),
        ("DELETE", "/vault/secrets", NONE, "vault.delete"),
    ]
}

/// Addresses a secret as HTTP does: in the body of a `POST`, else in the query.
fn addressed(verb: &str, path: &str, body: &Value, address: &[(&str, &str)]) -> (String, Value) {
    let mut body = body.clone();
    if verb == "POST" {
        for (field, text) in address {
            body[*field] = json!(text);
        }
        return (path.to_owned(), body);
    }
    let query: Vec<_> = address.iter().map(|(field, text)| format!("{field}={}", encoded(text))).collect();
    (format!("{path}?{}", query.join("&")), body)
}

fn value_of(daemon: &Daemon, name: &str) -> String {
    daemon.resolve(name).value().to_owned()
}

#[test]
fn a_secret_is_replaced_brought_back_rotated_and_deleted_by_its_name_over_http() {
    for name in ["a", "skill:openai:access_token", "größe & more"] {
        let (_home, daemon) = stocked(&[name]);
        for (verb, path, body, _) in writes() {
            let (target, body) = addressed(verb, path, &body, &[("name", name)]);
            let answer = daemon.http(verb, &target, body);
            assert_eq!(
                (200, json!(true)),
                (answer.status, answer.body["success"].clone()),
                "{}",
                answer.text
            );
            if verb != "DELETE" {
                assert_eq!(name, answer.body["entry"]["name"]);
            }
        }
        assert_eq!(0, daemon.total());
    }
}

#[test]
fn a_secret_is_replaced_brought_back_rotated_and_deleted_by_its_name_over_json_rpc() {
    let (_home, daemon) = stocked(&["a"]);
    for (_, _, params, method) in writes() {
        let mut params = if params.is_null() { json!({}) } else { params };
        params["name"] = json!("a");
        assert_eq!(json!(true), daemon.stream(method, params)["result"]["success"], "{method}");
    }
    assert_eq!(0, daemon.total());
}

#[test]
fn what_is_written_by_name_is_a_new_version_in_the_log() {
    let (_home, daemon) = stocked(&["a"]);
    let answer = daemon.http("PUT", "/vault/secrets?name=a", json!({ "value": "second" }));
    assert_eq!(
        (json!(2), "second".to_owned()),
        (answer.body["entry"]["version"].clone(), value_of(&daemon, "a"))
    );
    let entry = daemon.audit().into_iter().find(|entry| entry["action"] == "encrypt").unwrap();
    assert_eq!((json!("ok"), json!("a")), (entry["outcome"].clone(), entry["entryName"].clone()));
}

#[test]
fn who_may_store_and_replace_and_read_nothing_does_both() {
    let (_home, daemon) = stocked(&[]);
    let writer = agent(&daemon, "writer", &["create", "encrypt"], &["inbox-*"]);
    let stored =
        ask(&daemon, &writer, ("POST", "/vault/secrets"), &json!({ "name": "inbox-1", "value": "one" }));
    let replaced = ask(&daemon, &writer, ("PUT", "/vault/secrets?name=inbox-1"), &json!({ "value": "two" }));
    assert_eq!((201, 200), (stored.status, replaced.status), "{}", replaced.text);
    assert_eq!("two", value_of(&daemon, "inbox-1"));
    assert_eq!(404, ask(&daemon, &writer, ("GET", "/vault/resolve/inbox-1"), &NONE).status);
    let listed = ask(&daemon, &writer, ("GET", "/vault/secrets"), &NONE);
    assert_eq!((200, json!(0)), (listed.status, listed.body["total"].clone()));
}

#[test]
fn each_write_by_name_takes_its_own_action_and_no_other() {
    for ((verb, path, body, _), action) in
        writes().into_iter().zip(["encrypt", "encrypt", "rotate", "delete"])
    {
        let (_home, daemon) = stocked(&["a"]);
        daemon.http("PUT", "/vault/secrets?name=a", json!({ "value": "second" }));
        let others: Vec<_> = ["create", "encrypt", "decrypt", "rotate", "delete"]
            .into_iter()
            .filter(|one| *one != action)
            .collect();
        let (target, body) = addressed(verb, path, &body, &[("name", "a")]);
        let other = agent(&daemon, "other", &others, &["*"]);
        assert_eq!(404, ask(&daemon, &other, (verb, &target), &body).status, "{verb} {path}");
        let may = agent(&daemon, "may", &[action], &["a"]);
        assert_eq!(200, ask(&daemon, &may, (verb, &target), &body).status, "{verb} {path}");
    }
}

#[test]
fn what_is_not_there_and_what_is_not_theirs_look_alike() {
    let stored = ["others", "skill:openai:access_token", "skill:x:client-id", "inbox-1"];
    let (_home, daemon) = stocked(&stored);
    let writer = agent(&daemon, "writer", &["create", "encrypt", "rotate", "delete"], &["inbox-*", "openai"]);
    for (verb, path, body, _) in writes() {
        let asked = |name: &str| -> Answer {
            let (target, body) = addressed(verb, path, &body, &[("name", name)]);
            ask(&daemon, &writer, (verb, &target), &body)
        };
        let nothing = asked("nothing");
        assert_eq!(404, nothing.status);
        for name in ["others", "skill:openai:access_token", "skill:x:client-id"] {
            assert_eq!((404, &nothing.text), (asked(name).status, &asked(name).text), "{verb} {name}");
        }
    }
    assert_eq!(stored.map(str::to_owned), stored.map(|name| value_of(&daemon, name)));
}

/// Names of a place, and the one that it is stored under.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("skill:trello-cards:api_key", "skill:trello-cards:apiKey"),
    ("skill:gemini:client_id", "skill:google:client_id"),
    ("skill:twilio:access_token", "skill:twilio-sms:authToken"),
    ("skill:twilio:auth_token", "skill:twilio:access_token"),
    ("skill:x:client_id", "skill:x:client-id"),
    ("skill:gcp", "skill:google"),
];

#[test]
fn a_write_by_any_name_of_a_place_reaches_the_secret_that_is_there() {
    for (name, stored) in OTHER_NAMES {
        let (_home, daemon) = stocked(&[stored]);
        for (verb, path, body, method) in writes() {
            let (target, body) = addressed(verb, path, &body, &[("name", name)]);
            let answer = daemon.http(verb, &target, body.clone());
            assert_eq!(200, answer.status, "{verb} {name}: {}", answer.text);
            if verb == "DELETE" {
                assert_eq!(0, daemon.total());
                continue;
            }
            assert_eq!(stored, answer.body["entry"]["name"]);
            let mut params = if verb == "PUT" { json!({ "value": "newer" }) } else { body };
            params["name"] = json!(name);
            if method != "vault.rollback" {
                assert_eq!(stored, daemon.stream(method, params)["result"]["entry"]["name"], "{method}");
            }
        }
    }
}

#[test]
fn a_write_by_another_name_is_judged_on_the_one_that_is_stored() {
    let rights = ["encrypt", "rotate", "delete"];
    for ((name, stored), (verb, path, body, _)) in OTHER_NAMES.into_iter().zip(writes().into_iter().cycle()) {
        let (_home, daemon) = stocked(&[]);
        let (target, body) = addressed(verb, path, &body, &[("name", name)]);
        let asked = |token: &str| ask(&daemon, token, (verb, &target), &body);
        let outsider = agent(&daemon, "outsider", &rights, &[name]);
        let nothing = asked(&outsider);
        daemon.create(stored, "first");
        daemon.http("PUT", &format!("/vault/secrets?name={stored}"), json!({ "value": "second" }));
        assert_eq!((404, &nothing.text), (nothing.status, &asked(&outsider).text), "{verb} {name}");
        let keeper = agent(&daemon, "keeper", &rights, &[stored]);
        assert_eq!(200, asked(&keeper).status, "{verb} {name}");
    }
}

#[test]
fn a_write_by_name_reaches_no_secret_through_a_platforms_word_or_what_stands_in_for_it() {
    let stored = ["skill:openai:access_token", "skill:x:apiKey", "skill:aws:secret_access_key"];
    let (_home, daemon) = stocked(&stored);
    let writer = agent(&daemon, "writer", &["create", "encrypt", "rotate", "delete"], &["*"]);
    for (name, hint) in [
        ("openai", "`skill:openai:access_token`"),
        ("skill:openai", "`skill:openai:access_token`"),
        ("skill:openai:api_key", "vaultctl list"),
        ("skill:x:token", "vaultctl list"),
        ("aws-services", "`skill:aws:access_key_id` or `skill:aws:secret_access_key`"),
        ("database", "`skill:database:connection_string`"),
    ] {
        for (verb, path, body, method) in writes() {
            let (target, body) = addressed(verb, path, &body, &[("name", name)]);
            for answer in
                [ask(&daemon, &writer, (verb, &target), &body), daemon.http(verb, &target, body.clone())]
            {
                assert_eq!(404, answer.status, "{verb} {name}");
                assert!(
                    answer.body["hint"].as_str().unwrap().contains(hint),
                    "{verb} {name}: {}",
                    answer.text
                );
            }
            let mut params = if body.is_null() { json!({}) } else { body };
            params["name"] = json!(name);
            let refused = daemon.stream(method, params);
            assert!(refused["error"]["data"]["hint"].as_str().unwrap().contains(hint), "{refused}");
        }
    }
    assert_eq!(stored.map(str::to_owned), stored.map(|name| value_of(&daemon, name)));
}

#[test]
fn who_may_list_a_secret_hears_that_it_may_not_be_replaced() {
    let (_home, daemon) = stocked(&["a"]);
    let reader = agent(&daemon, "reader", &["read", "create"], &["*"]);
    let refused = ask(&daemon, &reader, ("PUT", "/vault/secrets?name=a"), &json!({ "value": "theirs" }));
    assert_eq!((403, "forbidden"), (refused.status, refused.code()));
    let entry = &daemon.audit()[0];
    assert_eq!(
        (json!("encrypt"), json!("denied"), json!("a")),
        (entry["action"].clone(), entry["outcome"].clone(), entry["entryName"].clone())
    );
}

#[test]
fn without_a_name_the_refusal_names_the_field() {
    let (_home, daemon) = stocked(&["a"]);
    for (verb, path, body, method) in writes() {
        for address in [&[][..], &[("orgId", "default")][..], &[("name", "")][..]] {
            let (target, body) = addressed(verb, path, &body, address);
            let refused = daemon.http(verb, &target, body);
            assert_eq!(400, refused.status, "{verb} {target}");
            assert!(refused.error().contains("`name`"), "{}", refused.text);
        }
        let refused = daemon.rpc(method, if body.is_null() { json!({}) } else { body });
        assert!(refused["error"]["message"].as_str().unwrap().contains("`name`"), "{refused}");
    }
}

#[test]
fn an_id_and_a_name_together_are_refused() {
    let (_home, daemon) = stocked(&[]);
    let id = daemon.create("a", "first");
    for (_, _, params, method) in writes() {
        let mut params = if params.is_null() { json!({}) } else { params };
        (params["id"], params["name"]) = (json!(id), json!("a"));
        assert_eq!(json!(-32602), daemon.rpc(method, params)["error"]["code"], "{method}");
    }
    let target = format!("/vault/secrets/{id}");
    assert_eq!(400, daemon.http("PUT", &target, json!({ "name": "a", "value": "second" })).status);
    assert_eq!("first", value_of(&daemon, "a"));
}

#[test]
fn a_name_is_that_of_one_org_and_an_id_is_of_the_org_that_is_said() {
    let (_home, daemon) = stocked(&["a"]);
    let other = daemon.create_with(json!({ "name": "a", "value": "theirs", "orgId": "other" }));
    let answer = daemon.http("PUT", "/vault/secrets?name=a&orgId=other", json!({ "value": "second" }));
    assert_eq!(
        (json!("other"), "a".to_owned()),
        (answer.body["entry"]["orgId"].clone(), value_of(&daemon, "a"))
    );
    let id = other["id"].as_str().unwrap();
    let rotated = |org: &str| {
        daemon.http("POST", &format!("/vault/secrets/{id}/rotate"), json!({ "orgId": org })).status
    };
    assert_eq!((404, 200), (rotated("default"), rotated("other")));
    assert_eq!(404, daemon.http("DELETE", "/vault/secrets?name=a&orgId=third", NONE).status);
}

#[test]
fn a_write_by_name_is_refused_where_another_was_first() {
    let (_home, daemon) = stocked(&["a"]);
    let write = |guard: Value| {
        let mut body = json!({ "value": "mine" });
        body.as_object_mut().unwrap().extend(guard.as_object().unwrap().clone());
        daemon.http("PUT", "/vault/secrets?name=a", body).status
    };
    assert_eq!(200, write(json!({ "ifVersion": 1 })));
    assert_eq!((409, 409), (write(json!({ "ifVersion": 1 })), write(json!({ "ifRevision": 1 }))));
    assert_eq!(200, write(json!({ "ifRevision": 2 })));
}

#[test]
fn a_query_next_to_a_body_holds_the_address_alone() {
    let (_home, daemon) = stocked(&["a"]);
    for query in ["name=a&ifVersion=1", "name=a&value=x", "name=a&name=b", "name=a&id=x"] {
        let refused = daemon.http("PUT", &format!("/vault/secrets?{query}"), json!({ "value": "new" }));
        assert_eq!(400, refused.status, "{query}: {}", refused.text);
    }
    let refused = daemon.http("PUT", "/vault/secrets?name=a", json!({ "name": "b", "value": "new" }));
    assert_eq!(400, refused.status, "{}", refused.text);
    assert_eq!("a", value_of(&daemon, "a"));
}

#[test]
fn writes_by_name_are_described_with_their_name_and_without_an_id() {
    let described = vault::describe::openapi()["paths"].clone();
    let put = &described["/vault/secrets"]["put"];
    let parameters: Vec<_> =
        put["parameters"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(vec![json!("name"), json!("orgId")], parameters);
    assert_eq!(json!("updateSecretByName"), put["operationId"]);
    let body =
        &described["/vault/secrets/rotate"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(json!(["name"]), body["required"]);
    assert!(body["properties"]["id"].is_null() && body["properties"]["orgId"].is_object());
    let by_id = &described["/vault/secrets/{id}"]["delete"]["parameters"];
    assert_eq!(json!("id"), by_id[0]["name"]);
    assert_eq!(1, by_id.as_array().unwrap().len());
}
