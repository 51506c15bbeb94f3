//! The cases of what is done to the vault as a whole, its log and its agents.

use serde_json::{Value, json};
use vault::api::Code;
use vault_testkit::NONE;

use super::{Case, Walk};

/// Gives the cases of what is done to the vault as a whole, its log and its agents.
pub(super) fn case_of(method: &str, walk: &Walk) -> Case {
    let case = |good: Value, bad: Value, code: Code| Case { good, bad, code };
    let unknown = json!({ "colour": "red" });
    match method {
        "vault.discover" => case(json!({}), json!({ "orgId": "*" }), Code::InvalidRequest),
        "vault.auditLog" => {
            case(json!({ "action": "create" }), json!({ "action": "look" }), Code::InvalidRequest)
        }
        "vault.acceptLoss" | "vault.backup" | "vault.lock" | "vault.recovery" => {
            case(json!({}), unknown, Code::InvalidRequest)
        }
        // A query ignores what it does not know, so there is nothing that each face refuses.
        "vault.presets" | "vault.verifyAudit" | "vault.listAgents" | "vault.listActors"
        | "vault.listOrgs" => case(json!({}), Value::Null, Code::InvalidRequest),
        "vault.import" => {
            let entries = json!([{ "name": "imported", "value": "x" }]);
            case(json!({ "entries": entries }), json!({ "entries": entries }), Code::Conflict)
        }
        "vault.rotateAll" | "vault.status" | "vault.export" | "vault.listUpkeep" => {
            case(json!({ "orgId": "*" }), json!({ "orgId": " " }), Code::InvalidRequest)
        }
        "vault.scan" => {
            let text = |data: &str| json!({ "texts": [{ "data": data }] });
            case(text("YSB2YWx1ZQ=="), text("a value"), Code::InvalidRequest)
        }
        "vault.backupPart" => {
            let made = walk.daemon.http("POST", "/vault/backup", NONE).body["backup"].clone();
            let part = |backup: Value| json!({ "backup": backup, "offset": 0 });
            case(part(made), part(json!("0")), Code::NotFound)
        }
        "vault.addAgent" => case(agent("bot"), agent("bot"), Code::Conflict),
        "vault.updateAgent" => {
            walk.daemon.http("POST", "/vault/agents", agent("updated"));
            let end = |name: &str| json!({ "name": name, "expiresAt": "2099-01-01T00:00:00Z" });
            case(end("updated"), end("stranger"), Code::NotFound)
        }
        "vault.renewToken" => {
            walk.daemon.http("POST", "/vault/agents", agent("renewed"));
            case(json!({ "name": "renewed" }), json!({ "name": "stranger" }), Code::NotFound)
        }
        "vault.deleteAgent" => {
            walk.daemon.http("POST", "/vault/agents", agent("deleted"));
            case(json!({ "name": "deleted" }), json!({ "name": "deleted" }), Code::NotFound)
        }
        "vault.testAgent" => {
            let ask = |name: &str| json!({ "name": name, "action": "decrypt", "secret": "a" });
            case(ask("bot"), ask("stranger"), Code::NotFound)
        }
        "vault.unlock" => case(json!({ "key": walk.home.key }), json!({ "key": "another" }), Code::Forbidden),
        "vault.rekey" => case(
            json!({ "newKey": "a new key of some length" }),
            json!({ "newKey": "" }),
            Code::InvalidRequest,
        ),
        other => panic!("add a case for {other}"),
    }
}

/// Writes the fields of an agent that may read everything.
fn agent(name: &str) -> Value {
    json!({ "name": name, "grants": [{ "orgId": "*", "names": ["*"], "actions": ["read", "decrypt"] }] })
}
