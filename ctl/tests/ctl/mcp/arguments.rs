//! What the tools take, and what an agent learns of an argument that they do not.

use serde_json::{Value, json};

use super::Server;
use crate::run::with_key;
use vault_testkit::TestEnvironment;

/// Collects each schema within a schema.
fn each<'s>(schema: &'s Value, all: &mut Vec<&'s Value>) {
    all.push(schema);
    let below = schema["properties"].as_object().into_iter().flat_map(|properties| properties.values());
    let below = below.chain([&schema["items"], &schema["additionalProperties"]]);
    below.filter(|schema| schema.is_object()).for_each(|schema| each(schema, all));
}

#[test]
fn the_schemas_are_of_the_words_that_every_client_knows() {
    let tools = Server::start(&TestEnvironment::empty()).ask("tools/list", &json!({}))["tools"].clone();
    let known = [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "description",
        "minimum",
        "maximum",
        "minItems",
    ];
    for tool in tools.as_array().unwrap() {
        let mut schemas = Vec::new();
        each(&tool["inputSchema"], &mut schemas);
        for schema in schemas {
            assert!(schema["type"].is_string(), "{schema}");
            assert!(
                schema.as_object().unwrap().keys().all(|word| known.contains(&word.as_str())),
                "{schema}"
            );
        }
        assert!(tool["inputSchema"]["description"].is_null(), "{tool}");
        assert!(jsonschema::draft7::meta::is_valid(&tool["inputSchema"]), "{tool}");
    }
}

#[test]
fn a_whole_number_is_taken_however_it_is_written() {
    let test = with_key();
    let mut server = Server::start(&test);
    for limit in [json!(1), json!(1.0), json!("1"), json!("1.0"), json!(10e-1), Value::Null] {
        let listed = server.call("list_secrets", &json!({"limit": limit, "offset": "0"}));
        assert_eq!(json!("key"), listed["secrets"][0]["name"], "{limit}");
    }
    let asked = json!({"command": ["echo", "on"], "timeoutSeconds": 60.0, "env": null});
    assert_eq!(json!("on\n"), server.call("run_command", &asked)["stdout"]);
}

#[test]
fn an_argument_that_does_not_fit_is_named_with_what_it_wants_and_the_type_that_it_has() {
    let test = TestEnvironment::empty();
    let mut server = Server::start(&test);
    for (tool, sent, words) in [
        ("list_secrets", json!({"limit": "many"}), "`limit` is to be an integer from 0; it is a string"),
        ("list_secrets", json!({"limit": -1}), "`limit` is to be an integer from 0; it is another number"),
        ("describe_secret", json!({"name": 5}), "`name` is to be a string; it is a number"),
        ("describe_secret", json!({}), "`name` is missing: a string"),
        ("run_command", json!({"cwd": "/tmp"}), "there is no argument `cwd`"),
        ("run_command", json!({"skills": "openai"}), "`skills` is to be an array of strings; it is a string"),
        ("run_command", json!({"command": []}), "`command` is to be an array of strings; it is empty"),
        (
            "run_command",
            json!({"command": ["true"], "env": ["A=b"]}),
            "`env` is to be an object whose values are strings; it is an array",
        ),
    ] {
        let refused = server.refused(tool, &sent);
        let (message, hint) = refused.split_once("\nhint: ").unwrap();
        assert_eq!(words, message);
        assert!(hint.starts_with(&format!("{tool} takes ")), "{hint}");
    }
}

#[test]
fn a_command_that_is_one_text_leads_to_a_shell_and_is_not_repeated() {
    let test = TestEnvironment::empty();
    let words = Server::start(&test).refused("run_command", &json!({"command": "echo sk-1234 | rev"}));
    assert!(words.starts_with("`command` is to be an array of strings; it is a string\n"), "{words}");
    assert!(words.contains(r#"["sh", "-c", "#) && !words.contains("sk-1234"), "{words}");
}

#[test]
fn a_refusal_leads_to_other_tools_and_to_no_command() {
    let test = with_key();
    let mut server = Server::start(&test);
    let run = |name: &str| json!({"command": ["true"], "env": {"A": name, "B": "key"}});
    for (tool, asked) in [("run_command", run("nowhere")), ("describe_secret", json!({"name": "nowhere"}))] {
        let words = server.refused(tool, &asked);
        assert!(words.contains("list_secrets") && words.contains("request_secret"), "{words}");
        assert!(!words.contains("vaultctl"), "{words}");
    }
    assert!(server.refused("run_command", &run("nowhere")).starts_with("there is no secret `nowhere`\n"));
    test.ctl(&["lock"]).succeeded();
    let words = server.refused("run_command", &run("key"));
    assert!(
        words.contains("locked") && words.contains("ask your user") && !words.contains("vaultctl"),
        "{words}"
    );
}

#[test]
fn without_a_daemon_an_agent_asks_its_user() {
    let words = Server::start(&TestEnvironment::empty()).refused("list_secrets", &json!({}));
    assert!(
        words.contains("ask your user to start the vault's daemon") && !words.contains("vaultd "),
        "{words}"
    );
}

#[test]
fn a_secret_is_named_by_a_reference_too_and_a_wrong_one_is_named() {
    let test = with_key();
    test.ctl_with(&["--org", "acme", "set", "DB"], "postgres://acme-0123").succeeded();
    let mut server = Server::start(&test);
    let command = json!(["sh", "-c", "test \"$A\" = postgres://acme-0123 && echo equal"]);
    let ran =
        server.call("run_command", &json!({ "command": command, "env": { "A": "vault://DB?org=acme" } }));
    assert_eq!(json!("equal\n"), ran["stdout"], "{ran}");
    let described = server.call("describe_secret", &json!({ "name": "vault://DB?org=acme" }));
    assert_eq!(json!("DB"), described["name"], "{described}");
    for (reference, named) in [
        ("vault://DB?organ=acme", "`?organ=`"),
        ("vault://DB?org=", "`?org=`"),
        ("vault://DB?org=nowhere", "vault://DB?org=nowhere"),
    ] {
        let words = server.refused("run_command", &json!({ "command": ["true"], "env": { "A": reference } }));
        assert!(words.contains(named), "{words}");
    }
}
