//! The stories of a vault's keys, each from the first command to the last.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE, wait_for};

const NEW_KEY: &str = "a new key of some length, 2026";

fn unlock(daemon: &Daemon, key: &str) -> u16 {
    daemon.http("POST", "/vault/unlock", json!({ "key": key })).status
}

fn lock_reason(daemon: &Daemon) -> Value {
    daemon.get("/vault/status")["lockReason"].clone()
}

fn recovery_key(daemon: &Daemon) -> String {
    let answer = daemon.http("POST", "/vault/recovery", NONE);
    assert_eq!(201, answer.status);
    answer.body["recoveryKey"].as_str().unwrap().to_owned()
}

#[test]
fn lock_closes_the_vault_until_somebody_unlocks_it() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "the value");
    assert_eq!(200, daemon.http("POST", "/vault/lock", NONE).status);
    assert_eq!("by_request", lock_reason(&daemon));
    assert_eq!("locked", daemon.resolve("a").code());
    assert_eq!(403, unlock(&daemon, "not the key"));
    assert_eq!(200, unlock(&daemon, &home.key));
    assert_eq!("the value", daemon.resolve("a").value());
    let refused = daemon.audit().into_iter().find(|entry| entry["metadata"]["code"] == "locked").unwrap();
    assert_eq!(json!(1), refused["metadata"]["count"], "what was refused meanwhile is in the log");
}

#[test]
fn a_recovery_key_with_a_typing_error_is_told_as_such() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let key = recovery_key(&daemon);
    assert_eq!(200, daemon.http("POST", "/vault/lock", NONE).status);
    let last = if key.ends_with('A') { "B" } else { "A" };
    let mistyped = format!("{}{last}", &key[..key.len() - 1]);
    let refused = daemon.http("POST", "/vault/unlock", json!({ "key": mistyped }));
    assert_eq!(403, refused.status);
    assert!(refused.error().contains("recovery key"), "{}", refused.error());
    assert_eq!(200, unlock(&daemon, &key));
}

#[test]
fn rekey_changes_the_key_and_the_old_one_opens_nothing_any_more() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "the value");
    let old_recovery = recovery_key(&daemon);
    let answer = daemon.http("POST", "/vault/rekey", json!({ "newKey": NEW_KEY }));
    assert_eq!(json!(1), answer.body["rekeyed"]);
    let new_recovery = answer.body["recoveryKey"].as_str().unwrap().to_owned();
    assert!(String::from_utf8(home.read(".env")).unwrap().contains(NEW_KEY));
    daemon.stop();
    let daemon = Daemon::start(&home);
    assert_eq!("the value", daemon.resolve("a").value());
    daemon.http("POST", "/vault/lock", NONE);
    assert_eq!(403, unlock(&daemon, &home.key), "the old key");
    assert_eq!(403, unlock(&daemon, &old_recovery), "the old recovery key");
    assert_eq!(200, unlock(&daemon, &new_recovery));
    assert_eq!(json!(true), daemon.get("/vault/audit-log/verify")["intact"], "across both audit keys");
}

#[test]
fn a_wrong_key_locks_the_vault_until_the_key_file_is_mended() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "the value");
    daemon.stop();
    home.set_key("a key of another vault");
    let daemon = Daemon::start(&home);
    assert_eq!("wrong_key", lock_reason(&daemon));
    assert_eq!("locked", daemon.resolve("a").code());
    home.set_key(&home.key);
    wait_for("the vault to open by itself", || lock_reason(&daemon).is_null().then_some(()));
    assert_eq!("the value", daemon.resolve("a").value());
}

#[test]
fn a_lost_key_is_replaced_with_the_recovery_key() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "the value");
    let recovery = recovery_key(&daemon);
    daemon.stop();
    home.remove(".env");
    let daemon = Daemon::start(&home);
    assert_eq!("no_key", lock_reason(&daemon));
    assert_eq!(200, unlock(&daemon, &recovery.to_lowercase()));
    let answer = daemon.http("POST", "/vault/rekey", json!({ "newKey": NEW_KEY }));
    assert_eq!((200, &Value::Null), (answer.status, &answer.body["pending"]), "{:?}", answer.body);
    daemon.stop();
    assert_eq!("the value", Daemon::start(&home).resolve("a").value());
}

#[test]
fn a_vault_moves_to_another_machine_with_its_home() {
    let (old, new) = (Home::new(), Home::new());
    let daemon = Daemon::start(&old);
    daemon.create("a", "the value");
    daemon.stop();
    for name in [".env", "vault.db", "vault.toml", "head"] {
        new.write(name, "");
        std::fs::copy(old.path(name), new.path(name)).unwrap();
    }
    let daemon = Daemon::start(&new);
    assert_eq!("the value", daemon.resolve("a").value());
    assert_eq!(json!([]), json!(daemon.warnings("rolled_back")));
    assert_eq!(json!(true), daemon.get("/vault/audit-log/verify")["intact"]);
}

#[test]
fn a_name_that_no_secret_has_is_answered_with_the_nearest() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("skill:openai:organization", "the value");
    let hint = daemon.resolve("skill:openai:organisation").body["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("`skill:openai:organization`") && hint.contains("access_token"), "{hint}");
}
