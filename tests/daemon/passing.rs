//! What a platform passes to those who ask for its variables: which secrets, under which variables, in which order.

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon};

use crate::resolve::stocked;

fn passed(daemon: &Daemon, platform: &str) -> Answer {
    daemon.http("POST", "/vault/resolve", json!({ "platform": platform }))
}

/// Lists `VARIABLE=NAME`, for each variable of each value.
fn variables(answer: &Answer) -> Vec<String> {
    let values = answer.body["values"].as_array().unwrap().iter();
    let variables = |value: &Value| {
        let name = value["value"].as_str().unwrap().to_owned();
        assert_eq!(value["env"], value["variables"][0]);
        let variables = value["variables"].as_array().unwrap().clone();
        variables.into_iter().map(move |variable| format!("{}={name}", variable.as_str().unwrap()))
    };
    values.flat_map(variables).collect()
}

/// Lists what is left out, with its code.
fn left_out(answer: &Answer) -> Vec<(&str, &str)> {
    let of = |one: &'_ Value, key: &str| one[key].as_str().unwrap().to_owned();
    let all = answer.body["leftOut"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(all.iter().all(|one| !of(one, "error").is_empty()));
    all.iter().map(|one| (one["name"].as_str().unwrap(), one["code"].as_str().unwrap())).collect()
}

#[test]
fn a_platform_passes_what_resolve_finds_under_its_name() {
    let orders: [&[&str]; 4] = [
        &["openai", "skill:openai:access_token"],
        &["skill:openai:access_token", "skill:openai:api_key"],
        &["skill:openai:api_key", "skill:openai:token"],
        &["skill:openai:token", "skill:openai"],
    ];
    for names in orders {
        let (_home, daemon) = stocked(names);
        assert_eq!(names[0], daemon.resolve("openai").value());
        let answer = passed(&daemon, "openai");
        assert_eq!(vec![format!("OPENAI_API_KEY={}", names[0])], variables(&answer));
        assert_eq!(vec![(names[1], "conflict")], left_out(&answer));
    }
}

#[test]
fn an_alias_that_is_asked_for_goes_first_and_only_then() {
    let (_home, daemon) = stocked(&["skill:gemini:api_key", "skill:google:access_token"]);
    for (asked, found) in [("gemini", "skill:gemini:api_key"), ("google", "skill:google:access_token")] {
        assert_eq!(found, daemon.resolve(asked).value());
        let expected = ["GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"];
        let expected: Vec<_> = expected.iter().map(|variable| format!("{variable}={found}")).collect();
        assert_eq!(expected, variables(&passed(&daemon, asked)));
    }
}

#[test]
fn a_field_goes_into_all_variables_of_its_preset() {
    let (_home, daemon) = stocked(&["skill:aws:region", "skill:aws:access_key_id"]);
    let expected = [
        "AWS_ACCESS_KEY_ID=skill:aws:access_key_id",
        "AWS_REGION=skill:aws:region",
        "AWS_DEFAULT_REGION=skill:aws:region",
    ];
    assert_eq!(expected.to_vec(), variables(&passed(&daemon, "aws")));
}

#[test]
fn fields_that_no_preset_names_are_left_out() {
    for (platform, key, other) in [
        ("npm", "skill:npm:access_token", "skill:npm:config_script_shell"),
        ("openai", "skill:openai:access_token", "skill:openai:base_url"),
        ("docker", "skill:dockerhub:access_token", "skill:docker:host"),
        ("aws", "skill:aws:region", "skill:aws:config_file"),
    ] {
        let (_home, daemon) = stocked(&[key, other]);
        let answer = passed(&daemon, platform);
        assert!(variables(&answer).iter().all(|one| one.ends_with(key)), "{}", answer.text);
        assert_eq!(vec![(other, "invalid_request")], left_out(&answer));
    }
}

#[test]
fn a_field_under_any_of_its_names_goes_into_the_fields_variables() {
    for (platform, stored, passes) in [
        ("twilio", "skill:twilio-sms:auth_token", ["TWILIO_AUTH_TOKEN"].as_slice()),
        ("twilio", "skill:twilio:auth_token", &["TWILIO_AUTH_TOKEN"]),
        ("trello", "skill:trello-cards:api_key", &["TRELLO_API_KEY", "TRELLO_KEY"]),
        (
            "datadog",
            "skill:datadog-monitoring:app_key",
            &["DD_APP_KEY", "DD_APPLICATION_KEY", "DATADOG_APP_KEY"],
        ),
    ] {
        let (_home, daemon) = stocked(&[stored]);
        let expected: Vec<_> = passes.iter().map(|variable| format!("{variable}={stored}")).collect();
        assert_eq!(expected, variables(&passed(&daemon, platform)));
    }
}

#[test]
fn a_variable_that_is_made_up_is_valid_and_one_that_nothing_obeys() {
    let names = ["skill:2captcha:api_key", "skill:node:options", "skill:node:key", "skill:git:pager"];
    let (_home, daemon) = stocked(&names);
    assert_eq!(vec!["_2CAPTCHA_API_KEY=skill:2captcha:api_key"], variables(&passed(&daemon, "2captcha")));
    let node = passed(&daemon, "node");
    assert_eq!(vec!["NODE_KEY=skill:node:key"], variables(&node));
    assert_eq!(vec![("skill:node:options", "invalid_request")], left_out(&node));
    let git = passed(&daemon, "git");
    assert_eq!(
        (404, true),
        (git.status, git.error().contains("GIT_PAGER, which programs obey")),
        "{}",
        git.text
    );
}

#[test]
fn a_field_that_has_expired_is_left_out_and_the_others_are_passed() {
    let (_home, daemon) = stocked(&["skill:twilio:account_sid"]);
    let expired =
        json!({ "name": "skill:twilio:access_token", "value": "v", "expiresAt": "2020-01-01T00:00:00Z" });
    daemon.create_with(expired);
    let answer = passed(&daemon, "twilio");
    assert_eq!(vec!["TWILIO_ACCOUNT_SID=skill:twilio:account_sid"], variables(&answer));
    assert_eq!(vec![("skill:twilio:access_token", "not_found")], left_out(&answer));
}

#[test]
fn a_platform_of_which_everything_has_expired_is_not_found() {
    let (_home, daemon) = stocked(&[]);
    daemon.create_with(
        json!({ "name": "skill:openai:access_token", "value": "v", "expiresAt": "2020-01-01T00:00:00Z" }),
    );
    daemon.create("skill:openai:api_key", "another");
    let answers = [passed(&daemon, "openai"), daemon.resolve("openai")];
    for answer in answers {
        assert_eq!((404, true), (answer.status, answer.error().contains("expired")), "{}", answer.text);
    }
}

#[test]
fn what_is_left_out_is_not_recorded_as_read() {
    let (_home, daemon) =
        stocked(&["skill:openai:access_token", "skill:openai:api_key", "skill:openai:base_url"]);
    passed(&daemon, "openai");
    let read = daemon.audit().into_iter().filter(|entry| entry["action"] == "decrypt");
    let names: Vec<_> = read.map(|entry| entry["entryName"].clone()).collect();
    assert_eq!(vec![json!("skill:openai:access_token")], names);
}

#[test]
fn discovery_shows_the_variables_of_what_is_passed_and_none_of_the_rest() {
    let names = [
        "openai",
        "skill:openai:access_token",
        "skill:openai:base_url",
        "skill:aws:region",
        "skill:mine:token",
    ];
    let (_home, daemon) = stocked(&names);
    let found = daemon.get("/vault/discover");
    let platforms = found["platforms"].as_array().unwrap().iter();
    let fields = platforms.flat_map(|platform| platform["fields"].as_array().unwrap());
    let shown: Vec<_> =
        fields.map(|field| (field["name"].as_str().unwrap(), field["env"].as_str().unwrap())).collect();
    let expected = [
        ("skill:aws:region", "AWS_REGION"),
        ("skill:mine:token", "MINE_TOKEN"),
        ("openai", "OPENAI_API_KEY"),
        ("skill:openai:access_token", ""),
        ("skill:openai:base_url", ""),
    ];
    assert_eq!(expected.to_vec(), shown);
}

#[test]
fn two_spellings_of_a_field_are_one_place() {
    let (_home, daemon) = stocked(&[
        "skill:x:client-id",
        "skill:aws:access_key_id",
        "skill:y:a.b",
        "skill:z:a_b",
        "skill:w:apiKey",
    ]);
    for second in [
        "skill:x:client_id",
        "skill:x:client.id",
        "skill:x:clientID",
        "skill:aws:access-key-id",
        "skill:aws:accessKeyId",
        "skill:y:a-b",
        "skill:z:a.b",
        "skill:w:api_key",
        "skill:w:APIKey",
    ] {
        let answer = daemon.http("POST", "/vault/secrets", json!({ "name": second, "value": "v" }));
        assert_eq!((409, "conflict"), (answer.status, answer.code()), "{second}: {}", answer.text);
    }
    for other in ["skill:x:client_ids", "skill:x2:client_id", "x:client_id", "skill:y:ab"] {
        daemon.create(other, "v");
    }
}
