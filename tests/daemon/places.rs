//! One place, one secret: a second name of a place is a conflict, whichever way it comes in.

use serde_json::json;

use crate::agents::{agent, ask};
use crate::resolve::stocked;

/// A stored name, and other names of its place.
const PLACES: [(&str, [&str; 3]); 5] = [
    (
        "skill:twilio-sms:authToken",
        ["skill:twilio:auth_token", "skill:twilio:access_token", "skill:twilio-sms:auth-token"],
    ),
    (
        "skill:twilio:access_token",
        ["skill:twilio-sms:authToken", "skill:twilio-sms:accessToken", "skill:twilio:auth.token"],
    ),
    (
        "skill:google:client_id",
        ["skill:gemini:client_id", "skill:gcp:clientId", "skill:google-cloud:client-id"],
    ),
    (
        "skill:aws-services:accessKeyId",
        ["skill:aws:access_key_id", "skill:aws:accessKeyID", "skill:aws-services:access_key_id"],
    ),
    (
        "skill:slack:bot_token",
        ["skill:slack:access_token", "skill:slack:botToken", "skill:slack:access-token"],
    ),
];

#[test]
fn a_second_name_of_a_place_is_a_conflict_to_all_who_store() {
    for (stored, others) in PLACES {
        let (_home, daemon) = stocked(&[stored]);
        let maker = agent(&daemon, "maker", &["create", "encrypt"], &["*"]);
        for name in others {
            let body = json!({ "name": name, "value": "second" });
            let answers = [
                daemon.http("POST", "/vault/secrets", body.clone()),
                ask(&daemon, &maker, ("POST", "/vault/secrets"), &body),
            ];
            for answer in answers {
                assert_eq!((409, "conflict"), (answer.status, answer.code()), "{name}: {}", answer.text);
            }
            assert_eq!("conflict", daemon.stream("vault.create", body)["error"]["data"]["code"], "{name}");
        }
        assert_eq!((stored, 1), (daemon.resolve(stored).value(), daemon.total()));
    }
}

#[test]
fn an_import_takes_every_name_of_a_place_for_the_secret_that_is_there() {
    for (stored, others) in PLACES {
        let (_home, daemon) = stocked(&[stored]);
        for name in others {
            let import = |fields: serde_json::Value| {
                let mut body = json!({ "entries": [{ "name": name, "value": "new" }] });
                body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
                daemon.http("POST", "/vault/import", body)
            };
            let planned = import(json!({ "dryRun": true })).body["entries"][0].clone();
            assert_eq!((&json!("conflict"), &json!(stored)), (&planned["outcome"], &planned["name"]));
            let refused = import(json!({}));
            assert!(refused.status == 409 && refused.text.contains(stored), "{}", refused.text);
            assert_eq!(json!(1), import(json!({ "onConflict": "skip" })).body["skipped"]);
            assert_eq!(json!(1), import(json!({ "onConflict": "overwrite" })).body["overwritten"]);
        }
        assert_eq!(("new", 1), (daemon.resolve(stored).value(), daemon.total()));
    }
}

#[test]
fn two_names_of_one_place_in_an_import_are_named() {
    let (_home, daemon) = stocked(&[]);
    for (one, others) in PLACES {
        for other in others {
            let entries = [one, other].map(|name| json!({ "name": name, "value": "v" }));
            let refused = daemon.http(
                "POST",
                "/vault/import",
                json!({ "entries": entries, "onConflict": "overwrite" }),
            );
            assert!(refused.status == 400 && refused.text.contains(other), "{}", refused.text);
        }
    }
    assert_eq!(0, daemon.total());
}

#[test]
fn a_platforms_fields_are_stored_together_or_not_at_all_though_one_stands_under_an_alias() {
    let (_home, daemon) = stocked(&["skill:twilio-sms:authToken"]);
    let fields = json!({ "account_sid": "AC1", "auth_token": "second" });
    for platform in ["twilio", "twilio-sms"] {
        let refused =
            daemon.http("POST", &format!("/vault/platforms/{platform}"), json!({ "fields": fields }));
        assert_eq!((409, "conflict"), (refused.status, refused.code()), "{}", refused.text);
    }
    assert_eq!(1, daemon.total());
}

#[test]
fn what_stands_in_for_a_field_has_a_place_of_its_own_and_so_has_another_org() {
    let (_home, daemon) = stocked(&["skill:openai:access_token", "skill:twilio-sms:authToken"]);
    for name in ["skill:openai:api_key", "skill:openai:token", "skill:openai", "openai", "skill:twilio:token"]
    {
        daemon.create(name, name);
        assert_eq!(name, daemon.resolve(name).value());
    }
    daemon.create_with(json!({ "name": "skill:twilio:access_token", "value": "v", "orgId": "other" }));
}

#[test]
fn every_name_of_a_place_finds_the_secret_over_both_protocols() {
    for (stored, others) in PLACES {
        let (_home, daemon) = stocked(&[stored]);
        for name in others {
            assert_eq!(stored, daemon.resolve(name).body["name"], "{name}");
            assert_eq!(stored, daemon.stream("vault.resolve", json!({ "name": name }))["result"]["name"]);
            let many = daemon.http("POST", "/vault/resolve", json!({ "names": [name] }));
            assert_eq!(stored, many.body["values"][0]["name"], "{}", many.text);
        }
    }
}

#[test]
fn another_name_of_a_place_gives_an_agent_no_value_and_no_sign_of_one() {
    for (stored, others) in PLACES {
        let (_home, daemon) = stocked(&[stored]);
        for name in others {
            let reader = agent(&daemon, "reader", &["read", "decrypt"], &[name]);
            let there = ask(&daemon, &reader, ("GET", &format!("/vault/resolve/{name}")), &json!(null));
            let twin = agent(&daemon, "twin", &["decrypt"], &[stored]);
            let given = ask(&daemon, &twin, ("GET", &format!("/vault/resolve/{name}")), &json!(null));
            assert_eq!((404, 200), (there.status, given.status), "{name}: {} {}", there.text, given.text);
            for bot in ["reader", "twin"] {
                daemon.http("DELETE", &format!("/vault/agents/{bot}"), json!(null));
            }
        }
    }
}
