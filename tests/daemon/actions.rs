//! Each action: what the log is narrowed by, and what an agent can be granted.

use serde_json::{Value, json};
use vault::agents::{GRANTABLE, LOOKS};
use vault::domain::Action;
use vault_testkit::{Answer, Daemon, Home};

fn daemon() -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "a value");
    daemon.resolve("a");
    (home, daemon)
}

fn grant(daemon: &Daemon, name: &str, actions: &Value) -> Answer {
    let grants = json!([{ "orgId": "*", "names": ["*"], "actions": actions }]);
    daemon.http("POST", "/vault/agents", json!({ "name": name, "grants": grants }))
}

/// Makes sure that a refusal names these actions.
#[track_caller]
fn names_each<'a>(refused: &Answer, actions: impl IntoIterator<Item = &'a Action>) {
    assert_eq!((400, "invalid_request"), (refused.status, refused.code()), "{}", refused.text);
    for action in actions {
        assert!(refused.error().contains(action.as_str()), "{action}: {}", refused.text);
    }
}

#[test]
fn the_log_is_narrowed_by_each_action_and_by_all_of_them() {
    let (_home, daemon) = daemon();
    let mut total = 0;
    for action in Action::ALL {
        let narrowed = daemon.get(&format!("/vault/audit-log?action={action}"));
        let entries = narrowed["entries"].as_array().unwrap();
        assert!(entries.iter().all(|entry| entry["action"] == action.as_str()), "{narrowed}");
        total += narrowed["total"].as_u64().unwrap();
    }
    let all = Action::ALL.iter().map(|action| action.as_str()).collect::<Vec<_>>().join(",");
    assert_eq!(total, daemon.get(&format!("/vault/audit-log?action={all}"))["total"]);
    assert_eq!(total, daemon.get("/vault/audit-log")["total"]);
}

#[test]
fn what_is_no_action_of_the_log_is_answered_with_all_that_are() {
    let (_home, daemon) = daemon();
    for word in ["rotate_all", "scan", "Create", "create,scan", "create,", ",", "%20create"] {
        let refused = daemon.http("GET", &format!("/vault/audit-log?action={word}"), Value::Null);
        names_each(&refused, Action::ALL);
    }
    let refused = daemon.rpc("vault.auditLog", json!({ "action": "scan" }));
    let words = refused["error"]["message"].as_str().unwrap();
    assert!(Action::ALL.iter().all(|action| words.contains(action.as_str())), "{words}");
}

#[test]
fn each_action_that_can_be_granted_is_and_no_other() {
    let (_home, daemon) = daemon();
    for action in Action::ALL {
        let answer = grant(&daemon, action.as_str(), &json!([action]));
        if GRANTABLE.contains(action) || LOOKS.contains(action) {
            assert_eq!(201, answer.status, "{action}: {}", answer.text);
            assert_eq!(json!([action]), answer.body["agent"]["grants"][0]["actions"]);
        } else {
            names_each(&answer, GRANTABLE.iter().chain(&LOOKS));
        }
    }
}

#[test]
fn what_cannot_be_granted_is_answered_with_what_can() {
    let (_home, daemon) = daemon();
    let migrate = Action::Migrate.as_str();
    for actions in [json!(["*"]), json!(["read", "rotate_all"]), json!(["Read"]), json!(["read,decrypt"])] {
        let refused = grant(&daemon, "bot", &actions);
        names_each(&refused, GRANTABLE.iter().chain(&LOOKS));
        assert!(!refused.error().contains(migrate), "{}", refused.text);
    }
}
